"""The dates of a wedding that times are counted from.

`wedding` is what expressions see: ISO dates at `date`, `rsvp_deadline`, `delivery_date` and
`final_count_due`, and the IANA name of its `zone`.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any

from wedsync.workflows.engine.zones import instant_of, zone_named

ANCHORS: Mapping[str, str] = MappingProxyType(
    {
        "wedding.date": "the wedding",
        "rsvp_deadline": "the RSVP deadline",
        "delivery_date": "the delivery date",
        "final_count_due": "the day the final count is due",
    }
)
"""The dates there are, and what people call them."""

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def anchor_date(wedding: Mapping[str, Any], anchor: str) -> date | None:
    """The day an anchor names; None while the wedding does not have it."""
    if anchor not in ANCHORS:
        return None
    written = wedding.get(anchor.removeprefix("wedding."))
    if isinstance(written, datetime):
        return written.date()
    if isinstance(written, date):
        return written
    try:
        return date.fromisoformat(written) if isinstance(written, str) else None
    except ValueError:
        return None


def moment(wedding: Mapping[str, Any], anchor: str, offset_days: int, at: str) -> datetime | None:
    """The instant (UTC) `offset_days` from an anchor (negative: before) when clocks at the wedding
    show `at` (`09:00`); None while the day is not known.

    A time the clocks skip is the first instant after it, one they show twice the first of the two.
    A wedding whose zone nobody knows keeps to UTC.
    """
    day, clock = anchor_date(wedding, anchor), clock_time(at)
    if day is None or clock is None:
        return None
    try:
        wall = datetime.combine(day + timedelta(days=offset_days), clock)
        return instant_of(wall, zone_named(wedding.get("zone")) or UTC)
    except OverflowError:
        return None


def clock_time(written: object) -> time | None:
    """`09:00` as a time of day; None for anything else."""
    fits = isinstance(written, str) and _CLOCK.fullmatch(written)
    return time.fromisoformat(str(written)) if fits else None
