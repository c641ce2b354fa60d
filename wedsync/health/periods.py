"""From when until when figures are asked for, and in what steps."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from wedsync.errors import FieldError, Invalid
from wedsync.rollups.reading import Unit

USUAL = {"minute": timedelta(hours=1), "hour": timedelta(days=1), "day": timedelta(days=30)}
"""How far back without a beginning."""

MOST = {"minute": timedelta(days=1), "hour": timedelta(days=31), "day": timedelta(days=731)}
"""How much is told at once."""

_EARLIEST, _LATEST = datetime(2000, 1, 2, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Period:
    """From `first` until before `after`, in steps of `unit`; days are those of `zone`. `first` is
    the beginning of a step."""

    first: datetime
    after: datetime
    unit: Unit
    zone: str

    def steps(self) -> Iterator[datetime]:
        """The beginning of each step, in UTC."""
        at = self.first
        while at < self.after:
            yield at
            at = self._next(at)

    def _next(self, at: datetime) -> datetime:
        if self.unit == "day":
            return _midnight_after(at, self.zone)
        return at + (timedelta(hours=1) if self.unit == "hour" else timedelta(minutes=1))


def asked_for(
    first: datetime | None, after: datetime | None, unit: Unit, zone: str, now: datetime
) -> Period:
    """The period from `first` until before `after` (without it until now). Raises Invalid."""
    after = after or now
    if first is None:
        first = after - USUAL[unit] if after >= _EARLIEST + USUAL[unit] else after
    _refuse(first, after, unit)
    return Period(_beginning(first, unit, zone), after, unit, zone)


def _refuse(first: datetime, after: datetime, unit: Unit) -> None:
    problem = ""
    if first.tzinfo is None or after.tzinfo is None:
        problem = "Give a moment with its distance from UTC, as in 2027-05-11T12:40:00Z."
    elif not (first >= _EARLIEST and after <= _LATEST):
        problem = "There is nothing so far away."
    elif first >= after:
        problem = "The beginning comes after the end."
    elif after - first > MOST[unit]:
        problem = f"By the {unit}, at most {MOST[unit].days} days can be looked at together."
    if problem:
        raise Invalid(problem, errors=[FieldError("/query/from", "wrong_value", problem)])


def _beginning(first: datetime, unit: Unit, zone: str) -> datetime:
    if unit == "day":
        there = first.astimezone(ZoneInfo(zone))
        return datetime.combine(there.date(), time(), ZoneInfo(zone)).astimezone(UTC)
    begun = first.astimezone(UTC).replace(second=0, microsecond=0)
    return begun if unit == "minute" else begun.replace(minute=0)


def _midnight_after(at: datetime, zone: str) -> datetime:
    there = ZoneInfo(zone)
    day = at.astimezone(there).date() + timedelta(days=1)
    return datetime.combine(day, time(), there).astimezone(UTC)
