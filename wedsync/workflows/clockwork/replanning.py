"""Runs that wait for a day of a wedding: looked at again when the wedding changes.

Moving a date touches no run in its own transaction. Its event makes the runs that wait for a day of
that wedding due, and the engine works out anew until when each waits. A turn that read the wedding
just before compares before it writes (`running.dated_waits`); `sweep` finds what was missed all
the same.
When a wedding is cancelled or put away, what waited for its days is stopped.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.platform import batch, documents, leases
from wedsync.platform.batch import recordset
from wedsync.webhooks.delivering.service import FannedEvent
from wedsync.weddings.scope import scopes
from wedsync.workflows.clockwork.wedding_timers import changed_weddings
from wedsync.workflows.running.dated_waits import OVER, planned_by
from wedsync.workflows.running.journal import LANES

RECENT_S = 300

Place = tuple[UUID, UUID]
"""An organization's id, and that of one of its weddings or workflows."""

_WAITING = (
    " FROM runs r WHERE r.organization_id = t.organization_id AND r.wedding_id = t.wedding_id"
    " AND r.state = 'waiting' AND r.waiting_for ->> 'anchor' IS NOT NULL"
)
_LANES = text(
    "SELECT DISTINCT w.organization_id, w.workflow_id FROM "
    + recordset("organization_id uuid, wedding_id uuid")
    + f" CROSS JOIN LATERAL (SELECT r.organization_id, r.workflow_id{_WAITING}) w"
    " ORDER BY w.organization_id, w.workflow_id"
)
# Only in lanes that were told: what began to wait since then has seen the wedding as it is.
_WAKE = text(
    "UPDATE runs SET due_at = :now, pending_decision = CASE WHEN w.status = ANY(:over)"
    "  THEN jsonb_build_object('stop', CAST(:words AS jsonb) -> w.status)"
    "  ELSE runs.pending_decision END"
    " FROM (SELECT w.id, wd.status FROM "
    + recordset("organization_id uuid, wedding_id uuid")
    + " JOIN weddings wd ON wd.organization_id = t.organization_id AND wd.id = t.wedding_id"
    f" CROSS JOIN LATERAL (SELECT r.id{_WAITING}) w) w"
    " WHERE runs.id = w.id AND runs.state = 'waiting'"
    " AND runs.workflow_id = ANY(:lanes)"
)
_RECENT = text(
    "SELECT r.id, r.organization_id, r.workflow_id, r.wedding_id, r.waiting_for FROM weddings wd"
    " JOIN runs r ON r.organization_id = wd.organization_id AND r.wedding_id = wd.id"
    " WHERE wd.updated_at > clock_timestamp() - make_interval(secs => :recent)"
    " AND r.state = 'waiting' AND r.waiting_for ->> 'anchor' IS NOT NULL"
)
_MAKE_DUE = text(
    "UPDATE runs SET due_at = :now WHERE id = ANY(:ids) AND state = 'waiting'"
    " AND waiting_for ->> 'anchor' IS NOT NULL"
)


def wedding_changed(connection: Connection, events: Sequence[FannedEvent], now: datetime) -> None:
    """Called by the fan-out: runs that wait for days of these weddings look at them again."""
    changed = changed_weddings(events)
    if not changed:
        return
    given = batch.rows(
        [
            {"organization_id": organization_id, "wedding_id": wedding_id}
            for organization_id, wedding_id in sorted(changed)
        ]
    )
    lanes = [(row.organization_id, row.workflow_id) for row in connection.execute(_LANES, given)]
    if lanes:
        _touch(connection, lanes, now)  # lanes before runs, as everywhere
        told = [workflow_id for _, workflow_id in lanes]
        asked = {"lanes": told, "over": list(OVER), "words": documents.write(OVER).decode()}
        connection.execute(_WAKE, {**given, **asked, "now": now})


def sweep(connection: Connection, now: datetime) -> int:
    """Look again at weddings that changed lately, for runs that still wait by an older date; how
    many were found."""
    rows = connection.execute(_RECENT, {"recent": RECENT_S}).all()
    weddings = scopes(connection, {row.wedding_id for row in rows})
    stale = [row for row in rows if _is_stale(row, weddings.get(row.wedding_id, {}))]
    if stale:
        _touch(connection, {(row.organization_id, row.workflow_id) for row in stale}, now)
        connection.execute(_MAKE_DUE, {"ids": sorted(row.id for row in stale), "now": now})
    return len(stale)


def _is_stale(row: Row[Any], wedding: dict[str, Any]) -> bool:
    written = row.waiting_for.get("until")
    planned = datetime.fromisoformat(written) if written else None
    return planned_by(row.waiting_for, wedding) != planned


def _touch(connection: Connection, places: Iterable[Place], now: datetime) -> None:
    lanes: dict[UUID, dict[str, datetime]] = {}
    for organization_id, workflow_id in places:
        lanes.setdefault(organization_id, {})[str(workflow_id)] = now
    for organization_id in sorted(lanes):
        leases.touch_lanes(connection, LANES, organization_id, lanes[organization_id])
