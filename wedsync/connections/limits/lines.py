"""How it is written in a waiting run that it stands in the line of a connection's budget."""

from typing import Any
from uuid import UUID

LINE = "budget:"


def line_of(connection_id: UUID) -> str:
    """The line's name, apart from that of anything else there is a turn of at a connection."""
    return f"{LINE}{connection_id}"


def line_in(waiting_for: Any) -> UUID | None:
    """The connection in whose line a run stands that waits for this; None when in none."""
    waits = waiting_for or {}
    if waits.get("kind") != "limit" or not str(waits.get("id")).startswith(LINE):
        return None
    return UUID(waits["connection_id"])
