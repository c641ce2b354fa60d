"""Starting runs: which live workflows an event concerns, and one run for each.

Whatever starts runs (the fan-out, schedules, dates, calls) writes them by `insert_runs` in its own
transaction. `(workflow_id, cause)` is unique, so a cause that comes twice still starts one run.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from wedsync.events.records import POLLED_BY
from wedsync.webhooks.delivering.service import FannedEvent
from wedsync.workflows.engine import DefinitionInvalid
from wedsync.workflows.running.chain_budgets import root_of
from wedsync.workflows.running.new_runs import NewRun, insert_runs, loop_words
from wedsync.workflows.running.programs import Programs

__all__ = ["NewRun", "insert_runs", "runs_for"]

_LIVE = text(
    "SELECT w.id AS workflow_id, w.organization_id, v.id AS version_id, v.trigger_kind,"
    " v.event_type, v.source, v.definition #>> '{trigger,filter}' IS NOT NULL AS has_filter"
    " FROM workflows w JOIN workflow_versions v ON v.id = w.live_version_id"
    " WHERE w.organization_id = ANY(:organizations) AND w.state IN ('on', 'paused')"
    " AND (v.trigger_kind = 'webhook' AND v.source = ANY(:sources)"
    "  OR v.trigger_kind = 'event' AND v.event_type = ANY(:types)"
    "  OR v.trigger_kind = 'poll' AND w.id = ANY(CAST(:polled_by AS uuid[])))"
    " ORDER BY w.id"
)


def runs_for(
    connection: Connection, programs: Programs, events: Sequence[FannedEvent], now: datetime
) -> list[NewRun]:
    """A run for every live workflow an event concerns, to be written by `insert_runs`."""
    workflows = connection.execute(
        _LIVE,
        {
            "organizations": list({event.organization_id for event in events}),
            "sources": list({event.source for event in events}),
            "types": list({event.type for event in events}),
            "polled_by": list({event.causation.get(POLLED_BY) for event in events} - {None}),
        },
    ).all()
    return [
        _new(workflow, event)
        for event in events
        for workflow in workflows
        if _concerns(workflow, event) and _passes(connection, programs, workflow, event, now)
    ]


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
        root_id=root_of(event.causation),
    )


def _concerns(workflow: Row[Any], event: FannedEvent) -> bool:
    if workflow.organization_id != event.organization_id:
        return False
    polled_by = event.causation.get(POLLED_BY)
    if polled_by is not None or workflow.trigger_kind == "poll":
        return bool(workflow.trigger_kind == "poll" and str(workflow.workflow_id) == polled_by)
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
