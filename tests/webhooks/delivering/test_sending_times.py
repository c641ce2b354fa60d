"""When a delivery is tried again: pure arithmetic, and whatever a partner writes in Retry-After."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wedsync.platform import clock
from wedsync.platform.outbound import Answer, Timings
from wedsync.platform.retry_after import LONGEST_S, retry_after_s
from wedsync.webhooks.delivering.schedule import DELAYS_S, MAX_ATTEMPTS, next_attempt_at

NOW = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)
DAY_S = 86_400.0


def wait_s(failures: int, random: float = 0.0, asked: float | None = None) -> float:
    again = next_attempt_at(failures, NOW, random=random, retry_after_s=asked)
    assert again is not None
    return (again - NOW).total_seconds()


def asking(value: str) -> Answer:
    return Answer(503, {"retry-after": value}, b"", Timings())


def test_ten_attempts_in_about_76_hours() -> None:
    assert MAX_ATTEMPTS == 10
    assert [wait_s(failures) for failures in range(1, 10)] == [
        5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400,
    ]  # fmt: skip
    assert 75 < sum(DELAYS_S) / 3_600 < 77
    assert next_attempt_at(10, NOW, random=0.5) is None


@given(
    failures=st.integers(1, 40),
    random=st.floats(0, 1),
    asked=st.none() | st.floats(0, LONGEST_S),
)
def test_a_wait_is_never_shorter_than_planned_and_never_endless(
    failures: int, random: float, asked: float | None
) -> None:
    again = next_attempt_at(failures, NOW, random=random, retry_after_s=asked)
    if failures >= MAX_ATTEMPTS:
        assert again is None
        return
    assert again is not None
    waited = (again - NOW).total_seconds()
    planned = DELAYS_S[failures - 1]
    assert waited >= planned
    assert waited <= max(planned * 1.1, DAY_S) + 1e-3
    if asked is not None:
        assert waited >= min(asked, DAY_S) - 1e-3


def test_retry_after_lengthens_a_wait_and_never_shortens_it() -> None:
    assert wait_s(1, asked=120) == 120
    assert wait_s(3, asked=1) == 1_800
    assert wait_s(1, asked=10 * DAY_S) == DAY_S


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("0", 0), ("120", 120), (" 7 ", 7), ("9" * 50, LONGEST_S)],
)
def test_seconds_are_read(value: str, seconds: float) -> None:
    assert retry_after_s(asking(value)) == seconds


def test_a_date_is_read() -> None:
    later = format_datetime(clock.now() + timedelta(seconds=90), usegmt=True)
    earlier = format_datetime(clock.now() - timedelta(days=2), usegmt=True)
    assert retry_after_s(asking(later)) == pytest.approx(90, abs=2)
    assert retry_after_s(asking(earlier)) == 0.0


@given(
    value=st.text() | st.from_regex(r"\A[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ \d+:\d+:\d+ [+-]\d+")
)
@example("Mon, 1 Jan 99999999999999999999 00:00:00 GMT")
@example("Mon, 1 Jan 2026 00:00:00 +99999999999999")
@example("Mon, 1 Jan 0001 00:00:00 +2359")
@example("-5")
@example("1.5")
@example("٣")
@example("nan")
def test_whatever_they_write_is_a_bounded_wait_or_none(value: str) -> None:
    seconds = retry_after_s(asking(value))
    assert seconds is None or 0 <= seconds <= LONGEST_S
