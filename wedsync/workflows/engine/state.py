"""Where a run stands, as JSON that must still be read in two years.

    {"state_format": 2, "outcome": null, "positions": [
        {"step": "tell", "item": null, "phase": "performing",
         "attempt": 2, "tries": 1, "generation": 0, "recoveries": 0, "plan": null}]}

`attempt` counts every try of the step, `tries` those that failed since a person last decided (a
death is no failure of the far end and does not use one up). `plan` is what a wait was entered
with: `{"until": …}` and, when it is counted from a date of the wedding, `anchor, offset_days, at,
late`. Of an action it is `{"looks_up": true}` while it is looked up what became of a lost attempt.
A run has one position: the items of a loop are runs of their own.

| phase | of | left by |
|---|---|---|
| `performing` | an action | `result`, `recovered` |
| `retrying` | an action | `resume` |
| `waiting` | a wait for a time | `resume` |
| `listening` | a wait for an event | `arrived`, `timed_out` |
| `approving` | an approval | `answered`, `timed_out` |
| `calling` | a call | `returned` |
| `looping` | a for_each | `items_over` |
| `asking` | an action that is unsure, a wait that is late | `decide` |
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, Literal, get_args

from wedsync.workflows.engine.protocol import Outcome, State

STATE_FORMAT = 2

Phase = Literal[
    "performing",
    "retrying",
    "asking",
    "waiting",
    "listening",
    "approving",
    "calling",
    "looping",
]
PHASES: tuple[Phase, ...] = get_args(Phase)

Upcaster = Callable[[State], State]


def _with_plans(state: State) -> State:
    positions = state.get("positions")
    planned = [
        {**each, "plan": None} if isinstance(each, Mapping) else each
        for each in (positions if isinstance(positions, list) else ())
    ]
    return {**state, "state_format": 2, "positions": planned}


UPCASTERS: Mapping[int, Upcaster] = MappingProxyType({1: _with_plans})
"""For each past format, how to write its states in the next one."""


@dataclass(frozen=True, slots=True)
class Position:
    """One step that is neither done nor untouched."""

    step: str
    item: int | None = None
    phase: Phase = "performing"
    attempt: int = 0
    tries: int = 0
    generation: int = 0
    recoveries: int = 0
    plan: Mapping[str, Any] | None = None


_FIELDS = tuple(field.name for field in fields(Position))


def upcast(
    state: Mapping[str, Any],
    upcasters: Mapping[int, Upcaster] = UPCASTERS,
    target: int = STATE_FORMAT,
) -> State | None:
    """The state in today's format; None when it is not a state, or of a later release."""
    current = dict(state)
    written = current.get("state_format")
    while written != target:
        step = upcasters.get(written) if isinstance(written, int) else None
        if step is None:
            return None
        current = step(current)
        written = current.get("state_format")
    return current


def standing(position: Position) -> State:
    """The state of a run that stands at one step."""
    return {"state_format": STATE_FORMAT, "outcome": None, "positions": [_written(position)]}


def _written(position: Position) -> dict[str, Any]:
    written = {name: getattr(position, name) for name in _FIELDS}
    return written if position.plan is None else {**written, "plan": dict(position.plan)}


def over(outcome: Outcome) -> State:
    """The state of a run that is over."""
    return {"state_format": STATE_FORMAT, "outcome": outcome, "positions": []}


def position_of(state: Mapping[str, Any] | None) -> Position | None:
    """Where the run stands; None when it is over, or the state is not one we understand."""
    current = upcast(state) if isinstance(state, Mapping) else None
    positions = current.get("positions") if current else None
    if not isinstance(positions, list) or len(positions) != 1:
        return None
    return _position(positions[0])


def _position(written: object) -> Position | None:
    if not isinstance(written, Mapping) or written.keys() != set(_FIELDS):
        return None
    counters = (written[name] for name in ("attempt", "tries", "generation", "recoveries"))
    sound = (
        isinstance(written["step"], str)
        and isinstance(written["item"], int | None)
        and written["phase"] in PHASES
        and all(isinstance(count, int) for count in counters)
        and isinstance(written["plan"], Mapping | None)
    )
    return Position(**written) if sound else None
