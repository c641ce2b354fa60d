"""Waking the drains: a hint through Redis that there is work, never the work itself.

A worker process listens to one RQ queue. Ringing a lane enqueues one tiny job that sets the event
its drain waits on; a drain also looks by itself every second, so that a lost ring costs a second
and nothing else. Redis being away costs a request at most 50 ms every five seconds.
"""

import secrets
import threading
import time
from collections.abc import Callable, Iterable

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

QUEUE = "wake"
_BELL_SECONDS = 5
_MUTED_SECONDS = 5.0
_TIMEOUT_SECONDS = 0.05
_JOB = "workers.bells.ring"

RUN_TICKS = "ticks:runs"


class Wake:
    """Rings lanes and publishes ticks; silent for five seconds after Redis failed.

    Without a Redis at all (`redis_url` None) it is always silent, and drains look by themselves.
    """

    def __init__(self, redis_url: str | None) -> None:
        self._available = redis_url is not None
        self._redis = connect(redis_url or "redis://127.0.0.1", timeout_s=_TIMEOUT_SECONDS)
        self._queue = Queue(QUEUE, connection=self._redis, serializer=JSONSerializer)
        self._prefer: Callable[[str], bool] = lambda _lane: False
        self._muted_until = 0.0
        self._lock = threading.Lock()

    def prefer(self, ring_here: Callable[[str], bool]) -> None:
        """Ring drains of this very process first: it needs no Redis and no job."""
        self._prefer = ring_here

    def ring(self, *lanes: str) -> None:
        """Wake one drain of each lane. Call after the commit, never before."""
        for lane in lanes:
            if not self._prefer(lane):
                self._quietly(self._ring, lane)

    def tick(self, channel: str, messages: Iterable[str]) -> None:
        """Tell live pages that things changed."""
        self._quietly(self._publish, channel, list(messages))

    def _ring(self, lane: str) -> None:
        # The bell has an expiry and the job takes it down first, so that a ring lost with a
        # killed worker silences the lane for five seconds at most.
        if self._redis.set(f"bell:{lane}", secrets.token_hex(4), nx=True, ex=_BELL_SECONDS):
            self._queue.enqueue(_JOB, lane, result_ttl=0, ttl=30, failure_ttl=60)

    def _publish(self, channel: str, messages: list[str]) -> None:
        with self._redis.pipeline(transaction=False) as pipeline:
            for message in messages:
                pipeline.publish(channel, message)
            pipeline.execute()

    def _quietly(self, call: Callable[..., None], *arguments: object) -> None:
        if not self._available or time.monotonic() < self._muted_until:
            return
        try:
            call(*arguments)
        except RedisError:
            with self._lock:
                self._muted_until = time.monotonic() + _MUTED_SECONDS


def connect(redis_url: str, *, timeout_s: float | None) -> Redis:
    """A Redis client; `timeout_s` bounds connecting and every answer, None waits."""
    return Redis.from_url(
        redis_url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s or 2.0
    )
