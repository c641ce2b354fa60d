"""What can be done to a draft, one gesture at a time, on definitions that may hold anything.

| operation | what it does |
|---|---|
| `Add(at, step)` | put a step at a place; a step without an id is given one |
| `Remove(step)` | take a step away, with the steps inside it |
| `Move(step, to)` | put a step elsewhere, with the steps inside it |
| `Change(step, field, value)` | set one field of a step, or of the workflow where `step` is None |
| `Replace(definition)` | put another document in the draft's place |

A place is a step and a dotted path inside it, as validation problems name them: `steps.2` of the
workflow, `branches.0.steps.1` of a step; without a number at the end it is the end of that list.
Nothing is half done: either every operation fits, or a refusal says which does not.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from wedsync.errors import Conflict, FieldError, Invalid
from wedsync.workflows.editing.patches import Path, read, removed, written
from wedsync.workflows.engine.limits import MAX_STEPS
from wedsync.workflows.engine.outline import children
from wedsync.workflows.engine.shape import Readable, readable, refusal
from wedsync.workflows.engine.steps.kind import mapping, sequence
from wedsync.workflows.engine.words import clip

MOST_AT_ONCE = 50
TAKEN_AWAY: Final = object()
"""The value of a `Change` that takes its field away."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step stands, or should: in a list of `step`, or of the workflow itself (None)."""

    step: str | None
    field: str


@dataclass(frozen=True, slots=True)
class Add:
    at: Place
    step: Any


@dataclass(frozen=True, slots=True)
class Remove:
    step: str


@dataclass(frozen=True, slots=True)
class Move:
    step: str
    to: Place


@dataclass(frozen=True, slots=True)
class Change:
    """Set a field, or take it away. `field` is a dotted path, or the parts of one where a name
    holds a dot."""

    step: str | None
    field: str | Sequence[str | int]
    value: Any = TAKEN_AWAY


@dataclass(frozen=True, slots=True)
class Replace:
    definition: Any


Operation: TypeAlias = Add | Remove | Move | Change | Replace
KINDS: dict[type[Any], str] = {
    Add: "add",
    Remove: "remove",
    Move: "move",
    Change: "change",
    Replace: "replace",
}


@dataclass(frozen=True, slots=True)
class Located:
    """A step and the way to it from the top of the document."""

    step: dict[str, Any]
    path: Path


def apply(definition: Any, operations: Sequence[Operation]) -> Any:
    """The definition after all operations; the one given is left as it is.

    Raises Invalid and Conflict, with the number of the operation that does not fit.
    """
    if not 0 < len(operations) <= MOST_AT_ONCE:
        problem = f"One request does 1 to {MOST_AT_ONCE} things."
        raise Invalid(problem, errors=[FieldError("/operations", "operations", problem)])
    before = definition
    for number, operation in enumerate(operations):
        definition = _Doing(number).apply(definition, operation)
    if too_large := refusal(definition) or _too_many(before, Readable(definition)):
        raise Invalid(too_large, errors=[FieldError("/operations", "operations", too_large)])
    return definition


def _too_many(before: Any, after: Readable) -> str | None:
    """Why these are more steps than anybody could put into a workflow; one that came with too many
    may be made shorter."""
    count = _count(located_in(after))
    if count <= MAX_STEPS or count <= _count(located(before)):
        return None
    return f"A workflow has at most {MAX_STEPS} steps. Split it into several."


def _count(steps: Iterator[Located]) -> int:
    return sum(1 for _ in steps)


def located(definition: Any) -> Iterator[Located]:
    """Every step with the way to it, a step before those inside it."""
    return located_in(readable(definition))


def located_in(definition: Readable) -> Iterator[Located]:
    """The same in a definition that was asked about before."""
    return _steps_of(definition)


def _steps_of(definition: Any) -> Iterator[Located]:
    return _located(mapping(definition).get("steps"), ("steps",))


def _located(steps: Any, path: Path) -> Iterator[Located]:
    for number, step in enumerate(sequence(steps)):
        if isinstance(step, dict):
            here = (*path, number)
            yield Located(step, here)
            for child in children(step):
                yield from _located(child.steps, (*here, *path_of(child.field)))


def path_of(field: str) -> Path:
    """`branches.0.steps` is `("branches", 0, "steps")`."""
    parts: list[str | int] = [int(part) if part.isdecimal() else part for part in field.split(".")]
    return tuple(parts)


class _Doing:
    """One operation of a request; refusals point at it."""

    def __init__(self, number: int) -> None:
        self._pointer = f"/operations/{number}"

    def apply(self, definition: Any, operation: Operation) -> Any:
        if isinstance(operation, Replace):
            return operation.definition
        if not isinstance(definition, dict):
            raise self._clash("This draft is not a workflow yet. Replace it as a whole.")
        if isinstance(operation, Add):
            return self._add(definition, operation)
        if isinstance(operation, Remove):
            return removed(definition, self._find(definition, operation.step).path)
        if isinstance(operation, Move):
            return self._move(definition, operation)
        return self._change(definition, operation)

    def _add(self, definition: Any, operation: Add) -> Any:
        if refusal(operation.step) is not None or not isinstance(operation.step, dict):
            raise self._refuse("This is not a step.")
        step = _with_id(operation.step, _ids_of(_steps_of(definition)))
        self._refuse_known(definition, step)
        steps, number = self._list(definition, operation.at)
        return written(definition, steps, _inserted(read(definition, steps), number, step))

    def _move(self, definition: Any, operation: Move) -> Any:
        found = self._find(definition, operation.step)
        if operation.to.step in _ids_of(_located([found.step], ())):
            raise self._clash(f"“{clip(operation.step, 60)}” cannot be moved into itself.")
        without = removed(definition, found.path)
        steps, number = self._list(without, operation.to)
        return written(without, steps, _inserted(read(without, steps), number, found.step))

    def _change(self, definition: Any, operation: Change) -> Any:
        owner = () if operation.step is None else self._find(definition, operation.step).path
        inner = way_in(read(definition, owner), operation.field)
        if not inner or (owner and inner[0] == "id"):
            raise self._refuse("A step keeps its id, since other steps read it by that.")
        if not owner and inner[0] == "steps":
            raise self._refuse("Steps are added, moved and removed one by one.")
        path: Path = (*owner, *inner)
        try:
            if operation.value is TAKEN_AWAY:
                return removed(definition, path)
            return written(definition, path, operation.value)
        except LookupError as error:
            name = clip(".".join(map(str, inner)), 60)
            raise self._refuse(f"There is no place called “{name}” here.") from error

    def _find(self, definition: Any, step_id: str) -> Located:
        for each in _steps_of(definition):
            if each.step.get("id") == step_id:
                return each
        raise self._clash(f"There is no step “{clip(step_id, 60)}” in this draft.")

    def _refuse_known(self, definition: Any, step: dict[str, Any]) -> None:
        twice = _ids_of(_steps_of(definition)) & _ids_of(_located([step], ()))
        if twice:
            name = clip(min(twice), 60)
            raise self._clash(f"There is a step “{name}” in this draft already.")

    def _list(self, definition: Any, place: Place) -> tuple[Path, int]:
        """The way to the list of steps a place lies in, and the number in it."""
        field, _, last = place.field.rpartition(".")
        has_number = last.isdecimal() and bool(field)
        name = field if has_number else place.field
        path = self._way_to_list(definition, place.step, name)
        length = len(sequence(read(definition, path)))
        number = int(last) if has_number and len(last) < 6 else length
        if number > length:
            only = "is only 1 step" if length == 1 else f"are only {length} steps"
            raise self._refuse(f"There {only} at “{clip(name, 60)}”.")
        return path, number

    def _way_to_list(self, definition: Any, step_id: str | None, name: str) -> Path:
        owner: Path = ()
        fields = {"steps"}
        if step_id is not None:
            found = self._find(definition, step_id)
            owner, fields = found.path, {child.field for child in children(found.step)}
        if name not in fields:
            raise self._refuse(f"No steps can stand at “{clip(name, 60)}”.")
        return (*owner, *path_of(name))

    def _refuse(self, problem: str) -> Invalid:
        return Invalid(problem, errors=[FieldError(self._pointer, "operation", problem)])

    def _clash(self, problem: str) -> Conflict:
        errors = [FieldError(self._pointer, "operation", problem)]
        return Conflict(problem, code="draft_differs", errors=errors)


def way_in(document: Any, field: str | Sequence[str | int]) -> Path:
    """A field as a path: in a dotted one a number counts in a list and is a name elsewhere."""
    if not isinstance(field, str):
        return tuple(field)
    path: list[str | int] = []
    for part in field.split("."):
        here = read(document, path)
        is_place = isinstance(here, list) and part.isdecimal() and len(part) < 6
        path.append(int(part) if is_place else part)
    return tuple(path)


def _ids_of(steps: Iterable[Located]) -> set[str]:
    """What steps are called; in a draft anything may stand where an id should."""
    return {name for each in steps if isinstance(name := each.step.get("id"), str)}


def _inserted(steps: Any, number: int, step: Any) -> list[Any]:
    own = list(sequence(steps))
    return [*own[:number], step, *own[number:]]


def _with_id(step: dict[str, Any], known: set[str]) -> dict[str, Any]:
    """The step under a name of its own: `wait`, `wait-2` …"""
    if "id" in step:
        return step
    kind = step.get("kind")
    name = kind if isinstance(kind, str) and kind.isidentifier() and len(kind) < 40 else "step"
    free = (f"{name}-{number}" if number > 1 else name for number in range(1, len(known) + 2))
    return {"id": next(each for each in free if each not in known), **step}
