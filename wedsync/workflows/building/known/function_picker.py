"""The functions of the data picker: which can be used on a value, and using one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from wedsync.errors import FieldError, Invalid
from wedsync.platform.wording import capital
from wedsync.workflows.building.known.data_items import ItemKind
from wedsync.workflows.building.known.data_search import words_of
from wedsync.workflows.building.typed.not_readable import NotReadable
from wedsync.workflows.building.typed.typed_amounts import read_money, read_number
from wedsync.workflows.building.typed.typed_days import read_day
from wedsync.workflows.building.typed.typed_times import read_clock
from wedsync.workflows.engine.functions import FUNCTIONS, GROUPS, Argument, Function, kinds
from wedsync.workflows.engine.operators import operator_call
from wedsync.workflows.engine.words import value_words

_TAKES: Mapping[ItemKind, tuple[kinds.Kind, ...]] = {
    "text": (kinds.TEXT, kinds.TEXTS),
    "number": (kinds.NUMBER, kinds.WHOLE),
    "money": (kinds.MONEY,),
    "date": (kinds.DATE, kinds.DAY),
    "list": (kinds.LIST, kinds.TEXTS),
    "yes_no": (kinds.YES_NO,),
}
_ANYTHING = (kinds.ANY,)
_GIVES: Mapping[str, ItemKind] = {
    "text": "text",
    "number": "number",
    "whole number": "number",
    "money": "money",
    "date": "date",
    "day": "date",
    "list": "list",
    "list of texts": "list",
    "yes or no": "yes_no",
}
_FILLED_IN: Mapping[str, Any] = {"now": {"var": "now"}, "zone": {"var": "wedding.zone"}}
"""What nobody needs to be asked: the present moment, and the clocks at the wedding."""
_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "uppercase": ("capitals",),
    "caps": ("capitals",),
    "lowercase": ("small",),
    "plus": ("after", "added"),
    "minus": ("after", "less"),
    "add": ("after", "added"),
    "subtract": ("after", "less"),
    "count": ("number",),
    "default": ("else",),
    "format": ("written", "separators"),
    "join": ("words",),
    "total": ("sum", "added"),
    "trim": ("tidied",),
}
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FunctionInput:
    """What a function must be told beside the value; `example` is how that may look."""

    name: str
    title: str
    kind: str
    required: bool
    example: str


@dataclass(frozen=True, slots=True)
class FunctionChoice:
    """A function as people choose it. `example` is a value before and after."""

    name: str
    label: str
    about: str
    gives: ItemKind
    inputs: tuple[FunctionInput, ...]
    example: str


@dataclass(frozen=True, slots=True)
class FunctionGroup:
    """Functions that belong together."""

    title: str
    choices: tuple[FunctionChoice, ...]


def functions_for(kind: ItemKind, query: str = "") -> tuple[FunctionGroup, ...]:
    """What can be made of a value of this kind, narrowed to all words of the query; a slash in
    front is how the picker is asked for functions. Tests are left to conditions."""
    wanted = words_of(query.lstrip("/ "))
    groups = []
    for prefix, title in GROUPS.items():
        found = [
            _choice(each)
            for each in FUNCTIONS.values()
            if each.name.startswith(f"{prefix}.") and _can_take(each, kind)
        ]
        fitting = tuple(each for each in found if _is_found(each, title, wanted))
        if fitting:
            groups.append(FunctionGroup(title, fitting))
    return tuple(groups)


def _can_take(function: Function, kind: ItemKind) -> bool:
    if function.verb is not None or not function.arguments:
        return False
    first = function.arguments[0].kind
    if kind == "anything":
        return first is not kinds.WEDDING
    if first in _ANYTHING:
        return kind in ("yes_no", "text") and function.name.startswith("yes_no.")
    return first in _TAKES.get(kind, ())


def _is_found(choice: FunctionChoice, title: str, wanted: Sequence[str]) -> bool:
    known = words_of(f"{choice.label} {choice.about} {title}")
    return all(
        any(each.startswith(form) for each in known for form in (word, *_SYNONYMS.get(word, ())))
        for word in wanted
    )


def _choice(function: Function) -> FunctionChoice:
    before = value_words(function.example.given[0])
    after = value_words(function.example.gives)
    return FunctionChoice(
        name=function.name,
        label=capital(function.label),
        about=" ".join(function.about.split()),
        gives=_GIVES.get(function.gives.name, "anything"),
        inputs=tuple(_inputs(function)),
        example=f"{before} becomes {after}",
    )


def _inputs(function: Function) -> Iterator[FunctionInput]:
    for place, argument in _told(function):
        if argument.name not in _FILLED_IN:
            yield FunctionInput(
                name=argument.name,
                title=capital(argument.words),
                kind=argument.kind.name,
                required=argument.needed or argument.several,
                example=_example(function, place),
            )


def _told(function: Function) -> Iterator[tuple[int, Argument]]:
    """What a function is told beside the value; one that takes several, another one."""
    first, *rest = function.arguments
    yield from enumerate([first, *rest] if first.several else rest, start=1)


def _example(function: Function, place: int) -> str:
    given = function.example.given
    value = given[place] if place < len(given) else None
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    return "" if value is None or isinstance(value, dict) else str(value)


def apply(function: str, expression: Any, arguments: Mapping[str, Any] = _NOTHING) -> Any:
    """The expression that uses a function on another one. `arguments` are by name, as people typed
    them or expressions themselves. Raises Invalid with a sentence for each that will not do."""
    found = FUNCTIONS.get(function)
    if found is None or not found.arguments:
        message = "There is no such function."
        raise Invalid(message, errors=[FieldError("/function", "wrong_value", message)])
    parts, errors = _parts(found, arguments)
    if errors:
        raise Invalid(errors[0].message if len(errors) == 1 else "", errors=errors)
    return {found.name: [expression, *_without_end(parts)]}


def _parts(function: Function, arguments: Mapping[str, Any]) -> tuple[list[Any], list[FieldError]]:
    parts: list[Any] = []
    errors: list[FieldError] = []
    for place, argument in _told(function):
        given = arguments.get(argument.name)
        part = _FILLED_IN.get(argument.name) if _is_empty(given) else _read(argument, given)
        if part is None and (argument.needed or argument.several):
            errors.append(_fault(argument, "missing", f"Say {argument.kind.words}."))
        elif operator_call(part) is None and function.literal_fault(place, part):
            wrong = f"This should be {argument.kind.words}."
            errors.append(_fault(argument, "wrong_value", wrong))
        parts.append(part)
    return parts, errors


def _fault(argument: Argument, code: str, message: str) -> FieldError:
    return FieldError(f"/{argument.name}", code, message)


def _is_empty(given: Any) -> bool:
    return given is None or (isinstance(given, str) and not given.strip())


def _read(argument: Argument, given: Any) -> Any:
    """What was typed as the kind that is wanted; what is no such is left for the check."""
    if not isinstance(given, str):
        return given
    try:
        return _READERS.get(argument.kind.name, str)(given)
    except NotReadable:
        return given


def _listed(typed: str) -> list[str]:
    return [part.strip() for part in typed.split(",") if part.strip()]


_READERS: Mapping[str, Callable[[str], Any]] = {
    "number": read_number,
    "whole number": read_number,
    "money": read_money,
    "date": read_day,
    "day": read_day,
    "time of day": read_clock,
    "list": _listed,
    "list of texts": _listed,
}


def _without_end(parts: list[Any]) -> list[Any]:
    """What is left out at the end need not be said."""
    while parts and parts[-1] is None:
        parts = parts[:-1]
    return parts
