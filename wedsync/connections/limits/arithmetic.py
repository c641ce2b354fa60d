"""The arithmetic of budgets, pure: how much may leave now, and when what waits may.

A far end that allows N calls within W seconds means any W seconds, as its own clock sees them. A
bucket that holds `burst` calls and is filled with `per_s` a second lets at most
`burst + per_s * T` leave within T seconds, and a call may arrive up to `TRAVEL_S` after it was let
go. So `burst` is a tenth of N, at least one, and `per_s` so chosen that what leaves within
`W + TRAVEL_S` is less than N + 1. Where there is room for it the bucket holds half a call more: who
comes a little late for one finds the next one the sooner.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import floor

TRAVEL_S = 0.25
"""By how much calls may be apart in their travel: from the commit that lets one go to the moment
in which the far end counts it."""

UNBOUNDED = 1_000_000
"""How many may leave where nothing says otherwise."""

_ALMOST = 1e-6
_FOR_THE_LATE, _ROOM_FOR_THE_LATE = 0.5, 5


@dataclass(frozen=True, slots=True)
class Pace:
    """What a bucket holds, and what comes into it in a second."""

    burst: float
    per_s: float


def pace_of(calls: int, seconds: float) -> Pace:
    """The fastest that never lets more than so many calls arrive within any so many seconds."""
    burst = max(1, calls // 10) + (_FOR_THE_LATE if calls >= _ROOM_FOR_THE_LATE else 0.0)
    return Pace(burst, (calls + 1 - burst) / (seconds + TRAVEL_S))


@dataclass(frozen=True, slots=True)
class Bucket:
    """A budget at one moment. `full_at`: when the bucket is full again. `held_until`: nothing
    leaves before. `left`: what the far end said may be done until `left_until`."""

    pace: Pace | None = None
    full_at: datetime | None = None
    held_until: datetime | None = None
    left: int | None = None
    left_until: datetime | None = None


def free(bucket: Bucket, now: datetime) -> int:
    """How many calls may leave now."""
    if _is_after(bucket.held_until, now):
        return 0
    most = UNBOUNDED
    if bucket.pace is not None:
        missing = max(0.0, _seconds(bucket.full_at, now)) * bucket.pace.per_s
        most = floor(bucket.pace.burst - missing + _ALMOST)
    if bucket.left is not None and _is_after(bucket.left_until, now):
        most = min(most, bucket.left)
    return max(0, most)


def taken(bucket: Bucket, calls: int, now: datetime) -> Bucket:
    """The bucket after so many calls left."""
    if bucket.left is not None:
        bucket = replace(bucket, left=max(0, bucket.left - calls))
    if bucket.pace is None or not calls:
        return bucket
    since = bucket.full_at if _is_after(bucket.full_at, now) and bucket.full_at else now
    return replace(bucket, full_at=since + timedelta(seconds=calls / bucket.pace.per_s))


def goes_at(bucket: Bucket, before: int, now: datetime) -> datetime:
    """When a call may leave that has so many `before` it, as far as one can tell."""
    at = max(now, bucket.held_until or now)
    left, until = bucket.left, bucket.left_until
    if left is not None and until is not None and until > at and before >= left:
        return _paced(bucket.pace, until, until, before - left)
    return _paced(bucket.pace, bucket.full_at, at, before)


def _paced(pace: Pace | None, full_at: datetime | None, at: datetime, before: int) -> datetime:
    if pace is None:
        return at
    full = max(full_at or at, at)
    return max(at, full + timedelta(seconds=(before + 1 - pace.burst) / pace.per_s))


def _is_after(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment > now


def _seconds(moment: datetime | None, now: datetime) -> float:
    return 0.0 if moment is None else (moment - now).total_seconds()
