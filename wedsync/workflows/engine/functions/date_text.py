"""`date.`: dates as people write and read them; see `date`."""

import calendar
import datetime as dt
import re
from zoneinfo import ZoneInfo

from wedsync.workflows.engine.functions.function import Group, optional
from wedsync.workflows.engine.functions.kinds import (
    ANY,
    DATE,
    DAY,
    TEXT,
    YES_NO,
    ZONE,
    Unusable,
    moment,
    shown,
)
from wedsync.workflows.engine.functions.moments import When, local, local_day, written
from wedsync.workflows.engine.functions.text import folded

date_text = Group("date")

_MONTHS = {folded(name)[:3]: place for place, name in enumerate(calendar.month_name) if place}
_FIGURES = re.compile(r"(\d{1,4})[-/. ](\d{1,2})[-/. ](\d{1,4})")
_NAMED_DAY = re.compile(
    r"(?:[a-z]+,? )?(\d{1,2})(?:st|nd|rd|th)? (?:of )?([a-z]{3,9})\.?,? (\d{4})"
)
_NAMED_MONTH = re.compile(r"(?:[a-z]+,? )?([a-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")
_STYLES = ("full", "day", "short", "time", "iso")


@date_text.function(
    "written out", TEXT, "2027-06-12T12:00:00Z", "Europe/Paris", "Sat 12 June 2027, 14:00",
    date=DATE, zone=optional(ZONE), style=optional(TEXT, "full"),
)  # fmt: skip
def format_(date: When, zone: ZoneInfo | None, style: str) -> str:
    """The date as people read it. The style is “full”, “day” (without the time), “short”
    (12/06/2027), “time” or “iso”."""
    if style not in _STYLES:
        raise Unusable(
            f"{shown(style)} is not a style of dates; use full, day, short, time or iso."
        )
    there = local(date, zone)
    if style == "iso":
        return written(there)
    if style == "time":
        return f"{there:%H:%M}"
    if style == "short":
        return f"{there:%d/%m/%Y}"
    said = f"{there:%a} {there.day} {there:%B} {there.year}"
    return f"{said}, {there:%H:%M}" if style == "full" and isinstance(there, dt.datetime) else said


@date_text.function("is a date", YES_NO, "soon", False, verb="date", value=ANY)
def is_date(value: object) -> bool:
    """Whether a value is a day or an instant."""
    try:
        moment(value)
    except Unusable:
        return False
    return True


@date_text.function(
    "read from text", DAY, "12/06/2027", "2027-06-12", text=TEXT, order=optional(TEXT, "day first")
)
def parse(text: str, order: str) -> str:
    """A day as people write it: 12/06/2027, 12 June 2027, June 12th, 2027. The order of figures
    is “day first” or “month first”."""
    if order not in ("day first", "month first"):
        raise Unusable("The order of a date is “day first” or “month first”.")
    said = folded(text[:200])
    found = _figures(said, order) or _named(said)
    if found is None:
        try:
            return day_of(moment(text.strip()))
        except Unusable:
            raise Unusable(f"There is no date in {shown(text)}.") from None
    try:
        return dt.date(*found).isoformat()
    except ValueError:
        raise Unusable(f"{shown(text)} is not a day there is.") from None


def day_of(when: When) -> str:
    return local_day(when, None).isoformat()


def _figures(said: str, order: str) -> tuple[int, int, int] | None:
    found = _FIGURES.fullmatch(said)
    if found is None:
        return None
    first, second, third = (int(part) for part in found.groups())
    if len(found[1]) == 4:
        return first, second, third
    year = third if len(found[3]) == 4 else 2000 + third
    return (year, second, first) if order == "day first" else (year, first, second)


def _named(said: str) -> tuple[int, int, int] | None:
    if found := _NAMED_DAY.fullmatch(said):
        day, name, year = found.groups()
    elif found := _NAMED_MONTH.fullmatch(said):
        name, day, year = found.groups()
    else:
        return None
    month = _MONTHS.get(name[:3])
    return (int(year), month, int(day)) if month else None
