"""`GET /live/runs/<id>`: a stream of ticks that says "look again", never what there is to see.

    retry: 3000

    event: tick
    id: 7
    data: {"revision":7,"state":"running"}

    event: done

Who may watch is Flask's to say, in an ordinary request at the start and again every minute. Ticks
come through Redis and are read from the database; every two seconds the database is asked anyway,
so without Redis a page is two seconds late and misses nothing. One subscriber and one reader
serve all streams of the process.
"""

import asyncio
import logging
import re
from dataclasses import dataclass, field
from uuid import UUID

import psycopg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from wedsync.front import answers
from wedsync.front.asgi import Receive, Scope, Send, header
from wedsync.front.buffered import Buffered
from wedsync.front.limits import Limits
from wedsync.front.link import DatabaseAway, Link
from wedsync.platform import documents
from wedsync.platform.wake import RUN_TICKS
from wedsync.workflows.run_models import FINAL_RUN_STATES

LOOK_EVERY_S = 2.0
_COME_AGAIN_S = 20
_SUBSCRIBE_AGAIN_S = 1.0

_PATH = re.compile(r"/live/runs/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")
_READ = "SELECT id, revision, state FROM runs WHERE id = ANY(%b::uuid[])"
_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]
_OF_A_BODY = frozenset({b"content-type", b"content-length", b"content-encoding"})

log = logging.getLogger(__name__)


def run_of(path: str) -> UUID | None:
    """The run a path names; None for any other path."""
    match = _PATH.fullmatch(path)
    return UUID(match[1]) if match else None


@dataclass(slots=True, eq=False)
class _Stream:
    """One open stream: the latest it should know of, and the bell that wakes it."""

    run_id: UUID
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    revision: int = -1
    state: str = ""
    gone: bool = False

    def tell(self, revision: int, state: str) -> None:
        if revision > self.revision or state != self.state:
            self.revision, self.state = revision, state
            self.woken.set()

    def end(self) -> None:
        self.gone = True
        self.woken.set()


class Live:
    """All streams of this process."""

    def __init__(self, flask: Buffered, link: Link, redis_url: str | None, limits: Limits) -> None:
        self._flask = flask
        self._link = link
        self._redis_url = redis_url
        self._limits = limits
        self._streams: set[_Stream] = set()
        self._ticked: set[UUID] = set()
        self._look_now = asyncio.Event()
        self._ending = False

    async def answer(self, run_id: UUID, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the run is over, the client leaves, or nobody may watch any more."""
        if self._ending or len(self._streams) >= self._limits.streams:
            await answers.send_whole(send, 503, [(b"retry-after", b"%d" % _COME_AGAIN_S)], b"")
            return
        stream = _Stream(run_id)
        self._streams.add(stream)
        try:
            if await self._may_watch(scope, send):
                await self._stream(stream, scope, receive, send)
        finally:
            self._streams.discard(stream)

    def end(self) -> None:
        """End every stream now: a server that stops would wait for them."""
        self._ending = True
        for stream in self._streams:
            stream.end()

    async def _may_watch(self, scope: Scope, send: Send) -> bool:
        """Ask Flask; when it refuses, its answer is sent without its body."""
        answer = await self._flask.ask(scope)
        answer.body.close()
        if answer.status == 204:
            return True
        headers = [pair for pair in answer.headers if pair[0] not in _OF_A_BODY]
        await answers.send_whole(send, answer.status, headers, b"")
        return False

    async def _stream(self, stream: _Stream, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await _write(send, b"retry: 3000\n\n")
        leaving = asyncio.create_task(_until_gone(receive, stream))
        asking = asyncio.create_task(self._ask_again(scope, stream))
        known = _last_event_id(scope)
        self._tick(stream.run_id)
        try:
            while not stream.gone:
                known = await _next(stream, known, send, self._limits.heartbeat_s)
        finally:
            leaving.cancel()
            asking.cancel()
        await send({"type": "http.response.body", "body": b""})

    async def _ask_again(self, scope: Scope, stream: _Stream) -> None:
        """End the stream once this caller may not watch any more."""
        while not stream.gone:
            await asyncio.sleep(self._limits.ask_every_s)
            answer = await self._flask.ask(scope)
            answer.body.close()
            if answer.status != 204 and answer.status < 500:
                stream.end()

    def _tick(self, run_id: UUID) -> None:
        self._ticked.add(run_id)
        self._look_now.set()

    async def run_reader(self) -> None:
        """Read what was ticked at once, and everything watched every two seconds."""
        while True:
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._look_now.wait()
                wanted = self._ticked
            except TimeoutError:
                wanted = {stream.run_id for stream in self._streams}
            self._ticked = set()
            self._look_now.clear()
            if wanted:
                await self._read(wanted)

    async def _read(self, run_ids: set[UUID]) -> None:
        try:
            rows = await self._link.run(_READ, [list(run_ids)])
        except (DatabaseAway, psycopg.Error):
            return  # the next look is two seconds away
        found = {run_id: (revision, state) for run_id, revision, state in rows}
        for stream in self._streams:
            if stream.run_id in found:
                stream.tell(*found[stream.run_id])

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
        for run_id in {stream.run_id for stream in self._streams}:
            if str(run_id).encode() in moved:
                self._tick(run_id)


async def _next(stream: _Stream, known: int, send: Send, patience_s: float) -> int:
    """Wait for news or a heartbeat and write it; returns the revision the client knows now."""
    try:
        async with asyncio.timeout(patience_s):
            await stream.woken.wait()
    except TimeoutError:
        await _write(send, b": still here\n\n")
        return known
    stream.woken.clear()
    revision, state = stream.revision, stream.state
    if revision > known:
        data = documents.write({"revision": revision, "state": state})
        await _write(send, b"event: tick\nid: %d\ndata: %b\n\n" % (revision, data))
    if state in FINAL_RUN_STATES:
        await _write(send, b"event: done\ndata: {}\n\n")
        stream.gone = True
    return max(revision, known)


async def _write(send: Send, text: bytes) -> None:
    await send({"type": "http.response.body", "body": text, "more_body": True})


async def _until_gone(receive: Receive, stream: _Stream) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.end()


def _last_event_id(scope: Scope) -> int:
    text = header(scope, b"last-event-id")
    return int(text) if text.isdigit() and len(text) < 10 else -1
