"""When a schedule comes round: five cron fields read in a zone, also when the clocks change.

A time the clocks skip comes once, at the first instant after the gap; one they show twice comes
once, at the first of the two. Only what comes every hour comes in both hours of an overlap: they
are two hours.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice

from cronsim import CronSim, CronSimError

from wedsync.workflows.engine.zones import instant_of, is_shown_twice, wall_time, zone_named

_LONGEST = 100
_FIELDS = 5
_EVERY_HOUR = 24
_ANY_DAY = datetime(2027, 1, 1, tzinfo=UTC)
_WIDEST_CHANGE = timedelta(hours=3)


def is_cron(written: object) -> bool:
    """Whether this is a schedule of five fields that comes round at all."""
    if not isinstance(written, str) or len(written) > _LONGEST or len(written.split()) != _FIELDS:
        return False
    try:
        return next(CronSim(written, _ANY_DAY), None) is not None
    except (CronSimError, ValueError, OverflowError):
        return False


def next_after(cron: str, zone: str, instant: datetime) -> datetime | None:
    """The first occurrence after an instant, in UTC; None when there is none within 50 years, or
    when this is no schedule or no zone."""
    return next(_after(cron, zone, instant), None)


def occurrences(
    cron: str, zone: str, after: datetime, until: datetime, limit: int
) -> list[datetime]:
    """The occurrences after one instant up to and including another, at most `limit`, in UTC."""
    found: list[datetime] = []
    for each in islice(_after(cron, zone, after), limit):
        if each > until:
            break
        found.append(each)
    return found


def _after(cron: str, zone: str, instant: datetime) -> Iterator[datetime]:
    """The occurrences after an instant, each once, in order."""
    known = zone_named(zone)
    if known is None or not is_cron(cron):
        return
    last = instant
    walls = CronSim(cron, wall_time(instant, known) - _look_back(instant, known))
    hourly = len(walls.hours) == _EVERY_HOUR
    held: list[datetime] = []
    for wall in walls:
        first = instant_of(wall, known)
        held.append(first)
        if hourly and is_shown_twice(wall, known):
            held.append(instant_of(wall, known, second=True))
        # Nothing that is still to be found lies before the first showing of this time.
        for ready in sorted(each for each in set(held) if each <= first):
            if ready > last:
                yield ready
                last = ready
        held = [each for each in held if each > first]


def _look_back(instant: datetime, zone: tzinfo) -> timedelta:
    """How far to begin earlier: where the clocks change, times shown twice must be seen whole."""
    before, after = instant - _WIDEST_CHANGE, instant + _WIDEST_CHANGE
    steady = before.astimezone(zone).utcoffset() == after.astimezone(zone).utcoffset()
    return timedelta() if steady else _WIDEST_CHANGE
