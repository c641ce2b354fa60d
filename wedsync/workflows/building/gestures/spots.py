"""Where steps stand, as gestures name it: by neighbours, which hold when others change the draft.

A number would mean another place as soon as somebody else adds a step above.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from wedsync.errors import Conflict
from wedsync.workflows.catalogue import infos_here
from wedsync.workflows.editing.draft_operations import Located, Place, located, path_of
from wedsync.workflows.editing.patches import Path, read
from wedsync.workflows.engine import sentence
from wedsync.workflows.engine.outline import children
from wedsync.workflows.engine.steps import KINDS
from wedsync.workflows.engine.steps.kind import Child, mapping, sequence
from wedsync.workflows.engine.words import clip
from wedsync.workflows.words.step_lines import pieces, plain

_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Spot:
    """Between two steps: after the step `after`, or at the start of a list of steps.

    The list is `field` of the step `owner`, or of the workflow (None); `branch` is what its branch
    was called, so that it is found again when branches were added or moved meanwhile.
    """

    owner: str | None = None
    field: str = "steps"
    after: str | None = None
    branch: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a step stands: its list, the number in it, and all that is in that list."""

    step: dict[str, Any]
    owner: str | None
    field: str
    number: int
    steps: Sequence[Any]
    owner_path: Path


def the_step(definition: Any, step_id: str) -> dict[str, Any]:
    """The step of this id. Raises Conflict `step_gone`."""
    return _found(definition, step_id).step


def standing(definition: Any, step_id: str) -> Standing:
    """Where a step stands. Raises Conflict `step_gone`."""
    found = _found(definition, step_id)
    return _standing(definition, found.step, found.path)


def owner_of(definition: Any, where: Standing) -> Standing | None:
    """Where the step stands that a step is inside of; None for one of the workflow's own."""
    if not where.owner_path:
        return None
    return _standing(definition, read(definition, where.owner_path), where.owner_path)


def in_loop(definition: Any, place: Place) -> bool:
    """Whether what stands at a place is done for each item of a loop."""
    if place.step is None:
        return False
    path = _found(definition, place.step).path
    around = [read(definition, path[:length]) for length in range(2, len(path) + 1)]
    return any(mapping(each).get("kind") == "for_each" for each in around)


def place_of(definition: Any, spot: Spot) -> Place:
    """The place a spot is now. Raises Conflict `step_gone` when nothing of it is left."""
    if spot.after is not None and any(_id(each.step) == spot.after for each in located(definition)):
        near = standing(definition, spot.after)
        return Place(near.owner, f"{near.field}.{near.number + 1}")
    if spot.owner is None:
        return Place(None, "steps" if spot.after else "steps.0")
    field = _list_of(the_step(definition, spot.owner), spot)
    return Place(spot.owner, field if spot.after else f"{field}.0")


def lists_of(step: Any) -> list[Child]:
    """The lists of steps inside a step, in reading order."""
    return children(step) if isinstance(step, dict) else []


def label_of(step: Any, field: str) -> str | None:
    """What the branch of a step is called that holds this list."""
    return next((child.label for child in lists_of(step) if child.field == field), None)


def called(step: Any) -> str:
    """What people call a step, in quotes unless it is told by its branches alone."""
    written = mapping(step)
    label, kind = written.get("label"), written.get("kind")
    if isinstance(label, str) and label.strip():
        return f"“{clip(label.strip(), _LONGEST_NAME)}”"
    if isinstance(kind, str) and kind in KINDS and KINDS[kind].splits:
        return "the choice" if kind == "choose" else "the loop"
    own = {name: part for name, part in written.items() if name != "label"}
    said = plain(pieces(sentence(own, infos_here())))
    use = written.get("use")
    info = infos_here().get(use) if isinstance(use, str) and "…" in said else None
    return f"“{clip(info.label if info else said, _LONGEST_NAME)}”"


def steps_inside(step: Any) -> int:
    """How many steps are inside a step."""
    return sum(1 for _ in located({"steps": [step]})) - 1


def named_steps(steps: Sequence[Any]) -> Iterator[str]:
    """The ids of the steps of one list, in its order."""
    return (own for each in steps if (own := _id(each)) is not None)


def _found(definition: Any, step_id: str) -> Located:
    for each in located(definition):
        if each.step.get("id") == step_id:
            return each
    raise Conflict("This step is not there any more.", code="step_gone")


def _standing(definition: Any, step: dict[str, Any], path: Path) -> Standing:
    *way, number = path
    owner_path = _owner_path(definition, way)
    owner = read(definition, owner_path) if owner_path else None
    field = ".".join(str(part) for part in way[len(owner_path) :])
    return Standing(
        step,
        _id(owner) if owner_path else None,
        field,
        int(number),
        sequence(read(definition, way)),
        owner_path,
    )


def _owner_path(definition: Any, way: Sequence[str | int]) -> Path:
    """The way to the step a list lies in; empty for the workflow's own."""
    for length in range(len(way) - 1, 0, -1):
        path = tuple(way[:length])
        rest = tuple(way[length:])
        if any(path_of(child.field) == rest for child in lists_of(read(definition, path))):
            return path
    return ()


def _list_of(owner: dict[str, Any], spot: Spot) -> str:
    lists = {child.field: child.label for child in lists_of(owner)}
    if spot.branch is None or lists.get(spot.field) == spot.branch:
        if spot.field in lists:
            return spot.field
    elif same := [field for field, label in lists.items() if label == spot.branch]:
        return same[0]
    raise Conflict("This branch is not there any more.", code="step_gone")


def _id(step: Any) -> str | None:
    own = mapping(step).get("id")
    return own if isinstance(own, str) else None
