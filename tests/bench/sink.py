"""A receiver that notes when things arrive: `python -m tests.bench.sink PORT`.

Every POST is answered 200 and noted by path and key (`Idempotency-Key` or `webhook-id`).
`GET /count<path>` tells how many keys have come and when the last new one did, `GET /keys<path>`
when each did; instants are of the monotonic clock, which all processes of a machine share.
`GET /waiting` tells how many were left without an answer. `POST /forget` forgets. What is posted to
a path that begins with `/hanging` is answered only after `POST /answer`. It stands beside
measurements, so it does as little as it can.
"""

import asyncio
import json
import re
import sys
import time
from typing import cast

import uvloop

_OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: text/plain\r\n\r\nok"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_KEY = re.compile(rb"\r\n(?:idempotency-key|webhook-id): *([^\r]+)", re.IGNORECASE)


class Seen:
    """When each key first came, by path."""

    def __init__(self) -> None:
        self.paths: dict[bytes, dict[bytes, float]] = {}
        self.unanswered: list[asyncio.Transport] = []

    def note(self, path: bytes, key: bytes) -> None:
        self.paths.setdefault(path, {}).setdefault(key, time.monotonic())

    def answer(self) -> None:
        """Answer everybody who still waits."""
        for transport in self.unanswered:
            if not transport.is_closing():  # who asked may have given up
                transport.write(_OK)
        self.unanswered.clear()

    def told(self, question: bytes) -> object:
        """The answer to a GET."""
        if question == b"/waiting":
            return {"count": len(self.unanswered)}
        if question.startswith(b"/keys"):
            keys = self.paths.get(question.removeprefix(b"/keys"), {})
            return {key.decode("latin-1"): at for key, at in keys.items()}
        keys = self.paths.get(question.removeprefix(b"/count"), {})
        return {"count": len(keys), "last_at": next(reversed(keys.values()), None)}


class Receiver(asyncio.Protocol):
    """One connection; bodies have a length, requests may be pipelined."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        while (end := data.find(b"\r\n\r\n")) >= 0:
            head = data[:end]
            length = _LENGTH.search(head)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(data) < whole:
                break
            self._serve(head)
            data = data[whole:]
        self._rest = data

    def _serve(self, head: bytes) -> None:
        method, path, _rest = head.split(b" ", 2)
        if method == b"GET":
            self._tell(self._seen.told(path))
        elif path == b"/forget":
            self._seen.paths.clear()
            self._transport.write(_OK)
        elif path == b"/answer":
            self._seen.answer()
            self._transport.write(_OK)
        else:
            self._note(path, head)

    def _note(self, path: bytes, head: bytes) -> None:
        key = _KEY.search(head)
        self._seen.note(path, key[1] if key else b"")
        if path.startswith(b"/hanging"):
            self._seen.unanswered.append(self._transport)
        else:
            self._transport.write(_OK)

    def _tell(self, answer: object) -> None:
        body = json.dumps(answer).encode()
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        self._transport.write(head % len(body) + body)


async def main(port: int) -> None:
    seen = Seen()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Receiver(seen), "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
