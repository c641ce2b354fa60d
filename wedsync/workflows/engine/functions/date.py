"""`date.`: days (`2027-06-12`) and instants (`2027-06-12T14:00:00Z`), each in a time zone.

A day has no zone; an instant without an offset is a wall time in the zone given, else in UTC.
Local times follow the clocks: in the hour that is left out, the first instant after it; in the
hour that comes twice, the first of the two. Nothing here knows the present moment: give it `now`.
"""

import calendar
import datetime as dt
from zoneinfo import ZoneInfo

from wedsync.workflows.engine.functions.function import Group, optional
from wedsync.workflows.engine.functions.kinds import (
    DATE,
    DAY,
    LIST,
    TEXT,
    TEXTS,
    TIME,
    WHOLE,
    YES_NO,
    ZONE,
    Unusable,
    moment,
    shown,
)
from wedsync.workflows.engine.functions.moments import When, instant, local, local_day, written
from wedsync.workflows.engine.functions.text import folded
from wedsync.workflows.engine.zones import instant_of

date = Group("date")

WEEKDAYS = tuple(folded(name) for name in calendar.day_name)


def _shifted(when: When, days: int) -> When:
    try:
        return when + dt.timedelta(days=days)
    except OverflowError:
        raise Unusable("The date is too far away.") from None


def _shifted_there(when: When, days: int, zone: ZoneInfo | None) -> str:
    """So many days on by the clocks of the zone, so 09:00 stays 09:00 when they change."""
    there = local(when, zone)
    if not isinstance(there, dt.datetime) or there.tzinfo is None or zone is None:
        return written(_shifted(there, days))
    wall = _shifted(there.replace(tzinfo=None), days)
    return written(instant(wall, zone))


@date.function(
    "days after", DATE, "2027-06-12", -30, "2027-05-13",
    date=DATE, days=WHOLE, zone=optional(ZONE), says="{1} days after {0}",
)  # fmt: skip
def add_days(date: When, days: int, zone: ZoneInfo | None) -> str:
    """So many days later, or earlier when negative; the time of day stays."""
    return _shifted_there(date, days, zone)


@date.function(
    "weeks after", DATE, "2027-06-12", 2, "2027-06-26",
    date=DATE, weeks=WHOLE, zone=optional(ZONE), says="{1} weeks after {0}",
)  # fmt: skip
def add_weeks(date: When, weeks: int, zone: ZoneInfo | None) -> str:
    """So many weeks later, or earlier when negative; the time of day stays."""
    return _shifted_there(date, 7 * weeks, zone)


@date.function(
    "months after", DATE, "2027-01-31", 1, "2027-02-28",
    date=DATE, months=WHOLE, zone=optional(ZONE), says="{1} months after {0}",
)  # fmt: skip
def add_months(date: When, months: int, zone: ZoneInfo | None) -> str:
    """So many months later, or earlier when negative; the last day where a month is shorter."""
    there = local_day(date, zone)
    years, month = divmod(there.year * 12 + there.month - 1 + months, 12)
    if not dt.MINYEAR <= years <= dt.MAXYEAR:
        raise Unusable("The date is too far away.")
    last = calendar.monthrange(years, month + 1)[1]
    goal = dt.date(years, month + 1, min(there.day, last))
    return _shifted_there(date, (goal - there).days, zone)


@date.function(
    "hours after",
    DATE,
    "2027-06-12T14:00:00Z",
    3,
    "2027-06-12T17:00:00Z",
    date=DATE,
    hours=WHOLE,
    says="{1} hours after {0}",
)
def add_hours(date: When, hours: int) -> str:
    """So many hours later, or earlier when negative."""
    return _later(date, dt.timedelta(hours=min(abs(hours), 10**7)) * (1 if hours > 0 else -1))


@date.function(
    "minutes after", DATE, "2027-06-12T14:00:00Z", -15, "2027-06-12T13:45:00Z",
    date=DATE, minutes=WHOLE, says="{1} minutes after {0}",
)  # fmt: skip
def add_minutes(date: When, minutes: int) -> str:
    """So many minutes later, or earlier when negative."""
    return _later(date, dt.timedelta(minutes=min(abs(minutes), 10**9)) * (1 if minutes > 0 else -1))


def _later(when: When, by: dt.timedelta) -> str:
    if not isinstance(when, dt.datetime):
        raise Unusable("A day has no time of day to count from; use “date.at” first.")
    try:
        return written(when + by)
    except OverflowError:
        raise Unusable("The date is too far away.") from None


@date.function(
    "days between", WHOLE, "2027-06-01", "2027-06-12", 11,
    start=DATE, end=DATE, zone=optional(ZONE), says="days between {0} and {1}",
)  # fmt: skip
def days_between(start: When, end: When, zone: ZoneInfo | None) -> int:
    """How many days one date is after another; negative when before."""
    return (local_day(end, zone) - local_day(start, zone)).days


@date.function(
    "days until", WHOLE, "2027-06-12", "2027-06-01T08:00:00Z", 11,
    date=DATE, now=DATE, zone=optional(ZONE), says="days until {0}",
)  # fmt: skip
def days_until(date: When, now: When, zone: ZoneInfo | None) -> int:
    """How many days there are until a date, counted from now; negative when it is past."""
    return (local_day(date, zone) - local_day(now, zone)).days


@date.function(
    "is before", YES_NO, "2027-06-12", "2027-05-01", False, verb="before",
    date=DATE, other=DATE, zone=optional(ZONE),
)  # fmt: skip
def is_before(date: When, other: When, zone: ZoneInfo | None) -> bool:
    """Whether a date is before another; two days, or a day and an instant, compare by day."""
    return _compared(date, other, zone) < 0


@date.function(
    "is after", YES_NO, "2027-06-12", "2027-05-01", True, verb="after",
    date=DATE, other=DATE, zone=optional(ZONE),
)  # fmt: skip
def is_after(date: When, other: When, zone: ZoneInfo | None) -> bool:
    """Whether a date is after another; two days, or a day and an instant, compare by day."""
    return _compared(date, other, zone) > 0


@date.function(
    "is on", YES_NO, "2027-06-12T21:30:00Z", "2027-06-12", True, verb="on",
    date=DATE, day=DAY, zone=optional(ZONE),
)  # fmt: skip
def is_on(date: When, day: dt.date, zone: ZoneInfo | None) -> bool:
    """Whether a date falls on a day."""
    return local_day(date, zone) == day


@date.function(
    "is between", YES_NO, "2027-06-12", "2027-06-01", "2027-06-30", True, verb="between",
    date=DATE, first=DATE, last=DATE, zone=optional(ZONE),
)  # fmt: skip
def is_between(date: When, first: When, last: When, zone: ZoneInfo | None) -> bool:
    """Whether a date lies between two others, both included."""
    return _compared(first, date, zone) <= 0 and _compared(date, last, zone) <= 0


def _compared(one: When, other: When, zone: ZoneInfo | None) -> int:
    """Below, at or above 0, as `one` is before, at or after `other`."""
    if isinstance(one, dt.datetime) and isinstance(other, dt.datetime):
        first, second = instant(one, zone), instant(other, zone)
        return (first > second) - (first < second)
    return (local_day(one, zone) - local_day(other, zone)).days


@date.function(
    "weekday",
    TEXT,
    "2027-06-12",
    "Saturday",
    date=DATE,
    zone=optional(ZONE),
    says="weekday of {0}",
)
def weekday(date: When, zone: ZoneInfo | None) -> str:
    """The name of the day of the week."""
    return calendar.day_name[local_day(date, zone).weekday()]


@date.function(
    "is at a weekend", YES_NO, "2027-06-12", True, verb="weekend", date=DATE, zone=optional(ZONE)
)
def is_weekend(date: When, zone: ZoneInfo | None) -> bool:
    """Whether it is a Saturday or a Sunday."""
    return local_day(date, zone).weekday() >= 5


@date.function(
    "falls on a", YES_NO, "2027-06-12", ["Friday", "Saturday"], True, verb="falls on",
    date=DATE, weekdays=TEXTS, zone=optional(ZONE),
)  # fmt: skip
def falls_on(date: When, weekdays: list[str], zone: ZoneInfo | None) -> bool:
    """Whether it is one of these days of the week."""
    wanted = [folded(name) for name in weekdays]
    if unknown := [name for name in wanted if name not in WEEKDAYS]:
        raise Unusable(f"{shown(unknown[0])} is not a day of the week.")
    return WEEKDAYS[local_day(date, zone).weekday()] in wanted


@date.function(
    "day of", DAY, "2027-06-12T23:30:00Z", "Europe/Paris", "2027-06-13",
    date=DATE, zone=optional(ZONE),
)  # fmt: skip
def day(date: When, zone: ZoneInfo | None) -> str:
    """The day an instant falls on."""
    return local_day(date, zone).isoformat()


@date.function(
    "time of", TEXT, "2027-06-12T12:00:00Z", "Europe/Paris", "14:00",
    date=DATE, zone=optional(ZONE), says="time of {0}",
)  # fmt: skip
def time(date: When, zone: ZoneInfo | None) -> str:
    """The time of day clocks show at an instant."""
    return f"{local(date, zone):%H:%M}"


@date.function(
    "year",
    WHOLE,
    "2027-06-12",
    2027,
    date=DATE,
    zone=optional(ZONE),
    says="year of {0}",
)
def year(date: When, zone: ZoneInfo | None) -> int:
    """The year as a number."""
    return local_day(date, zone).year


@date.function(
    "month",
    WHOLE,
    "2027-06-12",
    6,
    date=DATE,
    zone=optional(ZONE),
    says="month of {0}",
)
def month(date: When, zone: ZoneInfo | None) -> int:
    """The month as a number."""
    return local_day(date, zone).month


@date.function(
    "at a time of day", DATE, "2027-06-12", "14:00", "Europe/Paris", "2027-06-12T12:00:00Z",
    day=DAY, time=TIME, zone=ZONE, says="{0} at {1}",
)  # fmt: skip
def at(day: dt.date, time: dt.time, zone: ZoneInfo) -> str:
    """The instant at which clocks in a zone show a time on a day."""
    return written(instant_of(dt.datetime.combine(day, time), zone))


@date.function(
    "start of the day", DATE, "2027-06-12T14:00:00Z", "Europe/Paris", "2027-06-11T22:00:00Z",
    date=DATE, zone=ZONE, says="start of {0}",
)  # fmt: skip
def start_of_day(date: When, zone: ZoneInfo) -> str:
    """The instant at which that day begins in a zone."""
    return written(instant(local_day(date, zone), zone))


@date.function(
    "first day of the month",
    DAY,
    "2027-06-12",
    "2027-06-01",
    date=DATE,
    zone=optional(ZONE),
    says="start of the month of {0}",
)
def start_of_month(date: When, zone: ZoneInfo | None) -> str:
    """The first day of its month."""
    return local_day(date, zone).replace(day=1).isoformat()


@date.function(
    "last day of the month",
    DAY,
    "2027-06-12",
    "2027-06-30",
    date=DATE,
    zone=optional(ZONE),
    says="end of the month of {0}",
)
def end_of_month(date: When, zone: ZoneInfo | None) -> str:
    """The last day of its month."""
    there = local_day(date, zone)
    return there.replace(day=calendar.monthrange(there.year, there.month)[1]).isoformat()


@date.function(
    "the earliest",
    DATE,
    ["2027-06-12", "2027-05-01"],
    "2027-05-01",
    dates=LIST,
    says="earliest of {0}",
)
def earliest(dates: list[object]) -> str:
    """The first of several dates; days begin at midnight UTC."""
    return written(min(_some(dates), key=lambda when: instant(when, None)))


@date.function(
    "the latest",
    DATE,
    ["2027-06-12", "2027-05-01"],
    "2027-06-12",
    dates=LIST,
    says="latest of {0}",
)
def latest(dates: list[object]) -> str:
    """The last of several dates; days begin at midnight UTC."""
    return written(max(_some(dates), key=lambda when: instant(when, None)))


def _some(dates: list[object]) -> list[When]:
    found = [moment(value) for value in dates if value is not None]
    if not found:
        raise Unusable("There are no dates in the list.")
    return found
