"""A far end that allows so many requests in any second, and counts everybody who comes too often:
`python tests/far_ends/counting.py <calls> <seconds> <turns away every>` prints its port.

Whoever comes too often gets 429 with `Retry-After`, and so does, unprovoked, every so many-th
request. `GET /counted` says `{"arrivals": [[guest, status], …], "violations": n}`.

It is a process among others, which is not always running: while it is not, requests pile up, and
nobody can tell when each came. So each is known to have come between the last moment its loop
looked and now, and only what must have been too many, however that was, is held against anybody.
"""

import asyncio
import json
import sys
import time
from collections import deque

_LOOK_S = 0.01
_WAIT_S = 1


class Counted:
    def __init__(self, calls: int, seconds: float, turns_away_every: int) -> None:
        self.calls = calls
        self.seconds = seconds
        self.turns_away_every = turns_away_every
        self.arrivals: list[tuple[str, int]] = []
        self.violations = 0
        self.looked_at = time.monotonic()
        self._since: deque[float] = deque(maxlen=calls)

    def status_of(self, guest: str) -> int:
        """Count a request in; the status it gets."""
        status = 429 if self._is_too_much() else 200
        if self.turns_away_every and (len(self.arrivals) + 1) % self.turns_away_every == 0:
            status = 429
        self.arrivals.append((guest, status))
        return status

    def _is_too_much(self) -> bool:
        """Whether it surely came within the seconds after as many others as may."""
        now = time.monotonic()
        full = len(self._since) == self.calls
        too_much = full and now - self._since[0] < self.seconds
        self.violations += too_much
        self._since.append(self.looked_at)
        return too_much


class FarEnd(asyncio.Protocol):
    def __init__(self, counted: Counted) -> None:
        self._counted = counted
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
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"GET /counted"):
            counted = self._counted
            told = {"arrivals": counted.arrivals, "violations": counted.violations}
            self._write(200, json.dumps(told).encode())
            return
        status = self._counted.status_of(str(json.loads(body or b"{}").get("guest")))
        self._write(status, b"{}")

    def _write(self, status: int, body: bytes) -> None:
        waits = f"retry-after: {_WAIT_S}\r\n" if status != 200 else ""
        head = f"HTTP/1.1 {status} .\r\ncontent-type: application/json\r\n{waits}"
        self._transport.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)  # type: ignore[attr-defined]


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


async def _look(counted: Counted) -> None:
    """Note, between what comes in, that the loop is running."""
    while True:
        now = time.monotonic()
        await asyncio.sleep(_LOOK_S)
        counted.looked_at = now


async def main() -> None:
    calls, seconds, every = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    counted = Counted(calls, seconds, every)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: FarEnd(counted), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await _look(counted)


if __name__ == "__main__":
    asyncio.run(main())
