"""`advance`: given where a run stands and what happened, where it stands then and what to do.

Pure and total: time and chance arrive in the event, nothing given is changed, and an event that
does not fit the state changes nothing.
"""

from collections.abc import Callable, Mapping

from wedsync.workflows.engine import attempts
from wedsync.workflows.engine.attempts import ActionStep
from wedsync.workflows.engine.limits import RECOVERIES_BEFORE_PARKING
from wedsync.workflows.engine.program import Program
from wedsync.workflows.engine.protocol import Decision, EngineEvent, State, StepState
from wedsync.workflows.engine.state import Phase, Position, position_of
from wedsync.workflows.engine.walk import Walk


def advance(
    program: Program,
    state: State | None,
    event: EngineEvent,
    *,
    recoveries_before_parking: int = RECOVERIES_BEFORE_PARKING,
) -> Decision:
    """The next decision for a run.

    `state` is None before the first advance. `recoveries_before_parking` is the recovery of one
    step at which its run is parked; tests that kill at random raise it.
    """
    if state is None:
        return _start(program, event)
    position = position_of(state)
    step = program.steps.get(position.step) if position else None
    if event.kind == "stop":
        return _stop(program, state, position, event)
    if position is None or not isinstance(step, ActionStep) or not _fits(position, event):
        return _stale(state)
    walk = Walk(program.steps, event, position.item)
    _follow(walk, step, position, recoveries_before_parking)
    return walk.decide()


def _stale(state: State | None) -> Decision:
    return Decision(state, (), stale=True)


def _start(program: Program, event: EngineEvent) -> Decision:
    walk = Walk(program.steps, event)
    if event.kind == "stop":
        walk.finish("stopped", event.reason or _STOPPED)
    elif event.kind != "start":
        return _stale(None)
    walk.go_on(event.step if event.step in program.steps else program.first)
    return walk.decide()


_PHASES: Mapping[str, Phase] = {
    "result": "performing",
    "recovered": "performing",
    "resume": "retrying",
    "decide": "asking",
}

_CHOICES: Mapping[str | None, Callable[[Walk, ActionStep, Position], None]] = {
    "send_again": attempts.send_again,
    "treat_as_done": attempts.treat_as_done,
    "skip": attempts.skip,
}


def _fits(position: Position, event: EngineEvent) -> bool:
    phase = _PHASES.get(event.kind)
    if phase != position.phase or (event.step, event.item) != (position.step, position.item):
        return False
    if event.kind == "decide":
        return event.decision in _CHOICES
    return event.kind == "resume" or event.attempt == position.attempt


def _follow(walk: Walk, step: ActionStep, position: Position, parked_at: int) -> None:
    event = walk.event
    if event.kind == "resume":
        attempts.perform(walk, step, position, event.input)
    elif event.kind == "recovered":
        attempts.died(walk, step, position, parked_at)
    elif event.kind == "decide":
        _CHOICES[event.decision](walk, step, position)
    elif event.error is None:
        attempts.succeeded(walk, step, event.output)
    else:
        attempts.failed(walk, step, position, event.error)


_STOPPED = "Somebody stopped it."


def _stop(
    program: Program, state: State, position: Position | None, event: EngineEvent
) -> Decision:
    """End the run wherever it stands, even where nothing else could move it on."""
    if state.get("outcome") is not None:
        return _stale(state)
    walk = Walk(program.steps, event, position.item if position else None)
    step = program.steps.get(position.step) if position else None
    if step and position and position.phase in _LEFT_BEHIND:
        left, why = _LEFT_BEHIND[position.phase]
        walk.record(step, left, explanation={"why": why})
    walk.finish("stopped", event.reason or _STOPPED, step.id if step else None)
    return walk.decide()


_LEFT_BEHIND: Mapping[str, tuple[StepState, str]] = {
    # What is under way cannot be called back.
    "performing": ("unsure", "It was stopped while this was going on."),
    "retrying": ("skipped", "It was stopped before the next try."),
}
