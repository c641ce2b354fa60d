"""Values and paths as a person would say them."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from wedsync.workflows.engine.operators import argument_list, operator_call

LONGEST_VALUE = 80
_MOST_NAMED = 5
_VAGUE = frozenset(
    ("name", "id", "type", "value", "label", "title", "amount", "code", "date", "number")
)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")


def clip(text: str, longest: int = LONGEST_VALUE) -> str:
    """At most `longest` characters, the cut shown."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def listing(parts: Sequence[str], conjunction: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {conjunction} {parts[-1]}"


def value_words(value: Any) -> str:
    """One value from data, short: `yes`, `empty`, `12 June 2027`, `Ada, Ben and 3 more`."""
    if value is None:
        return "not given"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return _text_words(value)
    if isinstance(value, list):
        return _list_words(value)
    if isinstance(value, dict):
        return "a record" if value else "empty"
    return clip(f"{value:g}" if isinstance(value, float) and abs(value) < 1e6 else str(value))


def _text_words(text: str) -> str:
    said = clip(" ".join(text[: 4 * LONGEST_VALUE].split()))
    if not said:
        return "empty"
    return _date_words(said) or said


def is_date(value: Any) -> bool:
    """Whether a value reads as a day or an instant."""
    return isinstance(value, str) and _date_words(value) is not None


def _date_words(text: str) -> str | None:
    if len(text) > 40 or not _INSTANT.fullmatch(text):
        return None
    try:
        if len(text) == 10:
            return _day_words(date.fromisoformat(text))
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    zone = " UTC" if text.endswith("Z") else ""
    return f"{_day_words(moment.date())}, {moment:%H:%M}{zone}"


def _day_words(day: date) -> str:
    return f"{day:%a} {day.day} {day:%B} {day.year}"


def _list_words(values: list[Any]) -> str:
    if not values:
        return "empty"
    if isinstance(values[0], dict):
        return f"{len(values)} records" if len(values) > 1 else "one record"
    named = [value_words(value) for value in values[:_MOST_NAMED]]
    left = len(values) - len(named)
    return listing([*named, f"{left} more"]) if left else listing(named)


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
