"""How much came to hooks during the last day: in all, by the hour, in the busiest minute, in this
one. Read from what the front counts by the minute, so that no page reads a day of events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text

from wedsync.platform.db import db
from wedsync.webhooks.models import HookMinute

HOURS = 24
CHART_WIDTH, CHART_HEIGHT = 320, 56
_LEAST, _TOP = 1.5, 3

# One look along the key of the minutes per hook, however much others get.
_TAKEN = text(
    "SELECT h.id, minutes.taken FROM hooks h CROSS JOIN LATERAL (SELECT sum(taken) AS taken"
    "  FROM hook_minutes WHERE hook_id = h.id AND minute >= :first) minutes"
    " WHERE h.organization_id = :organization_id AND minutes.taken > 0"
)


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour, in units of a chart that is `CHART_WIDTH` by `CHART_HEIGHT`."""

    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class HookDay:
    """Requests taken, repeats included. `bars` are hours, the present one last."""

    taken: int
    busiest_minute: int
    this_minute: int
    bars: tuple[Bar, ...]


def taken(organization_id: UUID, now: datetime) -> dict[UUID, int]:
    """How many requests each hook took in the last day, repeats included, connections' hooks too;
    one that took none is left out. The last seconds are not counted yet."""
    asked = {"organization_id": organization_id, "first": _hours(now)[0]}
    return {hook_id: int(number) for hook_id, number in db.session.execute(_TAKEN, asked)}


def last_day(organization_id: UUID, hook_id: UUID, now: datetime) -> HookDay:
    """What was taken; the last seconds are not counted yet."""
    first = _hours(now)[0]
    rows = db.session.execute(
        select(HookMinute.minute, HookMinute.taken).where(
            HookMinute.organization_id == organization_id,
            HookMinute.hook_id == hook_id,
            HookMinute.minute >= first,
        )
    )
    minutes = {minute.astimezone(UTC): taken for minute, taken in rows}
    by_hour: dict[datetime, int] = {}
    for minute, taken in minutes.items():
        hour = minute.replace(minute=0)
        by_hour[hour] = by_hour.get(hour, 0) + taken
    this_minute = now.astimezone(UTC).replace(second=0, microsecond=0)
    return HookDay(
        taken=sum(minutes.values()),
        busiest_minute=max(minutes.values(), default=0),
        this_minute=minutes.get(this_minute, 0),
        bars=_bars(by_hour, now),
    )


def _hours(now: datetime) -> list[datetime]:
    this_hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return [this_hour - timedelta(hours=HOURS - 1 - index) for index in range(HOURS)]


def _bars(by_hour: Mapping[datetime, int], now: datetime) -> tuple[Bar, ...]:
    most, step = max(by_hour.values(), default=0), CHART_WIDTH / HOURS
    bars = []
    for place, hour in enumerate(_hours(now)):
        tall = (CHART_HEIGHT - _TOP) * by_hour.get(hour, 0) / most if most else 0
        height = round(max(_LEAST, tall), 1)
        bars.append(Bar(round(place * step, 1), round(CHART_HEIGHT - height, 1), height))
    return tuple(bars)
