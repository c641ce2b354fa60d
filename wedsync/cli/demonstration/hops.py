"""Saying each hop with its time, and naming the one that is missing."""

import time
from collections.abc import Callable
from typing import TypeVar

import click

_LOOK_S = 0.01

Seen = TypeVar("Seen")


class MissingHop(click.ClickException):
    """A hop that did not happen, in one sentence; the exit code is 1."""

    exit_code = 1

    def show(self, file: object = None) -> None:
        click.secho(f"   missing │ {self.message}", fg="red", err=True)


class Hops:
    """What was seen since the clock was set, line by line."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self.start_clock()

    def start_clock(self) -> None:
        """Count from now on."""
        self._began = time.monotonic()

    def seen(self, words: str) -> None:
        """Say that a hop was seen now."""
        ms = (time.monotonic() - self._began) * 1000
        click.echo(f"{ms:7.0f} ms │ {words}")

    def wait_for(self, words: str, look: Callable[[], Seen | None]) -> Seen:
        """Look until there is something; raises MissingHop with `words` when it never comes."""
        deadline = time.monotonic() + self._patience_s
        while time.monotonic() < deadline:
            if (found := look()) is not None:
                return found
            time.sleep(_LOOK_S)
        raise MissingHop(
            f"{words}: not within {self._patience_s:g} s. `wedsync doctor` may know why."
        )


def require(condition: bool, trouble: str) -> None:
    """Raise MissingHop unless the condition holds."""
    if not condition:
        raise MissingHop(trouble)
