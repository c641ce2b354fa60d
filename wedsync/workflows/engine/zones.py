"""Wall time and instants: which of two, and what of none, when the clocks change."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

_LONGEST_NAME = 64


def zone_named(name: object) -> tzinfo | None:
    """The IANA zone of this name; None when there is none."""
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        # A name that is a folder of the zone files is told as an OSError.
        return None


def instant_of(wall: datetime, zone: tzinfo, *, second: bool = False) -> datetime:
    """The instant (UTC) at which clocks of `zone` show `wall`, a time without a zone.

    A time that the clocks skip is the first instant after the gap; of one they show twice it is
    the first, or the `second`.
    """
    meant = wall.replace(tzinfo=zone, fold=int(second)).astimezone(UTC)
    if _wall(meant, zone) == wall:
        return meant
    # Read with the offset from before the gap, a skipped time lies after it, by the time since.
    after = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return _first_after_the_change(before, after, zone)


def is_shown_twice(wall: datetime, zone: tzinfo) -> bool:
    """Whether clocks of `zone` show this time twice."""
    return instant_of(wall, zone) < instant_of(wall, zone, second=True)


def wall_time(instant: datetime, zone: tzinfo) -> datetime:
    """What clocks of `zone` show at an instant."""
    return _wall(instant, zone)


def _wall(instant: datetime, zone: tzinfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def _first_after_the_change(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The first whole second between two instants whose offset is that of the later one."""
    offset = after.astimezone(zone).utcoffset()
    low, high = int(before.timestamp()), int(after.timestamp())
    while low < high:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            high = middle
        else:
            low = middle + 1
    return datetime.fromtimestamp(high, UTC)
