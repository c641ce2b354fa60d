"""Why something has not arrived, where the time of its tries went, and when the next ones are."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wedsync.platform.wording import Wording
from wedsync.webhooks.delivery_log import attempt_words, failure_words
from wedsync.webhooks.models import Delivery, DeliveryAttempt, Endpoint

NOW = datetime(2027, 5, 11, 12, 40, tzinfo=UTC)
WORDS = Wording("UTC", NOW)


def tried(**values: Any) -> DeliveryAttempt:
    given = {"number": 1, "started_at": NOW, "finished_at": NOW, "outcome": "refused", **values}
    return DeliveryAttempt(**given)


def waiting(failures: int, minutes: float = 85) -> Delivery:
    at = NOW + timedelta(minutes=minutes)
    return Delivery(state="due", failures=failures, next_attempt_at=at)


def endpoint(**values: Any) -> Endpoint:
    return Endpoint(**{"state": "on", "receives": "posts", **values})


def next_words(delivery: Delivery, to: Endpoint, *, is_behind: bool = False) -> tuple[str, str]:
    found = attempt_words.next_try(delivery, to, is_behind, WORDS)
    return found.at, found.words


# --- why


@pytest.mark.parametrize(
    ("attempt", "said"),
    [
        ({"status": 503, "error": "http_503"}, "Their server says that it is down for now (503)"),
        (
            {"status": 503, "error": "http_503", "response_headers": "Retry-After: 60"},
            "Their server says that it is down for now (503) and said when to come back, which we"
            " keep to",
        ),
        (
            {"status": 429, "error": "http_429", "response_headers": "server: x"},
            "Their server asks us to slow down (429) and named no time to come back, so we keep to"
            " ours",
        ),
        ({"status": 418, "error": "http_418"}, "Their server refuses what we sent (418)"),
        ({"status": 599, "error": "http_599"}, "Their server has trouble of its own (599)"),
        ({"error": "timeout", "answer": "No full answer."}, "They did not answer within 15 s"),
        ({"error": "worker_lost"}, "We were interrupted; they may have got it"),
        (
            {"error": "tls_failed", "answer": "The certificate of this address has expired."},
            "The certificate of this address has expired",
        ),
        ({"error": "dns_failed"}, "The name of this address could not be found"),
        ({"error": "something_new", "answer": ""}, "It did not arrive"),
    ],
)
def test_a_reason_is_told_in_plain_words(attempt: dict[str, Any], said: str) -> None:
    assert failure_words.reason(tried(**attempt)) == said


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("http_503", "503, down for now"),
        ("http_499", "499, refuses it"),
        ("timeout", "no answer in 15 s"),
        ("something_new", "something new"),
        ("http_of_old", "http of old"),
    ],
)
def test_a_code_has_a_few_words(code: str, said: str) -> None:
    assert failure_words.short(code) == said


# --- where the time went


def test_bars_hold_the_stretches_of_a_try_in_proportion_and_grow_by_magnitude() -> None:
    short = {"dns_ms": 10, "connect_ms": 20, "tls_ms": 30, "total_ms": 160}
    long = {"dns_ms": 0, "connect_ms": 0, "tls_ms": 0, "total_ms": 15_000}
    first, second = attempt_words.tries([tried(timings=short), tried(timings=long)], WORDS)
    assert [bar.is_wait for bar in first.bars] == [False, False, False, True]
    widths = [bar.width for bar in first.bars]
    assert widths[0] < widths[1] < widths[2] < widths[3]
    ends = [each.bars[-1].x + each.bars[-1].width for each in (first, second)]
    assert ends[1] == attempt_words.CHART_WIDTH
    assert ends[1] / 4 < ends[0] < ends[1] / 2
    assert first.spent == (
        "10 ms finding them, 20 ms reaching them, 30 ms making it secure, 100 ms waiting for their"
        " answer"
    )
    assert second.spent == "15.0 s waiting for their answer"


def test_a_try_that_was_not_timed_has_no_bars() -> None:
    (only,) = attempt_words.tries([tried(timings=None, finished_at=None)], WORDS)
    assert (only.bars, only.spent, only.took, only.answer) == ((), "", "", "on its way")


@pytest.mark.parametrize(
    ("number", "said"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (13, "13th"), (22, "22nd")],
)
def test_a_number_in_a_row_has_its_ending(number: int, said: str) -> None:
    assert attempt_words.ordinal(number) == said


# --- when it is tried next


def test_the_next_tries_are_told_up_to_the_last() -> None:
    assert next_words(waiting(4), endpoint()) == (
        "14:05",
        "next try, in 1 h 25 min; then 19:05, Wed 05:05 and three more up to Fri 14 May",
    )
    assert next_words(waiting(7), endpoint())[1] == (
        "next try, in 1 h 25 min; then Wed 10:05 and Thu 10:05"
    )
    assert next_words(waiting(9), endpoint())[1] == "next try, in 1 h 25 min; it is the last one"
    assert next_words(waiting(9, 0), endpoint())[1] == "next try, in a moment; it is the last one"


def test_a_rest_puts_the_next_try_off() -> None:
    resting = endpoint(breaker_until=NOW + timedelta(hours=2))
    assert next_words(waiting(9), resting) == (
        "14:40",
        "next try, after their rest; it is the last one",
    )
    assert attempt_words.resting_until(endpoint(breaker_until=NOW), WORDS) is None


def test_what_has_no_time_of_its_own_says_what_it_waits_for() -> None:
    assert next_words(waiting(0), endpoint(), is_behind=True) == ("", "when it is its turn")
    assert next_words(waiting(0), endpoint(state="off"))[1] == (
        "next try, when the endpoint is turned on"
    )
    assert next_words(waiting(0), endpoint(receives="polls"))[1] == "it waits until they fetch it"
    assert next_words(Delivery(state="delivered", failures=0), endpoint()) == ("", "")
