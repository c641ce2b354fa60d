"""Far ends on loopback that do exactly what a test tells them, byte by byte."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.authority import Authority
from tests.far_ends.post_office import PostOffice, post_office
from wedsync.platform import outbound

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Connection:
    """One accepted connection, as its behaviour sees it."""

    socket: socket.socket
    number: int
    far_end: "FarEnd"

    def read(self) -> bytes:
        """The next whole request, also kept in `far_end.requests`; b"" when the caller is gone."""
        data = b""
        while b"\r\n\r\n" not in data:
            chunk = self.socket.recv(65536)
            if not chunk:
                return b""
            data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        while len(body) < _length(head):
            body += self.socket.recv(65536)
        request = head + b"\r\n\r\n" + body
        self.far_end.requests.append(request)
        return request

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def reset(self) -> None:
        """End with RST instead of a polite FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()


Behaviour = Callable[[Connection], None]


@dataclass
class FarEnd:
    """A listening server. `connections` counts what was accepted."""

    behaviour: Behaviour
    listener: socket.socket
    wrap: Callable[[socket.socket], socket.socket] = lambda plain: plain
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    open: list[socket.socket] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def serve(self) -> None:
        while True:
            try:
                accepted, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.open.append(accepted)
            threading.Thread(
                target=self._behave, args=(accepted, self.connections), daemon=True
            ).start()

    def close(self) -> None:
        self.stopping.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for accepted in self.open:
            with contextlib.suppress(OSError):
                accepted.shutdown(socket.SHUT_RDWR)
            accepted.close()

    def _behave(self, accepted: socket.socket, number: int) -> None:
        # The caller may hang up, or refuse our certificate, at any moment: that is its right.
        with contextlib.suppress(OSError, ValueError):
            wrapped = self.wrap(accepted)
            try:
                self.behaviour(Connection(wrapped, number, self))
            finally:
                wrapped.close()


def answers(*replies: bytes) -> Behaviour:
    """Give the replies in turn, the last one for ever, keeping the connection."""

    def behave(connection: Connection) -> None:
        turn = 0
        while connection.read():
            connection.send(replies[min(turn, len(replies) - 1)])
            turn += 1

    return behave


def hangs(connection: Connection) -> None:
    """Take the request and never answer."""
    connection.read()
    connection.far_end.stopping.wait(20)


@pytest.fixture
def far_end() -> Iterator[Callable[..., FarEnd]]:
    """Starts far ends: `far_end(behaviour)`; without one it answers 200."""
    started: list[FarEnd] = []

    def start(behaviour: Behaviour | None = None, **options: object) -> FarEnd:
        listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        server = FarEnd(behaviour or answers(OK), listener, **options)  # type: ignore[arg-type]
        threading.Thread(target=server.serve, daemon=True).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.close()


@pytest.fixture
def office() -> Iterator[PostOffice]:
    """A mail server that takes everything, in plain text and without a login."""
    with post_office() as opened:
        yield opened


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority nobody trusts."""
    return Authority(tmp_path)


@pytest.fixture
def trusted(authority: Authority) -> Iterator[Authority]:
    """An authority that the door trusts, and no other."""
    authority.trust()
    yield authority
    outbound.trust(None)


@pytest.fixture
def loopback() -> Iterator[None]:
    with _switched(allowed=True):
        yield


@pytest.fixture
def no_loopback() -> Iterator[None]:
    with _switched(allowed=False):
        yield


@contextlib.contextmanager
def _switched(*, allowed: bool) -> Iterator[None]:
    before = outbound.loopback_allowed()
    outbound.allow_loopback(allowed)
    yield
    outbound.allow_loopback(before)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0
