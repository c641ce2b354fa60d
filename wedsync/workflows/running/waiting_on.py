"""Runs that wait for a connection: who makes them go on, and why none is forgotten.

A run begins to wait in the transaction of its turn, which read the connection before. The
connection may become usable between that read and that commit, when whoever mends it does not see
the run yet. So after its commit the turn looks again (`look_again`): a connection mended before
that look is seen by it, one mended after it is mended by somebody who sees the committed run. What
a death between commit and look leaves is found by `sweep`, and so is who waits for a connection
that was forgotten. Nobody is woken for a connection that would send everybody back to sleep, nor
who waits for a permission there that was not given yet.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from wedsync.connections.models import USABLE_STATES
from wedsync.platform import batch, clock, leases
from wedsync.platform.batch import recordset
from wedsync.webhooks.delivering.service import FannedEvent
from wedsync.workflows.running.journal import LANES
from wedsync.workflows.running.reach import Reach

CHANGES = (
    "connection.connected",
    "connection.reconnected",
    "connection.resumed",
    "connection.deleted",
)
"""After these there is something to do for whoever waits: go on, or learn that it is gone."""

_PLACES = text("SELECT organization_id, id FROM connections WHERE id = ANY(:ids) ORDER BY 1, 2")
_WAITING = (
    " FROM runs r WHERE r.organization_id = t.organization_id AND r.state = 'waiting'"
    " AND r.waiting_for ->> 'kind' = 'connection' AND r.waiting_for ->> 'id' = t.id"
    " AND r.due_at IS NULL"
)
_LANES_WAITING = text(
    "SELECT DISTINCT w.organization_id, w.workflow_id FROM "
    + recordset("organization_id uuid, id text")
    + f" CROSS JOIN LATERAL (SELECT r.organization_id, r.workflow_id{_WAITING}) w"
    " ORDER BY w.organization_id, w.workflow_id"
)
# A microsecond apart: runs are claimed by `due_at`, and the oldest go first. Only in lanes that
# were told: whoever began to wait since then looks again.
_MAKE_DUE = text(
    "UPDATE runs SET due_at = CAST(:now AS timestamptz) + n * interval '1 microsecond'"
    " FROM (SELECT w.id, row_number() OVER (ORDER BY w.id) AS n FROM "
    + recordset("organization_id uuid, id text")
    + f" CROSS JOIN LATERAL (SELECT r.id{_WAITING}) w) ready"
    " WHERE runs.id = ready.id AND runs.state = 'waiting' AND runs.due_at IS NULL"
    " AND runs.workflow_id = ANY(CAST(:lanes AS uuid[]))"
)
# Those that only a person mends are told of by whoever mends them.
_WORTH_A_LOOK = text(
    "SELECT DISTINCT w.organization_id, CAST(w.id AS uuid) AS id FROM (SELECT DISTINCT"
    "  organization_id, waiting_for ->> 'id' AS id, waiting_for -> 'permissions' AS permissions"
    "  FROM runs WHERE state = 'waiting'"
    "  AND waiting_for ->> 'kind' = 'connection' AND due_at IS NULL) w"
    " LEFT JOIN connections c ON c.organization_id = w.organization_id"
    "  AND c.id = CAST(w.id AS uuid) WHERE c.id IS NULL OR c.state = ANY(:states)"
    "  AND (w.permissions IS NULL OR c.state = 'deleted'"
    "   OR w.permissions <@ to_jsonb(c.scopes))"
)

Place = tuple[UUID, UUID]
"""A connection: its organization's id, its own."""


def connection_ready(connection: Connection, ids: Sequence[UUID]) -> int:
    """Make the runs that wait for these connections due, oldest first; how many there were.

    The caller commits and rings `runs`. Lanes are locked before runs, as everywhere.
    """
    if not ids:
        return 0
    found = connection.execute(_PLACES, {"ids": list(ids)})
    return _make_due(connection, [(row.organization_id, row.id) for row in found])


def connection_changed(connection: Connection, events: Sequence[FannedEvent]) -> None:
    """Called by the fan-out: what happened to connections, to those who wait for them."""
    changed = {
        (event.organization_id, UUID(event.data["connection_id"]))
        for event in events
        if event.source == "ours" and event.type in CHANGES
    }
    connection_ready(connection, [connection_id for _, connection_id in sorted(changed)])


def look_again(connection: Connection, reach: Reach, parked: Iterable[Place]) -> int:
    """After the commit of runs that wait for these connections: make those due whose connection
    opens by now, or is gone for good."""
    ready = [place for place in sorted(set(parked)) if reach.opens(*place)]
    return _make_due(connection, ready)


def sweep(connection: Connection, reach: Reach) -> int:
    """Look again for everybody who waits, whatever was missed; how many go on."""
    given = {"states": [*USABLE_STATES, "deleted"]}
    rows = connection.execute(_WORTH_A_LOOK, given).all()
    return look_again(connection, reach, [(row.organization_id, row.id) for row in rows])


def _make_due(connection: Connection, places: Sequence[Place]) -> int:
    if not places:
        return 0
    now = clock.now()
    given = batch.rows([{"organization_id": owner, "id": str(each)} for owner, each in places])
    lanes: dict[UUID, dict[str, Any]] = {}
    for row in connection.execute(_LANES_WAITING, given):
        lanes.setdefault(row.organization_id, {})[str(row.workflow_id)] = now
    for organization_id in sorted(lanes):
        leases.touch_lanes(connection, LANES, organization_id, lanes[organization_id])
    if not lanes:
        return 0
    told = [workflow_id for each in lanes.values() for workflow_id in each]
    made_due: int = connection.execute(_MAKE_DUE, {**given, "now": now, "lanes": told}).rowcount
    return made_due
