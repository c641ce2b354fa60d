"""Runs that are to begin, written many in one statement.

Whatever starts runs does it by `insert_runs` in its own transaction: the fan-out, schedules, dates
of weddings, calls.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, text

from wedsync.events.returning import MOST_DEEP
from wedsync.platform import batch, ids, leases
from wedsync.platform.batch import recordset
from wedsync.workflows.running import chain_budgets, runaways
from wedsync.workflows.running.journal import LANES

MAX_TURNS = 3

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
    `causation` then says which workflows led to it; `root_id` what it is counted under, where any
    did (see `chain_budgets`).
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
    root_id: UUID | None = None
    id: UUID = field(default_factory=ids.new_id)


def loop_words(workflow_id: UUID, causation: Mapping[str, Any]) -> str | None:
    """Why this run would go round in circles, if it would (design `engine.md`, Events)."""
    if causation["depth"] > MOST_DEEP:
        return f"More than {MOST_DEEP} workflows have set each other off in a row."
    if causation["chain"].count(str(workflow_id)) >= MAX_TURNS:
        return f"This workflow has set itself off {MAX_TURNS} times."
    return None


def insert_runs(connection: Connection, new: Sequence[NewRun], now: datetime) -> set[UUID]:
    """Write these runs, those that are queued due `now`; returns the ids of those written: a
    cause that started a run before starts none again.

    Call it last in a transaction, after whatever locks rows: the lanes are locked until the
    commit. The caller commits and rings `runs`.
    """
    inserted = write(connection, new, now)
    touch(connection, [row for row in new if row.state == "queued"], now)
    runaways.count(connection, [row for row in new if row.id in inserted], now)
    chain_budgets.hold(connection, new, inserted)
    return inserted


def touch(connection: Connection, new: Iterable[NewRun], now: datetime) -> None:
    """Say that the lanes of these runs have work."""
    lanes: dict[UUID, dict[str, datetime]] = {}
    for row in new:
        lanes.setdefault(row.organization_id, {})[str(row.workflow_id)] = now
    for organization_id in sorted(lanes):
        leases.touch_lanes(connection, LANES, organization_id, lanes[organization_id])


def write(connection: Connection, new: Sequence[NewRun], now: datetime) -> set[UUID]:
    """As `insert_runs`, for those who have the lanes touched and the budgets held themselves.

    They are due a microsecond apart, the last of them `now`: runs are claimed by `due_at`, and
    begin in this order.
    """
    if not new:
        return set()
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
            "due_at": now - timedelta(microseconds=behind) if row.state == "queued" else None,
        }
        for behind, row in zip(range(len(new) - 1, -1, -1), new, strict=True)
    ]
    return set(connection.execute(_INSERT, batch.rows(rows)).scalars())
