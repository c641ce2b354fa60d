"""Gestures behind the buttons beside problems: what stands in the way is taken out, and no more."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from wedsync.workflows.building.conditions.condition_rows import (
    Group,
    Part,
    Row,
    tree_of,
    when_of,
    written,
)
from wedsync.workflows.building.gestures.of_steps import Gesture, add
from wedsync.workflows.building.gestures.spots import (
    Spot,
    called,
    lists_of,
    standing,
    the_step,
)
from wedsync.workflows.building.gestures.step_links import fresh_ids
from wedsync.workflows.building.known.pills import is_gone, paths_in
from wedsync.workflows.building.known.reach import Reaches, reaches
from wedsync.workflows.editing.draft_operations import (
    TAKEN_AWAY,
    Change,
    Replace,
    located,
    way_in,
)
from wedsync.workflows.editing.draft_operations import path_of as path_of_field
from wedsync.workflows.editing.patches import Path, read
from wedsync.workflows.editing.patches import written as put
from wedsync.workflows.engine import FORMAT
from wedsync.workflows.engine.bodies import BODY
from wedsync.workflows.engine.operators import argument_list, operator_call
from wedsync.workflows.engine.steps.kind import mapping, sequence
from wedsync.workflows.engine.words import path_of

IsGone = Callable[[Any], bool]
"""Whether an expression reads something that is not there."""

_NOTHING: Final = object()
_PUT_TOGETHER = ("cat", "text.of")
_CONDITION = re.compile(r"when|filter|branches\.\d+\.when")
_OUTPUT = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_NAMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def take_out(definition: Any, step_id: str | None, field: str) -> Gesture:
    """Take out of a field what reads a step that is gone, or nothing there is: the rows of a
    condition, the values in a text, or all of it. Raises Conflict `step_gone`."""
    owner = _owner(definition, step_id)
    path = way_in(owner, field)
    value = read(owner, path)
    gone = gone_in(reaches(definition), step_id)
    left = _left_of(value, field, gone)
    if left is value or left == value:
        told = ("Nothing in it is gone. Open it, and choose what it should say.",)
        return Gesture((), "", step_id, told)
    name = "what starts it" if step_id is None else called(owner)
    into = path if step_id is not None else ("trigger", *path)
    change = Change(step_id, into, TAKEN_AWAY if left is _NOTHING else left)
    return Gesture((change,), f"took what is gone out of {name}", step_id)


def gone_in(placed: Reaches, step_id: str | None) -> IsGone:
    """What a step, or (None) what starts the workflow, cannot read because it is not there."""

    def gone(expression: Any) -> bool:
        paths = paths_in(expression)
        if step_id is None:
            return any(not path or path[0] != "trigger" for path in paths)
        return any(is_gone(path, placed, step_id) for path in paths)

    return gone


def holds_gone(owner: Mapping[str, Any], field: str, placed: Reaches, step_id: str | None) -> bool:
    """Whether `take_out` would find something in this field of a step or trigger."""
    return gone_in(placed, step_id)(read(owner, way_in(owner, field)))


def name_steps(definition: Any) -> Gesture:
    """Give every step an id of its own that has none, or that of another: the first keeps it."""
    used: set[str] = set()
    named: Any = definition
    for each in located(definition):
        own = each.step.get("id")
        if isinstance(own, str) and _NAMED.fullmatch(own) and own not in used:
            used.add(own)
            continue
        kind = each.step.get("kind")
        wanted = own if isinstance(own, str) and _NAMED.fullmatch(own) else kind
        stem = wanted if isinstance(wanted, str) and _NAMED.fullmatch(wanted) else "step"
        fresh = fresh_ids([stem], used | _ids(definition))[stem]
        used.add(fresh)
        named = put(named, (*each.path, "id"), fresh)
    if named is definition:
        return Gesture((), "", None, ("Every step has an id of its own.",))
    return Gesture((Replace(named),), "gave every step an id of its own", None)


def start_anew(definition: Any) -> Gesture:
    """An empty draft in the place of one that is no workflow; undoing brings it back."""
    empty: dict[str, Any] = {"format": FORMAT, "trigger": None, "steps": []}
    return Gesture((Replace(empty),), "began anew", None)


def only_after_yes(definition: Any, step_id: str) -> Gesture:
    """Let what follows a question happen only where the answer is yes. Raises Conflict
    `step_gone`."""
    where = standing(definition, step_id)
    answer = tree_of({"yes_no.is_yes": [{"var": f"steps.{step_id}.approved"}]})
    below = Spot(where.owner, where.field, step_id)
    added = add(definition, {"id": "goes_on", "kind": "filter", "when": when_of(answer)}, below)
    words = f"let it go on only after a yes to {called(where.step)}"
    return replace(added, words=words)


def tidy_steps(definition: Any) -> Gesture:
    """Take away what stands among the steps and is none."""
    kept: Any = definition
    for path in reversed(list(_lists(definition))):
        among = read(definition, path)
        if isinstance(among, list) and not all(isinstance(step, dict) for step in among):
            inside = sequence(read(kept, path))
            kept = put(kept, path, [step for step in inside if isinstance(step, dict)])
    if kept is definition:
        return Gesture((), "", None, ("There is nothing to tidy: everything in it is a step.",))
    return Gesture((Replace(kept),), "took away what is no step", None)


def _lists(definition: Any) -> Iterator[Path]:
    """The ways to all lists of steps, each before those inside it."""
    yield ("steps",)
    for each in located(definition):
        yield from ((*each.path, *path_of_field(child.field)) for child in lists_of(each.step))


def _owner(definition: Any, step_id: str | None) -> Mapping[str, Any]:
    if step_id is None:
        return mapping(mapping(definition).get("trigger"))
    return the_step(definition, step_id)


def _ids(definition: Any) -> set[str]:
    found = (each.step.get("id") for each in located(definition))
    return {own for own in found if isinstance(own, str)}


def _left_of(value: Any, field: str, gone: IsGone) -> Any:
    if not _CONDITION.fullmatch(field):
        return _without(value, gone)
    tree = _rows_left(tree_of(value), gone)
    if tree.parts:
        return when_of(tree)
    return _NOTHING if field == "filter" else None


def _rows_left(group: Group, gone: IsGone) -> Group:
    kept: list[Part] = []
    for part in group.parts:
        if isinstance(part, Group):
            inner = _rows_left(part, gone)
            kept += [inner] if inner.parts else []
        elif not _row_is_gone(part, gone):
            kept.append(part)
    return Group(group.joined, tuple(kept))


def _row_is_gone(part: Part, gone: IsGone) -> bool:
    if isinstance(part, Row):
        return any(map(gone, (part.subject, *part.others)))
    return gone(written(part))


def _without(value: Any, gone: IsGone) -> Any:
    """What is left of a value, `_NOTHING` where that is nothing."""
    call = operator_call(value)
    if call is not None:
        return _calculation(value, call[0], argument_list(call[1]), gone)
    if isinstance(value, dict):
        left = {name: _without(part, gone) for name, part in value.items()}
        return {name: part for name, part in left.items() if part is not _NOTHING}
    if isinstance(value, list):
        parts = [_without(part, gone) for part in value]
        return [part for part in parts if part is not _NOTHING]
    return value


def _calculation(value: Any, name: str, arguments: Sequence[Any], gone: IsGone) -> Any:
    if path_of(value) is not None or not gone(value):
        return _NOTHING if gone(value) else value
    if name in _PUT_TOGETHER:
        return _text(name, [part for part in arguments if not gone(part)])
    if name == BODY and len(arguments) == 1 and isinstance(arguments[0], str):
        return _body(arguments[0], gone)
    return _NOTHING


def _text(name: str, parts: list[Any]) -> Any:
    if all(isinstance(part, str) for part in parts):
        return "".join(parts) or _NOTHING
    return parts[0] if len(parts) == 1 else {name: parts}


def _body(text: str, gone: IsGone) -> Any:
    """The text without the values that are gone; as it is where more of it leans on them."""
    left = _OUTPUT.sub(lambda tag: "" if gone({BODY: tag[0]}) else tag[0], text)
    if gone({BODY: left}):
        return {BODY: text}
    return {BODY: left} if left.strip() else _NOTHING
