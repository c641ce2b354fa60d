"""`python -m tests.chaos.doomed_worker <point>`: a worker that dies at a point of its first renewal
of a token, as by a power cut. Everything else is the product's own.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from wedsync.connections.tokens import refreshing
from workers.__main__ import main


def die(*_given: Any) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("Nobody survives this.")


def dying_after(owner: Any, name: str) -> Callable[..., Any]:
    done = getattr(owner, name)
    return lambda *given: die(done(*given))


POINTS: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "before the claim is committed": (refreshing, "_begin", dying_after(refreshing, "_begin")),
    "before the request leaves": (refreshing._Claim, "ask", die),
    "when the answer came": (refreshing, "_write_down", die),
    "before the answer is committed": (refreshing, "_keep", dying_after(refreshing, "_keep")),
    "when the answer is committed": (
        refreshing,
        "_write_down",
        dying_after(refreshing, "_write_down"),
    ),
}
"""What is in its place, by what the point is called."""


def run() -> int:
    """The worker's exit code, were it to end by itself."""
    owner, name, doomed = POINTS[sys.argv.pop(1)]
    setattr(owner, name, doomed)
    return main()


if __name__ == "__main__":
    sys.exit(run())
