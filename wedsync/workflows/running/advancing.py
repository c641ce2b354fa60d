"""How the pure engine's decisions become a move of the journal."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from wedsync.platform import effects
from wedsync.workflows import engine
from wedsync.workflows.engine import (
    Decision,
    EngineEvent,
    Finish,
    NeedsAttention,
    Perform,
    Record,
    WaitUntil,
)
from wedsync.workflows.engine.protocol import Ask, Listen, Loop, StartRun
from wedsync.workflows.engine.state import Position, position_of
from wedsync.workflows.running import budget_lines, calling, performing
from wedsync.workflows.running.journal import AttemptEnd, Move
from wedsync.workflows.running.live_run import Advance, LiveRun, begun, item_number
from wedsync.workflows.running.reach import Reach

log = logging.getLogger(__name__)


def advance(run: LiveRun, event: EngineEvent, reach: Reach, *, paused: bool = False) -> Advance:
    """Feed `event` to the engine and go on until an effect leaves, or the run waits or ends.

    Local effects are part of the move, so the engine is told of their result at once. Of a
    `paused` workflow nothing is begun: its runs wait where they would do something.
    """
    result = begun(run)
    result.is_paused = paused
    state = run.engine_state
    next_event: EngineEvent | None = event
    while next_event is not None:
        decision = engine.advance(
            run.program, state, next_event, recoveries_before_parking=reach.recoveries_allowed
        )
        if decision.stale:
            return _lost_its_place(result)
        state = decision.state
        next_event = _apply(result, decision, next_event, reach)
    result.move.engine_state = state
    if result.is_held_back:
        _wait_for_the_workflow(result, event.now)
    elif result.connection_id is not None:
        performing.wait_for_connection(result, attempts=1)
    return result


def come_home(
    run: LiveRun, ended: effects.Ended, event: EngineEvent, reach: Reach, *, paused: bool = False
) -> Advance:
    """Move a run on with the end of its effect, which `event` tells.

    A partner who does not know us any more is no failure of the run: it waits until its
    connection is mended and does the step then. Nor is it one that too much else was going on
    there, or that they say when to come back: that uses up no try.
    """
    refusal = performing.refusal(run, event)
    wait_s = performing.comes_back_in_s(run, event, performing.said_by(run, ended))
    if refusal is not None:
        result = _standing_where_it_was(run)
        result.refusal, result.connection_id = refusal, refusal.connection_id
        performing.wait_for_connection(result, error=event.error)
    elif performing.did_not_leave(ended):
        result = _standing_where_it_was(run)
        _stand_in_line(result, event, 0.0)
    elif wait_s is not None:
        result = _standing_where_it_was(run)
        _stand_in_line(result, event, wait_s)
    elif performing.is_crowded(ended):
        result = _standing_where_it_was(run)
        performing.wait_for_room(result, event.now)
    else:
        result = advance(run, event, reach, paused=paused)
    result.move.ended.append(performing.attempt_end(run, event, ended))
    return result


def _stand_in_line(result: Advance, event: EngineEvent, wait_s: float) -> None:
    """At its place in the line of the connection, until the far end wants to hear of it again."""
    connection_id = performing.connection_of(result.run)
    if connection_id is None:
        raise ValueError(f"run {result.run.id} acts through no connection")
    until = event.now + timedelta(seconds=wait_s)
    budget_lines.stand_in_line(result, connection_id, until)
    for row in result.move.steps.values():
        row.error = dict(event.error) if event.error is not None else None


def _standing_where_it_was(run: LiveRun) -> Advance:
    result = begun(run)
    result.move.engine_state = run.engine_state
    return result


def parked(run: "LiveRun | Row[Any]") -> Move:
    """A move that sets a run aside, where it stands, because writing its real one failed. What it
    waited for and was told stays beside it, for when somebody has it tried again."""
    move = Move(run.id, run.organization_id, run.workflow_id, run.fence, state="needs_attention")
    move.engine_state, move.started_at = run.engine_state, run.started_at
    if not isinstance(run, LiveRun):
        move.waiting_for, move.pending_decision = run.waiting_for, run.pending_decision
    position = position_of(run.engine_state)
    if position is not None and position.phase == "performing":
        root_id = run.root_id if isinstance(run, LiveRun) else run.root_run_id or run.id
        move.ended.append(lost(root_id, run.workflow_id, position))
    move.reason = {
        "code": "internal",
        "message": "We could not write down what happened here. Our engineers can see it.",
    }
    return move


def lost(root_id: UUID, workflow_id: UUID, position: Position) -> AttemptEnd:
    """The end of an attempt that nobody can tell of: what became of it stays unknown."""
    item = item_number(position.item)
    return AttemptEnd(
        root_id, workflow_id, position.step, item, position.attempt, "lost", None, None
    )


def still_waiting(run: LiveRun, waiting_for: Mapping[str, Any] | None) -> Advance:
    """A run that was taken up though what it waits for is not there yet."""
    result = _standing_where_it_was(run)
    result.move.state = "waiting"
    result.move.waiting_for = dict(waiting_for or {})
    if until := result.move.waiting_for.get("until"):
        result.move.due_at = datetime.fromisoformat(until)
    return result


def _apply(
    result: Advance, decision: Decision, event: EngineEvent, reach: Reach
) -> EngineEvent | None:
    """Write the decision into the move; returns the event that follows without leaving."""
    following: EngineEvent | None = None
    for action in decision.actions:
        if isinstance(action, Record):
            _record(result, action)
        elif isinstance(action, Perform):
            following = _perform(result, action, event, reach)
        elif isinstance(action, StartRun):
            following = calling.begin(result, action, event, reach.connection)
        elif isinstance(action, NeedsAttention):
            _needs_attention(result.move, action)
        elif isinstance(action, Finish):
            _finish(result.move, action)
        else:
            _wait(result, action)
    return following


def _perform(
    result: Advance, wanted: Perform, event: EngineEvent, reach: Reach
) -> EngineEvent | None:
    if result.is_paused:
        result.is_held_back = True
        return None
    return performing.perform(result, wanted, event, reach)


def _wait(result: Advance, action: WaitUntil | Listen | Ask | Loop) -> None:
    move = result.move
    move.state = "waiting"
    if isinstance(action, WaitUntil):
        move.due_at, move.waiting_for = action.due_at, dict(action.waiting_for)
    elif isinstance(action, Loop):
        result.loop = action
        move.waiting_for = {"kind": "items", "id": action.step, "total": len(action.items)}
    else:
        kind = "event" if isinstance(action, Listen) else "approval"
        move.due_at, move.waiting_for = action.until, {"kind": kind, "id": action.step}
        if action.until is not None:
            move.waiting_for["until"] = action.until.isoformat()
        (result.listens if isinstance(action, Listen) else result.asks).append(action)  # type: ignore[arg-type]


def _wait_for_the_workflow(result: Advance, now: datetime) -> None:
    """Do it when the workflow goes on: due now, in a lane that is passed over until then."""
    result.stand_by({"kind": "limit", "id": "paused"}, attempts=1)
    result.move.due_at = now


def _record(result: Advance, record: Record) -> None:
    row = result.row(record.step, record.item)
    row.state = record.state
    row.output = record.output
    row.error = record.error
    if record.input is not None:
        row.input = record.input
    if record.explanation is not None:
        row.explanation = record.explanation
    if record.reads is not None:
        row.reads = record.reads
    if record.state in ("succeeded", "failed", "unsure", "skipped"):
        result.outputs[record.step] = record.output


def _needs_attention(move: Move, action: NeedsAttention) -> None:
    move.state = "needs_attention"
    move.reason = {"code": action.code, "message": action.reason, "step": action.step}


def _finish(move: Move, action: Finish) -> None:
    move.state = action.outcome
    if action.reason is not None or action.step is not None:
        move.reason = {"message": action.reason, "step": action.step}


def _lost_its_place(result: Advance) -> Advance:
    """The engine does not know what to do with this state: a person must look, nothing is lost."""
    log.error("run %s: its state and what happened do not fit together", result.run.id)
    result.move.state = "needs_attention"
    result.move.engine_state = result.run.engine_state
    result.move.reason = {"code": "internal", "message": "This run lost its place."}
    return result
