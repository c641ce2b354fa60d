"""`list.`: guests, tasks, items. A list that is not there is an empty one; `field` may be a path
with dots. Texts are compared as `text.is` does."""

from typing import Any

import orjson

from wedsync.workflows.engine.functions.function import Group, optional
from wedsync.workflows.engine.functions.kinds import (
    ANY,
    LIST,
    TEXT,
    WHOLE,
    YES_NO,
    Unusable,
)
from wedsync.workflows.engine.functions.text import folded

list_ = Group("list")

_GUESTS = [{"name": "Ana", "diet": "vegan"}, {"name": "Ben", "diet": "Vegan"}, {"name": "Cleo"}]


def field_of(part: Any, path: str) -> Any:
    """What lies at a path of a record; None where there is nothing."""
    for name in path.split(".") if path else ():
        part = part.get(name) if isinstance(part, dict) else None
    return part


def key_of(value: Any) -> Any:
    """What two equal values share: case and accents, 3 and 3.0, order of names do not matter."""
    if isinstance(value, str):
        return folded(value)
    if isinstance(value, bool) or value is None:
        return (value,)
    if isinstance(value, int | float):
        return float(value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


@list_.function(
    "number of",
    WHOLE,
    ["Ana", "Ben"],
    2,
    list=LIST,
    says="number of {0}",
)
def count(items: list[Any]) -> int:
    """How many there are."""
    return len(items)


@list_.function("is empty", YES_NO, [], True, verb="empty", list=LIST)
def is_empty(items: list[Any]) -> bool:
    """Whether there is nothing in it."""
    return not items


@list_.function(
    "contains", YES_NO, ["Vegan", "nuts"], "vegan", True, verb="contains", list=LIST, value=ANY
)
def contains(items: list[Any], value: Any) -> bool:
    """Whether a value is in it."""
    return key_of(value) in map(key_of, items)


@list_.function(
    "contains one of", YES_NO, ["vegan"], ["Vegan", "halal"], True,
    verb="contains one", list=LIST, values=LIST,
)  # fmt: skip
def contains_one_of(items: list[Any], values: list[Any]) -> bool:
    """Whether at least one of several values is in it."""
    wanted = set(map(key_of, values))
    return any(key_of(part) in wanted for part in items)


@list_.function(
    "the first",
    ANY,
    ["Ana", "Ben"],
    "Ana",
    list=LIST,
    says="first of {0}",
)
def first(items: list[Any]) -> Any:
    """The first one; nothing when it is empty."""
    return items[0] if items else None


@list_.function(
    "the last",
    ANY,
    ["Ana", "Ben"],
    "Ben",
    list=LIST,
    says="last of {0}",
)
def last(items: list[Any]) -> Any:
    """The last one; nothing when it is empty."""
    return items[-1] if items else None


@list_.function("the one at", ANY, ["Ana", "Ben"], 2, "Ben", list=LIST, place=WHOLE)
def at(items: list[Any], place: int) -> Any:
    """The one at a place, counted from 1; nothing when there are not so many."""
    return items[place - 1] if 1 <= place <= len(items) else None


@list_.function(
    "the first few", LIST, ["Ana", "Ben", "Cleo"], 2, ["Ana", "Ben"], list=LIST, number=WHOLE
)
def take(items: list[Any], number: int) -> list[Any]:
    """At most so many from the beginning."""
    return items[: max(number, 0)]


@list_.function(
    "all but the first", LIST, ["Ana", "Ben", "Cleo"], 2, ["Cleo"], list=LIST, number=WHOLE
)
def skip(items: list[Any], number: int) -> list[Any]:
    """What is left without so many from the beginning."""
    return items[max(number, 0) :]


@list_.function(
    "those where",
    LIST,
    _GUESTS,
    "diet",
    "vegan",
    _GUESTS[:2],
    list=LIST,
    field=TEXT,
    value=ANY,
    says="{0} where {1} is {2}",
)
def where(items: list[Any], field: str, value: Any) -> list[Any]:
    """The records whose field has a value."""
    wanted = key_of(value)
    return [part for part in items if key_of(field_of(part, field)) == wanted]


@list_.function(
    "those where not",
    LIST,
    _GUESTS,
    "diet",
    "vegan",
    _GUESTS[2:],
    list=LIST,
    field=TEXT,
    value=ANY,
    says="{0} where {1} is not {2}",
)
def where_not(items: list[Any], field: str, value: Any) -> list[Any]:
    """The records whose field has another value, or none."""
    wanted = key_of(value)
    return [part for part in items if key_of(field_of(part, field)) != wanted]


@list_.function(
    "the one where",
    ANY,
    _GUESTS,
    "name",
    "ben",
    _GUESTS[1],
    list=LIST,
    field=TEXT,
    value=ANY,
    says="{0} where {1} is {2}",
)
def find(items: list[Any], field: str, value: Any) -> Any:
    """The first record whose field has a value; nothing when there is none."""
    wanted = key_of(value)
    return next((part for part in items if key_of(field_of(part, field)) == wanted), None)


@list_.function(
    "number where",
    WHOLE,
    _GUESTS,
    "diet",
    "vegan",
    2,
    list=LIST,
    field=TEXT,
    value=ANY,
    says="number of {0} where {1} is {2}",
)
def count_where(items: list[Any], field: str, value: Any) -> int:
    """How many records have a value in a field."""
    wanted = key_of(value)
    return sum(key_of(field_of(part, field)) == wanted for part in items)


@list_.function(
    "the field of each",
    LIST,
    _GUESTS,
    "name",
    ["Ana", "Ben", "Cleo"],
    list=LIST,
    field=TEXT,
    says="{1} of {0}",
)
def pluck(items: list[Any], field: str) -> list[Any]:
    """One field of every record, in their order; nothing where it is missing."""
    return [field_of(part, field) for part in items]


@list_.function("those filled in", LIST, ["Ana", "", None], ["Ana"], list=LIST)
def filled(items: list[Any]) -> list[Any]:
    """Without what is empty or missing."""
    return [part for part in items if part not in (None, "", [], {})]


@list_.function("each once", LIST, ["Ana", "ana", "Ben"], ["Ana", "Ben"], list=LIST)
def unique(items: list[Any]) -> list[Any]:
    """Each value once, as it came first."""
    return [*{key_of(part): part for part in reversed(items)}.values()][::-1]


@list_.function(
    "without",
    LIST,
    ["Ana", "Ben"],
    "ben",
    ["Ana"],
    list=LIST,
    value=ANY,
    says="{0} without {1}",
)
def without(items: list[Any], value: Any) -> list[Any]:
    """All but those equal to a value."""
    left_out = key_of(value)
    return [part for part in items if key_of(part) != left_out]


@list_.function("turned round", LIST, [1, 2], [2, 1], list=LIST)
def reverse(items: list[Any]) -> list[Any]:
    """The last first."""
    return items[::-1]


@list_.function(
    "sorted", LIST, _GUESTS, "name", "descending", _GUESTS[::-1],
    list=LIST, field=optional(TEXT, ""), direction=optional(TEXT, "ascending"),
)  # fmt: skip
def sort_by(items: list[Any], field: str, direction: str) -> list[Any]:
    """Sorted by a field of its records, or by its values; what is missing comes last. The
    direction is “ascending” or “descending”."""
    if direction not in ("ascending", "descending"):
        raise Unusable("A list is sorted “ascending” or “descending”.")
    there = [part for part in items if field_of(part, field) is not None]
    missing = [part for part in items if field_of(part, field) is None]
    there.sort(key=lambda part: _rank(field_of(part, field)), reverse=direction == "descending")
    return there + missing


def _rank(value: Any) -> tuple[int, float, str]:
    if isinstance(value, bool):
        return (0, float(value), "")
    if isinstance(value, int | float):
        return (1, float(value), "")
    return (2, 0.0, folded(value) if isinstance(value, str) else "")
