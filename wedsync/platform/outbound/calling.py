"""`request()`: one call, one outcome, over the process's own window of transfers.

The window has a thread of its own, begun with the first call and again after a fork, so that
callers on any thread share its kept connections.
"""

import os
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from queue import Empty, SimpleQueue

import pycurl

from wedsync.platform.outbound.messages import Outcome, Request
from wedsync.platform.outbound.transfers import Transfers

_LIMIT = 256
_LOOK_S = 5.0

_Call = tuple[Request, "Future[Outcome]"]


def request(request: Request) -> Outcome:
    """Send `request` and wait for its outcome: at most its `timeout_s` once it has a place.

    Safe from any thread; up to 256 are in flight in a process, more wait their turn.
    """
    loop = _running_loop()
    future = loop.submit(request)
    while True:
        try:
            return future.result(timeout=_LOOK_S)
        except FutureTimeout:
            if not loop.alive:
                raise RuntimeError("the thread that carries requests has ended") from None


class _Loop:
    """The thread that owns the window; others hand it calls."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[_Call] = SimpleQueue()
        self._transfers = Transfers(limit=_LIMIT)
        self._thread = threading.Thread(target=self._run, name="outbound", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def submit(self, request: Request) -> "Future[Outcome]":
        future: Future[Outcome] = Future()
        self._calls.put((request, future))
        self._transfers.wakeup()
        return future

    def _run(self) -> None:
        while True:
            self._take()
            for future, outcome in self._transfers.finished(_LOOK_S):
                future.set_result(outcome)  # type: ignore[attr-defined]  # as `_begin` tagged it

    def _take(self) -> None:
        """Begin what has come; with nothing in flight, wait for something to come."""
        while len(self._transfers) < _LIMIT:
            try:
                request, future = self._calls.get(block=not len(self._transfers))
            except Empty:
                return
            self._begin(request, future)

    def _begin(self, request: Request, future: "Future[Outcome]") -> None:
        try:
            self._transfers.start(request, future)
        except (TypeError, ValueError, pycurl.error) as error:
            # Not a request at all (a body of text, a number for a URL): its caller's mistake,
            # which must not end everybody else's calls.
            future.set_exception(error)


_loop: _Loop | None = None
_lock = threading.Lock()


def _running_loop() -> _Loop:
    global _loop
    with _lock:
        if _loop is None or not _loop.alive:
            _loop = _Loop()
        return _loop


def _after_fork() -> None:
    global _loop, _lock
    _loop, _lock = None, threading.Lock()


os.register_at_fork(after_in_child=_after_fork)
