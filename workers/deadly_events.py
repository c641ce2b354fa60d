"""Events that kill whoever fans them out, found though such a death commits nothing.

As with runs (`workflows.running.deadly_runs`), the fan-out notes what it is about to read,
committed by itself. Of a worker that died, the events in its note that are still to be fanned out
count one death each. `platform.culprits` says which are then taken by themselves; what has died
often enough is parked unread.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, Engine, Row, text

REASON = "We were interrupted each time we passed this on, and have stopped trying."

# It need not outlive the database, only the worker: nobody waits for the disk.
_NOTE = text(
    "UPDATE owners SET passing_on = CAST(:events AS jsonb) WHERE id = :owner"
    " AND set_config('synchronous_commit', 'off', true) = 'off'"
)
# What another holds is on its way: if it kills that one too, it counts then.
_COUNT = text(
    "WITH died AS (SELECT e.id FROM owners"
    "  CROSS JOIN LATERAL jsonb_array_elements_text(owners.passing_on) AS taken(event)"
    "  JOIN events e ON e.id = CAST(taken.event AS uuid)"
    "  WHERE owners.id = ANY(:owners) AND e.fanned_out_at IS NULL AND e.parked_at IS NULL"
    "  FOR NO KEY UPDATE OF e SKIP LOCKED)"
    " UPDATE events SET deaths = deaths + 1 FROM died WHERE events.id = died.id"
)


def note(engine: Engine, owner: UUID, rows: Sequence[Row[Any]]) -> None:
    """Before these claimed events are read: remember that `owner` is at them, whatever happens."""
    if not rows:
        return
    events = orjson.dumps([str(row.id) for row in rows]).decode()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(_NOTE, {"owner": owner, "events": events})


def count(connection: Connection, owners: Sequence[UUID]) -> None:
    """Hold the deaths of these owners against what they were at, before they are forgotten."""
    if owners:
        connection.execute(_COUNT, {"owners": list(owners)})
