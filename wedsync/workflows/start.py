"""Starting runs: which live workflows an event concerns, and one run for each.

Whatever starts runs (the fan-out, schedules, dates, calls) writes them by `insert_runs` in its own
transaction. `(workflow_id, cause)` is unique, so a cause that comes twice still starts one run.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
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
    " input, state, reason, caller_run_id, causation, due_at)"
    " SELECT id, organization_id, workflow_id, version_id, cause, event_id, wedding_id, input,"
    " state, reason, caller_run_id, causation, due_at FROM "
    + recordset(
        "id uuid, organization_id uuid, workflow_id uuid, version_id uuid, cause text,"
        " event_id uuid, wedding_id uuid, input jsonb, state text, reason jsonb,"
        " caller_run_id uuid, causation jsonb, due_at timestamptz"
    )
    + " ON CONFLICT (workflow_id, cause) DO NOTHING RETURNING id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """A run that is to begin: `queued`, or parked at once for a `reason`.

    `cause` is unique per workflow. Without an event its steps see `input` as `trigger.data`;
    `causation` then says which workflows led to it.
    """

    organization_id: UUID
    workflow_id: UUID
    version_id: UUID
    cause: str
    event_id: UUID | None = None
    wedding_id: UUID | None = None
    input: Any = None
    state: Literal["queued", "needs_attention"] = "queued"
    reason: Mapping[str, Any] | None = None
    caller_run_id: UUID | None = None
    causation: Mapping[str, Any] | None = None
    id: UUID = field(default_factory=ids.new_id)


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
        _new(workflow, event)
        for event in events
        for workflow in workflows
        if _concerns(workflow, event) and _passes(connection, programs, workflow, event, now)
    ]
    insert_runs(connection, new, now)
    return len(new)


def loop_words(workflow_id: UUID, causation: Mapping[str, Any]) -> str | None:
    """Why this run would go round in circles, if it would (design `engine.md`, Events)."""
    if causation["depth"] > MAX_DEPTH:
        return f"More than {MAX_DEPTH} workflows have set each other off in a row."
    if causation["chain"].count(str(workflow_id)) >= MAX_TURNS:
        return f"This workflow has set itself off {MAX_TURNS} times."
    return None


def _new(workflow: Row[Any], event: FannedEvent) -> NewRun:
    loop = loop_words(workflow.workflow_id, event.causation)
    return NewRun(
        organization_id=event.organization_id,
        workflow_id=workflow.workflow_id,
        version_id=workflow.version_id,
        cause=f"event:{event.id}",
        event_id=event.id,
        wedding_id=event.wedding_id,
        state="needs_attention" if loop else "queued",
        reason={"code": "loop", "message": loop} if loop else None,
    )


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


def insert_runs(connection: Connection, new: Sequence[NewRun], now: datetime) -> set[UUID]:
    """Write these runs, those that are queued due `now`; returns the ids of those written: a
    cause that started a run before starts none again.

    Call it last in a transaction, after whatever locks rows: the lanes are locked until the
    commit. The caller commits and rings `runs`.
    """
    if not new:
        return set()
    inserted = _insert(connection, new, now)
    touch(connection, [row for row in new if row.state == "queued"], now)
    return inserted


def touch(connection: Connection, new: Iterable[NewRun], now: datetime) -> None:
    """Say that the lanes of these runs have work."""
    lanes: dict[UUID, dict[str, datetime]] = {}
    for row in new:
        lanes.setdefault(row.organization_id, {})[str(row.workflow_id)] = now
    for organization_id in sorted(lanes):
        leases.touch_lanes(connection, LANES, organization_id, lanes[organization_id])


def _insert(connection: Connection, new: Sequence[NewRun], now: datetime) -> set[UUID]:
    rows = [
        {
            "id": row.id,
            "organization_id": row.organization_id,
            "workflow_id": row.workflow_id,
            "version_id": row.version_id,
            "cause": row.cause,
            "event_id": row.event_id,
            "wedding_id": row.wedding_id,
            "input": row.input,
            "state": row.state,
            "reason": row.reason,
            "caller_run_id": row.caller_run_id,
            "causation": row.causation,
            "due_at": now if row.state == "queued" else None,
        }
        for row in new
    ]
    return set(connection.execute(_INSERT, batch.rows(rows)).scalars())
