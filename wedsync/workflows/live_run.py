"""A run in memory, and how the pure engine's decisions become a move of the journal.

Nothing here touches the database: a move is written by `journal.write`, and only when its
transaction is committed does `LiveRun.settle` make it the run's past.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import Row

from wedsync.connectors.contract import (
    Action,
    Call,
    Effect,
    Failed,
    Publish,
    Succeeded,
    Task,
)
from wedsync.platform import ids, leaves
from wedsync.platform.outbound import Failure, Outcome, Request
from wedsync.platform.vault import OpenKey
from wedsync.workflows import actions, engine
from wedsync.workflows.engine import (
    Decision,
    EngineEvent,
    Finish,
    NeedsAttention,
    Perform,
    Program,
    Record,
    WaitUntil,
)
from wedsync.workflows.engine.state import Position, position_of
from wedsync.workflows.journal import AttemptEnd, AttemptStart, Move, PublishedEvent, StepRow
from wedsync.workflows.models import NO_ITEM

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Performing:
    """The effect that is on its way: what to read its outcome with."""

    action: Action
    perform: Perform


@dataclass(slots=True)
class LiveRun:
    """One claimed run. `outputs` are the recorded outputs by step id, `recorded` its step rows.

    `key` gives the organization's data key, for the sealed values a step is about to send.
    """

    id: UUID
    organization_id: UUID
    workflow_id: UUID
    origin_id: UUID
    wedding_id: UUID | None
    fence: int
    program: Program
    trigger: Mapping[str, Any]
    wedding: Mapping[str, Any] | None
    causation: Mapping[str, Any]
    started_at: datetime
    engine_state: dict[str, Any] | None
    key: Callable[[], OpenKey]
    outputs: dict[str, Any] = field(default_factory=dict)
    recorded: dict[tuple[str, int], StepRow] = field(default_factory=dict)
    performing: Performing | None = None
    far_end: str | None = None

    @property
    def lane(self) -> str:
        return str(self.workflow_id)

    def scope(self, outputs: Mapping[str, Any]) -> dict[str, Any]:
        """What expressions see."""
        return {
            "trigger": self.trigger,
            "steps": outputs,
            "wedding": self.wedding,
            "run": {"id": str(self.id), "started_at": self.started_at.isoformat()},
        }

    def effect_of(self, step: str, given: Mapping[str, Any]) -> Effect:
        """What a step's action does to the outside, the worst where it is not known."""
        action = actions.find(getattr(self.program.steps.get(step), "use", ""))
        return action.effect(given) if action else "once"

    def settle(self, advance: "Advance") -> None:
        """Make a committed advance this run's past."""
        self.fence += 1
        self.engine_state = advance.move.engine_state
        self.outputs = advance.outputs
        self.recorded.update(advance.move.steps)
        self.performing = advance.performing
        self.far_end = advance.far_end


@dataclass(slots=True)
class Advance:
    """One run's advance to its next effect, wait or end: what to write, and what then leaves.

    `far_end` is set when what leaves may happen once: only one such leaves at a time.
    """

    run: LiveRun
    move: Move
    outputs: dict[str, Any]
    performing: Performing | None = None
    request: Request | None = None
    far_end: str | None = None


def advance(run: LiveRun, event: EngineEvent) -> Advance:
    """Feed `event` to the engine and go on until an effect leaves, or the run waits or ends.

    Local effects are part of the move, so the engine is told of their result at once.
    """
    move = Move(run.id, run.organization_id, run.workflow_id, run.fence)
    result = Advance(run, move, dict(run.outputs))
    state = run.engine_state
    next_event: EngineEvent | None = event
    while next_event is not None:
        decision = engine.advance(run.program, state, next_event)
        if decision.stale:
            return _lost_its_place(result)
        state = decision.state
        next_event = _apply(result, decision, next_event)
    move.engine_state = state
    return result


def result_event(run: LiveRun, outcome: Outcome, now: datetime, random: float) -> EngineEvent:
    """What the engine is told when the effect on its way came home."""
    if run.performing is None:
        raise ValueError(f"run {run.id} has no effect on its way")
    perform, action = run.performing.perform, run.performing.action
    finished = action.finish(perform.input, outcome)
    return _ended(run.scope(run.outputs), perform, action, finished, now, random)


def attempt_end(run: LiveRun, event: EngineEvent, outcome: Outcome) -> AttemptEnd:
    """The journal's row for the attempt that `event` tells the end of."""
    if run.performing is None:
        raise ValueError(f"run {run.id} has no effect on its way")
    perform = run.performing.perform
    kind = "ok" if event.error is None else str(event.error["class"])
    ms = round(outcome.timings.total_ms)
    error = _with_timings(event.error, outcome)
    return AttemptEnd(run.id, perform.step, _item(perform.item), perform.attempt, kind, error, ms)


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
    item = _item(position.item)
    return AttemptEnd(run_id, position.step, item, position.attempt, "lost", None, None)


def _apply(result: Advance, decision: Decision, event: EngineEvent) -> EngineEvent | None:
    """Write the decision into the move; returns the event that follows without leaving."""
    following: EngineEvent | None = None
    for action in decision.actions:
        if isinstance(action, Record):
            _record(result, action)
        elif isinstance(action, Perform):
            following = _perform(result, action, event)
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
    row = _row(result, record.step, record.item)
    row.state = record.state
    row.output = record.output
    row.error = record.error
    if record.input is not None:
        row.input = record.input
    if record.explanation is not None:
        row.explanation = record.explanation
    if record.item is None and record.state in ("succeeded", "failed", "unsure", "skipped"):
        result.outputs[record.step] = record.output


def _row(result: Advance, step: str, item: int | None) -> StepRow:
    """This step's row in the move, begun from what was recorded before."""
    key = (step, _item(item))
    if key in result.move.steps:
        return result.move.steps[key]
    run = result.run
    before = run.recorded.get(key)
    row = StepRow(run.id, step, key[1], run.organization_id, "started")
    if before:
        row.generation, row.attempts, row.position = (
            before.generation,
            before.attempts,
            before.position,
        )
        row.input = before.input
    else:
        row.position = len(run.recorded) + len(result.move.steps)
    result.move.steps[key] = row
    return row


def _perform(result: Advance, perform: Perform, event: EngineEvent) -> EngineEvent | None:
    run = result.run
    row = _row(result, perform.step, perform.item)
    row.state, row.input, row.attempts = "started", perform.input, perform.attempt
    row.generation = perform.key_generation
    key = f"{run.origin_id}:{perform.step}:{_item_word(perform.item)}:{perform.key_generation}"
    action = actions.find(perform.use)
    begun = (
        action.begin(
            _opened(run, action, perform.input), None, key=key, timeout_s=perform.timeout_s
        )
        if action
        else Failed("permanent", "action_unknown", f"There is no action “{perform.use}” any more.")
    )
    if isinstance(begun, Call):
        start = AttemptStart(
            run.id, run.organization_id, perform.step, row.item, perform.attempt, key
        )
        result.move.started.append(start)
        result.request = begun.request
        if _known(action).effect(perform.input) == "once":
            result.far_end = far_end_of(perform, begun.request.url)
        result.performing = Performing(_known(action), perform)
        return None
    if isinstance(begun, Task):
        raise TypeError("tasks are not carried out yet")
    finished = _publish(result, begun, event.now) if isinstance(begun, Publish) else begun
    scope = run.scope(result.outputs)
    return _ended(scope, perform, action, finished, event.now, event.random)


def _opened(run: LiveRun, action: Action, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The input as the action needs it: what is recorded or published stays sealed, only what
    leaves is opened."""
    if action.effect(given) == "local":
        return given
    opened: Mapping[str, Any] = leaves.open_all(given, run.organization_id, run.key)
    return opened


def far_end_of(perform: Perform, url: str) -> str:
    """Whom an effect is done to: the connection or, without one, the host."""
    return perform.connection or f"host:{urlsplit(url).hostname}"


def _known(action: Action | None) -> Action:
    if action is None:
        raise ValueError("an effect left without an action")
    return action


def _publish(result: Advance, publish: Publish, now: datetime) -> Succeeded:
    run = result.run
    event = PublishedEvent(
        id=ids.new_id(),
        organization_id=run.organization_id,
        type=publish.event_type,
        source=f"workflow:{run.workflow_id}",
        occurred_at=now,
        wedding_id=run.wedding_id,
        data=publish.data,
        causation={
            "root": run.causation["root"],
            "depth": run.causation["depth"] + 1,
            "chain": [*run.causation["chain"], str(run.workflow_id)],
        },
    )
    result.move.published.append(event)
    return Succeeded({"event_id": str(event.id)})


def _ended(
    scope: Mapping[str, Any],
    perform: Perform,
    action: Action | None,
    finished: Succeeded | Failed,
    now: datetime,
    random: float,
) -> EngineEvent:
    error = None
    if isinstance(finished, Failed):
        error = {
            "class": finished.kind,
            "code": finished.code,
            "message": finished.message,
            "retry_after_s": finished.retry_after_s,
        }
    return EngineEvent(
        kind="result",
        now=now,
        random=random,
        scope=scope,
        step=perform.step,
        item=perform.item,
        attempt=perform.attempt,
        output=finished.output if isinstance(finished, Succeeded) else None,
        error=error,
        effect=action.effect(perform.input) if action else "none",
        input=perform.input,
    )


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


def _with_timings(error: Mapping[str, Any] | None, outcome: Outcome) -> dict[str, Any] | None:
    if error is None:
        return None
    where = "before it left" if isinstance(outcome, Failure) and outcome.kind == "not_sent" else ""
    return {**error, "where": where} if where else dict(error)


def _item(item: int | None) -> int:
    return NO_ITEM if item is None else item


def _item_word(item: int | None) -> str:
    return "-" if item is None else str(item)
