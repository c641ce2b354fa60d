"""What a waiting run waits for, in words."""

from typing import Any, Protocol
from uuid import UUID

from wedsync.connections.models import USABLE_STATES


class Waiting(Protocol):
    """The columns that say what a run waits for. The connection is the one it names, if any."""

    @property
    def waiting_for(self) -> Any: ...

    @property
    def connection_name(self) -> str | None: ...

    @property
    def connection_state(self) -> str | None: ...


_NEEDS = {
    "pending": ("it is not connected yet", "Finish connecting it"),
    "paused": ("it is paused", "Resume it"),
    "revoked": ("it does not know us any more", "Reconnect it"),
    "needs_reauth": ("it does not know us any more", "Reconnect it"),
}
"""By the connection's state: what is the matter with it, and what a person does about it."""


def connection_waited_for(row: Waiting) -> UUID | None:
    """The connection a run waits for; None when it waits for something else."""
    waits = row.waiting_for or {}
    if waits.get("kind") != "connection":
        return None
    try:
        return UUID(str(waits.get("id")))
    except ValueError:
        return None


def connection_called(row: Waiting) -> str:
    return row.connection_name or "a connection"


def needs_a_person(row: Waiting) -> bool:
    """Whether the connection comes back only when somebody mends it."""
    return row.connection_state in _NEEDS


def connection_words(row: Waiting) -> str:
    """Why a run waits for its connection, and what follows."""
    waiting = f"Waiting for {connection_called(row)}"
    matter, what_to_do = _NEEDS.get(row.connection_state or "", ("", ""))
    if what_to_do:
        return f"{waiting}: {matter}. {what_to_do} and this goes on by itself."
    if row.connection_state in USABLE_STATES:
        return f"{waiting}: we are renewing our permission there. This goes on by itself."
    return f"{waiting}. This goes on by itself."


def turn_words(row: Waiting) -> str:
    """Who else is at the far end, where so many at a time may be."""
    waits = row.waiting_for or {}
    far_end = row.connection_name or str(waits.get("id")).removeprefix("host:")
    if waits.get("until"):
        return f"Much else is going on with {far_end}. We try again in a few seconds."
    return f"It waits for its turn: one at a time goes to {far_end}."
