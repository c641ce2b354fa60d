"""Taking up a claimed run: telling the engine why it is its turn."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from wedsync.connectors.contract import Effect
from wedsync.workflows.advancing import advance, lost
from wedsync.workflows.engine import EngineEvent
from wedsync.workflows.engine.protocol import EventKind
from wedsync.workflows.engine.state import Position, position_of
from wedsync.workflows.live_run import Advance, LiveRun, item_number
from wedsync.workflows.reach import Reach


def take_up(row: Row[Any], run: LiveRun, now: datetime, random: float, reach: Reach) -> Advance:
    """Advance a freshly claimed run from where it stands."""
    position = position_of(run.engine_state)
    if position is None:
        return advance(run, _start(run, row.pending_decision or {}, now, random), reach)
    kind = _KINDS[position.phase]
    event = _event(kind, row.pending_decision or {}, run, position, now, random)
    if kind == "recovered":
        event = replace(event, effect=_effect(run, position, event, reach))
    result = advance(run, event, reach)
    if kind == "recovered":
        result.move.ended.append(lost(run.id, position))
    return result


# A run that is taken up while performing was given back by a dead owner: its attempt had started,
# so whether the effect happened is not known.
_KINDS: Mapping[str, EventKind] = {
    "performing": "recovered",
    "retrying": "resume",
    "asking": "decide",
}


def _start(run: LiveRun, decision: Mapping[str, Any], now: datetime, random: float) -> EngineEvent:
    """The beginning, or for a re-run the step where the first run ended."""
    return EngineEvent(
        kind="start",
        now=now,
        random=random,
        scope=run.scope(run.outputs),
        step=decision.get("start_at"),
    )


def _event(
    kind: EventKind,
    decision: Mapping[str, Any],
    run: LiveRun,
    position: Position,
    now: datetime,
    random: float,
) -> EngineEvent:
    recorded = run.recorded.get((position.step, item_number(position.item)))
    given = decision.get("input") or (recorded.input if recorded else None)
    return EngineEvent(
        kind=kind,
        now=now,
        random=random,
        scope=run.scope(run.outputs),
        step=position.step,
        item=position.item,
        attempt=position.attempt,
        decision=decision.get("decision"),
        output=decision.get("output"),
        input=given,
    )


def _effect(run: LiveRun, position: Position, event: EngineEvent, reach: Reach) -> Effect:
    """What a step's action does to the outside, the worst where it is not known."""
    step = run.program.steps.get(position.step)
    use, connection = getattr(step, "use", ""), getattr(step, "connection", None)
    action = reach.action(run.organization_id, use, connection)
    return action.effect(event.input or {}) if action else "once"
