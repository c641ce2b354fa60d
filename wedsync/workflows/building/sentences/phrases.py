"""What sentences with slots are made of."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from wedsync.platform import wording
from wedsync.workflows.building.known.known_data import Known
from wedsync.workflows.building.known.pills import Pill, name_in, pill_of
from wedsync.workflows.engine.clauses import Naming
from wedsync.workflows.engine.words import expression_words
from wedsync.workflows.words.step_lines import is_question

_QUOTED = re.compile(r"“(.*)”", re.DOTALL)
_DOTTED = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that are not set."""

    text: str


@dataclass(frozen=True, slots=True)
class Slot:
    """A part of a sentence that can be set: the name of its field, and what it says.

    `is_missing`: it must be answered, and the words are the question. `is_pill`: a value from data.
    """

    field: str
    words: str
    is_missing: bool = False
    is_pill: bool = False
    icon: str = ""


PillOf: TypeAlias = Callable[[Any], Pill]
"""What people call a value."""

Phrase: TypeAlias = list["str | Slot"]
"""A sentence while it is put together, beginning with a small letter."""


def slot(field: str, words: str, *, is_pill: bool = False) -> Slot:
    return Slot(field, words, is_pill=is_pill)


def missing(field: str, question: str) -> Slot:
    return Slot(field, question, is_missing=True)


def value_slot(field: str, value: Any, pill_of: PillOf) -> Slot:
    """A value: a pill where it comes from data, which must be answered where that is gone."""
    if not isinstance(value, dict):
        return Slot(field, expression_words(value))
    pill = pill_of(value)
    return Slot(field, pill.words, pill.is_missing, is_pill=True, icon=pill.icon)


def pills_with(known: Known | None, step_id: str | None) -> PillOf:
    """The names of the values in a step that was asked about, as it knows them; without `known`,
    those the engine has."""
    if known is None:
        return lambda value: Pill(expression_words(value), "")
    return lambda value: pill_of(value, known, step_id)


def names_with(known: Known | None, step_id: str | None) -> Naming:
    """The same inside a sentence."""
    return expression_words if known is None else name_in(known, step_id)


def settled(parts: Sequence[str | Slot]) -> tuple[Piece | Slot, ...]:
    """The finished sentence: a capital first, and no quotation marks around what a slot says but
    for a question."""
    kept = [each for part in parts if part for each in _settled(part)]
    first = kept[0]
    if isinstance(first, Piece):
        return (Piece(wording.capital(first.text)), *kept[1:])
    return (replace(first, words=wording.capital(first.words)), *kept[1:])


def _settled(part: str | Slot) -> Sequence[Piece | Slot]:
    if isinstance(part, str):
        return (Piece(part),)
    said = _unquoted(part)
    if is_question(said.words) and not said.is_missing and not said.is_pill:
        return (Piece("“"), said, Piece("”"))
    return (said,)


def _unquoted(part: Slot) -> Slot:
    found = _QUOTED.fullmatch(part.words)
    if found is None:
        return part
    is_event_type = _DOTTED.fullmatch(found[1]) is not None
    return replace(part, words=wording.name_words(found[1]) if is_event_type else found[1])
