"""`list.`: what a list comes to, as one number or a few words; see `list`."""

from collections import Counter
from decimal import Decimal
from typing import Any

from wedsync.workflows.engine.functions.function import Group, optional
from wedsync.workflows.engine.functions.kinds import (
    LIST,
    NUMBER,
    RECORD,
    TEXT,
    Unusable,
    plain_number,
    plain_text,
)
from wedsync.workflows.engine.functions.kinds import number as read_number
from wedsync.workflows.engine.functions.list import field_of
from wedsync.workflows.engine.functions.number import rounded
from wedsync.workflows.engine.functions.text import folded
from wedsync.workflows.engine.plain_words import listing

list_total = Group("list")

_GUESTS = [{"name": "Ana", "diet": "vegan"}, {"name": "Ben", "diet": "Vegan"}, {"name": "Cleo"}]


@list_total.function(
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


@list_total.function(
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


@list_total.function(
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


@list_total.function(
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


@list_total.function(
    "in words", TEXT, ["Ana", "Ben", "Cleo"], "Ana, Ben and Cleo",
    list=LIST, conjunction=optional(TEXT, "and"),
)  # fmt: skip
def in_words(items: list[Any], conjunction: str) -> str:
    """Its values as a sentence lists them; empty ones are left out."""
    return listing([word for word in map(plain_text, items) if word.strip()], conjunction)


@list_total.function("counted by", RECORD, _GUESTS, "diet", {"vegan": 2}, list=LIST, field=TEXT)
def tally(items: list[Any], field: str) -> dict[str, int]:
    """How many records have each value of a field; records without one do not count."""
    return dict(_tally(items, field))


@list_total.function("counted in words", TEXT, _GUESTS, "diet", "2 vegan", list=LIST, field=TEXT)
def tally_in_words(items: list[Any], field: str) -> str:
    """How many records have each value of a field, the most frequent first."""
    return listing([f"{number:,} {said}" for said, number in _tally(items, field)])


def _tally(parts: list[Any], field: str) -> list[tuple[str, int]]:
    said = [plain_text(field_of(part, field)).strip() for part in parts]
    shown = {folded(word): word for word in reversed(said) if word}
    counted = Counter(folded(word) for word in said if word)
    return [(shown[key], number) for key, number in counted.most_common()]
