"""Copying steps from one workflow into another: one clipboard per person and team, kept here, so
that it reaches another tab, another machine and tomorrow.

Pasted steps keep their ids where those are free, so a step that was cut and pasted is the one the
others read; where they are taken, the copies go by new ones and read each other by those.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from wedsync.errors import Conflict, Invalid
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.workflows import queries
from wedsync.workflows.building.gestures import doing
from wedsync.workflows.building.gestures.doing import Done
from wedsync.workflows.building.gestures.of_steps import Gesture, remove
from wedsync.workflows.building.gestures.spots import (
    Spot,
    called,
    in_loop,
    place_of,
    standing,
    the_step,
)
from wedsync.workflows.building.gestures.step_links import (
    fresh_ids,
    ids_in,
    read_by,
    reads_item,
    renamed,
)
from wedsync.workflows.building.models import Clipboard
from wedsync.workflows.editing.checking import missing_references
from wedsync.workflows.editing.draft_operations import (
    MOST_AT_ONCE,
    Add,
    Operation,
    Place,
    Remove,
    located,
)
from wedsync.workflows.engine.shape import refusal
from wedsync.workflows.engine.steps.kind import mapping, sequence

_MOST_TOLD = 5
_LIKE = ("kind", "use")


@dataclass(frozen=True, slots=True)
class Copied:
    """What is on somebody's clipboard, in words: “Write to the caterer”, 3 steps."""

    words: str
    steps: Sequence[Any]
    outside: Mapping[str, Any]
    workflow_id: UUID | None


def held(by: Identity) -> Copied | None:
    """What this person copied last in this team; None when that is nothing."""
    row = _row(by)
    if row is None:
        return None
    return Copied(steps_said(row.steps), row.steps, mapping(row.outside), row.workflow_id)


def copy(by: Identity, workflow_id: UUID, step_ids: Sequence[str]) -> Copied:
    """Put steps, with those inside them, on the clipboard. Raises NotFound, Conflict, Invalid."""
    workflow = queries.get_workflow(by.organization_id, workflow_id)
    steps = picked(workflow.draft, step_ids)
    _keep(by, workflow_id, steps, outside_of(workflow.draft, steps))
    return Copied(steps_said(steps), steps, outside_of(workflow.draft, steps), workflow_id)


def cut(
    by: Identity, workflow_id: UUID, step_ids: Sequence[str], *, key: str | None = None
) -> Done:
    """Put steps on the clipboard and take them away. Raises as `doing.do`."""

    def act(definition: Any) -> Gesture:
        steps = picked(definition, step_ids)
        _keep(by, workflow_id, steps, outside_of(definition, steps))
        return cut_out(definition, steps)

    return doing.do(by, workflow_id, act, key=key)


def paste(by: Identity, workflow_id: UUID, spot: Spot, *, key: str | None = None) -> Done:
    """Put what is on the clipboard at a spot; `told` is what it does not find here.

    Raises Conflict `nothing_copied`, and as `doing.do`.
    """
    queries.get_workflow(by.organization_id, workflow_id)
    row = _row(by)
    if row is None:
        raise Conflict("You have copied nothing yet.", code="nothing_copied")
    steps, outside = list(row.steps), mapping(row.outside)
    is_same = row.workflow_id == workflow_id
    gone = _gone(by.organization_id, steps)

    def act(definition: Any) -> Gesture:
        gesture = pasted(definition, steps, outside, spot, is_same=is_same)
        return replace(gesture, told=(*gesture.told, *gone))

    return doing.do(by, workflow_id, act, key=key)


def picked(definition: Any, step_ids: Sequence[str]) -> list[Any]:
    """The steps of these ids in reading order, those inside another of them not twice."""
    wanted = set(step_ids)
    for step_id in wanted:
        the_step(definition, step_id)
    found: list[Any] = []
    inside: set[str] = set()
    for each in located(definition):
        own = each.step.get("id")
        if isinstance(own, str) and own in wanted - inside:
            inside |= {own, *ids_in([each.step])}
            found.append(each.step)
    if not 0 < len(found) <= MOST_AT_ONCE:
        raise Invalid(f"Choose 1 to {MOST_AT_ONCE} steps.")
    return found


def outside_of(definition: Any, steps: Sequence[Any]) -> dict[str, Any]:
    """What steps read of others that are not among them: by id, what those are."""
    own = set(ids_in(steps))
    there = _by_id(definition)
    return {
        step_id: _told(there[step_id]) if step_id in there else None
        for step_id in read_by(steps)
        if step_id not in own
    }


def cut_out(definition: Any, steps: Sequence[Any]) -> Gesture:
    """Take steps away that were put on the clipboard."""
    ids = [str(step["id"]) for step in steps]
    focus = remove(definition, ids[-1]).focus
    removing: tuple[Operation, ...] = tuple(Remove(step_id) for step_id in ids)
    if focus in ids:
        focus = standing(definition, ids[0]).owner
    return Gesture(removing, f"cut {steps_said(steps)}", focus, about=ids[0])


def pasted(
    definition: Any,
    steps: Sequence[Any],
    outside: Mapping[str, Any],
    spot: Spot,
    *,
    is_same: bool,
) -> Gesture:
    """Put copies of steps at a spot. What they read of steps that are not here leads nowhere, and
    never to another step that happens to go by the same id."""
    here = _by_id(definition)
    lost = [name for name, was in outside.items() if not _is_here(here.get(name), was, is_same)]
    own = ids_in(steps)
    names = fresh_ids([*own, *lost], here.keys())
    copies = renamed(steps, names)
    place = place_of(definition, spot)
    adding = tuple(Add(_next(place, number), each) for number, each in enumerate(copies))
    told = [_lost_words(steps, name, outside[name]) for name in lost[:_MOST_TOLD]]
    if len(lost) > _MOST_TOLD:
        told.append(f"{len(lost) - _MOST_TOLD} more steps that they read are not here either.")
    if reads_item(steps) and not in_loop(definition, place):
        told.append(
            f"{_capital(steps_said(steps))} reads the item of a loop, and none is around here."
        )
    first = mapping(copies[0]).get("id")
    return Gesture(
        adding,
        f"pasted {steps_said(steps)}",
        first if isinstance(first, str) else None,
        tuple(told),
    )


def _by_id(definition: Any) -> dict[str, dict[str, Any]]:
    """Every step that has an id; of two that share one, the first."""
    found: dict[str, dict[str, Any]] = {}
    for each in located(definition):
        if isinstance(own := each.step.get("id"), str):
            found.setdefault(own, each.step)
    return found


def _is_here(step: Any, was: Any, is_same: bool) -> bool:
    """Whether the step here is the one that was read there, or one like it."""
    if step is None:
        return False
    return is_same or (was is not None and _like(step) == _like(was))


def _like(step: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(step.get(name) for name in _LIKE)


def _told(step: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": called(step), **{name: step.get(name) for name in _LIKE if name in step}}


def _lost_words(steps: Sequence[Any], name: str, was: Any) -> str:
    readers = [each.step for each in located({"steps": list(steps)})]
    reader = next((each for each in reversed(readers) if name in read_by([each])), steps[0])
    what = mapping(was).get("name")
    read = what if isinstance(what, str) else f"“{name}”"
    return f"{_capital(called(reader))} reads {read}, which is not in this workflow."


def _gone(organization_id: UUID, steps: Sequence[Any]) -> list[str]:
    """What the steps name that this team does not have any more."""
    return list(
        dict.fromkeys(
            f"{each.message} {each.fix}"
            for each in missing_references(organization_id, {"steps": list(steps)})
        )
    )[:_MOST_TOLD]


def _next(place: Place, number: int) -> Place:
    field, _, at = place.field.rpartition(".")
    return Place(place.step, f"{field}.{int(at) + number}") if at.isdecimal() else place


def steps_said(steps: Sequence[Any]) -> str:
    """One step as it is called, more by their number."""
    count = len(steps)
    return called(steps[0]) if count == 1 else f"{count} steps"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _row(by: Identity) -> Clipboard | None:
    if by.user_id is None:
        return None
    found = db.session.get(Clipboard, (by.organization_id, by.user_id), populate_existing=True)
    is_whole = found is not None and bool(sequence(found.steps))
    return found if is_whole and refusal(found.steps if found else None) is None else None


def _keep(
    by: Identity, workflow_id: UUID, steps: Sequence[Any], outside: Mapping[str, Any]
) -> None:
    if by.user_id is None:
        raise Conflict("Only a person has a clipboard.", code="nothing_copied")
    values = {"workflow_id": workflow_id, "steps": list(steps), "outside": dict(outside)}
    statement = insert(Clipboard).values(
        organization_id=by.organization_id, user_id=by.user_id, **values
    )
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["organization_id", "user_id"],
            set_={**values, "copied_at": text("clock_timestamp()")},
        )
    )
