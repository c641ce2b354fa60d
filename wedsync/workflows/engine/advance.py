"""`advance`: given where a run stands and what happened, where it stands then and what to do.

Pure and total: time and chance arrive in the event, nothing given is changed, and an event that
does not fit the state changes nothing.
"""

from collections.abc import Mapping

from wedsync.workflows.engine.limits import RECOVERIES_BEFORE_PARKING
from wedsync.workflows.engine.program import Program
from wedsync.workflows.engine.protocol import Decision, EngineEvent, State
from wedsync.workflows.engine.state import Position, position_of
from wedsync.workflows.engine.walk import StandingStep, Walk, stands


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
    if position is None or not stands(step) or not _fits(step, position, event):
        return _stale(state)
    walk = Walk(program.steps, program.reads, event, position.item, recoveries_before_parking)
    step.follow(walk, position)
    return walk.decide()


def _stale(state: State | None) -> Decision:
    return Decision(state, (), stale=True)


def _start(program: Program, event: EngineEvent) -> Decision:
    walk = Walk(program.steps, program.reads, event, event.item)
    if event.kind == "stop":
        walk.finish("stopped", event.reason or _STOPPED)
    elif event.kind != "start" or (event.item is not None and event.step not in program.steps):
        return _stale(None)
    walk.go_on(_beginning(program, event))
    return walk.decide()


def _beginning(program: Program, event: EngineEvent) -> str | None:
    """Where a run begins. One that is no item and is to begin inside a loop begins with the loop:
    what is done there is done for items."""
    if event.step is None or event.step not in program.steps:
        return program.first
    around = program.loops.get(event.step) if event.item is None else None
    return around[0] if around else event.step


_PHASES: Mapping[str, tuple[str, ...]] = {
    "result": ("performing",),
    "recovered": ("performing",),
    "resume": ("retrying", "waiting"),
    "arrived": ("listening",),
    "timed_out": ("listening", "approving"),
    "answered": ("approving",),
    "returned": ("calling",),
    "items_over": ("looping",),
    "decide": ("asking",),
}


def _fits(step: StandingStep, position: Position, event: EngineEvent) -> bool:
    phase = position.phase
    if phase not in step.phases or phase not in _PHASES.get(event.kind, ()):
        return False
    if (event.step, event.item) != (position.step, position.item):
        return False
    if event.kind == "decide":
        return event.decision in step.choices
    return phase != "performing" or event.attempt == position.attempt


_STOPPED = "Somebody stopped it."


def _stop(
    program: Program, state: State, position: Position | None, event: EngineEvent
) -> Decision:
    """End the run wherever it stands, even where nothing else could move it on."""
    if state.get("outcome") is not None:
        return _stale(state)
    walk = Walk(program.steps, program.reads, event, position.item if position else None)
    step = program.steps.get(position.step) if position else None
    if position and stands(step):
        step.leave(walk, position)
    walk.finish("stopped", event.reason or _STOPPED, position.step if position and step else None)
    return walk.decide()
