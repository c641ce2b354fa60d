"""Instants from dates and schedules, also when the clocks change."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wedsync.workflows.engine import anchor_date, is_cron, moment, next_after, occurrences

LONDON = "Europe/London"
# In London clocks skip 01:00-02:00 on 28 March 2027 and show it twice on 31 October 2027.
GAP = datetime(2027, 3, 28, 1, tzinfo=UTC)
OVERLAP = datetime(2027, 10, 31, 1, tzinfo=UTC)


def wedding(zone: str = LONDON, **dates: str | None) -> dict[str, str | None]:
    return {"date": "2027-06-12", "zone": zone, **dates}


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def test_an_anchor_is_a_date_of_the_wedding() -> None:
    seen = wedding(rsvp_deadline="2027-05-01", final_count_due="2027-05-20")
    assert anchor_date(seen, "wedding.date") == date(2027, 6, 12)
    assert anchor_date(seen, "rsvp_deadline") == date(2027, 5, 1)
    assert anchor_date(seen, "final_count_due") == date(2027, 5, 20)
    assert anchor_date(seen, "delivery_date") is None


@pytest.mark.parametrize("anchor", ["date", "zone", "wedding.zone", "", "wedding.rsvp_deadline"])
def test_anything_else_is_no_anchor(anchor: str) -> None:
    assert anchor_date(wedding(rsvp_deadline="2027-05-01"), anchor) is None


@pytest.mark.parametrize("written", ["", "soon", "2027-13-01", "12/06/2027"])
def test_what_is_no_date_is_not_known(written: str) -> None:
    assert anchor_date(wedding(date=written), "wedding.date") is None


def test_a_moment_is_what_clocks_at_the_wedding_show() -> None:
    assert moment(wedding(), "wedding.date", -14, "09:00") == utc(2027, 5, 29, 8)
    rome = moment(wedding("Europe/Rome"), "wedding.date", 1, "23:30")
    assert rome == utc(2027, 6, 13, 21, 30)
    assert moment(wedding("Nowhere/Else"), "wedding.date", 0, "09:00") == utc(2027, 6, 12, 9)


def test_a_moment_the_clocks_skip_is_the_first_one_after_it() -> None:
    seen = wedding(date="2027-03-28")
    assert moment(seen, "wedding.date", 0, "01:30") == GAP
    assert moment(seen, "wedding.date", 0, "01:00") == GAP
    assert moment(seen, "wedding.date", 0, "02:00") == GAP
    assert moment(seen, "wedding.date", 0, "00:59") == GAP - timedelta(minutes=1)


def test_of_a_moment_the_clocks_show_twice_it_is_the_first() -> None:
    seen = wedding(date="2027-10-31")
    assert moment(seen, "wedding.date", 0, "01:30") == utc(2027, 10, 31, 0, 30)
    assert moment(seen, "wedding.date", 0, "02:00") == utc(2027, 10, 31, 2)


@pytest.mark.parametrize("at", ["", "9:00", "24:00", "09:60", "09:00:00", "noon"])
def test_without_a_time_of_day_there_is_no_moment(at: str) -> None:
    assert moment(wedding(), "wedding.date", 0, at) is None


def test_a_moment_beyond_the_calendar_is_not_known() -> None:
    assert moment(wedding(date="9999-12-31"), "wedding.date", 1, "09:00") is None
    assert moment(wedding(), "wedding.date", 10**12, "09:00") is None


def test_a_schedule_comes_round_in_its_zone() -> None:
    weekdays = "0 9 * * 1-5"
    assert next_after(weekdays, LONDON, utc(2027, 5, 11, 12)) == utc(2027, 5, 12, 8)
    assert next_after(weekdays, "America/New_York", utc(2027, 5, 14, 14)) == utc(2027, 5, 17, 13)
    assert next_after(weekdays, LONDON, utc(2027, 5, 12, 8)) == utc(2027, 5, 13, 8)


def test_a_time_in_the_gap_comes_once_at_the_first_instant_after_it() -> None:
    for cron in ("30 1 * * *", "0,30 1 * * *", "*/10 1 * * *"):
        found = occurrences(cron, LONDON, GAP - timedelta(hours=3), GAP + timedelta(hours=3), 9)
        assert found == [GAP]
        assert next_after(cron, LONDON, GAP - timedelta(seconds=1)) == GAP


def test_a_time_in_the_overlap_comes_once() -> None:
    found = occurrences(
        "30 1 * * *", LONDON, OVERLAP - timedelta(hours=3), OVERLAP + timedelta(hours=9), 9
    )
    assert found == [utc(2027, 10, 31, 0, 30)]
    assert next_after("30 1 * * *", LONDON, utc(2027, 10, 31, 0, 45)) == utc(2027, 11, 1, 1, 30)


def test_every_hour_means_every_hour_also_when_the_clocks_change() -> None:
    for change in (GAP, OVERLAP):
        found = occurrences(
            "0 * * * *", LONDON, change - timedelta(hours=4), change + timedelta(hours=4), 99
        )
        assert len(found) == 8
        assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(hours=1)}


def test_occurrences_are_bounded_by_an_instant_and_by_a_number() -> None:
    after = utc(2027, 5, 11, 12)
    assert len(occurrences("* * * * *", LONDON, after, utc(2027, 5, 11, 13), 1000)) == 60
    assert len(occurrences("* * * * *", LONDON, after, utc(2028, 5, 11, 13), 5)) == 5


@pytest.mark.parametrize(
    "cron",
    ["", "every day", "* * * *", "* * * * * *", "61 * * * *", "0 0 30 2 *", "0 9 * * 8", "9" * 500],
)
def test_what_never_comes_round_is_no_schedule(cron: str) -> None:
    assert not is_cron(cron)
    assert next_after(cron, LONDON, GAP) is None


def test_a_schedule_in_no_zone_never_comes_round() -> None:
    assert next_after("0 9 * * *", "Nowhere/Else", GAP) is None
    assert next_after("0 9 * * *", "Europe", GAP) is None


CRONS = ["* * * * *", "*/7 * * * *", "30 1 * * *", "0 */2 * * *", "15 0-5 * * *", "*/20 1,2 * * *"]
ZONES = [LONDON, "America/New_York", "Europe/Rome", "Australia/Lord_Howe", "UTC", "Asia/Kolkata"]


@given(
    st.sampled_from(CRONS),
    st.sampled_from(ZONES),
    st.integers(0, 1_500_000).map(lambda minutes: utc(2026, 1, 1) + timedelta(minutes=minutes))
    | st.sampled_from([utc(2027, 3, 28), utc(2027, 10, 31), utc(2027, 3, 14, 6)]),
)
@settings(deadline=None, max_examples=100)
def test_asked_one_by_one_or_at_once_a_schedule_says_the_same(
    cron: str, zone: str, start: datetime
) -> None:
    at_once = occurrences(cron, zone, start, start + timedelta(days=400), 40)
    one_by_one = []
    instant = start
    for _ in at_once:
        found = next_after(cron, zone, instant)
        assert found is not None
        assert found > instant
        one_by_one.append(found)
        instant = found
    assert one_by_one == at_once
    assert all(each.astimezone(ZoneInfo(zone)).second == 0 for each in at_once)
