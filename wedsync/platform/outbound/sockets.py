"""libcurl's sockets under epoll: who is ready, and when libcurl wants to be called again.

Unlike select() this knows no limit of 1,024 descriptors, and what hangs costs nothing.
"""

import os
import select
import time
from collections.abc import Iterator

import pycurl

_INTEREST = {
    pycurl.POLL_NONE: 0,
    pycurl.POLL_IN: select.EPOLLIN,
    pycurl.POLL_OUT: select.EPOLLOUT,
    pycurl.POLL_INOUT: select.EPOLLIN | select.EPOLLOUT,
}
_BROKEN = select.EPOLLERR | select.EPOLLHUP


class Sockets:
    """What one multi handle watches, its timer, and a bell that other threads may ring."""

    def __init__(self, multi: pycurl.CurlMulti) -> None:
        self._epoll = select.epoll()
        self._watched: dict[int, int] = {}
        self._idle: set[int] = set()
        self._call_at: float | None = None
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll.register(self._bell, select.EPOLLIN)
        multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
        multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)

    def ready(self, wait_s: float) -> Iterator[tuple[int, int]]:
        """Wait at most `wait_s`; what `CurlMulti.socket_action` is to be called with."""
        if self._call_at is not None:
            wait_s = min(wait_s, max(0.0, self._call_at - time.monotonic()))
        for fd, events in self._epoll.poll(wait_s):
            if fd == self._bell:
                os.eventfd_read(fd)
            elif fd in self._idle:
                self._let_go(fd)
            else:
                yield fd, _action(events)
        if self._call_at is not None and self._call_at <= time.monotonic():
            self._call_at = None
            yield pycurl.SOCKET_TIMEOUT, 0

    def ring(self) -> None:
        """End the wait of the thread in `ready`. From any thread, before `close`."""
        os.eventfd_write(self._bell, 1)

    def opened(self, fd: int) -> None:
        """A new socket has the number of one that was closed while idle: forget that one."""
        self._idle.discard(fd)
        self._watched.pop(fd, None)

    def close(self) -> None:
        self._epoll.close()
        os.close(self._bell)

    def _on_socket(self, what: int, fd: int, _multi: object, _data: object) -> None:
        if what == pycurl.POLL_REMOVE:
            # Mostly a kept connection between two requests, soon wanted again: left in place.
            if fd in self._watched:
                self._idle.add(fd)
            return
        self._idle.discard(fd)
        interest, now = _INTEREST[what], self._watched.get(fd)
        if now is None:
            self._epoll.register(fd, interest)
        elif now != interest:
            self._epoll.modify(fd, interest)
        self._watched[fd] = interest

    def _on_timer(self, after_ms: int) -> None:
        self._call_at = None if after_ms < 0 else time.monotonic() + after_ms / 1000

    def _let_go(self, fd: int) -> None:
        self._idle.discard(fd)
        if self._watched.pop(fd, None) is not None:
            self._epoll.unregister(fd)


def _action(events: int) -> int:
    action = pycurl.CSELECT_IN if events & select.EPOLLIN else 0
    if events & select.EPOLLOUT:
        action |= pycurl.CSELECT_OUT
    if events & _BROKEN:
        action |= pycurl.CSELECT_ERR
    return int(action)
