"""A drain: a thread that waits for its bell, or a second, and then works until nothing is due."""

import logging
import os
import threading
from collections.abc import Callable

from flask import Flask
from sqlalchemy.exc import OperationalError

SWEEP_SECONDS = 1.0
BROKE_DOWN = 70
"""The exit code of a worker one of whose drains broke down (`EX_SOFTWARE` of sysexits.h)."""

_PAUSE_AFTER_FAILURE_SECONDS = 1.0

log = logging.getLogger(__name__)


class Drain(threading.Thread):
    """Calls `work` at every ring and at least every second, until `stopping`; then `at_end`.

    One of the three places that catch broadly: whatever a round raises is logged and the next
    round tries again; what it had claimed is given back by its lease. What is no `Exception` (a
    panic in compiled code, an exit asked for in a library) leaves nobody knows what behind, so it
    ends the whole process, which its supervisor starts again.
    """

    def __init__(
        self,
        lane: str,
        work: Callable[[], object],
        *,
        app: Flask,
        bell: threading.Event,
        stopping: threading.Event,
        at_end: Callable[[], object] | None = None,
    ) -> None:
        super().__init__(name=f"drain-{lane}", daemon=True)
        self._work = work
        self._app = app
        self._bell = bell
        self._stopping = stopping
        self._at_end = at_end

    def run(self) -> None:
        try:
            self._drain()
        except BaseException:
            log.critical("%s broke down; this process ends with it", self.name, exc_info=True)
            _end_the_process()

    def _drain(self) -> None:
        with self._app.app_context():
            while not self._stopping.is_set():
                self._bell.wait(SWEEP_SECONDS)
                self._bell.clear()
                if not self._stopping.is_set():
                    self._round()
        if self._at_end is not None:
            self._at_end()

    def _round(self) -> None:
        try:
            self._work()
        except OperationalError as error:  # away, starting, or a lock that was not to be had
            log.warning("%s tries again: %s", self.name, _first_line(error))
            self._stopping.wait(_PAUSE_AFTER_FAILURE_SECONDS)
        except Exception:
            log.exception("%s failed and tries again", self.name)
            self._stopping.wait(_PAUSE_AFTER_FAILURE_SECONDS)


def _end_the_process() -> None:
    """As a kill would: what this process had claimed is given back by whoever sees it dead."""
    logging.shutdown()
    os._exit(BROKE_DOWN)


def _first_line(error: OperationalError) -> str:
    return str(error.orig).partition("\n")[0]
