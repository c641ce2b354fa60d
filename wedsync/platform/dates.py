"""Instants as people say them, in a zone of theirs."""

from datetime import datetime
from zoneinfo import ZoneInfo

from wedsync.platform import clock


def said(instant: datetime, zone: str = "UTC") -> str:
    """`"today, 14:05"`, `"yesterday, 09:12"`, `"Sat 12 June, 14:00"`, with the year when not ours.

    `zone` is an IANA name.
    """
    there = instant.astimezone(ZoneInfo(zone))
    today = clock.now().astimezone(ZoneInfo(zone)).date()
    return f"{_day_said(there, (there.date() - today).days, today.year)}, {there:%H:%M}"


def _day_said(there: datetime, days_ahead: int, this_year: int) -> str:
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get(days_ahead)
    if near is not None:
        return near
    year = "" if there.year == this_year else f" {there.year}"
    return f"{there:%a} {there.day} {there:%B}{year}"
