"""What the two private servers have in common: one owner, one folder, start, stop, kill."""

import fcntl
import hashlib
import os
import pwd
import signal
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import IO, ClassVar, Self

from wedsync.platform.embedded import process

_LONGEST_SOCKET_PATH = 100  # sockaddr_un.sun_path is 104 to 108 bytes, by system
_LOG_BYTES = 5_000_000
_OWNER_WAIT_S = 5.0
_START_S = 20.0


class ServerError(Exception):
    """A private server cannot be used. `str(error)` is one sentence for the person at the shell."""


class ServerBusy(ServerError):
    """Another process owns this server just now."""


class Server(ABC):
    """A server program that runs as a child of this process and belongs to one directory."""

    name: ClassVar[str]
    # Tried in this order, each with the seconds it is given.
    stop_signals: ClassVar[tuple[tuple[signal.Signals, float], ...]]

    def __init__(self, directory: Path, storage: Path) -> None:
        self.directory = directory
        self.storage = storage
        self.log = directory / "server.log"
        self._lock: IO[bytes] | None = None
        self._child: subprocess.Popen[bytes] | None = None

    # --- what each server says for itself

    @property
    @abstractmethod
    def url(self) -> str:
        """The address for clients; the same after every restart."""

    @property
    @abstractmethod
    def _pid_file(self) -> Path:
        """The file in which the server itself writes its process id, first line."""

    @property
    @abstractmethod
    def _mark(self) -> str:
        """A path that stands on this server's command line and on no other."""

    @abstractmethod
    def _prepare(self) -> None:
        """Make what has to exist before the first start."""

    @abstractmethod
    def _command(self) -> Sequence[str]: ...

    @abstractmethod
    def _answers(self) -> bool:
        """Whether a client gets an answer."""

    def _run_as(self) -> pwd.struct_passwd | None:
        """The user the program runs as; None for ours."""
        return None

    # --- life

    def start(self) -> None:
        """Start the server and wait until it answers; raises `ServerError`."""
        self._own()
        try:
            self._end_stray()
            self._prepare()
            self._launch()
        except BaseException:
            self._release()
            raise

    def stop(self) -> None:
        """End it in good order, within seconds."""
        if self._child is not None and not self._gone():
            process.end(self._child.pid, *self.stop_signals, gone=self._gone)
        self._child = None
        self._release()

    def kill(self) -> None:
        """End it and its own children as a power cut would; `start()` recovers."""
        if self._child is not None and not self._gone():
            process.kill_family(self._child.pid)
            self._child.wait()
        self._child = None
        self._release()

    def restart(self) -> None:
        """Stop, if it runs, and start again under the same address."""
        self.stop()
        self.start()

    def running(self) -> bool:
        """Whether it runs, started by this process or by another."""
        return self.pid is not None

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        try:
            pid = int(self._pid_file.read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        return pid if process.is_ours(pid, self._mark) else None

    @property
    def ended(self) -> bool:
        """Whether a server started here has died since."""
        return self._child is not None and self._gone()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    # --- parts

    def _gone(self) -> bool:
        return self._child is None or self._child.poll() is not None

    def _own(self) -> None:
        if self._lock is not None:
            raise ServerBusy(f"This process is already running {self.name} in {self.directory}.")
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (self.directory / "owner.lock").open("ab")
        if not process.wait_until(lambda: _locked(lock), _OWNER_WAIT_S):
            lock.close()
            raise ServerBusy(
                f"Another WedSync is running {self.name} in {self.directory}: stop it first."
            )
        self._lock = lock

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _end_stray(self) -> None:
        """End a server whose owner died without taking it along; never anybody else's process."""
        pid = self.pid
        if pid is not None:
            process.end(pid, *self.stop_signals, gone=lambda: not self.running())

    def _launch(self) -> None:
        _keep_short(self.log)
        with self.log.open("ab") as log:
            self._child = process.spawn(
                self._command(),
                output=log,
                death_signal=self.stop_signals[0][0],
                cwd=self.storage,
                environment={"LC_ALL": "C", "PATH": os.defpath, "TZ": "UTC"},
                user=self._run_as(),
            )
        if not process.wait_until(lambda: self._gone() or self._answers(), _START_S) or self.ended:
            self.kill()
            raise ServerError(f"{self.name} did not start: {_last_words(self.log)}")


def socket_folder(folder: Path, file_name: str) -> Path:
    """`folder`, or a private stand-in with a short name when a socket in it could not be opened."""
    if len(os.fsencode(folder / file_name)) <= _LONGEST_SOCKET_PATH:
        return folder
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"wedsync-{os.geteuid()}-{digest}"
    short.mkdir(mode=0o700, exist_ok=True)
    if short.is_symlink() or short.stat().st_uid != os.geteuid():
        raise ServerError(f"{short} belongs to somebody else: set WEDSYNC_HOME to a shorter path.")
    return short


def _locked(lock: IO[bytes]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _keep_short(log: Path) -> None:
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))


def _last_words(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else f"it said nothing (see {log})"
