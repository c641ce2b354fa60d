"""Writing a batch of advances: what is held back first, then every row, in one order of locks.

Lanes, then the families of items, then runs, then what belongs to a run.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from wedsync.connections import access as connections
from wedsync.platform import clock
from wedsync.workflows.running import (
    asking,
    budget_lines,
    calling,
    dated_waits,
    guardrails,
    items,
    journal,
    listening,
    once_slots,
)
from wedsync.workflows.running.live_run import Advance


@dataclass(slots=True)
class Recorded:
    """What was written: the runs that were still ours, and the waits to look back for."""

    held: set[UUID] = field(default_factory=set)
    waits: list[UUID] = field(default_factory=list)

    def add(self, other: "Recorded") -> None:
        self.held |= other.held
        self.waits += other.waits


def prepare(
    connection: Connection,
    owner: UUID,
    advances: Sequence[Advance],
    next_in_line: Sequence[Row[Any]] = (),
    *,
    written_later: Sequence[Advance] = (),
) -> None:
    """Hold back what may not leave yet, say in the lanes what is due, and lock the families.

    Before claiming, for what came home: a claim passes over locked lanes and never waits.
    `next_in_line` are runs whose turn it is at a far end that became free; `written_later` were
    prepared before in this transaction.
    """
    guardrails.hold_back(connection, advances, clock.now())
    dated_waits.hold(connection, advances, clock.now())
    once_slots.take(connection, owner, advances)
    holders = [one for one in advances if one.far_end is not None]
    budget_lines.take(connection, advances, written_later)
    # The slot comes first: it can be given back where there is no call, a call cannot.
    once_slots.put_back(connection, owner, [one.run.id for one in holders if one.far_end is None])
    items.wake_lanes(advances)
    for one in advances:
        if one.run.is_capped and one.move.state != "running":
            one.move.lane_due_at = clock.now()
    journal.touch(connection, [one.move for one in advances], next_in_line)
    once_slots.wake(connection, next_in_line)
    items.lock(connection, advances)


def write(connection: Connection, owner: UUID, advances: Sequence[Advance]) -> Recorded:
    """Write prepared advances, as far as their runs are still `owner`'s."""
    held = journal.write(connection, owner, [one.move for one in advances])
    kept = [one for one in advances if one.run.id in held]
    items.write(connection, kept)
    calling.write(connection, kept)
    # Before what they wait for now is written, which is to stay open.
    unanswered = [one.run.id for one in kept if one.unanswered]
    listening.close(connection, unanswered)
    asking.close(connection, unanswered)
    waits = listening.write(connection, kept)
    asking.write(connection, kept)
    _tell_of_refusals(connection, kept)
    return Recorded(held, waits)


def wakes(advances: Sequence[Advance]) -> bool:
    """Whether these made others due: items, runs that loop, callers, runs that were called."""
    return calling.concerns(advances) or any(
        one.loop is not None or (one.run.parent_id is not None and one.move.is_final)
        for one in advances
    )


def _tell_of_refusals(connection: Connection, advances: Sequence[Advance]) -> None:
    """Tell each connection once that its partner does not know it any more."""
    refusals = {one.refusal for one in advances if one.refusal}
    for each in sorted(refusals, key=lambda refusal: refusal.connection_id):
        connections.refused(connection, each.organization_id, each.connection_id, each.generation)
