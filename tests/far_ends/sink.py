"""A receiver that counts: `python tests/far_ends/sink.py` prints its port and serves loopback.

| path | answer |
|---|---|
| `/ok…` | 200 |
| `/status/<code>…` | that status |
| `/flaky/<n>…` | 503 for the first n requests with one key, then 200 |
| `/redirect…` | 302 to `/ok` |
| `/cookie…` | 200, with a cookie |
| `/slow/<seconds>…` | 200, after that long |
| `/hang…` | never |
| `/reset…` | the connection ends without an answer |
| `/flap/<up>/<down>…` | 200 for so many seconds, 503 for so many, in turn |
| `/limit/<n>…` | 200 for n requests in a second of the clock, then 429 until the next one begins |
| `GET /seen` | what came: `{"paths": {path: n}, "keys": {key: n}, "last": [...]}` |
| `GET /arrivals` | every request as it was answered: `[[path, key, status], …]`; 0 for none |
| `POST /forget` | 200, and everything is forgotten |

`keys` counts requests by `Idempotency-Key` or `webhook-id`, so a test can tell doubles from
repeats. Written on asyncio's protocol, because it stands beside measurements.
"""

import asyncio
import json
import sys
import time
from collections import Counter, deque

_OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: text/plain\r\n\r\nok"
_LAST_KEPT = 20


class Seen:
    def __init__(self) -> None:
        self.paths: Counter[str] = Counter()
        self.keys: Counter[str] = Counter()
        self.arrivals: list[tuple[str, str, int]] = []
        self.limited: Counter[tuple[str, int]] = Counter()
        self.last: deque[dict[str, object]] = deque(maxlen=_LAST_KEPT)

    def as_json(self) -> bytes:
        seen = {"paths": self.paths, "keys": self.keys, "last": list(self.last)}
        return json.dumps(seen).encode()


class Sink(asyncio.Protocol):
    """One connection; HTTP/1.1 with Content-Length bodies, pipelining included."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            length = _length(head)
            if len(self._buffer) < end + 4 + length:
                return
            body = self._buffer[end + 4 : end + 4 + length]
            self._buffer = self._buffer[end + 4 + length :]
            self._serve(head, body)

    def _serve(self, head: bytes, body: bytes) -> None:
        line, *fields = head.decode("latin-1").split("\r\n")
        method, path, _version = line.split(" ", 2)
        if path == "/seen":
            self._answer(200, self._seen.as_json())
        elif path == "/arrivals":
            self._answer(200, json.dumps(self._seen.arrivals).encode())
        elif path == "/forget":
            self._seen.__init__()  # type: ignore[misc]
            self._answer(200, b"")
        else:
            self._receive(method, path, dict(_pair(field) for field in fields), body)

    def _receive(self, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        key = headers.get("idempotency-key") or headers.get("webhook-id") or ""
        self._seen.paths[path] += 1
        self._seen.keys[key] += 1
        shown = {"method": method, "path": path, "headers": headers, "body": body.decode("latin-1")}
        self._seen.last.append(shown)
        kind, _, rest = path.lstrip("/").partition("/")
        if kind == "slow":
            loop = asyncio.get_running_loop()
            loop.call_later(float(rest.split("/")[0]), self._answer_slowly, path, key)
            return
        status = self._serve_kind(kind, rest, path, key)
        self._seen.arrivals.append((path, key, status))

    def _serve_kind(self, kind: str, rest: str, path: str, key: str) -> int:
        """Answer as the path says; with which status, 0 for no answer."""
        if kind in ("hang", "reset"):
            if kind == "reset":
                self._transport.abort()  # type: ignore[attr-defined]
            return 0
        if kind == "status":
            return self._answer(int(rest.split("/", maxsplit=1)[0]), b"as asked")
        if kind == "flaky":
            again = self._seen.keys[key] <= int(rest.split("/", maxsplit=1)[0])
            return self._answer(503 if again else 200, b"back soon" if again else b"ok")
        if kind == "flap":
            up, down = (float(seconds) for seconds in rest.split("/")[:2])
            is_up = time.monotonic() % (up + down) < up
            return self._answer(200 if is_up else 503, b"ok" if is_up else b"not now")
        if kind == "limit":
            this_second = (path, int(time.monotonic()))
            self._seen.limited[this_second] += 1
            if self._seen.limited[this_second] > int(rest.split("/", maxsplit=1)[0]):
                return self._answer(429, b"too many", "retry-after: 1\r\n")
        if kind == "redirect":
            return self._answer(302, b"", "location: /ok\r\n")
        if kind == "cookie":
            cookie = "content-type: text/plain\r\nset-cookie: session=abc\r\n"
            return self._answer(200, b"ok", cookie)
        self._transport.write(_OK)  # type: ignore[attr-defined]
        return 200

    def _answer_slowly(self, path: str, key: str) -> None:
        self._seen.arrivals.append((path, key, self._answer(200, b"at last")))

    def _answer(self, status: int, body: bytes, extra: str = "") -> int:
        head = f"HTTP/1.1 {status} .\r\ncontent-length: {len(body)}\r\n{extra}\r\n"
        self._transport.write(head.encode() + body)  # type: ignore[attr-defined]
        return status


def _length(head: bytes) -> int:
    lower = head.lower()
    start = lower.find(b"content-length:")
    return int(lower[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0


def _pair(field: str) -> tuple[str, str]:
    name, _, value = field.partition(":")
    return name.strip().lower(), value.strip()


async def main(port: int) -> None:
    seen = Seen()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Sink(seen), "127.0.0.1", port, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
