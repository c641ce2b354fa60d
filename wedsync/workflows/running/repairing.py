"""What a step was given, as plain fields a person can correct before it is done again.

    {"to": "ana@example", "data": {"seats": 2}}      To: ana@example      Data seats: 2

Only single values become fields: texts, numbers, yes and no. Lists, sealed values and what is
deep stay as they are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from wedsync.errors import FieldError, Invalid
from wedsync.events.service import problem_with_data
from wedsync.platform.leaves import NothingHidden, is_sealed, unmasked
from wedsync.workflows.engine.words import clip
from wedsync.workflows.words.step_lines import input_title, label_of

FieldKind = Literal["text", "number", "yes_no"]

_MOST_FIELDS = 40
_DEEPEST = 4
_LONGEST = 20_000
_LONGEST_LABEL = 80
_NOTHING_HIDDEN = "There is no hidden value here that could stay as it is. Give the value itself."


@dataclass(frozen=True, slots=True)
class RepairField:
    """One value: where it lies, what people call it, what kind it is and what it is now."""

    path: tuple[str, ...]
    label: str
    kind: FieldKind
    value: Any


def as_given(given: Any, recorded: Any, field: str = "input") -> Any:
    """What a person gave in place of what was `recorded`: a value they were shown masked, and gave
    back so, stays what it is. Raises Invalid for a mask where nothing is kept, and for what cannot
    be kept."""
    if problem := problem_with_data(given):
        raise Invalid(problem, errors=[FieldError(f"/{field}", field, problem)])
    try:
        return unmasked(given, recorded)
    except NothingHidden as mask:
        errors = [FieldError(f"/{field}{mask.pointer}", "nothing_hidden", _NOTHING_HIDDEN)]
        raise Invalid(_NOTHING_HIDDEN, errors=errors) from None


def can_repair(given: Any) -> bool:
    """Whether anything of what a step was given can be corrected as a field."""
    return next(_leaves(given, ()), None) is not None


def fields_of(use: str, given: Any) -> tuple[RepairField, ...]:
    """What can be corrected of what an action was given, in its own order."""
    return tuple(
        RepairField(path, _label(use, path), _kind(value), value)
        for path, value in list(_leaves(given, ()))[:_MOST_FIELDS]
    )


def repaired(given: Mapping[str, Any], changed: Mapping[tuple[str, ...], Any]) -> dict[str, Any]:
    """What it was given with these values in place of those that were there."""
    return {name: _repaired(value, (name,), changed) for name, value in given.items()}


def _repaired(value: Any, path: tuple[str, ...], changed: Mapping[tuple[str, ...], Any]) -> Any:
    if path in changed:
        return changed[path]
    if isinstance(value, dict) and not is_sealed(value):
        return {name: _repaired(part, (*path, name), changed) for name, part in value.items()}
    return value


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if is_sealed(value) or len(path) > _DEEPEST:
        return
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _leaves(part, (*path, name))
    elif path and _is_single(value):
        yield path, value


def _is_single(value: Any) -> bool:
    return not isinstance(value, list | dict) and len(str(value)) <= _LONGEST


def _kind(value: Any) -> FieldKind:
    if isinstance(value, bool):
        return "yes_no"
    return "number" if isinstance(value, int | float) else "text"


def _label(use: str, path: tuple[str, ...]) -> str:
    """The form's own word for an input, then the names of what lies in it."""
    first = input_title(use, path[0]) or label_of(path[0])
    if len(path) == 1:
        return first
    if path[0] in ("data", "json", "values"):
        return label_of(" ".join(path[1:]))
    return clip(f"{first}, {label_of(' '.join(path[1:])).lower()}", _LONGEST_LABEL)
