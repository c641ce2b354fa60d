"""Starting a program that cannot outlive us, and ending one that is certainly ours."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

_PR_SET_PDEATHSIG = 1  # prctl(2)
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_POLL_S = 0.02


def spawn(
    argv: Sequence[str],
    *,
    output: IO[bytes] | int,
    death_signal: signal.Signals,
    cwd: Path,
    environment: Mapping[str, str],
    user: pwd.struct_passwd | None = None,
) -> subprocess.Popen[bytes]:
    """Start `argv` in a session of its own, so that Ctrl-C reaches only us.

    On Linux the kernel sends it `death_signal` when the thread that called this ends.
    """
    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env=dict(environment),
        start_new_session=True,
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
        # After the change of user, which clears such a request. It makes one system call and takes
        # no lock, so other threads cannot block it.
        preexec_fn=_die_with_parent(os.getpid(), death_signal),  # noqa: PLW1509
    )


def _die_with_parent(parent: int, death_signal: signal.Signals) -> Callable[[], None] | None:
    libc = _LIBC
    if libc is None:
        return None

    def ask_the_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:  # the parent ended before the request was made
            os._exit(1)

    return ask_the_kernel


def is_ours(pid: int, mark: str) -> bool:
    """Whether `pid` is alive and its command line names `mark`, a path only our server has.

    A number read from a file may long belong to somebody else's process.
    """
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return any(mark in part for part in process.cmdline())
    except psutil.Error:
        return False


def working_in(folder: Path) -> list[int]:
    """The processes whose working directory is `folder`, as far as we may look."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(folder):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def end(pid: int, *steps: tuple[signal.Signals, float], gone: Callable[[], bool]) -> bool:
    """Send each signal in turn, waiting its seconds; true as soon as `gone()` is."""
    for number, seconds in steps:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return True
        if wait_until(gone, seconds):
            return True
    return False


def kill_family(pid: int) -> None:
    """SIGKILL a process and everything below it, at once: what a power cut looks like."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for member in family:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Look at `condition` every few milliseconds for at most `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_S)
    return True
