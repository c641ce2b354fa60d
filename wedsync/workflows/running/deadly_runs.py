"""Runs that kill whoever takes them up (promise 9), found though such a death commits nothing.

Claiming only locks, so a worker first notes what it is about to take up, committed by itself. Of a
worker that died, the runs in its note that have not moved since count one death each, and so do
those that happened to be beside the deadly one; `platform.culprits` sorts them out. The first move
of an innocent one clears it. What has died often enough is parked unread.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, Engine, Row, text

from wedsync.workflows.running.journal import Move

# It need not outlive the database, only the worker: nobody waits for the disk.
_NOTE = text(
    "UPDATE owners SET taking = CAST(:runs AS jsonb) WHERE id = :owner"
    " AND set_config('synchronous_commit', 'off', true) = 'off'"
)
# What another holds is on the move: if it kills that one too, it counts then.
_COUNT = text(
    "WITH died AS (SELECT r.id FROM owners"
    "  CROSS JOIN LATERAL jsonb_each_text(owners.taking) AS taken(run, fence)"
    "  JOIN runs r ON r.id = CAST(taken.run AS uuid) AND r.fence = CAST(taken.fence AS bigint)"
    "  WHERE owners.id = ANY(:owners) AND r.state IN ('queued', 'waiting')"
    "  FOR NO KEY UPDATE OF r SKIP LOCKED)"
    " UPDATE runs SET deaths = deaths + 1 FROM died WHERE runs.id = died.id"
)
_REASON = {
    "code": "internal",
    "message": "We were interrupted each time we took this run up, and have stopped trying.",
}


def note(engine: Engine, owner: UUID, rows: Sequence[Row[Any]]) -> None:
    """Before these claimed rows are read: remember, whatever happens, that `owner` is at them."""
    if not rows:
        return
    taken = orjson.dumps({str(row.id): row.fence for row in rows}).decode()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(_NOTE, {"owner": owner, "runs": taken})


def count(connection: Connection, owners: Sequence[UUID]) -> None:
    """Hold the deaths of these owners against what they were at, before they are forgotten."""
    if owners:
        connection.execute(_COUNT, {"owners": list(owners)})


def parked(row: Row[Any]) -> Move:
    """The move that sets such a run aside where it stands."""
    move = Move(row.id, row.organization_id, row.workflow_id, row.fence, state="needs_attention")
    move.engine_state, move.started_at = row.engine_state, row.started_at
    move.waiting_for, move.pending_decision = row.waiting_for, row.pending_decision
    move.reason = dict(_REASON)
    return move
