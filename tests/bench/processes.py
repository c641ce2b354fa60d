"""The processes of a run: started, waited for, and gone when the run is over, however it ends."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from wedsync.platform.embedded import process
from wedsync.settings import CHECKOUT

_STOP_S = 8.0
_LAST_LINES = 15


class BenchError(Exception):
    """The run cannot go on; the message says why."""


class Processes:
    """Programs by name. The kernel ends them with us; leaving the block ends them in order."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop(*self._running)

    def start(self, name: str, argv: Sequence[str], environment: Mapping[str, str]) -> int:
        """Start a program; returns its process id."""
        with (self._logs / f"{name}.log").open("wb") as log:
            child = process.spawn(
                argv,
                output=log,
                death_signal=signal.SIGTERM,
                cwd=CHECKOUT,
                environment=environment,
            )
        self._running[name] = child
        return child.pid

    def stop(self, *names: str) -> None:
        """Ask programs to end, all at once, and see that they and their children are gone."""
        children = [self._running.pop(name) for name in names if name in self._running]
        for child in children:
            child.terminate()
        for child in children:
            with suppress(subprocess.TimeoutExpired):
                child.wait(_STOP_S)
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()

    def pids(self, *names: str) -> list[int]:
        """The process ids of those that run."""
        return [child.pid for name, child in self._running.items() if name in names]

    def wait_until(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait for `condition`; raises BenchError when a process dies or the time is over."""
        deadline = time.monotonic() + seconds
        while not condition():
            self._require_all_alive()
            if time.monotonic() > deadline:
                raise BenchError(f"{what} took longer than {seconds:g} s.")
            time.sleep(0.02)

    def _require_all_alive(self) -> None:
        for name, child in self._running.items():
            if child.poll() is not None:
                lines = (self._logs / f"{name}.log").read_text(errors="replace").splitlines()
                raise BenchError("\n".join([f"{name} ended by itself:", *lines[-_LAST_LINES:]]))


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
