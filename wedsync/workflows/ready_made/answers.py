"""Answers to a recipe's questions: read as typed, each refused with a sentence of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from wedsync.errors import FieldError, Invalid
from wedsync.platform.wording import number
from wedsync.workflows.building.typed.not_readable import NotReadable
from wedsync.workflows.building.typed.typed_times import read_duration, read_offset
from wedsync.workflows.ready_made.recipe import Kind, Question, Recipe

LONGEST_TEXT = 500
_LONGEST_EMAIL = 254
_LONGEST_NUMBER = 18

Offered = Mapping[str, frozenset[str]]
"""By connector, the ids of the connections that may be chosen."""

Lists = Mapping[str, Mapping[str, str]]
"""By question, what may be chosen, with its words: webhooks, people, what an account has."""

_NO_LISTS: Lists = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Read:
    """The answers that can be used, and a sentence for each that cannot, by question."""

    values: Mapping[str, Any] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)

    def require(self) -> Mapping[str, Any]:
        """All answers; raises Invalid with every sentence when one cannot be used."""
        if self.faults:
            raise Invalid(
                "Some answers cannot be used yet.",
                errors=[FieldError(f"/{key}", key, words) for key, words in self.faults.items()],
            )
        return self.values


class _Unusable(Exception):
    """An answer cannot be used; the message says why."""


def read(
    recipe: Recipe,
    given: Mapping[str, str],
    offered: Offered,
    *,
    today: date,
    lists: Lists = _NO_LISTS,
) -> Read:
    """The answers as values: texts, whole numbers, days as `2027-06-12`, ids of connections."""
    values: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for question in recipe.questions:
        try:
            said = _said(question, given.get(question.key))
            values[question.key] = _read(question, said, _Choices(offered, lists), today)
        except _Unusable as unusable:
            faults[question.key] = str(unusable)
    return Read(values, faults)


@dataclass(frozen=True, slots=True)
class _Choices:
    offered: Offered
    lists: Lists


def _said(question: Question, written: str | None) -> str:
    said = (written or "").strip(" ")
    if not said:
        raise _Unusable(question.missing)
    if any(ord(character) < 32 or ord(character) == 127 for character in said):
        raise _Unusable("Write it on one line, without tabs or other control characters.")
    return said


def _read(question: Question, said: str, choices: _Choices, today: date) -> Any:
    if question.kind == "connection":
        return _connection(question, said, choices.offered)
    if question.kind in ("hook", "person"):
        return _chosen(question, said, choices.lists.get(question.key, {}))
    if question.kind == "date":
        return _date(said, today)
    return _READERS[question.kind](question, said)


def _chosen(question: Question, said: str, known: Mapping[str, str]) -> Any:
    if said not in known:
        raise _Unusable("Choose one from the list.")
    if question.kind == "person":
        role_or_user, _, value = said.partition(":")
        return {role_or_user: value}
    return said


def _connection(question: Question, said: str, offered: Offered) -> str:
    if said.lower() not in offered.get(str(question.connector), frozenset()):
        raise _Unusable("Choose one of your connections from the list.")
    return said.lower()


def _date(said: str, today: date) -> str:
    try:
        day = date.fromisoformat(said)
    except ValueError:
        raise _Unusable("This is not a date. Write it like 2027-06-12.") from None
    if day < today:
        raise _Unusable("That day is over. Choose one that is still to come.")
    return day.isoformat()


def _email(_question: Question, said: str) -> str:
    if len(said) > _LONGEST_EMAIL:
        raise _Unusable(f"An e-mail has at most {_LONGEST_EMAIL} characters.")
    try:
        return validate_email(said, check_deliverability=False).normalized
    except EmailNotValidError:
        raise _Unusable(
            "This does not look like an e-mail. Is the part after the @ there?"
        ) from None


def _number(question: Question, said: str) -> int:
    usable = said.isascii() and said.isdigit() and len(said) <= len(str(question.most))
    if not usable or not question.least <= int(said) <= question.most:
        least, most = number(question.least), number(question.most)
        raise _Unusable(f"Write a whole number from {least} to {most}.")
    return int(said)


def _text(_question: Question, said: str) -> str:
    if len(said) > LONGEST_TEXT:
        raise _Unusable(f"Use at most {LONGEST_TEXT} characters.")
    return said


def _link(question: Question, said: str) -> str:
    try:
        parts = urlsplit(_text(question, said))
        is_link = parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in said
    except ValueError:
        is_link = False
    if not is_link:
        raise _Unusable("This is not a link. It begins with https://.")
    return said


def _choice(question: Question, said: str) -> str:
    if said not in {choice.value for choice in question.choices}:
        raise _Unusable("Choose one of the answers.")
    return said


def _listed(question: Question, said: str) -> str | int:
    if not question.whole:
        return _text(question, said)
    if not said.isascii() or not said.removeprefix("-").isdigit() or len(said) > _LONGEST_NUMBER:
        raise _Unusable("Choose one of the list.")
    return int(said)


def _duration(_question: Question, said: str) -> float:
    try:
        return read_duration(said)
    except NotReadable as unreadable:
        raise _Unusable(str(unreadable)) from None


def _day_offset(_question: Question, said: str) -> int:
    try:
        return read_offset(said)
    except NotReadable as unreadable:
        raise _Unusable(str(unreadable)) from None


_READERS: Mapping[Kind, Callable[[Question, str], Any]] = {
    "email": _email,
    "number": _number,
    "text": _text,
    "link": _link,
    "choice": _choice,
    "listed": _listed,
    "duration": _duration,
    "day_offset": _day_offset,
}
