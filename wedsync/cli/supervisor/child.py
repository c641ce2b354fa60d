"""One supervised process: started, listened to, started again when it dies, ended."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress

from wedsync.cli.supervisor.lines import Lines
from wedsync.cli.supervisor.programs import Program
from wedsync.platform.embedded import process
from wedsync.settings import CHECKOUT

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_STEADY_S = 60.0  # after this long a death counts as the first again
_READ_BYTES = 65_536


class Child:
    """A program and, most of the time, its process."""

    def __init__(self, program: Program, environment: Mapping[str, str], lines: Lines) -> None:
        self.program = program
        self.deaths = 0
        self._environment = environment
        self._lines = lines
        self._process: subprocess.Popen[bytes] | None = None
        self._output: int | None = None
        self._started = 0.0
        self._not_before = 0.0

    def start(self) -> None:
        read_end, write_end = os.pipe()
        os.set_blocking(read_end, False)
        try:
            self._process = process.spawn(
                self.program.argv,
                output=write_end,
                death_signal=signal.SIGTERM,
                cwd=CHECKOUT,
                environment=self._environment,
            )
        finally:
            os.close(write_end)
        self._output = read_end
        self._started = time.monotonic()

    @property
    def output(self) -> int | None:
        """The descriptor to wait on for what it says; None while it is not running."""
        return self._output

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int:
        """Of the process that ended last; call it only after one has."""
        return self._process.wait() if self._process is not None else 0

    def relay(self) -> None:
        """Pass on what it has said so far."""
        while self._output is not None:
            try:
                data = os.read(self._output, _READ_BYTES)
            except BlockingIOError:
                return
            if not data:
                self._hang_up()
                return
            self._lines.take(data)

    def tend(self) -> None:
        """Notice that it died; start it again once its pause is over."""
        if self._process is None:
            if time.monotonic() >= self._not_before:
                self.start()
        elif not self.alive:
            self._note_death()

    def _note_death(self) -> None:
        self.relay()
        self._hang_up()
        self.kill()  # what it started itself may still hold the port
        steady = time.monotonic() - self._started > _STEADY_S
        self.deaths = 1 if steady else self.deaths + 1
        pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (self.deaths - 1))
        self._not_before = time.monotonic() + pause
        self._lines.take(f"ended with code {self.exit_code}; again in {pause:g} s\n".encode())
        self._process = None

    def terminate(self) -> None:
        """Ask it to end, once: a second request would make a worker drop its work."""
        if self._process is not None and self.alive:
            self._process.terminate()

    def kill(self) -> None:
        """End it and everything in its session, whatever they are doing."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def close(self) -> None:
        self.relay()
        self._hang_up()
        self._lines.close()

    def _hang_up(self) -> None:
        if self._output is not None:
            os.close(self._output)
            self._output = None
        self._lines.finish()
