"""The bare native path, a yardstick: `granian tests.bench.bare_path:app`.

A signature is verified and the body inserted, many requests in one statement, before any of them
is answered. It keeps nothing of what makes a hook one: no token, dedupe, encryption or event.
"""

import asyncio
import base64
import hmac
import os
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import psycopg

SECRET_VARIABLE = "BENCH_SECRET"
PATH = "/bare"
TABLE = "CREATE TABLE bench_bare (id uuid PRIMARY KEY, body bytea NOT NULL)"
_INSERT = "INSERT INTO bench_bare (id, body) SELECT * FROM unnest(%b::uuid[], %b::bytea[])"

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
_Waiting = tuple[uuid.UUID, bytes, "asyncio.Future[None]"]


class Bare:
    """An ASGI app with one connection to the database."""

    def __init__(self) -> None:
        self._key = base64.b64decode(os.environ.get(SECRET_VARIABLE, "").removeprefix("whsec_"))
        self._waiting: list[_Waiting] = []

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._answer(dict(scope["headers"]), receive, send)

    async def _live(self, receive: _Receive, send: _Send) -> None:
        await receive()
        self._arrived = asyncio.Event()
        url = os.environ["DATABASE_URL"]
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            writing = asyncio.create_task(self._write(connection))
            await send({"type": "lifespan.startup.complete"})
            await receive()
            writing.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _write(self, connection: psycopg.AsyncConnection[Any]) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            batch, self._waiting = self._waiting, []
            columns = [[row[0] for row in batch], [row[1] for row in batch]]
            await connection.execute(_INSERT, columns, prepare=True)
            for row in batch:
                row[2].set_result(None)

    async def _answer(self, headers: dict[bytes, bytes], receive: _Receive, send: _Send) -> None:
        body = await _read(receive)
        status, answer = 401, b"{}"
        if self._is_signed(headers, body):
            event_id = uuid.uuid4()
            stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((event_id, body, stored))
            self._arrived.set()
            await stored
            status, answer = 202, b'{"event_id":"%b"}' % str(event_id).encode()
        told = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": status, "headers": told})
        await send({"type": "http.response.body", "body": answer})

    def _is_signed(self, headers: dict[bytes, bytes], body: bytes) -> bool:
        signed = b"%b.%b.%b" % (headers[b"webhook-id"], headers[b"webhook-timestamp"], body)
        wanted = b"v1," + base64.b64encode(hmac.digest(self._key, signed, "sha256"))
        return hmac.compare_digest(wanted, headers[b"webhook-signature"])


async def _read(receive: _Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


app = Bare()
