"""Giving waiting runs what they wait for: an event that came, a person's answer.

An answer is written beside the run (`pending_decision`) and the run is made due; its drain tells
the engine. Locks are taken as everywhere: lanes, then runs, then what belongs to a run. Between
`lock` and `give` the caller looks, with the runs held still, whether its answer is still wanted.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from wedsync.platform import batch, clock, leases
from wedsync.platform.batch import recordset
from wedsync.workflows.journal import LANES

_LANES_OF = text(
    "SELECT DISTINCT organization_id, workflow_id FROM runs WHERE id = ANY(:ids)"
    " AND state = 'waiting' ORDER BY organization_id, workflow_id"
)
_LOCK = text(
    "SELECT id FROM runs WHERE id = ANY(:ids) AND state = 'waiting'"
    " AND pending_decision IS NULL ORDER BY id FOR NO KEY UPDATE"
)
_GIVE = text(
    "UPDATE runs SET pending_decision = t.answer, due_at = :now, revision = runs.revision + 1 FROM "
    + recordset("id uuid, answer jsonb")
    + " WHERE runs.id = t.id"
)


def lock(connection: Connection, run_ids: Sequence[UUID]) -> list[UUID]:
    """Hold these runs still, those that wait and have no answer yet; which those are."""
    if not run_ids:
        return []
    lanes: dict[UUID, dict[str, Any]] = {}
    now = clock.now()
    for row in connection.execute(_LANES_OF, {"ids": list(run_ids)}):
        lanes.setdefault(row.organization_id, {})[str(row.workflow_id)] = now
    for organization_id in sorted(lanes):
        leases.touch_lanes(connection, LANES, organization_id, lanes[organization_id])
    return list(connection.execute(_LOCK, {"ids": list(run_ids)}).scalars())


def give(connection: Connection, answers: Mapping[UUID, Any]) -> None:
    """Write the answers of runs that `lock` holds and make them due.

    The caller commits and rings `runs`.
    """
    if answers:
        rows = [{"id": run_id, "answer": answer} for run_id, answer in answers.items()]
        connection.execute(_GIVE, {"now": clock.now(), **batch.rows(rows)})
