"""Days and instants as clocks of a zone show them."""

import datetime as dt
from zoneinfo import ZoneInfo

from wedsync.workflows.engine.zones import instant_of

When = dt.date | dt.datetime


def instant(when: When, zone: ZoneInfo | None) -> dt.datetime:
    """The moment in UTC; a day is its beginning there."""
    if not isinstance(when, dt.datetime):
        when = dt.datetime.combine(when, dt.time())
    if when.tzinfo is not None:
        return when.astimezone(dt.UTC)
    return instant_of(when, zone or dt.UTC)


def local(when: When, zone: ZoneInfo | None) -> When:
    """A day as it is; an instant as clocks in the zone show it (else as it is written)."""
    if not isinstance(when, dt.datetime) or zone is None:
        return when
    return when.replace(tzinfo=zone) if when.tzinfo is None else when.astimezone(zone)


def local_day(when: When, zone: ZoneInfo | None) -> dt.date:
    there = local(when, zone)
    return there.date() if isinstance(there, dt.datetime) else there


def written(when: When) -> str:
    """ISO 8601; an instant in UTC with `Z`, to the second."""
    if not isinstance(when, dt.datetime):
        return when.isoformat()
    if when.tzinfo is None:
        return when.isoformat(timespec="seconds")
    there = when.astimezone(dt.UTC).isoformat(timespec="seconds")
    return there.replace("+00:00", "Z")
