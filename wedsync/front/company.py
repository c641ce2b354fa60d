"""Who has a draft open, in all processes: said of the streams of this one, asked of all.

One exchange with Redis every two seconds, whatever the number of streams. While Redis is away,
everybody seems to be alone.
"""

import logging
import time
from collections.abc import Iterable, Mapping
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from wedsync.front.streams import DraftStream
from wedsync.platform import presence

_TIMEOUT_S = 1.0

log = logging.getLogger(__name__)


class Company:
    """The one of this process, made inside its event loop."""

    def __init__(self, redis_url: str | None) -> None:
        self._redis = (
            Redis.from_url(redis_url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S)
            if redis_url
            else None
        )

    async def exchange(self, streams: Iterable[DraftStream]) -> None:
        """Say that these are there, and tell each who is."""
        open_now = [stream for stream in streams if not stream.gone]
        if not open_now:
            return
        people = await self._people({stream.id for stream in open_now}, open_now)
        for stream in open_now:
            stream.tell_people(people.get(stream.id, frozenset()))

    async def leave(self, stream: DraftStream) -> None:
        """Say that one has gone, so that nobody waits for that to be forgotten."""
        if self._redis is None or not stream.person:
            return
        try:
            await self._redis.zrem(presence.place_of_draft(stream.id), _tab(stream))
        except (RedisError, OSError) as error:
            log.info("nobody was told that somebody left: %s", type(error).__name__)

    async def close(self) -> None:
        if self._redis is not None:
            await self._redis.aclose()

    async def _people(
        self, drafts: set[UUID], streams: list[DraftStream]
    ) -> Mapping[UUID, frozenset[str]]:
        if self._redis is None:
            return {}
        now_s = time.time()
        asked = list(drafts)
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for stream in streams:
                    people = [_tab(stream)] if stream.person else []
                    presence.say(pipeline, presence.place_of_draft(stream.id), people, now_s)
                for draft in asked:
                    presence.ask(pipeline, presence.place_of_draft(draft), now_s)
                answers = await pipeline.execute()
        except (RedisError, OSError) as error:
            log.info("nobody knows who else is there: %s", type(error).__name__)
            return {}
        told = answers[len(answers) - 2 * len(asked) + 1 :: 2]
        return {
            draft: presence.people_in(answer) for draft, answer in zip(asked, told, strict=True)
        }


def _tab(stream: DraftStream) -> str:
    return f"{stream.person}:{stream.tab}"
