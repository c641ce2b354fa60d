"""Looking names up without holding anything else up.

libcurl's own resolver has twenty threads a window and keeps what is behind them waiting: twenty
dead name servers would stop every delivery to a name. Here each name being looked up has a thread
of its own, requests for the same name share it, and answers are kept for a minute.
"""

import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

KEEP_FOUND_S = 60.0
KEEP_UNKNOWN_S = 5.0
MOST_THREADS = 256
MOST_KEPT = 10_000
_MOST_ADDRESSES = 8


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a name led to (nothing, when unknown), until the monotonic instant `until`."""

    addresses: tuple[str, ...]
    until: float


Tell = Callable[[str, Found], None]


class Names:
    """The names this process knows, and those it is asking about."""

    def __init__(self) -> None:
        self.start_anew()

    def start_anew(self) -> None:
        """Know nothing, ask about nothing."""
        self._lock = threading.Lock()
        self._kept: dict[str, Found] = {}
        self._asking: dict[str, list[Tell]] = {}
        self._backlog: deque[str] = deque()
        self._threads = 0

    def known(self, host: str) -> Found | None:
        """What is known of `host` now, without asking."""
        found = self._kept.get(host)
        return found if found is not None and found.until > time.monotonic() else None

    def ask(self, host: str, tell: Tell) -> None:
        """Look `host` up and call `tell(host, found)` from another thread."""
        with self._lock:
            waiting = self._asking.get(host)
            if waiting is not None:
                waiting.append(tell)
                return
            self._asking[host] = [tell]
            if self._threads >= MOST_THREADS:
                self._backlog.append(host)
                return
            self._threads += 1
        threading.Thread(target=self._work, args=(host,), name="outbound-name", daemon=True).start()

    def _work(self, host: str | None) -> None:
        while host is not None:
            found = _look_up(host)
            with self._lock:
                self._keep(host, found)
                told = self._asking.pop(host)
            for tell in told:
                tell(host, found)
            with self._lock:
                host = self._backlog.popleft() if self._backlog else None
                if host is None:
                    self._threads -= 1

    def _keep(self, host: str, found: Found) -> None:
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[host] = found


def _look_up(host: str) -> Found:
    try:
        rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return Found((), time.monotonic() + KEEP_UNKNOWN_S)
    addresses = dict.fromkeys(str(row[4][0]).partition("%")[0] for row in rows)
    return Found(tuple(addresses)[:_MOST_ADDRESSES], time.monotonic() + KEEP_FOUND_S)


names = Names()

# A fork leaves the threads that were asking behind, perhaps with the lock held.
os.register_at_fork(after_in_child=names.start_anew)
