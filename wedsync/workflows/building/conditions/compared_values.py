"""What people type into the fields of a condition row, read by the kind it should be; and back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from wedsync.workflows.building.typed.not_readable import NotReadable
from wedsync.workflows.building.typed.typed_amounts import (
    money_of,
    read_money,
    read_number,
    shown_money,
    shown_number,
)
from wedsync.workflows.building.typed.typed_days import (
    WEEKDAYS,
    read_day,
    read_days,
    read_weekdays,
    shown_day,
)
from wedsync.workflows.engine.functions.text import folded
from wedsync.workflows.engine.limits import MAX_OFFSET_DAYS
from wedsync.workflows.engine.operators import operator_call
from wedsync.workflows.engine.shape import refusal
from wedsync.workflows.engine.words import is_date

InputKind: TypeAlias = Literal[
    "text", "texts", "number", "count", "days", "money", "day", "weekdays"
]

WRITTEN_DOWN = frozenset(("count", "days"))
"""Never read from data: a verb with such an input would look like another."""

LONGEST_TEXT = 1_000
MOST_TEXTS = 100
_SEPARATORS = ("\n", ";", ",")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is taken for granted where somebody types: the currency meant when none is written,
    and whether the present can be looked at (the filter of a trigger cannot)."""

    currency: str | None = None
    knows_today: bool = True


def read_typed(kind: InputKind, typed: str, around: Surroundings) -> Any:
    """The expression of what was typed, which is not blank. Raises NotReadable."""
    if len(typed) > LONGEST_TEXT:
        raise NotReadable(f"At most {LONGEST_TEXT:,} characters can be compared with.")
    if refusal(typed) is not None:
        raise NotReadable("There is a character in it that cannot be kept.")
    if kind == "money":
        return read_money(typed, around.currency)
    if kind == "day":
        return read_day(typed, knows_today=around.knows_today)
    return _READERS[kind](typed)


def _texts(typed: str) -> list[str]:
    separator = next((mark for mark in _SEPARATORS if mark in typed), ",")
    parts = [part.strip() for part in typed.split(separator) if part.strip()]
    if not parts:
        raise NotReadable("Write what it may be, with commas between.")
    if len(parts) > MOST_TEXTS:
        raise NotReadable(f"At most {MOST_TEXTS} can be listed.")
    return parts


_READERS: Mapping[InputKind, Callable[[str], Any]] = {
    "text": str.strip,
    "texts": _texts,
    "number": read_number,
    "count": read_number,
    "days": read_days,
    "weekdays": read_weekdays,
}


def shown_typed(kind: InputKind, expression: Any) -> str | None:
    """What somebody would type for it; None when it is no such thing, but read from data."""
    if expression == {} and isinstance(expression, dict):
        return ""
    if kind == "money":
        amount = money_of(expression)
        return shown_money(*amount) if amount else None
    if kind == "day":
        return shown_day(expression)
    if kind in ("texts", "weekdays"):
        return _shown_texts(expression)
    if kind == "text" and isinstance(expression, str):
        return expression
    return shown_number(expression) if _is_number(expression) else None


def _shown_texts(expression: Any) -> str | None:
    parts = expression if isinstance(expression, list) else [expression]
    if not parts or not all(isinstance(part, str) and part.strip() for part in parts):
        return None
    inside = "".join(parts)
    if "\n" in inside:
        return None
    mark = "\n" if ";" in inside else ";" if "," in inside else ","
    joined = (mark if mark == "\n" else f"{mark} ").join(parts)
    return joined if len(parts) > 1 or mark == "," else joined + mark


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_texts(value: Any) -> bool:
    if not isinstance(value, list):
        return isinstance(value, str)
    return all(isinstance(part, str) or _is_number(part) for part in value)


def _is_weekdays(value: Any) -> bool:
    names = value if isinstance(value, list) else [value]
    known = {folded(name) for name in WEEKDAYS}
    return all(isinstance(name, str) and folded(name[:20]) in known for name in names)


_ACCEPTS: Mapping[InputKind, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str) or _is_number(value),
    "texts": _is_texts,
    "number": _is_number,
    "count": _is_number,
    "days": lambda value: type(value) is int and 0 <= value <= MAX_OFFSET_DAYS,
    "money": lambda value: False,
    "day": is_date,
    "weekdays": _is_weekdays,
}


def accepts(kind: InputKind, expression: Any) -> bool:
    """Whether an input of a kind can hold it: blank, read from data, or written down fittingly."""
    if isinstance(expression, dict):
        readable = kind not in WRITTEN_DOWN and operator_call(expression) is not None
        return readable or not expression
    return _ACCEPTS[kind](expression)
