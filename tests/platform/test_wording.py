"""Instants, lengths, money and counts read as a florist would say them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from wedsync.platform import wording
from wedsync.platform.wording import Wording

NOW = datetime(2027, 5, 11, 11, 40, tzinfo=UTC)  # 12:40 in Bath, a Tuesday
BATH = Wording("Europe/London", NOW)


@pytest.mark.parametrize(
    ("ahead", "moment", "at"),
    [
        (timedelta(0), "today, 12:40", "at 12:40"),
        (timedelta(days=1), "tomorrow, 12:40", "tomorrow at 12:40"),
        (timedelta(days=-1), "yesterday, 12:40", "yesterday at 12:40"),
        (timedelta(days=3), "Fri 14 May, 12:40", "on Fri 14 May at 12:40"),
        (timedelta(days=400), "Wed 14 June 2028, 12:40", "on Wed 14 June 2028 at 12:40"),
    ],
)
def test_a_moment_is_said_as_near_as_it_is(ahead: timedelta, moment: str, at: str) -> None:
    assert BATH.moment(NOW + ahead) == moment
    assert BATH.at(NOW + ahead) == at


def test_the_day_is_that_of_the_organization_s_zone() -> None:
    late = datetime(2027, 5, 11, 23, 30, tzinfo=UTC)
    assert BATH.moment(late) == "tomorrow, 00:30"
    assert Wording("America/New_York", NOW).moment(late) == "today, 19:30"


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (timedelta(hours=-1), "11:40"),
        (timedelta(days=-2), "Sun 12:40"),
        (timedelta(days=-40), "1 Apr 12:40"),
        (timedelta(days=-400), "6 Apr 2026 12:40"),
    ],
)
def test_the_gutter_says_as_little_as_is_clear(ahead: timedelta, said: str) -> None:
    assert BATH.gutter(NOW + ahead) == said


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=4), "4 min ago"),
        (timedelta(hours=2, minutes=10), "2 h ago"),
        (timedelta(hours=20), "yesterday, 16:40"),
    ],
)
def test_how_long_ago(ago: timedelta, said: str) -> None:
    assert BATH.ago(NOW - ago) == said


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2027, 5, 11), "today"),
        (date(2027, 5, 12), "tomorrow"),
        (date(2027, 5, 22), "in 11 days"),
        (date(2027, 5, 1), "10 days ago"),
    ],
)
def test_days_until_a_wedding(day: date, said: str) -> None:
    assert BATH.days_until(day) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.035, "35 ms"),
        (0.31, "0.3 s"),
        (15, "15 s"),
        (70, "1 min"),
        (7_500, "2 h 5 min"),
        (93_600, "1 day 2 h"),
        (209 * 86_400, "209 days"),
    ],
)
def test_lengths(seconds: float, said: str) -> None:
    assert wording.duration(timedelta(seconds=seconds)) == said


def test_money_is_said_in_its_currency() -> None:
    assert wording.money(150_000, "GBP") == "£1,500.00"
    assert wording.money(1_234, "EUR") == "€12.34"
    assert wording.money(500, "JPY").endswith("¥500")


def test_counts_and_names() -> None:
    assert wording.count(1, "run") == "1 run"
    assert wording.count(1_204, "delivery", "deliveries") == "1,204 deliveries"
    assert wording.in_words(0) == "no"
    assert wording.in_words(12) == "twelve"
    assert wording.in_words(13) == "13"
    assert wording.listing(["a", "b", "c"]) == "a, b and c"
    assert wording.name_words("external.rsvp.received") == "RSVP received"
    assert wording.name_words("payment_intent.succeeded") == "Payment intent succeeded"
    assert wording.size(1_100) == "1.1 kB"
    assert wording.milliseconds(173.2) == "173 ms"
    assert wording.milliseconds(15_000) == "15.0 s"
