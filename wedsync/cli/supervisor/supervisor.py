"""Keeps the processes of one machine running until it is asked to stop, in one thread."""

import selectors
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Self

from wedsync.cli.supervisor.child import Child
from wedsync.cli.supervisor.lines import Lines
from wedsync.cli.supervisor.programs import Program
from wedsync.platform.embedded import Server

_LOOK_S = 0.2
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Starts programs, passes on what they say, starts again what dies, stops all in order."""

    def __init__(self, environment: Mapping[str, str], logs: Path) -> None:
        self._environment = environment
        self._logs = logs
        self._children: list[Child] = []
        self._servers: Sequence[Server] = ()
        self._stops = 0
        self._handlers: dict[signal.Signals, signal._HANDLER] = {}

    def __enter__(self) -> Self:
        for number in _STOP_SIGNALS:
            self._handlers[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop_children()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    @property
    def stopping(self) -> bool:
        return self._stops > 0

    def run(self, program: Program) -> int:
        """Run a program to its end and return its exit code; ended early when asked to stop."""
        child = self._child(program)
        child.start()
        while child.alive and not self.stopping:
            self._listen([child])
        child.terminate()
        self._wait_for([child])
        child.close()
        return child.exit_code

    def start(self, programs: Sequence[Program], servers: Sequence[Server]) -> None:
        """Start the programs; from now on they and the servers are kept running."""
        self._servers = servers
        for program in programs:
            child = self._child(program)
            self._children.append(child)
            child.start()

    def keep_until(self, condition: Callable[[], bool], seconds: float = float("inf")) -> bool:
        """Keep everything running until `condition`, a request to stop, or the time is over."""
        deadline = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < deadline:
            if condition():
                return True
            self._listen(self._children)
            self._revive()
        return False

    def deaths_of(self, name: str) -> int:
        """How often this program has died in a row."""
        return next(child.deaths for child in self._children if child.program.name == name)

    # --- parts

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stops += 1

    def _child(self, program: Program) -> Child:
        lines = Lines(program.name, len(self._children), self._logs)
        return Child(program, self._environment, lines)

    def _listen(self, children: Sequence[Child]) -> None:
        """Wait a moment for anybody to speak and pass it on."""
        with selectors.DefaultSelector() as selector:
            for child in children:
                if child.output is not None:
                    selector.register(child.output, selectors.EVENT_READ, child)
            for key, _ in selector.select(_LOOK_S):
                key.data.relay()

    def _revive(self) -> None:
        for server in self._servers:
            if server.ended:
                server.restart()
        for child in self._children:
            child.tend()

    def _stop_children(self) -> None:
        """The first alone, then the rest: nothing new comes in while work is finished."""
        for group in (self._children[:1], self._children[1:]):
            for child in group:
                child.terminate()
            self._wait_for(group)
        for child in self._children:
            child.close()

    def _wait_for(self, children: Sequence[Child]) -> None:
        patience = max((child.program.stop_s for child in children), default=0.0)
        deadline = time.monotonic() + patience
        while any(child.alive for child in children) and time.monotonic() < deadline:
            if self._stops > 1:  # asked twice: somebody is in a hurry
                break
            self._listen(children)
        for child in children:
            child.kill()
