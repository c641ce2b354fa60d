"""How the pure engine's decisions become a move of the journal."""

import logging
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from wedsync.platform import effects
from wedsync.workflows import engine, performing
from wedsync.workflows.engine import (
    Decision,
    EngineEvent,
    Finish,
    NeedsAttention,
    Perform,
    Record,
    WaitUntil,
)
from wedsync.workflows.engine.state import Position, position_of
from wedsync.workflows.journal import AttemptEnd, Move
from wedsync.workflows.live_run import Advance, LiveRun, begun, item_number
from wedsync.workflows.reach import Reach

log = logging.getLogger(__name__)


def advance(run: LiveRun, event: EngineEvent, reach: Reach) -> Advance:
    """Feed `event` to the engine and go on until an effect leaves, or the run waits or ends.

    Local effects are part of the move, so the engine is told of their result at once.
    """
    result = begun(run)
    state = run.engine_state
    next_event: EngineEvent | None = event
    while next_event is not None:
        decision = engine.advance(run.program, state, next_event)
        if decision.stale:
            return _lost_its_place(result)
        state = decision.state
        next_event = _apply(result, decision, next_event, reach)
    result.move.engine_state = state
    if result.connection_id is not None:
        performing.wait_for_connection(result, attempts=1)
    return result


def come_home(run: LiveRun, ended: effects.Ended, event: EngineEvent, reach: Reach) -> Advance:
    """Move a run on with the end of its effect, which `event` tells.

    A partner who does not know us any more is no failure of the run: it waits until its
    connection is mended and does the step then. Nor is it one that too much else was going on
    there: what never got its turn uses up no try.
    """
    refusal = performing.refusal(run, event)
    if refusal is not None:
        result = _standing_where_it_was(run)
        result.refusal, result.connection_id = refusal, refusal.connection_id
        performing.wait_for_connection(result, error=event.error)
    elif performing.is_crowded(ended):
        result = _standing_where_it_was(run)
        performing.wait_for_room(result, event.now)
    else:
        result = advance(run, event, reach)
    result.move.ended.append(performing.attempt_end(run, event, ended))
    return result


def _standing_where_it_was(run: LiveRun) -> Advance:
    result = begun(run)
    result.move.engine_state = run.engine_state
    return result


def parked(run: "LiveRun | Row[Any]") -> Move:
    """A move that sets a run aside, where it stands, because writing its real one failed."""
    move = Move(run.id, run.organization_id, run.workflow_id, run.fence, state="needs_attention")
    move.engine_state = run.engine_state
    position = position_of(run.engine_state)
    if position is not None and position.phase == "performing":
        move.ended.append(lost(run.id, position))
    move.reason = {
        "code": "internal",
        "message": "We could not write down what happened here. Our engineers can see it.",
    }
    return move


def lost(run_id: UUID, position: Position) -> AttemptEnd:
    """The end of an attempt that nobody can tell of: what became of it stays unknown."""
    item = item_number(position.item)
    return AttemptEnd(run_id, position.step, item, position.attempt, "lost", None, None)


def _apply(
    result: Advance, decision: Decision, event: EngineEvent, reach: Reach
) -> EngineEvent | None:
    """Write the decision into the move; returns the event that follows without leaving."""
    following: EngineEvent | None = None
    for action in decision.actions:
        if isinstance(action, Record):
            _record(result, action)
        elif isinstance(action, Perform):
            following = performing.perform(result, action, event, reach)
        elif isinstance(action, WaitUntil):
            result.move.state = "waiting"
            result.move.due_at = action.due_at
            result.move.waiting_for = dict(action.waiting_for)
        elif isinstance(action, NeedsAttention):
            _needs_attention(result.move, action)
        elif isinstance(action, Finish):
            _finish(result.move, action)
    return following


def _record(result: Advance, record: Record) -> None:
    row = result.row(record.step, record.item)
    row.state = record.state
    row.output = record.output
    row.error = record.error
    if record.input is not None:
        row.input = record.input
    if record.explanation is not None:
        row.explanation = record.explanation
    if record.item is None and record.state in ("succeeded", "failed", "unsure", "skipped"):
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
