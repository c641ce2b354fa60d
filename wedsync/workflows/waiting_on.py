"""Runs that wait for a connection: who makes them go on, and why none is forgotten.

A run begins to wait in the transaction of its turn, which read the connection before. The
connection may become usable between that read and that commit, when whoever mends it does not see
the run yet. So after its commit the turn looks again (`look_again`): a connection mended before
that look is seen by it, one mended after it is mended by somebody who sees the committed run. What
a death between commit and look leaves is found by `sweep`.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.connections.models import USABLE_STATES
from wedsync.platform import clock, leases
from wedsync.webhooks.deliveries import FannedEvent
from wedsync.workflows.journal import LANES
from wedsync.workflows.reach import Reach

CHANGES = ("connection.connected", "connection.reconnected", "connection.disconnected")
"""After these there is something to do for whoever waits: go on, or learn that it is gone."""

_WAITING = (
    " FROM runs r WHERE r.organization_id = c.organization_id AND r.state = 'waiting'"
    " AND r.waiting_for ->> 'kind' = 'connection' AND r.waiting_for ->> 'id' = c.id::text"
    " AND r.due_at IS NULL"
)
_LANES_WAITING = text(
    "SELECT DISTINCT w.organization_id, w.workflow_id FROM connections c CROSS JOIN LATERAL"
    f" (SELECT r.organization_id, r.workflow_id{_WAITING}) w WHERE c.id = ANY(:ids)"
    " ORDER BY w.organization_id, w.workflow_id"
)
# A microsecond apart: runs are claimed by `due_at`, and the oldest go first.
_MAKE_DUE = text(
    "UPDATE runs SET due_at = CAST(:now AS timestamptz) + n * interval '1 microsecond'"
    " FROM (SELECT w.id, row_number() OVER (ORDER BY w.id) AS n FROM connections c"
    f"  CROSS JOIN LATERAL (SELECT r.id{_WAITING}) w WHERE c.id = ANY(:ids)) ready"
    " WHERE runs.id = ready.id AND runs.state = 'waiting' AND runs.due_at IS NULL"
)
_READY = text(
    "SELECT c.id FROM connections c WHERE c.state = ANY(:usable)"
    f" AND EXISTS (SELECT{_WAITING}) ORDER BY c.id"
)


def connection_ready(connection: Connection, ids: Sequence[UUID]) -> int:
    """Make the runs that wait for these connections due, oldest first; how many there were.

    The caller commits and rings `runs`. Lanes are locked before runs, as everywhere.
    """
    if not ids:
        return 0
    given = {"ids": list(ids)}
    now = clock.now()
    lanes: dict[UUID, dict[str, Any]] = {}
    for row in connection.execute(_LANES_WAITING, given):
        lanes.setdefault(row.organization_id, {})[str(row.workflow_id)] = now
    if not lanes:
        return 0
    for organization_id in sorted(lanes):
        leases.touch_lanes(connection, LANES, organization_id, lanes[organization_id])
    made_due: int = connection.execute(_MAKE_DUE, given | {"now": now}).rowcount
    return made_due


def connection_changed(connection: Connection, events: Sequence[FannedEvent]) -> None:
    """Called by the fan-out: what happened to connections, to those who wait for them."""
    changed = {
        (event.organization_id, UUID(event.data["connection_id"]))
        for event in events
        if event.source == "ours" and event.type in CHANGES
    }
    connection_ready(connection, [connection_id for _, connection_id in sorted(changed)])


def look_again(connection: Connection, reach: Reach, parked: Iterable[tuple[UUID, UUID]]) -> int:
    """After the commit of runs that wait for these connections (organization, id): make those
    due whose connection opens by now."""
    ready = [place[1] for place in sorted(set(parked)) if reach.opens(*place)]
    return connection_ready(connection, ready)


def sweep(connection: Connection) -> int:
    """Make due whoever waits for a connection that is usable, whatever was missed."""
    rows: Sequence[Row[Any]] = connection.execute(_READY, {"usable": list(USABLE_STATES)}).all()
    return connection_ready(connection, [row.id for row in rows])
