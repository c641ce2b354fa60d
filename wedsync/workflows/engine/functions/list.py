"""`list.`: guests, tasks, items. A list that is not there is an empty one; `field` may be a path
with dots. Texts are compared as `text.is` does."""

from collections import Counter
from decimal import Decimal
from typing import Any

import orjson

from wedsync.workflows.engine.functions.function import Group, optional
from wedsync.workflows.engine.functions.kinds import (
    ANY,
    LIST,
    NUMBER,
    RECORD,
    TEXT,
    WHOLE,
    YES_NO,
    Unusable,
    plain_number,
    plain_text,
)
from wedsync.workflows.engine.functions.kinds import number as read_number
from wedsync.workflows.engine.functions.number import rounded
from wedsync.workflows.engine.functions.text import folded
from wedsync.workflows.engine.plain_words import listing

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


@list_.function(
    "sum",
    NUMBER,
    [{"seats": 2}, {"seats": 3}],
    "seats",
    5,
    list=LIST,
    field=optional(TEXT, ""),
    says="sum of {0}",
)
def sum_(items: list[Any], field: str) -> int | float:
    """Its numbers, or those in a field of its records, added up; nothing counts as 0."""
    return plain_number(sum(_numbers(items, field), Decimal(0)))


@list_.function(
    "average",
    NUMBER,
    [2, 4],
    3,
    list=LIST,
    field=optional(TEXT, ""),
    says="average of {0}",
)
def average(items: list[Any], field: str) -> int | float:
    """The average of its numbers, or of those in a field, to two places."""
    found = _some(items, field)
    return plain_number(rounded(sum(found, Decimal(0)) / len(found), 2))


@list_.function(
    "the smallest",
    NUMBER,
    [4, 2],
    2,
    list=LIST,
    field=optional(TEXT, ""),
    says="smallest of {0}",
)
def smallest(items: list[Any], field: str) -> int | float:
    """The smallest of its numbers, or of those in a field."""
    return plain_number(min(_some(items, field)))


@list_.function(
    "the largest",
    NUMBER,
    [4, 2],
    4,
    list=LIST,
    field=optional(TEXT, ""),
    says="largest of {0}",
)
def largest(items: list[Any], field: str) -> int | float:
    """The largest of its numbers, or of those in a field."""
    return plain_number(max(_some(items, field)))


def _numbers(parts: list[Any], field: str) -> list[Decimal]:
    found = (field_of(part, field) for part in parts)
    return [read_number(value) for value in found if value is not None]


def _some(parts: list[Any], field: str) -> list[Decimal]:
    found = _numbers(parts, field)
    if not found:
        raise Unusable("There are no numbers in the list.")
    return found


@list_.function(
    "in words", TEXT, ["Ana", "Ben", "Cleo"], "Ana, Ben and Cleo",
    list=LIST, conjunction=optional(TEXT, "and"),
)  # fmt: skip
def in_words(items: list[Any], conjunction: str) -> str:
    """Its values as a sentence lists them; empty ones are left out."""
    return listing([word for word in map(plain_text, items) if word.strip()], conjunction)


@list_.function("counted by", RECORD, _GUESTS, "diet", {"vegan": 2}, list=LIST, field=TEXT)
def tally(items: list[Any], field: str) -> dict[str, int]:
    """How many records have each value of a field; records without one do not count."""
    return dict(_tally(items, field))


@list_.function("counted in words", TEXT, _GUESTS, "diet", "2 vegan", list=LIST, field=TEXT)
def tally_in_words(items: list[Any], field: str) -> str:
    """How many records have each value of a field, the most frequent first."""
    return listing([f"{number:,} {said}" for said, number in _tally(items, field)])


def _tally(parts: list[Any], field: str) -> list[tuple[str, int]]:
    said = [plain_text(field_of(part, field)).strip() for part in parts]
    shown = {folded(word): word for word in reversed(said) if word}
    counted = Counter(folded(word) for word in said if word)
    return [(shown[key], number) for key, number in counted.most_common()]
