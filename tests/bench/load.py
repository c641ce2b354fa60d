"""A sender in a process of its own: `python -m tests.bench.load ORDER RECEIPT` reads an `Order`
from a file and writes a `Receipt` to another, both JSON.

Requests are signed before the first one leaves; on the way it only writes bytes and looks for the
end of each answer, so it is never what is measured.
"""

import asyncio
import json
import re
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import cast

import uvloop

from tests.bench import traffic

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Target:
    """A hook: its path, its secret, and the type of the events it is sent."""

    path: str
    secret: str
    event_type: str


@dataclass(frozen=True)
class Order:
    """What to send. Without `per_second` a request leaves as soon as a connection is free."""

    port: int
    targets: list[Target]
    count: int
    connections: int = 20
    per_second: float | None = None


@dataclass
class Receipt:
    """How it went: monotonic seconds, latencies in milliseconds, answers by status.

    A latency counts from the moment a request was to leave. `sent` holds those moments by the id
    of the event that was answered.
    """

    began: float = 0.0
    ended: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    sent: dict[str, float] = field(default_factory=dict)


class Crowd:
    """A fixed number of connections that share a queue of requests."""

    def __init__(self, expected: int) -> None:
        self.receipt = Receipt()
        self.statuses: Counter[bytes] = Counter()
        self.waiting: deque[tuple[bytes, float | None]] = deque()
        self.idle: list[Connection] = []
        self.done = asyncio.Event()
        self._left = expected

    async def connect(self, port: int, connections: int) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(connections):
            await loop.create_connection(lambda: Connection(self), "127.0.0.1", port)

    def send(self, request: bytes, due: float | None = None) -> None:
        """Send now, or as soon as a connection is free; `due` is when it should have left."""
        self.waiting.append((request, due))
        if self.idle:
            self.idle.pop().go_on()

    def answered(self, due: float, status: bytes, content: bytes) -> None:
        now = time.monotonic()
        self.receipt.latencies.append((now - due) * 1000)
        self.receipt.ended = now
        self.statuses[status] += 1
        if status == b"202":
            self.receipt.sent[json.loads(content)["event_id"]] = due
        self._left -= 1
        if not self._left:
            self.done.set()


class Connection(asyncio.Protocol):
    """One kept connection with at most one request under way."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._due = 0.0
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass
        self.go_on()

    def go_on(self) -> None:
        """Send what waits, or be idle."""
        if not self._crowd.waiting:
            self._crowd.idle.append(self)
            return
        request, due = self._crowd.waiting.popleft()
        self._due = time.monotonic() if due is None else due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        end = data.find(b"\r\n\r\n")
        length = _LENGTH.search(data)
        if end < 0 or length is None or len(data) < end + 4 + int(length[1]):
            self._rest = data
            return
        self._rest = b""
        self._crowd.answered(self._due, data[9:12], data[end + 4 :])
        self.go_on()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self._crowd.done.is_set():
            sys.exit("the server closed a connection")


async def send(order: Order) -> Receipt:
    requests = signed(order)
    crowd = Crowd(order.count)
    await crowd.connect(order.port, order.connections)
    began = crowd.receipt.began = time.monotonic()
    if order.per_second is None:
        for request in requests:
            crowd.send(request)
    else:
        await _paced(crowd, requests, began, 1 / order.per_second)
    await crowd.done.wait()
    crowd.receipt.statuses = {status.decode(): n for status, n in crowd.statuses.items()}
    return crowd.receipt


def signed(order: Order) -> list[bytes]:
    """The requests of an order, its targets taking turns."""
    turns = [order.targets[number % len(order.targets)] for number in range(order.count)]
    return [
        traffic.request(target.path, target.secret, traffic.body(target.event_type, number))
        for number, target in enumerate(turns)
    ]


async def _paced(crowd: Crowd, requests: Sequence[bytes], began: float, every_s: float) -> None:
    for number, request in enumerate(requests):
        due = began + number * every_s
        if (early := due - time.monotonic()) > 0:
            await asyncio.sleep(early)
        crowd.send(request, due)


def order_of(text: str) -> Order:
    """The order `json.dumps(asdict(order))` wrote."""
    read = json.loads(text)
    targets = [Target(**target) for target in read.pop("targets")]
    return Order(targets=targets, **read)


if __name__ == "__main__":
    receipt = uvloop.run(send(order_of(Path(sys.argv[1]).read_text())))
    Path(sys.argv[2]).write_text(json.dumps(asdict(receipt)))
