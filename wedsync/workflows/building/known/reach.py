"""Where each step stands: what certainly happened before it, and the loops around it.

The rules are those of validation: what is inside a branch may not have happened once the branch is
over, what is inside a loop is a list once the loop is over. A step that is off gives nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wedsync.workflows.editing.patches import same
from wedsync.workflows.engine.outline import children
from wedsync.workflows.engine.shape import Readable, readable
from wedsync.workflows.engine.steps.kind import sequence


@dataclass(frozen=True, slots=True)
class Reach:
    """One step in its place: `number` in words (`2`, or `1, Yes` inside a branch), `before` the
    ids it can read, `loops` those of the loops around it, outermost first."""

    step: Mapping[str, Any]
    number: str
    before: tuple[str, ...]
    loops: tuple[str, ...]
    is_off: bool = False

    def is_as(self, other: "Reach | None") -> bool:
        """Whether the same step stands in the same place."""
        if other is self:
            return True
        if other is None or (self.before, self.loops) != (other.before, other.loops):
            return False
        is_placed_alike = (self.number, self.is_off) == (other.number, other.is_off)
        return is_placed_alike and is_same(self.step, other.step)

    def lists(self, loops: tuple[str, ...]) -> int:
        """How many lists deep this step's output lies for one that stands inside `loops`."""
        if not self.loops:
            return 0
        shared = 0
        for own, other in zip(self.loops, loops, strict=False):
            if own != other:
                break
            shared += 1
        return len(self.loops) - shared


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON; mostly they are one."""
    return one is other or same(one, other)


Reaches = Mapping[str, Reach]
"""By step, in reading order."""


def reaches(definition: Any) -> Reaches:
    """Every step that has an id of its own; nothing of what cannot be looked at."""
    return reaches_in(readable(definition))


def reaches_in(definition: Readable) -> Reaches:
    """The same of a definition that was asked about before."""
    found: dict[str, Reach] = {}
    _walk(definition.get("steps"), Reach({}, "", (), ()), found)
    return found


def as_before(placed: Reaches, before: Reaches) -> Reaches:
    """The same, those that stand as they did being the very ones of `before`: they are compared
    once."""
    return {
        name: was if (was := before.get(name)) is not None and here.is_as(was) else here
        for name, here in placed.items()
    }


def _walk(steps: Any, around: Reach, found: dict[str, Reach]) -> tuple[str, ...]:
    """Note the steps of a list; gives what can be read after it."""
    before = around.before
    number = 0
    for step in sequence(steps):
        if not isinstance(step, dict):
            continue
        number += 1
        is_off = around.is_off or step.get("off") is True
        here = Reach(step, around.number or str(number), before, around.loops, is_off)
        before = _step(here, found)
    return before


def _step(here: Reach, found: dict[str, Reach]) -> tuple[str, ...]:
    """Note a step and those inside it; gives what can be read after it."""
    own = here.step.get("id")
    name = own if isinstance(own, str) and own and own not in found else None
    if name:
        found[name] = here
    gives = (name,) if name and not here.is_off else ()
    after = (*here.before, *gives)
    for child in children(here.step):
        began = after if here.step.get("kind") == "choose" else here.before
        loops = (*here.loops, name or "") if child.each else here.loops
        inside = Reach({}, f"{here.number}, {child.label}", began, loops, here.is_off)
        over = _walk(child.steps, inside, found)
        if child.each:
            after = (*after, *over[len(began) :])
    return after
