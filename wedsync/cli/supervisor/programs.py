"""The processes of one machine, as data."""

import sys
from dataclasses import dataclass

from wedsync.settings import Settings

_WEB_STOP_S = 3
_HEAD_MS = 10_000
"""How long a connection may stay silent or half-said before it is closed."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program to run: how to start it and how long it may take to stop."""

    name: str
    argv: tuple[str, ...]
    stop_s: float = 4.0


def web(settings: Settings) -> Program:
    """The ASGI front with the Flask app behind it.

    Granian logs no requests here, whatever its environment says: a hook's URL is a secret. It would
    wait for open streams for ever without a kill time-out.
    """
    options = {
        "--interface": "asgi",
        "--host": settings.host,
        "--port": str(settings.port),
        "--workers": "1",
        "--workers-kill-timeout": str(_WEB_STOP_S),
        "--http1-header-read-timeout": str(_HEAD_MS),
        "--http": "1",
        "--loop": "uvloop",
        "--log-level": "warning",
    }
    flat = [part for option in options.items() for part in option]
    argv = (
        sys.executable,
        "-m",
        "granian",
        *flat,
        "--no-ws",
        "--no-access-log",
        "wedsync.front:app",
    )
    return Program("web", argv, stop_s=_WEB_STOP_S + 1.0)


def worker(name: str, queue: str | None = None) -> Program:
    """A worker process; `queue` names another queue than that of the wake bells."""
    wanted = ("--queue", queue) if queue else ()
    return Program(name, (sys.executable, "-m", "workers", *wanted))


def sandbox() -> Program:
    """The practice partner; `installation.practice` says what it is told."""
    return Program("sandbox", (sys.executable, "-m", "wedsync.sandbox"), stop_s=2.0)


def command(*words: str) -> Program:
    """One of our own commands, run to its end."""
    return Program(words[0], (sys.executable, "-m", "wedsync", *words))


def machine(settings: Settings, *, with_sandbox: bool = False) -> tuple[Program, ...]:
    """Everything that runs beside the database and Redis, in the order it stops."""
    return (
        web(settings),
        worker("worker-1"),
        worker("worker-2"),
        worker("long", queue="long"),
        *((sandbox(),) if with_sandbox else ()),
    )
