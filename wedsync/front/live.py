"""`GET /live/runs/<id>`, `/live/workflows/<id>`: a stream of ticks that says "look again", never
what there is to see (`streams`).

    retry: 3000

    event: tick
    id: 7
    data: {"revision":7,"state":"running"}

    event: done

Of a workflow it is the draft: that has no end, whoever follows it has it open, and the others hear
of that (`company`).

Who may watch is Flask's to say, in an ordinary request at the start and again every minute. Ticks
come through Redis and are read from the database; every two seconds the database is asked anyway,
so without Redis a page is two seconds late and misses nothing. One subscriber and one reader
serve all streams of the process.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import psycopg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from wedsync.front import answers
from wedsync.front.asgi import Receive, Scope, Send, header
from wedsync.front.buffered import Buffered
from wedsync.front.company import Company
from wedsync.front.limits import Limits
from wedsync.front.link import DatabaseAway, Link
from wedsync.front.streams import DraftStream, RunStream, Stream, Watched, stream_of
from wedsync.platform.wake import RUN_TICKS

LOOK_EVERY_S = 2.0
_COME_AGAIN_S = 20
_SUBSCRIBE_AGAIN_S = 1.0

_READ_RUNS = "SELECT id, revision, state FROM runs WHERE id = ANY(%b::uuid[])"
_READ_DRAFTS = "SELECT id, draft_revision FROM workflows WHERE id = ANY(%b::uuid[])"
_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]
_PERSON = b"wedsync-person"
_OF_A_BODY = frozenset({b"content-type", b"content-length", b"content-encoding"})

log = logging.getLogger(__name__)


class Live:
    """All streams of this process."""

    def __init__(self, flask: Buffered, link: Link, redis_url: str | None, limits: Limits) -> None:
        self._flask = flask
        self._link = link
        self._redis_url = redis_url
        self._limits = limits
        self._company = Company(redis_url)
        self._streams: set[Stream] = set()
        self._ticked: set[UUID] = set()
        self._look_now = asyncio.Event()
        self._came = asyncio.Event()
        self._ending = False

    async def answer(self, watched: Watched, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until it is over, the client leaves, or nobody may watch any more."""
        if self._ending or len(self._streams) >= self._limits.streams:
            await answers.send_whole(send, 503, [(b"retry-after", b"%d" % _COME_AGAIN_S)], b"")
            return
        stream = stream_of(watched)
        self._streams.add(stream)
        try:
            if await self._may_watch(stream, scope, send):
                await self._stream(stream, scope, receive, send)
        finally:
            self._streams.discard(stream)
            if isinstance(stream, DraftStream):
                await self._company.leave(stream)

    def end(self) -> None:
        """End every stream now: a server that stops would wait for them."""
        self._ending = True
        for stream in self._streams:
            stream.end()

    async def close(self) -> None:
        """Give back what all streams shared."""
        await self._company.close()

    async def _may_watch(self, stream: Stream, scope: Scope, send: Send) -> bool:
        """Ask Flask; when it refuses, its answer is sent without its body."""
        answer = await self._flask.ask(scope)
        answer.body.close()
        if answer.status == 204:
            if isinstance(stream, DraftStream):
                stream.person = dict(answer.headers).get(_PERSON, b"").decode()
            return True
        headers = [pair for pair in answer.headers if pair[0] not in _OF_A_BODY]
        await answers.send_whole(send, answer.status, headers, b"")
        return False

    async def _stream(self, stream: Stream, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await _write(send, b"retry: 3000\n\n")
        leaving = asyncio.create_task(_until_gone(receive, stream))
        asking = asyncio.create_task(self._ask_again(scope, stream))
        known = _last_event_id(scope)
        self._tick(stream.id)
        self._came.set()
        try:
            while not stream.gone:
                known = await _next(stream, known, send, self._limits.heartbeat_s)
        finally:
            leaving.cancel()
            asking.cancel()
        await send({"type": "http.response.body", "body": b""})

    async def _ask_again(self, scope: Scope, stream: Stream) -> None:
        """End the stream once this caller may not watch any more."""
        while not stream.gone:
            await asyncio.sleep(self._limits.ask_every_s)
            answer = await self._flask.ask(scope)
            answer.body.close()
            if answer.status != 204 and answer.status < 500:
                stream.end()

    def _tick(self, watched_id: UUID) -> None:
        self._ticked.add(watched_id)
        self._look_now.set()

    async def run_reader(self) -> None:
        """Read what was ticked at once, and everything watched every two seconds."""
        while True:
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._look_now.wait()
                wanted = self._ticked
            except TimeoutError:
                wanted = {stream.id for stream in self._streams}
            self._ticked = set()
            self._look_now.clear()
            if wanted:
                await self._read(wanted)

    async def _read(self, wanted: set[UUID]) -> None:
        runs = [each for each in self._streams if isinstance(each, RunStream) and each.id in wanted]
        drafts = [
            each for each in self._streams if isinstance(each, DraftStream) and each.id in wanted
        ]
        try:
            if runs:
                found = await self._rows(_READ_RUNS, runs)
                for run in runs:
                    if run.id in found:
                        run.tell(*found[run.id])
            if drafts:
                found = await self._rows(_READ_DRAFTS, drafts)
                for draft in drafts:
                    if draft.id in found:
                        draft.tell(*found[draft.id])
        except (DatabaseAway, psycopg.Error):
            return  # the next look is two seconds away

    async def run_company(self) -> None:
        """Find out who else has a draft open when one is opened, and every two seconds."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._came.wait()
            self._came.clear()
            await self._company.exchange(
                [stream for stream in self._streams if isinstance(stream, DraftStream)]
            )

    async def _rows(self, query: str, streams: Iterable[Stream]) -> dict[UUID, tuple[Any, ...]]:
        rows = await self._link.run(query, [list({stream.id for stream in streams})])
        return {row[0]: tuple(row[1:]) for row in rows}

    async def run_subscriber(self) -> None:
        """Listen for ticks; without Redis, try again every second."""
        if self._redis_url is None:
            return
        while True:
            try:
                await self._subscribe(self._redis_url)
            except (RedisError, OSError) as error:
                log.info("no ticks from Redis: %s", type(error).__name__)
            await asyncio.sleep(_SUBSCRIBE_AGAIN_S)

    async def _subscribe(self, redis_url: str) -> None:
        async with Redis.from_url(redis_url) as redis, redis.pubsub() as channel:
            await channel.subscribe(RUN_TICKS)
            async for message in channel.listen():
                if message["type"] == "message":
                    self._heard(message["data"])

    def _heard(self, data: bytes) -> None:
        """A tick names the runs that moved together, their ids parted by spaces."""
        moved = set(data.split())
        for watched_id in {stream.id for stream in self._streams}:
            if str(watched_id).encode() in moved:
                self._tick(watched_id)


async def _next(stream: Stream, known: int, send: Send, patience_s: float) -> int:
    """Wait for news or a heartbeat and write it; returns the revision the client knows now."""
    try:
        async with asyncio.timeout(patience_s):
            await stream.woken.wait()
    except TimeoutError:
        await _write(send, b": still here\n\n")
        return known
    stream.woken.clear()
    revision = stream.revision
    if news := stream.news(known):
        await _write(send, news)
    return max(revision, known)


async def _write(send: Send, text: bytes) -> None:
    await send({"type": "http.response.body", "body": text, "more_body": True})


async def _until_gone(receive: Receive, stream: Stream) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.end()


def _last_event_id(scope: Scope) -> int:
    text = header(scope, b"last-event-id")
    return int(text) if text.isdigit() and len(text) < 10 else -1
