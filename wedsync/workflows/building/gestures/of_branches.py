"""What people do to the branches of a choice."""

from collections.abc import Mapping
from typing import Any

from wedsync.errors import Conflict, FieldError, Invalid
from wedsync.workflows.building.gestures.of_steps import Gesture, Way
from wedsync.workflows.building.gestures.spots import called, steps_inside, the_step
from wedsync.workflows.editing.draft_operations import TAKEN_AWAY, Change
from wedsync.workflows.engine.limits import MAX_BRANCHES, MAX_LABEL
from wedsync.workflows.engine.steps.kind import mapping, sequence
from wedsync.workflows.engine.steps.kind import text as text_of


def add_branch(definition: Any, step_id: str, label: str = "") -> Gesture:
    """Add a last branch, before “Otherwise”, whose condition is still to be said."""
    step = _choice(definition, step_id)
    branches = sequence(step.get("branches"))
    if len(branches) >= MAX_BRANCHES:
        raise Invalid(f"A choice has at most {MAX_BRANCHES} branches.", code="too_many_branches")
    name = _new_name(step, label) if label.strip() else _free_name(step)
    made: dict[str, Any] = {"label": name, "when": None, "steps": []}
    words = f"added the branch “{name}” to {called(step)}"
    if not isinstance(step.get("branches"), list):
        return Gesture((Change(step_id, ("branches",), [made]),), words, step_id)
    return Gesture((Change(step_id, ("branches", len(branches)), made),), words, step_id)


def remove_branch(definition: Any, step_id: str, number: int, label: str | None = None) -> Gesture:
    """Take a branch away with the steps on it. `label` is what it was called where it was seen."""
    step = _choice(definition, step_id)
    here = _number(step, number, label)
    inside = steps_inside({"kind": "choose", "branches": [step["branches"][here]]})
    count = "the step" if inside == 1 else f"the {inside} steps"
    more = f", with {count} on it" if inside else ""
    words = f"removed the branch “{_name(step, here)}” of {called(step)}{more}"
    return Gesture((Change(step_id, ("branches", here), TAKEN_AWAY),), words, step_id)


def rename_branch(
    definition: Any, step_id: str, number: int, name: str, label: str | None = None
) -> Gesture:
    """Call a branch something else. Raises Invalid without a name, or when another has it."""
    step = _choice(definition, step_id)
    here = _number(step, number, label)
    was = _name(step, here)
    if name.strip() == mapping(step["branches"][here]).get("label"):
        return Gesture((), "", step_id)
    wanted = _new_name(step, name, but=here)
    words = f"renamed the branch “{was}” to “{wanted[:60]}”"
    return Gesture((Change(step_id, ("branches", here, "label"), wanted),), words, step_id)


def move_branch(
    definition: Any, step_id: str, number: int, way: Way, label: str | None = None
) -> Gesture:
    """Have a branch tried before the one above it, or after the one below it."""
    step = _choice(definition, step_id)
    here = _number(step, number, label)
    there = here - 1 if way == "up" else here + 1
    branches = list(step["branches"])
    if not 0 <= there < len(branches):
        which = "first" if way == "up" else "last"
        return Gesture((), "", step_id, (f"This is the {which} branch already.",))
    branches[here], branches[there] = branches[there], branches[here]
    words = f"moved the branch “{_name(step, here)}” of {called(step)} {way}"
    return Gesture((Change(step_id, ("branches",), branches),), words, step_id)


def _choice(definition: Any, step_id: str) -> Mapping[str, Any]:
    step = the_step(definition, step_id)
    if step.get("kind") != "choose":
        raise Conflict("This step has no branches.", code="step_gone")
    return step


def _number(step: Mapping[str, Any], number: int, label: str | None) -> int:
    """Where the branch is now that stood at `number` and was called `label`."""
    count = len(sequence(step.get("branches")))
    there = 0 <= number < count
    if there and label in (None, _name(step, number)):
        return number
    same = [each for each in range(count) if _name(step, each) == label]
    if len(same) != 1:
        raise Conflict("This branch is not there any more.", code="step_gone")
    return same[0]


def _name(step: Mapping[str, Any], number: int) -> str:
    written = mapping(step["branches"][number]).get("label")
    return text_of(written, f"Branch {number + 1}")


def _free_name(step: Mapping[str, Any]) -> str:
    count = len(sequence(step.get("branches")))
    taken = {_name(step, number) for number in range(count)}
    numbers = range(count + 1, 2 * count + 2)
    return next(name for number in numbers if (name := f"Branch {number}") not in taken)


def _new_name(step: Mapping[str, Any], written: str, but: int | None = None) -> str:
    name = written.strip()
    if not name or len(name) > MAX_LABEL:
        problem = f"Give the branch a name of at most {MAX_LABEL} characters."
        raise Invalid(problem, errors=[FieldError("/label", "label", problem)])
    others = [each for each in range(len(sequence(step.get("branches")))) if each != but]
    if name == "Otherwise" or any(_name(step, each) == name for each in others):
        problem = "Another branch has this name."
        raise Invalid(problem, errors=[FieldError("/label", "label", problem)])
    return name
