"""What people do to the steps of a draft: each gesture looks at the draft as it is and says which
operations it takes, what it is undone by, and which step takes the focus.

A gesture names steps by id, so it does the same after somebody else changed another step. None of
them fails on a draft, whatever it holds: what does not fit is refused with Conflict or Invalid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from wedsync.errors import FieldError, Invalid
from wedsync.workflows.building.gestures.spots import (
    Spot,
    Standing,
    called,
    lists_of,
    named_steps,
    owner_of,
    place_of,
    standing,
    steps_inside,
    the_step,
)
from wedsync.workflows.building.gestures.step_links import fresh_ids, ids_in, renamed
from wedsync.workflows.editing.draft_operations import (
    TAKEN_AWAY,
    Add,
    Change,
    Move,
    Operation,
    Place,
    Remove,
    Replace,
)
from wedsync.workflows.engine import FORMAT
from wedsync.workflows.engine.limits import MAX_LABEL, MAX_NOTE
from wedsync.workflows.engine.steps.kind import mapping, sequence

Way: TypeAlias = Literal["up", "down"]
_COPY = " (copy)"


@dataclass(frozen=True, slots=True)
class Gesture:
    """What a gesture comes to on one draft.

    `words` name it for “Undo: …” (“removed “Send contract””); `focus` is the step that takes the
    focus, None what starts the workflow; `told` are sentences to say beside. Without operations
    there was nothing to do, and `told` says why. `about` is the step it was done to, where that
    is not the one with the focus.
    """

    operations: tuple[Operation, ...]
    words: str
    focus: str | None
    told: tuple[str, ...] = ()
    about: str | None = None


def add(definition: Any, step: Mapping[str, Any], spot: Spot) -> Gesture:
    """Put a fresh step at a spot, under an id of its own."""
    kind = step.get("kind")
    wanted = step.get("id", kind if isinstance(kind, str) else "step")
    made = {"id": _free(definition, str(wanted)), **{k: v for k, v in step.items() if k != "id"}}
    return Gesture((Add(place_of(definition, spot), made),), f"added {called(made)}", made["id"])


def remove(definition: Any, step_id: str) -> Gesture:
    """Take a step away with those inside it; the focus goes to its neighbour."""
    where = standing(definition, step_id)
    inside = steps_inside(where.step)
    more = "" if not inside else f", with {_counted(inside)} inside it"
    words = f"removed {called(where.step)}{more}"
    return Gesture((Remove(step_id),), words, _neighbour(where), about=step_id)


def move(definition: Any, step_id: str, way: Way) -> Gesture:
    """Put a step one place up or down in reading order: past its neighbour, into the branches of
    one that has any, and out of them at their ends. One way takes back what the other did."""
    place = _above(definition, step_id) if way == "up" else _below(definition, step_id)
    step = the_step(definition, step_id)
    if place is None:
        which = "first" if way == "up" else "last"
        return Gesture((), "", step_id, (f"This is the {which} step already.",))
    return Gesture((Move(step_id, place),), f"moved {called(step)} {way}", step_id)


def move_to(definition: Any, step_id: str, spot: Spot) -> Gesture:
    """Put a step at a spot, with those inside it."""
    where = standing(definition, step_id)
    if spot.after == step_id:
        return Gesture((), "", step_id, ("It is there already.",))
    place = place_of(definition, spot)
    field, _, number = place.field.rpartition(".")
    if number.isdecimal() and (place.step, field) == (where.owner, where.field):
        shifted = int(number) - (int(number) > where.number)
        if shifted == where.number:
            return Gesture((), "", step_id, ("It is there already.",))
        place = Place(place.step, f"{field}.{shifted}")
    return Gesture((Move(step_id, place),), f"moved {called(where.step)}", step_id)


def duplicate(definition: Any, step_id: str) -> Gesture:
    """Put a copy of a step below it: new ids, and what is inside it reads the copies."""
    where = standing(definition, step_id)
    names = fresh_ids(ids_in([where.step]), ids_in(_steps(definition)))
    (copied,) = renamed([where.step], names)
    label = copied.get("label")
    if isinstance(label, str) and label.strip():
        copied["label"] = label[: MAX_LABEL - len(_COPY)] + _COPY
    place = Place(where.owner, f"{where.field}.{where.number + 1}")
    return Gesture((Add(place, copied),), f"duplicated {called(where.step)}", copied["id"])


def turn_off(definition: Any, step_id: str) -> Gesture:
    """Let the workflow pass over a step."""
    step = the_step(definition, step_id)
    if step.get("off") is True:
        return Gesture((), "", step_id, ("It is turned off already.",))
    return _changed(step_id, "off", True, f"turned off {called(step)}")


def turn_on(definition: Any, step_id: str) -> Gesture:
    """Let the workflow do a step again."""
    step = the_step(definition, step_id)
    if "off" not in step:
        return Gesture((), "", step_id, ("It is turned on already.",))
    return _changed(step_id, "off", TAKEN_AWAY, f"turned on {called(step)} again")


def rename(definition: Any, step_id: str, label: str) -> Gesture:
    """Call a step something; nothing: by what it does. Raises Invalid for too long a name."""
    step, wanted = the_step(definition, step_id), _short(label, "label", MAX_LABEL)
    if not wanted:
        words = f"took the name of {called(step)} away"
        return _set_or_taken(step, "label", wanted, words)
    return _set_or_taken(step, "label", wanted, f"renamed {called(step)} to “{wanted[:60]}”")


def set_note(definition: Any, step_id: str, note: str) -> Gesture:
    """Write something beside a step; nothing takes it away. Raises Invalid for too long a note."""
    step, wanted = the_step(definition, step_id), _short(note, "note", MAX_NOTE)
    if not wanted:
        return _set_or_taken(step, "note", wanted, f"took the note at {called(step)} away")
    verb = "changed the note at" if step.get("note") else "wrote a note at"
    return _set_or_taken(step, "note", wanted, f"{verb} {called(step)}")


def set_trigger(definition: Any, trigger: Mapping[str, Any]) -> Gesture:
    """Let something else start the workflow."""
    words = "chose what starts it"
    if not isinstance(definition, dict):
        made = {"format": FORMAT, "trigger": dict(trigger), "steps": []}
        return Gesture((Replace(made),), words, None)
    return Gesture((Change(None, "trigger", dict(trigger)),), words, None)


def use_connection(definition: Any, step_id: str, connection: str) -> Gesture:
    """Let a step act through an account."""
    step = the_step(definition, step_id)
    if step.get("connection") == connection:
        return Gesture((), "", step_id)
    return _changed(step_id, "connection", connection, f"chose the account of {called(step)}")


def set_fields(definition: Any, step_id: str | None, changes: Sequence[Change]) -> Gesture:
    """Change fields of a step, or of what starts the workflow (None)."""
    if step_id is None:
        return Gesture(tuple(changes), "changed what starts it" if changes else "", None)
    step = the_step(definition, step_id)
    return Gesture(tuple(changes), f"changed {called(step)}" if changes else "", step_id)


def _above(definition: Any, step_id: str) -> Place | None:
    where = standing(definition, step_id)
    if where.number > 0:
        neighbour = where.steps[where.number - 1]
        return _end_of(_last_list(neighbour)) or Place(
            where.owner, f"{where.field}.{where.number - 1}"
        )
    owner = owner_of(definition, where)
    if owner is None:
        return None
    fields = [child.field for child in lists_of(owner.step)]
    before = fields.index(where.field) - 1
    if before >= 0:
        return Place(where.owner, fields[before])
    return Place(owner.owner, f"{owner.field}.{owner.number}")


def _below(definition: Any, step_id: str) -> Place | None:
    where = standing(definition, step_id)
    if where.number + 1 < len(where.steps):
        neighbour = where.steps[where.number + 1]
        own, lists = _addressed(neighbour), lists_of(neighbour)
        if own is not None and lists:
            return Place(own, f"{lists[0].field}.0")
        return Place(where.owner, f"{where.field}.{where.number + 1}")
    owner = owner_of(definition, where)
    if owner is None:
        return None
    fields = [child.field for child in lists_of(owner.step)]
    after = fields.index(where.field) + 1
    if after < len(fields):
        return Place(where.owner, f"{fields[after]}.0")
    return Place(owner.owner, f"{owner.field}.{owner.number + 1}")


def _last_list(step: Any) -> tuple[str, str] | None:
    own, lists = _addressed(step), lists_of(step)
    return (own, lists[-1].field) if own is not None and lists else None


def _end_of(found: tuple[str, str] | None) -> Place | None:
    return Place(*found) if found else None


def _addressed(step: Any) -> str | None:
    """The id by which a step can be named; drafts may hold steps that have none."""
    own = mapping(step).get("id")
    return own if isinstance(own, str) else None


def _neighbour(where: Standing) -> str | None:
    after = list(named_steps(where.steps[where.number + 1 :]))
    before = list(named_steps(where.steps[: where.number]))
    return after[0] if after else before[-1] if before else where.owner


def _changed(step_id: str, field: str, value: Any, words: str) -> Gesture:
    return Gesture((Change(step_id, (field,), value),), words, step_id)


def _set_or_taken(step: Mapping[str, Any], field: str, wanted: str, words: str) -> Gesture:
    step_id = str(step["id"])
    if (step.get(field) or "") == wanted:
        return Gesture((), "", step_id)
    return _changed(step_id, field, wanted or TAKEN_AWAY, words)


def _short(written: str, field: str, longest: int) -> str:
    text = written.strip()
    if len(text) > longest:
        problem = f"This is longer than {longest:,} characters."
        raise Invalid(problem, errors=[FieldError(f"/{field}", "too_long", problem)])
    return text


def _free(definition: Any, wanted: str) -> str:
    return fresh_ids([wanted], ids_in(_steps(definition)))[wanted]


def _steps(definition: Any) -> Sequence[Any]:
    return sequence(mapping(definition).get("steps"))


def _counted(number: int) -> str:
    return "the step" if number == 1 else f"the {number} steps"
