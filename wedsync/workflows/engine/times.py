"""Times as people say them."""

from datetime import datetime
from typing import Any

from wedsync.workflows.engine.anchors import ANCHORS, clock_time
from wedsync.workflows.engine.words import listing
from wedsync.workflows.engine.zones import zone_named

_TOO_MANY = 1_000
_UNITS = (("week", 604_800), ("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def duration_words(seconds: Any) -> str:
    """`90 minutes` of 5400, `3 days` of 259200, `1 day and 2 hours`; for what is no length of
    time, `some time`."""
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not seconds > 0:
        return "some time"
    left = round(min(seconds, 1e12))
    for name, size in _UNITS:
        if left % size == 0 and 1 <= left // size < _TOO_MANY:
            return _counted(left // size, name)
    told = []
    for name, size in _UNITS[1:]:
        count, left = divmod(left, size)
        if count:
            told.append(_counted(count, name))
    return listing(told[:2]) or "no time"


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name}" if count == 1 else f"{count:,} {name}s"


def offset_words(anchor: Any, offset_days: Any, at: Any) -> str:
    """`14 days before the wedding, at 09:00`."""
    day = ANCHORS.get(anchor) if isinstance(anchor, str) else None
    if day is None:
        said = "on a date of the wedding"
    elif not isinstance(offset_days, int) or offset_days == 0:
        # A day that is called one already needs no second word for it.
        said = f"on {day}" if day.startswith("the day") else f"on the day of {day}"
    else:
        side = "before" if offset_days < 0 else "after"
        said = f"{_counted(abs(offset_days), 'day')} {side} {day}"
    return f"{said}, at {clock_words(at)}"


def clock_words(at: Any) -> str:
    """`09:00`, or that it is none yet."""
    clock = clock_time(at)
    return f"{clock:%H:%M}" if clock else "some time of day"


def zone_words(zone: Any) -> str:
    """`New York` of `America/New_York`."""
    if not isinstance(zone, str) or zone_named(zone) is None:
        return "in some zone"
    return zone.rsplit("/", 1)[-1].replace("_", " ")


def moment_words(moment: datetime, zone: Any) -> str:
    """`Sat 12 June 2027, 09:00 (London)`, as clocks there show it."""
    known = zone_named(zone)
    local = moment.astimezone(known) if known else moment
    place = zone_words(zone) if known else "UTC"
    return f"{local:%a} {local.day} {local:%B} {local.year}, {local:%H:%M} ({place})"
