"""Many requests in flight for one thread, each handed back as soon as it has ended."""

import os
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

import pycurl

from wedsync.platform.outbound import faults
from wedsync.platform.outbound.handles import Handle, RequestRefused
from wedsync.platform.outbound.messages import Failure, Outcome, Request, Timings
from wedsync.platform.outbound.names import Found, names
from wedsync.platform.outbound.sockets import Sockets
from wedsync.platform.outbound.urls import Target, UrlRefused, allowed_target

_NONE = Timings()


@dataclass(slots=True)
class _Call:
    """A request on its way, from `start` on."""

    request: Request
    tag: object
    target: Target
    since: float

    @property
    def name_until(self) -> float:
        """The monotonic instant after which its name comes too late."""
        return self.since + min(self.request.timeout_s, self.request.connect_timeout_s)


class Transfers:
    """A window of requests, used by one thread (`wakeup` may be called by any).

    At most `limit` at a time; as many connections are kept open between requests. Use it as a
    context manager or `close` it. It does not survive a fork: the child makes its own.
    """

    def __init__(self, *, limit: int = 256) -> None:
        self._limit = limit
        self._multi: Any = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, limit)
        self._sockets = Sockets(self._multi)
        self._idle: list[Handle] = []
        self._running: dict[Any, Handle] = {}
        self._waiting: dict[str, list[_Call]] = {}
        self._done: list[tuple[object, Outcome]] = []
        self._told: dict[tuple[str, int], Found] = {}
        self._found: deque[tuple[str, Found]] = deque()
        self._unclaimed = 0
        self._woken = self._closed = False
        self._bell_lock = threading.Lock()
        self._process = _process
        _living.add(self)

    def __enter__(self) -> "Transfers":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __len__(self) -> int:
        """How many were started and not yet handed back by `finished`."""
        return self._unclaimed

    def start(self, request: Request, tag: object) -> None:
        """Begin `request`; its outcome comes back from `finished` beside `tag`.

        Raises RuntimeError when `limit` are out already, or in a process that did not make this.
        """
        self._check_usable()
        if self._unclaimed >= self._limit:
            raise RuntimeError(f"no more than {self._limit} requests at a time")
        try:
            call = _Call(request, tag, allowed_target(request.url), time.monotonic())
        except UrlRefused as refused:
            self._refuse(tag, refused.code, refused.message)
        else:
            self._find(call)
        self._unclaimed += 1

    def finished(self, timeout_s: float) -> list[tuple[object, Outcome]]:
        """All that have ended, waiting at most `timeout_s` for the first.

        Empty when nothing is out, when the time is over, and after `wakeup`.
        """
        self._check_usable()
        until = time.monotonic() + timeout_s
        self._turn(0.0)
        while self._unclaimed and not self._done and not self._woken:
            left = until - time.monotonic()
            if left <= 0:
                break
            self._turn(left)
        self._woken = False
        done, self._done = self._done, []
        self._unclaimed -= len(done)
        return done

    def end(self, tag: object) -> None:
        """Have what was started for `tag` end now; nothing when it has, or was not.

        It comes back from `finished`: `not_sent` where nothing had left, else `maybe`.
        """
        self._check_usable()
        for curl, handle in list(self._running.items()):
            if handle.tag is tag:
                del self._running[curl]
                self._end(handle, handle.aborted())
        for host, calls in list(self._waiting.items()):
            for call in [call for call in calls if call.tag is tag]:
                calls.remove(call)
                self._refuse(tag, faults.ABORTED, faults.WANTED_NO_MORE, _spent(call))
            if not calls:
                del self._waiting[host]

    def wakeup(self) -> None:
        """Make `finished` return at once, now or the next time. Safe from any thread."""
        self._woken = True
        self._ring()

    def close(self) -> None:
        """Drop what is in flight, its outcomes unknown, and close every connection."""
        with self._bell_lock:
            if self._closed:
                return
            self._closed = True
        if self._process != _process:
            return  # these connections are another process's
        for curl, handle in self._running.items():
            self._multi.remove_handle(curl)
            self._idle.append(handle)
        self._running.clear()
        self._waiting.clear()
        self._done.clear()
        self._unclaimed = 0
        self._multi.close()
        for handle in self._idle:
            handle.curl.close()
        self._idle.clear()
        self._sockets.close()

    def _find(self, call: _Call) -> None:
        """Begin `call` with what its host leads to, now or when that is found."""
        if call.target.is_literal:
            self._begin(call, None)
            return
        host = call.target.host
        found = names.known(host)
        if found is not None:
            self._begin_found(call, found)
        elif host in self._waiting:
            self._waiting[host].append(call)
        else:
            self._waiting[host] = [call]
            names.ask(host, self._on_found)

    def _begin_found(self, call: _Call, found: Found) -> None:
        if found.addresses:
            self._begin(call, found)
        else:
            self._refuse(call.tag, "dns_failed", faults.NOT_FOUND, _spent(call))

    def _begin(self, call: _Call, found: Found | None) -> None:
        handle = self._idle.pop() if self._idle else Handle(self._sockets.opened)
        # libcurl keeps what it was told; it is told again when the name was looked up again.
        place = (call.target.host, call.target.port)
        if found is not None and self._told.get(place) is not found:
            handle.news = (place, found)
        try:
            handle.prepare(call.request, call.target, time.monotonic() - call.since)
        except RequestRefused as refused:
            self._let_go(handle)
            self._refuse(call.tag, "request_refused", str(refused))
            return
        handle.tag = call.tag
        self._running[handle.curl] = handle
        self._multi.add_handle(handle.curl)

    def _turn(self, wait_s: float) -> None:
        """Wait for readiness once and move on whatever can."""
        if self._waiting:
            wait_s = self._give_up_waiting(wait_s)
        for fd, action in self._sockets.ready(wait_s):
            self._multi.socket_action(fd, action)
        while self._found:
            host, found = self._found.popleft()
            for call in self._waiting.pop(host, ()):
                self._begin_found(call, found)
        _, answered, failed = self._multi.info_read()
        for curl in answered:
            handle = self._running.pop(curl)
            self._end(handle, handle.ended())
        for curl, code, detail in failed:
            handle = self._running.pop(curl)
            self._end(handle, handle.failed(code, detail))

    def _end(self, handle: Handle, outcome: Outcome) -> None:
        self._done.append((handle.tag, outcome))
        self._multi.remove_handle(handle.curl)
        if handle.news is not None:
            place, found = handle.news
            self._told[place] = found
        self._let_go(handle)

    def _let_go(self, handle: Handle) -> None:
        handle.release()
        self._idle.append(handle)

    def _refuse(self, tag: object, code: str, message: str, timings: Timings = _NONE) -> None:
        self._done.append((tag, Failure("not_sent", code, message, timings)))

    def _give_up_waiting(self, wait_s: float) -> float:
        """End the calls whose names come too late; how long to wait until the next one's does."""
        now = time.monotonic()
        for host, calls in list(self._waiting.items()):
            in_time = [call for call in calls if call.name_until > now]
            for call in calls:
                if call.name_until <= now:
                    self._refuse(call.tag, "dns_failed", faults.NOT_FOUND_IN_TIME, _spent(call))
            if in_time:
                self._waiting[host] = in_time
                wait_s = min(wait_s, min(call.name_until for call in in_time) - now)
            else:
                del self._waiting[host]
        return 0.0 if self._done else wait_s

    def _on_found(self, host: str, found: Found) -> None:
        self._found.append((host, found))
        self._ring()

    def _ring(self) -> None:
        with self._bell_lock:
            if not self._closed:
                self._sockets.ring()

    def _check_usable(self) -> None:
        if self._closed:
            raise RuntimeError("these transfers are closed")
        if self._process != _process:
            raise RuntimeError("these transfers belong to the process that made them")


def _spent(call: _Call) -> Timings:
    spent_ms = (time.monotonic() - call.since) * 1000
    return Timings(dns_ms=spent_ms, total_ms=spent_ms)


def send_many(
    requests: Iterable[tuple[object, Request]], *, at_once: int = 64
) -> Iterator[tuple[object, Outcome]]:
    """Send tagged requests, `at_once` at a time; yields each with its outcome as it ends."""
    coming = iter(requests)
    with Transfers(limit=at_once) as transfers:
        while True:
            while len(transfers) < at_once:
                following = next(coming, None)
                if following is None:
                    break
                transfers.start(following[1], following[0])
            if not len(transfers):
                return
            yield from transfers.finished(60.0)


_living: WeakSet[Transfers] = WeakSet()
_inherited: list[Transfers] = []
_process = os.getpid()


def _after_fork() -> None:
    # Freeing an inherited handle would say goodbye on the parent's connections: they are kept.
    global _process
    _process = os.getpid()
    _inherited.extend(_living)
    _living.clear()


os.register_at_fork(after_in_child=_after_fork)
