"""The journal of runs: what a batch of moves writes, each kind of row in one statement.

Order matters and is the promise: run rows first, under their fence; steps and published events
only of the runs whose fence still held; the end of an attempt always.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, text

from wedsync.platform import leases

LANES = "runs"

_RUNS = text(
    "UPDATE runs r SET state = t.state, reason = CAST(t.reason AS jsonb),"
    " waiting_for = CAST(t.waiting_for AS jsonb), engine_state = CAST(t.engine_state AS jsonb),"
    " due_at = t.due_at, pending_decision = NULL, revision = r.revision + 1,"
    " owner = CASE WHEN t.state = 'running' THEN r.owner END,"
    " lease_until = CASE WHEN t.state = 'running' THEN r.lease_until END,"
    " finished_at = CASE WHEN t.is_final THEN clock_timestamp() END"
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:fences AS bigint[]), CAST(:states AS text[]),"
    " CAST(:reasons AS text[]), CAST(:waitings AS text[]), CAST(:engine_states AS text[]),"
    " CAST(:dues AS timestamptz[]), CAST(:finals AS boolean[]))"
    " AS t(id, fence, state, reason, waiting_for, engine_state, due_at, is_final)"
    " WHERE r.id = t.id AND r.fence = t.fence AND r.owner = :owner AND r.state = 'running'"
    " RETURNING r.id"
)
_STEPS = text(
    "INSERT INTO run_steps (run_id, step_id, item, organization_id, state, input, output, error,"
    " explanation, generation, attempts, position, finished_at)"
    " SELECT run_id, step_id, item, organization_id, state, CAST(input AS jsonb),"
    " CAST(output AS jsonb), CAST(error AS jsonb), CAST(explanation AS jsonb), generation,"
    " attempts, position, CASE WHEN is_over THEN clock_timestamp() END"
    " FROM unnest(CAST(:runs AS uuid[]), CAST(:steps AS text[]), CAST(:items AS int[]),"
    " CAST(:organizations AS uuid[]), CAST(:states AS text[]), CAST(:inputs AS text[]),"
    " CAST(:outputs AS text[]), CAST(:errors AS text[]), CAST(:explanations AS text[]),"
    " CAST(:generations AS int[]), CAST(:attempts AS int[]), CAST(:positions AS int[]),"
    " CAST(:overs AS boolean[]))"
    " AS t(run_id, step_id, item, organization_id, state, input, output, error, explanation,"
    " generation, attempts, position, is_over)"
    " ON CONFLICT (run_id, step_id, item) DO UPDATE SET state = excluded.state,"
    " input = coalesce(excluded.input, run_steps.input), output = excluded.output,"
    " error = excluded.error,"
    " explanation = coalesce(excluded.explanation, run_steps.explanation),"
    " generation = greatest(excluded.generation, run_steps.generation),"
    " attempts = greatest(excluded.attempts, run_steps.attempts),"
    " finished_at = excluded.finished_at"
)
_START_ATTEMPTS = text(
    "INSERT INTO step_attempts (run_id, step_id, item, number, organization_id, idempotency_key)"
    " SELECT * FROM unnest(CAST(:runs AS uuid[]), CAST(:steps AS text[]), CAST(:items AS int[]),"
    " CAST(:numbers AS int[]), CAST(:organizations AS uuid[]), CAST(:keys AS text[]))"
)
_END_ATTEMPTS = text(
    "UPDATE step_attempts a SET finished_at = clock_timestamp(), outcome = t.outcome,"
    " error = CAST(t.error AS jsonb), ms = t.ms"
    " FROM unnest(CAST(:runs AS uuid[]), CAST(:steps AS text[]), CAST(:items AS int[]),"
    " CAST(:numbers AS int[]), CAST(:outcomes AS text[]), CAST(:errors AS text[]),"
    " CAST(:ms AS int[])) AS t(run_id, step_id, item, number, outcome, error, ms)"
    " WHERE a.run_id = t.run_id AND a.step_id = t.step_id AND a.item = t.item"
    " AND a.number = t.number AND a.finished_at IS NULL"
)
_EVENTS = text(
    "INSERT INTO events (id, organization_id, type, source, occurred_at, wedding_id, data,"
    " causation)"
    " SELECT id, organization_id, type, source, occurred_at, wedding_id, CAST(data AS jsonb),"
    " CAST(causation AS jsonb) FROM unnest(CAST(:ids AS uuid[]), CAST(:organizations AS uuid[]),"
    " CAST(:types AS text[]), CAST(:sources AS text[]), CAST(:moments AS timestamptz[]),"
    " CAST(:weddings AS uuid[]), CAST(:datas AS text[]), CAST(:causations AS text[]))"
    " AS t(id, organization_id, type, source, occurred_at, wedding_id, data, causation)"
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
    generation: int = 0
    attempts: int = 0
    position: int = 0


@dataclass(frozen=True, slots=True)
class AttemptStart:
    step: str
    item: int
    number: int
    key: str


@dataclass(frozen=True, slots=True)
class AttemptEnd:
    """`outcome` is `ok`, `lost`, or the failure's kind."""

    step: str
    item: int
    number: int
    outcome: str
    error: Any
    ms: int | None


@dataclass(frozen=True, slots=True)
class PublishedEvent:
    id: UUID
    type: str
    source: str
    occurred_at: datetime
    wedding_id: UUID | None
    data: Any
    causation: dict[str, Any]


@dataclass(slots=True)
class Move:
    """Everything one run's advance writes."""

    run_id: UUID
    organization_id: UUID
    workflow_id: UUID
    fence: int
    state: str = "running"
    reason: Any = None
    waiting_for: Any = None
    engine_state: Any = None
    due_at: datetime | None = None
    steps: dict[tuple[str, int], StepRow] = field(default_factory=dict)
    started: list[AttemptStart] = field(default_factory=list)
    ended: list[AttemptEnd] = field(default_factory=list)
    published: list[PublishedEvent] = field(default_factory=list)

    @property
    def is_final(self) -> bool:
        return self.state in ("succeeded", "failed", "stopped", "filtered")


def write(connection: Connection, owner: UUID, moves: Sequence[Move]) -> set[UUID]:
    """Write a batch; returns the runs whose fence still held. Lanes are touched for later work."""
    if not moves:
        return set()
    _end_attempts(connection, moves)
    _touch(connection, moves)
    held = _write_runs(connection, owner, moves)
    kept = [move for move in moves if move.run_id in held]
    _write_steps(connection, kept)
    _start_attempts(connection, kept)
    _publish(connection, kept)
    return held


def _touch(connection: Connection, moves: Sequence[Move]) -> None:
    due: dict[UUID, dict[str, datetime]] = {}
    for move in moves:
        if move.due_at is not None:
            lanes = due.setdefault(move.organization_id, {})
            lane = str(move.workflow_id)
            lanes[lane] = min(move.due_at, lanes.get(lane, move.due_at))
    for organization_id in sorted(due):
        leases.touch_lanes(connection, LANES, organization_id, due[organization_id])


def _write_runs(connection: Connection, owner: UUID, moves: Sequence[Move]) -> set[UUID]:
    rows = connection.execute(
        _RUNS,
        {
            "owner": owner,
            "ids": [move.run_id for move in moves],
            "fences": [move.fence for move in moves],
            "states": [move.state for move in moves],
            "reasons": [_json(move.reason) for move in moves],
            "waitings": [_json(move.waiting_for) for move in moves],
            "engine_states": [_json(move.engine_state) for move in moves],
            "dues": [move.due_at for move in moves],
            "finals": [move.is_final for move in moves],
        },
    )
    return {row.id for row in rows}


def _write_steps(connection: Connection, moves: Sequence[Move]) -> None:
    rows = [row for move in moves for row in move.steps.values()]
    if not rows:
        return
    connection.execute(
        _STEPS,
        {
            "runs": [row.run_id for row in rows],
            "steps": [row.step for row in rows],
            "items": [row.item for row in rows],
            "organizations": [row.organization_id for row in rows],
            "states": [row.state for row in rows],
            "inputs": [_json(row.input) for row in rows],
            "outputs": [_json(row.output) for row in rows],
            "errors": [_json(row.error) for row in rows],
            "explanations": [_json(row.explanation) for row in rows],
            "generations": [row.generation for row in rows],
            "attempts": [row.attempts for row in rows],
            "positions": [row.position for row in rows],
            "overs": [row.state not in ("started", "waiting") for row in rows],
        },
    )


def _start_attempts(connection: Connection, moves: Sequence[Move]) -> None:
    rows = [(move, start) for move in moves for start in move.started]
    if not rows:
        return
    connection.execute(
        _START_ATTEMPTS,
        {
            "runs": [move.run_id for move, _ in rows],
            "steps": [start.step for _, start in rows],
            "items": [start.item for _, start in rows],
            "numbers": [start.number for _, start in rows],
            "organizations": [move.organization_id for move, _ in rows],
            "keys": [start.key for _, start in rows],
        },
    )


def _end_attempts(connection: Connection, moves: Sequence[Move]) -> None:
    rows = [(move, end) for move in moves for end in move.ended]
    if not rows:
        return
    connection.execute(
        _END_ATTEMPTS,
        {
            "runs": [move.run_id for move, _ in rows],
            "steps": [end.step for _, end in rows],
            "items": [end.item for _, end in rows],
            "numbers": [end.number for _, end in rows],
            "outcomes": [end.outcome for _, end in rows],
            "errors": [_json(end.error) for _, end in rows],
            "ms": [end.ms for _, end in rows],
        },
    )


def _publish(connection: Connection, moves: Sequence[Move]) -> None:
    rows = [(move, event) for move in moves for event in move.published]
    if not rows:
        return
    connection.execute(
        _EVENTS,
        {
            "ids": [event.id for _, event in rows],
            "organizations": [move.organization_id for move, _ in rows],
            "types": [event.type for _, event in rows],
            "sources": [event.source for _, event in rows],
            "moments": [event.occurred_at for _, event in rows],
            "weddings": [event.wedding_id for _, event in rows],
            "datas": [orjson.dumps(event.data).decode() for _, event in rows],
            "causations": [_json(event.causation) for _, event in rows],
        },
    )


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
