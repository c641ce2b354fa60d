"""The journal of runs: what a batch of moves writes, each kind of row in one statement.

Order matters and is the promise: run rows first, under their fence; steps and published events
only of the runs whose fence still held; the end of an attempt always. Each move raises the fence,
so that one whose commit was lost on the way back is never written twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Connection, TextClause, text

from wedsync.platform import batch, leases
from wedsync.platform.batch import recordset
from wedsync.rollups import endings

LANES = "runs"

_RUNS = text(
    "WITH moved AS (UPDATE runs r SET state = t.state, reason = t.reason,"
    " waiting_for = t.waiting_for, engine_state = t.engine_state, due_at = t.due_at,"
    " pending_decision = t.pending_decision,"
    " revision = r.revision + 1, fence = r.fence + 1, deaths = 0,"
    " items = CASE WHEN r.items_left > 0 THEN r.items END,"
    " started_at = coalesce(r.started_at, t.started_at),"
    " owner = CASE WHEN t.state = 'running' THEN CAST(:owner AS uuid) END,"
    " lease_until = CASE WHEN t.state = 'running'"
    "  THEN clock_timestamp() + make_interval(secs => :lease) END,"
    " finished_at = CASE WHEN t.is_final THEN clock_timestamp() END FROM "
    + recordset(
        "id uuid, fence bigint, state text, reason jsonb, waiting_for jsonb, engine_state jsonb,"
        " due_at timestamptz, started_at timestamptz, pending_decision jsonb, is_final boolean"
    )
    + " WHERE r.id = t.id AND r.fence = t.fence"
    " RETURNING r.id, r.organization_id, r.workflow_id, r.parent_run_id, r.state, r.created_at,"
    f" r.finished_at), ended AS ({endings.INSERT} SELECT organization_id,"
    f" {endings.OF_RUN.format(r='moved')}, 1 FROM moved"
    "  WHERE finished_at IS NOT NULL AND parent_run_id IS NULL)"
    " SELECT id FROM moved"
)
_STEPS = text(
    "INSERT INTO run_steps (run_id, step_id, item, organization_id, state, input, output, error,"
    " explanation, reads, generation, attempts, position, finished_at)"
    " SELECT run_id, step, item, organization_id, state, input, output, error, explanation, reads,"
    " generation, attempts, position,"
    " CASE WHEN state NOT IN ('started', 'waiting') THEN clock_timestamp() END FROM "
    + recordset(
        "run_id uuid, step text, item bigint, organization_id uuid, state text, input jsonb,"
        " output jsonb, error jsonb, explanation jsonb, reads jsonb, generation int,"
        " attempts int, position int"
    )
    + " ON CONFLICT (run_id, step_id, item) DO UPDATE SET state = excluded.state,"
    " input = coalesce(excluded.input, run_steps.input), output = excluded.output,"
    " error = excluded.error,"
    " explanation = coalesce(excluded.explanation, run_steps.explanation),"
    " reads = coalesce(excluded.reads, run_steps.reads),"
    " generation = greatest(excluded.generation, run_steps.generation),"
    " attempts = greatest(excluded.attempts, run_steps.attempts),"
    " finished_at = excluded.finished_at"
)
_START_ATTEMPTS = text(
    "INSERT INTO step_attempts (run_id, step_id, item, number, organization_id, idempotency_key,"
    " connection_id) SELECT run_id, step, item, number, organization_id, key, connection_id FROM "
    + recordset(
        "run_id uuid, step text, item bigint, number int, organization_id uuid, key text,"
        " connection_id uuid"
    )
)
_END_ATTEMPTS = text(
    "WITH ended AS (UPDATE step_attempts a SET finished_at = clock_timestamp(),"
    " outcome = t.outcome, error = t.error, ms = t.ms FROM "
    + recordset(
        "run_id uuid, workflow_id uuid, step text, item bigint, number int, outcome text,"
        " error jsonb, ms int"
    )
    + " WHERE a.run_id = t.run_id AND a.step_id = t.step AND a.item = t.item"
    " AND a.number = t.number AND a.finished_at IS NULL RETURNING a.organization_id, t.workflow_id,"
    " a.step_id, a.connection_id, a.finished_at, a.outcome, a.ms)"
    f" {endings.INSERT} SELECT organization_id,"
    f" {endings.OF_STEP.format(a='ended', workflow_id='workflow_id')}, 1 FROM ended"
)
_EVENTS = text(
    "INSERT INTO events (id, organization_id, type, source, occurred_at, wedding_id, data,"
    " causation)"
    " SELECT id, organization_id, type, source, occurred_at, wedding_id, data, causation FROM "
    + recordset(
        "id uuid, organization_id uuid, type text, source text, occurred_at timestamptz,"
        " wedding_id uuid, data jsonb, causation jsonb"
    )
)


@dataclass(slots=True)
class StepRow:
    """What the journal says of one step; `position` is its place in the order of recording."""

    run_id: UUID
    step: str
    item: int
    organization_id: UUID
    state: str
    input: Any = None
    output: Any = None
    error: Any = None
    explanation: Any = None
    reads: Any = None
    generation: int = 0
    attempts: int = 0
    position: int = 0


@dataclass(frozen=True, slots=True)
class AttemptStart:
    run_id: UUID
    organization_id: UUID
    step: str
    item: int
    number: int
    key: str
    connection_id: UUID | None


@dataclass(frozen=True, slots=True)
class AttemptEnd:
    """`outcome` is `ok`, `lost`, or the failure's kind."""

    run_id: UUID
    workflow_id: UUID
    step: str
    item: int
    number: int
    outcome: str
    error: Any
    ms: int | None


@dataclass(frozen=True, slots=True)
class PublishedEvent:
    id: UUID
    organization_id: UUID
    type: str
    source: str
    occurred_at: datetime
    wedding_id: UUID | None
    data: Any
    causation: dict[str, Any]


@dataclass(slots=True)
class Move:
    """Everything one run's advance writes.

    `lane_due_at` is when its lane has work because of it, where that is not its own `due_at`.
    """

    run_id: UUID
    organization_id: UUID
    workflow_id: UUID
    fence: int
    state: str = "running"
    reason: Any = None
    waiting_for: Any = None
    engine_state: Any = None
    due_at: datetime | None = None
    pending_decision: Any = None
    started_at: datetime | None = None
    lane_due_at: datetime | None = None
    steps: dict[tuple[str, int], StepRow] = field(default_factory=dict)
    started: list[AttemptStart] = field(default_factory=list)
    ended: list[AttemptEnd] = field(default_factory=list)
    published: list[PublishedEvent] = field(default_factory=list)

    @property
    def is_final(self) -> bool:
        return self.state in ("succeeded", "failed", "stopped", "filtered")


def write(connection: Connection, owner: UUID, moves: Sequence[Move]) -> set[UUID]:
    """Write a batch; returns the runs whose fence still held. Call `touch` for them too."""
    if not moves:
        return set()
    _write(connection, _END_ATTEMPTS, [end for move in moves for end in move.ended])
    held = _write_runs(connection, owner, moves)
    kept = [move for move in moves if move.run_id in held]
    _write(connection, _STEPS, [row for move in kept for row in move.steps.values()])
    _write(connection, _START_ATTEMPTS, [start for move in kept for start in move.started])
    _write(connection, _EVENTS, [event for move in kept for event in move.published])
    return held


class Woken(Protocol):
    """A run that is due because of another's move."""

    @property
    def organization_id(self) -> UUID: ...

    @property
    def workflow_id(self) -> UUID: ...

    @property
    def due_at(self) -> datetime: ...


def touch(connection: Connection, moves: Sequence[Move], others: Sequence[Woken] = ()) -> None:
    """Tell the lanes when the moved runs are due again, and those they wake.

    Before claiming: a claim passes over locked lanes and never waits, so two workers that touch
    first, in order, and claim afterwards cannot hold what the other waits for.
    """
    due: dict[UUID, dict[str, datetime]] = {}
    for move in moves:
        for due_at in (move.due_at, move.lane_due_at):
            if due_at is not None:
                lanes = due.setdefault(move.organization_id, {})
                lane = str(move.workflow_id)
                lanes[lane] = min(due_at, lanes.get(lane, due_at))
    for woken in others:
        lanes = due.setdefault(woken.organization_id, {})
        lane = str(woken.workflow_id)
        lanes[lane] = min(woken.due_at, lanes.get(lane, woken.due_at))
    for organization_id in sorted(due):
        leases.touch_lanes(connection, LANES, organization_id, due[organization_id])


def _write_runs(connection: Connection, owner: UUID, moves: Sequence[Move]) -> set[UUID]:
    rows = [
        {
            "id": move.run_id,
            "fence": move.fence,
            "state": move.state,
            "reason": move.reason,
            "waiting_for": move.waiting_for,
            "engine_state": move.engine_state,
            "due_at": move.due_at,
            "started_at": move.started_at,
            "pending_decision": move.pending_decision,
            "is_final": move.is_final,
        }
        for move in moves
    ]
    given = {"owner": owner, "lease": leases.LEASE_SECONDS}
    written = connection.execute(_RUNS, given | batch.rows(rows))
    return {row.id for row in written}


def _write(connection: Connection, statement: TextClause, rows: Sequence[object]) -> None:
    if rows:
        connection.execute(statement, batch.rows(rows))
