"""Expressions as a person would say them: what they read, and what they make of it."""

from collections.abc import Sequence
from typing import Any

from wedsync.workflows.engine.operators import argument_list, operator_call
from wedsync.workflows.engine.plain_words import LONGEST_VALUE, clip, is_date, listing, value_words

__all__ = [
    "LONGEST_VALUE",
    "clip",
    "expression_words",
    "is_date",
    "listing",
    "operator_depth",
    "path_of",
    "path_words",
    "stand_in",
    "value_words",
]

_VAGUE = frozenset(
    ("name", "id", "type", "value", "label", "title", "amount", "code", "date", "number")
)


def path_of(expression: Any) -> tuple[str, ...] | None:
    """The path of a plain read: `{"var": "trigger.data.city"}`; None for anything else."""
    call = operator_call(expression)
    if call is None or call[0] not in ("var", "val"):
        return None
    arguments = argument_list(call[1])
    if call[0] == "val":
        plain = arguments and all(isinstance(part, str) for part in arguments)
        return tuple(arguments) if plain else None
    first = arguments[0] if arguments else ""
    return tuple(first.split(".")) if isinstance(first, str) and first else None


def path_words(path: Sequence[str]) -> str:
    """`trigger.data.guest.name` is the guest name, `steps.shape.seats` the seats."""
    own = list(path)
    if own == ["now"]:
        return "today"
    if own[-1] == "id" and len(own) > 1:
        own = own[:-1]
    if len(own) > 2 and (own[0] == "steps" or own[:2] == ["trigger", "data"]):
        own = own[2:]
    elif own[0] in ("trigger", "item", "run") and len(own) > 1:
        own = own[1:]
    own = [part for part in own if not part.isdigit()] or own
    telling = own[-2:] if own[-1].lower() in _VAGUE else own[-1:]
    said = " ".join(part.replace("_", " ").strip() for part in telling).strip()
    return clip(said, 60) or "a value"


def expression_words(expression: Any) -> str:
    """An expression as a noun: a value, the name of what it reads, or a short description."""
    path = path_of(expression)
    if path is not None:
        return path_words(path)
    call = operator_call(expression)
    if call is None:
        return "calculated values" if isinstance(expression, dict) else value_words(expression)
    return _call_words(*call)


_INFIX = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}
_OF = {
    "length": "length",
    "max": "largest",
    "min": "smallest",
    "missing": "missing ones",
    "type": "kind",
}
_AS_IS = frozenset(("lower", "upper", "trim", "abs", "ceil", "floor", "??", "datetime"))


def _call_words(name: str, arguments: Any) -> str:
    parts = argument_list(arguments)
    if name == "cat" and parts:
        return f"“{_text_of(parts)}”"
    if not parts or operator_depth(parts, 4):
        return stand_in({name: arguments}) or "a calculated value"
    if name in _INFIX and len(parts) > 1:
        return clip(f" {_INFIX[name]} ".join(expression_words(part) for part in parts[:4]))
    if name in _OF:
        return clip(f"{_OF[name]} of {listing([expression_words(part) for part in parts[:4]])}")
    if name in _AS_IS:
        return expression_words(parts[0])
    return stand_in({name: arguments}) or "a calculated value"


def _text_of(parts: Sequence[Any]) -> str:
    """A text put together: its fixed words, and what stands in for the rest when there is none."""
    told = "".join(
        part if isinstance(part, str) else stand_in(part) or expression_words(part)
        for part in parts
    )
    return clip(" ".join(told[: 4 * LONGEST_VALUE].split()).translate(_UNQUOTED))


_UNQUOTED = str.maketrans("“”", "‘’")
_HAS_STAND_IN = ("??", "if", "?:")


def stand_in(expression: Any) -> str | None:
    """The words given when there is nothing: `A guest` of `{"??": [x, "A guest"]}`."""
    call = operator_call(expression)
    if call is None or call[0] not in _HAS_STAND_IN:
        return None
    last = argument_list(call[1])[-1:]
    return last[0] if last and isinstance(last[0], str) and last[0].strip() else None


def operator_depth(parts: Sequence[Any], most: int) -> bool:
    """Whether calculations are nested deeper than can be said in one breath."""
    if most == 0:
        return True
    calls = [call for call in map(operator_call, parts) if call]
    return any(operator_depth(argument_list(arguments), most - 1) for _, arguments in calls)
