"""Giving waiting runs what they wait for: an event that came, a person's answer.

An answer is written beside the run (`pending_decision`) and the run is made due; its drain tells
the engine. Locks are taken as everywhere: lanes, then runs, then what belongs to a run. Between
`lock` and `give` the caller looks, with the runs held still, whether its answer is still wanted.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Connection, text

from wedsync.platform import batch, clock, leases
from wedsync.platform.batch import recordset
from wedsync.workflows.running.journal import LANES


class Waiter(Protocol):
    """Whose lane is to be touched."""

    @property
    def organization_id(self) -> UUID: ...

    @property
    def workflow_id(self) -> UUID: ...


_LOCK = text(
    "SELECT id FROM runs WHERE id = ANY(:ids) AND state = 'waiting'"
    " AND pending_decision IS NULL ORDER BY id FOR NO KEY UPDATE"
)
_GIVE = text(
    "UPDATE runs SET pending_decision = t.answer, due_at = :now, revision = runs.revision + 1 FROM "
    + recordset("id uuid, answer jsonb")
    + " WHERE runs.id = t.id"
)


def touch(connection: Connection, waiters: Iterable[Waiter], now: datetime) -> None:
    """Say that the lanes of these runs have work, each once and in order."""
    lanes: dict[UUID, dict[str, datetime]] = {}
    for one in waiters:
        lanes.setdefault(one.organization_id, {})[str(one.workflow_id)] = now
    for organization_id in sorted(lanes):
        leases.touch_lanes(connection, LANES, organization_id, lanes[organization_id])


def lock(connection: Connection, run_ids: Sequence[UUID]) -> list[UUID]:
    """Hold these runs still, those that wait and have no answer yet; which those are.

    Their lanes are touched before.
    """
    return list(connection.execute(_LOCK, {"ids": list(run_ids)}).scalars())


def give(connection: Connection, answers: Mapping[UUID, Any]) -> None:
    """Write the answers of runs that `lock` holds and make them due.

    The caller commits and rings `runs`.
    """
    if answers:
        rows = [{"id": run_id, "answer": answer} for run_id, answer in answers.items()]
        connection.execute(_GIVE, {"now": clock.now(), **batch.rows(rows)})
