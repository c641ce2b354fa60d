"""Starting runs: which live workflows an event concerns, and one run for each.

Called by the fan-out in its transaction. `(workflow_id, cause)` is unique, so an event fanned out
twice still starts one run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.platform import batch, ids, leases
from wedsync.platform.batch import recordset
from wedsync.webhooks.deliveries import FannedEvent
from wedsync.workflows.claims import Programs
from wedsync.workflows.engine import DefinitionInvalid
from wedsync.workflows.journal import LANES

MAX_DEPTH = 8
MAX_TURNS = 3

_LIVE = text(
    "SELECT w.id AS workflow_id, w.organization_id, v.id AS version_id, v.trigger_kind,"
    " v.event_type, v.source, v.definition #>> '{trigger,filter}' IS NOT NULL AS has_filter"
    " FROM workflows w JOIN workflow_versions v ON v.id = w.live_version_id"
    " WHERE w.organization_id = ANY(:organizations) AND w.state IN ('on', 'paused')"
    " AND (v.trigger_kind = 'webhook' AND v.source = ANY(:sources)"
    "  OR v.trigger_kind = 'event' AND v.event_type = ANY(:types))"
    " ORDER BY w.id"
)
_INSERT = text(
    "INSERT INTO runs (id, organization_id, workflow_id, version_id, cause, event_id, wedding_id,"
    " state, reason, due_at)"
    " SELECT id, organization_id, workflow_id, version_id, cause, event_id, wedding_id, state,"
    " reason, due_at FROM "
    + recordset(
        "id uuid, organization_id uuid, workflow_id uuid, version_id uuid, cause text,"
        " event_id uuid, wedding_id uuid, state text, reason jsonb, due_at timestamptz"
    )
    + " ON CONFLICT (workflow_id, cause) DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class _New:
    workflow: Row[Any]
    event: FannedEvent
    loop: str | None


def start_runs(
    connection: Connection, programs: Programs, events: Sequence[FannedEvent], now: datetime
) -> int:
    """Queue a run for every live workflow an event concerns; returns how many were wanted."""
    workflows = connection.execute(
        _LIVE,
        {
            "organizations": list({event.organization_id for event in events}),
            "sources": list({event.source for event in events}),
            "types": list({event.type for event in events}),
        },
    ).all()
    new = [
        _New(workflow, event, _loop(workflow.workflow_id, event.causation))
        for event in events
        for workflow in workflows
        if _concerns(workflow, event) and _passes(connection, programs, workflow, event, now)
    ]
    if new:
        _insert(connection, new, now)
        _touch(connection, new, now)  # last: the lanes are locked until the commit
    return len(new)


def _concerns(workflow: Row[Any], event: FannedEvent) -> bool:
    if workflow.organization_id != event.organization_id:
        return False
    if workflow.trigger_kind == "webhook":
        return bool(workflow.source == event.source)
    if workflow.event_type != event.type:
        return False
    if workflow.source == "any":
        return event.source != "ours"
    return bool(workflow.source == event.source)


def _passes(
    connection: Connection,
    programs: Programs,
    workflow: Row[Any],
    event: FannedEvent,
    now: datetime,
) -> bool:
    if not workflow.has_filter:
        return True
    try:
        program = programs.load(connection, {workflow.version_id})[workflow.version_id]
    except DefinitionInvalid:
        return True  # its run is parked where its owner sees it, and nobody else's share waits
    return program.accepts(event.as_trigger(), now).fits


def _loop(workflow_id: UUID, causation: Mapping[str, Any]) -> str | None:
    """Why this run would go round in circles, if it would (design `engine.md`, Events)."""
    if causation["depth"] > MAX_DEPTH:
        return f"More than {MAX_DEPTH} workflows have set each other off in a row."
    if causation["chain"].count(str(workflow_id)) >= MAX_TURNS:
        return f"This workflow has set itself off {MAX_TURNS} times."
    return None


def _touch(connection: Connection, new: Sequence[_New], now: datetime) -> None:
    lanes: dict[UUID, dict[str, datetime]] = {}
    for row in new:
        if row.loop is None:
            lanes.setdefault(row.event.organization_id, {})[str(row.workflow.workflow_id)] = now
    for organization_id in sorted(lanes):
        leases.touch_lanes(connection, LANES, organization_id, lanes[organization_id])


def _insert(connection: Connection, new: Sequence[_New], now: datetime) -> None:
    rows = [
        {
            "id": ids.new_id(),
            "organization_id": row.event.organization_id,
            "workflow_id": row.workflow.workflow_id,
            "version_id": row.workflow.version_id,
            "cause": f"event:{row.event.id}",
            "event_id": row.event.id,
            "wedding_id": row.event.wedding_id,
            "state": "needs_attention" if row.loop else "queued",
            "reason": {"code": "loop", "message": row.loop} if row.loop else None,
            "due_at": None if row.loop else now,
        }
        for row in new
    ]
    connection.execute(_INSERT, batch.rows(rows))
