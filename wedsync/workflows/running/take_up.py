"""Taking up a claimed run: telling the engine why it is its turn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from wedsync.connections.limits.lines import line_in
from wedsync.connectors.contract import Effect
from wedsync.workflows.engine import EngineEvent
from wedsync.workflows.engine.state import Position, position_of
from wedsync.workflows.running import calling, items, loading
from wedsync.workflows.running.advancing import advance, lost, still_waiting
from wedsync.workflows.running.live_run import Advance, LiveRun, item_number
from wedsync.workflows.running.reach import Reach


@dataclass(frozen=True, slots=True)
class _Taken:
    """A run that was claimed where it stands; `answer` is what was written beside it."""

    row: Row[Any]
    run: LiveRun
    position: Position
    event: EngineEvent
    reach: Reach

    @property
    def answer(self) -> Mapping[str, Any]:
        return self.row.pending_decision or {}

    @property
    def waited_for(self) -> Mapping[str, Any]:
        return self.row.waiting_for or {}


def take_up(row: Row[Any], run: LiveRun, now: datetime, random: float, reach: Reach) -> Advance:
    """Advance a freshly claimed run from where it stands."""
    run.line = line_in(row.waiting_for)
    position = position_of(run.engine_state)
    if position is None:
        return advance(run, _start(run, row.pending_decision or {}, now, random), reach)
    event = _event(run, row.pending_decision or {}, position, now, random)
    taken = _Taken(row, run, position, event, reach)
    told = _stopped(taken) or _TELL[position.phase](taken)
    if told is None:
        return still_waiting(run, row.waiting_for)
    result = advance(run, told, reach)
    if told.kind == "recovered":
        result.move.ended.append(lost(run.root_id, run.workflow_id, position))
    result.unanswered = told.kind == "timed_out"
    return result


def _start(run: LiveRun, decision: Mapping[str, Any], now: datetime, random: float) -> EngineEvent:
    """The beginning, for an item that of its loop's steps, or for a re-run the step where the
    first run ended."""
    return EngineEvent(
        kind="start",
        now=now,
        random=random,
        scope=run.scope(run.outputs),
        step=decision.get("start_at"),
        item=run.engine_item,
    )


def _event(
    run: LiveRun, answer: Mapping[str, Any], position: Position, now: datetime, random: float
) -> EngineEvent:
    """That the time of a run has come, whatever it stands at."""
    recorded = run.recorded.get((position.step, item_number(position.item)))
    given = answer.get("input") or (recorded.input if recorded else None)
    return EngineEvent(
        kind="resume",
        now=now,
        random=random,
        scope=run.scope(run.outputs),
        step=position.step,
        item=position.item,
        attempt=position.attempt,
        input=given,
    )


def _stopped(taken: _Taken) -> EngineEvent | None:
    """What it waits for is over, so it ends; `stop` says why."""
    reason = taken.answer.get("stop")
    return replace(taken.event, kind="stop", reason=reason) if reason else None


def _recovered(taken: _Taken) -> EngineEvent:
    """A run that is taken up while performing was given back by a dead owner: its attempt had
    started, so whether the effect happened is not known."""
    effect = _effect(taken.run, taken.position, taken.event, taken.reach)
    return replace(taken.event, kind="recovered", effect=effect)


def _resumed(taken: _Taken) -> EngineEvent:
    return taken.event


def _decided(taken: _Taken) -> EngineEvent:
    decision, output = taken.answer.get("decision"), taken.answer.get("output")
    return replace(taken.event, kind="decide", decision=decision, output=output)


def _listened(taken: _Taken) -> EngineEvent:
    event_id = taken.answer.get("event_id")
    if event_id is None:
        return _timed_out(taken)
    found = loading.event_as_trigger(taken.reach.connection, event_id)
    if found is None:
        return replace(taken.event, kind="arrived", error=_EVENT_GONE)
    return replace(taken.event, kind="arrived", output=found)


def _approved(taken: _Taken) -> EngineEvent:
    if "approved" not in taken.answer:
        return _timed_out(taken)
    return replace(taken.event, kind="answered", output=dict(taken.answer))


def _timed_out(taken: _Taken) -> EngineEvent:
    """Nobody else makes a run due that has no answer."""
    return replace(taken.event, kind="timed_out")


def _returned(taken: _Taken) -> EngineEvent | None:
    called = taken.waited_for.get("id")
    ended = calling.outcome(taken.reach.connection, taken.run, called) if called else None
    return replace(taken.event, kind="returned", **ended) if ended else None


def _items_over(taken: _Taken) -> EngineEvent:
    run = taken.run
    output = items.outcomes(taken.reach.connection, [run.id]).get(run.id)
    return replace(taken.event, kind="items_over", output=output)


_EVENT_GONE = {
    "class": "permanent",
    "code": "event_gone",
    "message": "The event it waited for is not there any more.",
}
_TELL: Mapping[str, Callable[[_Taken], EngineEvent | None]] = {
    "performing": _recovered,
    "retrying": _resumed,
    "asking": _decided,
    "waiting": _resumed,
    "listening": _listened,
    "approving": _approved,
    "calling": _returned,
    "looping": _items_over,
}


def _effect(run: LiveRun, position: Position, event: EngineEvent, reach: Reach) -> Effect:
    """What a step's action does to the outside, the worst where it is not known."""
    step = run.program.steps.get(position.step)
    use, connection = getattr(step, "use", ""), getattr(step, "connection", None)
    action = reach.action(run.organization_id, use, connection)
    return action.effect(event.input or {}) if action else "once"
