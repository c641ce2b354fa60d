"""Who has a page open, as Redis keeps it: a word every few seconds, forgotten soon after the last.

A place is a sorted set of `<user id>:<tab>` by the second until which they count. Without Redis
nobody seems to be anywhere, and nothing else changes.
"""

import time
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from redis.exceptions import RedisError

from wedsync.platform.wake import connect

KEPT_S = 10
_MUTED_S = 5.0
_TIMEOUT_S = 0.05


def place_of_draft(workflow_id: UUID) -> str:
    """The key of those who have a draft open."""
    return f"present:draft:{workflow_id}"


def say(pipeline: Any, place: str, people: Iterable[str], now_s: float) -> None:
    """Queue that these (`<user id>:<tab>`) are still there."""
    until = dict.fromkeys(people, now_s + KEPT_S)
    if until:
        pipeline.zadd(place, until)
        pipeline.expire(place, KEPT_S * 6)


def ask(pipeline: Any, place: str, now_s: float) -> None:
    """Queue the question who is there; `people_in` reads the answer."""
    pipeline.zremrangebyscore(place, "-inf", now_s)
    pipeline.zrangebyscore(place, now_s, "+inf")


def people_in(answer: Iterable[bytes]) -> frozenset[str]:
    """User ids, each once however many tabs they have open."""
    return frozenset(each.decode().partition(":")[0] for each in answer)


class Presence:
    """Asks who is somewhere; for five seconds after Redis failed it does not ask."""

    def __init__(self, redis_url: str | None) -> None:
        self._redis = connect(redis_url, timeout_s=_TIMEOUT_S) if redis_url else None
        self._muted_until = 0.0

    def among(self, place: str) -> frozenset[str]:
        """The user ids of those who are there now; nobody while Redis is away."""
        if self._redis is None or time.monotonic() < self._muted_until:
            return frozenset()
        try:
            with self._redis.pipeline(transaction=False) as pipeline:
                ask(pipeline, place, time.time())
                return people_in(pipeline.execute()[-1])
        except RedisError:
            self._muted_until = time.monotonic() + _MUTED_S
            return frozenset()
