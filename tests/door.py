"""Watching that nothing leaves this process but through the outbound door.

An audit hook (PEP 578) hears of every connection and every look-up of a name made in Python, by
whatever library and in whatever thread. It cannot be taken out again, so it is put in once and
only listens while somebody watches. libcurl connects by itself, on sockets that only the door
makes for it; what would let it do so elsewhere is kept out by `tests/contracts/test_the_door.py`.
"""

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_HEARD = frozenset(
    {"socket.connect", "socket.getaddrinfo", "socket.gethostbyaddr", "socket.gethostbyname"}
    | {"socket.sendto", "socket.sendmsg"}
)
# A program of its own hears of no hook, so with the door shut none is started.
_STARTED = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"})
_FAR = (socket.AF_INET, socket.AF_INET6)
_DOOR = ("wedsync.platform.outbound.connect", "wedsync.platform.outbound.names")
# The installation's own stores are named in its settings, and are not the world outside.
_STORES = ("redis.", "psycopg.")
_OURS = ("wedsync.", "workers.")


class NotThroughTheDoor(PermissionError):
    """Something was about to leave by another way."""


class _Watch:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watchers: list[list[str]] = []
        self._shut = 0
        self._hooked = False

    @contextmanager
    def watching(self) -> Iterator[list[str]]:
        """What was about to leave by another way, as it is heard. It is stopped, too."""
        heard: list[str] = []
        with self._lock:
            if not self._hooked:
                sys.addaudithook(self._hear)
                self._hooked = True
            self._watchers.append(heard)
        try:
            yield heard
        finally:
            with self._lock:
                self._watchers.remove(heard)

    @contextmanager
    def shut(self) -> Iterator[list[str]]:
        """As `watching`, and the door itself is shut: whatever is about to leave is heard and
        stopped, from the making of a socket on."""
        with self.watching() as heard:
            self._shut += 1
            try:
                yield heard
            finally:
                self._shut -= 1

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self._watchers or not self._concerns(event, arguments):
            return
        if _is_allowed(sys._getframe(1), () if self._shut else _DOOR):
            return
        named = event in ("socket.connect", "socket.__new__")
        said = f"{event} to {arguments[1] if named else arguments[0]!r}"
        for heard in self._watchers:
            heard.append(said)
        raise NotThroughTheDoor(said)

    def _concerns(self, event: str, arguments: tuple[object, ...]) -> bool:
        if event == "socket.__new__":
            return self._shut > 0 and arguments[1] in _FAR
        if event in _STARTED:
            return self._shut > 0
        return event in _HEARD and not _stays_here(arguments[0])


def _stays_here(subject: object) -> bool:
    return isinstance(subject, socket.socket) and subject.family == socket.AF_UNIX


def _is_allowed(innermost: FrameType | None, doors: tuple[str, ...]) -> bool:
    """Whether a door, a store's own driver or a test itself asks, seen from the inside out."""
    frame = innermost
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name in doors or name.startswith(("tests.", *_STORES)):
            return True
        if name.startswith(_OURS):
            return False
        frame = frame.f_back
    return False  # a thread of some library's own


_watch = _Watch()
watching = _watch.watching
shut = _watch.shut
