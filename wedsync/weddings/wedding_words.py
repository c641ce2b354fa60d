"""A wedding as its page tells it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from wedsync.platform.wording import Wording, capital, count
from wedsync.weddings import policy
from wedsync.weddings.fields import DATES
from wedsync.weddings.models import Wedding

DATE_WORDS: Mapping[str, str] = {
    "date": "The wedding",
    "rsvp_deadline": "RSVP deadline",
    "final_count_due": "Final count due",
    "delivery_date": "Delivery",
}


@dataclass(frozen=True, slots=True)
class DayLine:
    """One of its dates; `note` says how long it is until then, or what is known by then."""

    day: date
    words: str
    note: str


@dataclass(frozen=True, slots=True)
class Move:
    """One of its dates, before and after."""

    words: str
    before: str
    after: str
    differs: bool


def news(wedding: Wedding, words: Wording) -> str:
    """`Sat 12 June 2027 at Villa Serena. In 32 days. Booked.`"""
    at = f" at {wedding.venue}" if wedding.venue else ""
    status = policy.WORDS[wedding.status]
    if wedding.date is None:
        return f"No date yet{f', {wedding.venue}' if wedding.venue else ''}. {status}."
    until = capital(words.days_until(wedding.date))
    return f"{words.day(wedding.date, year=True)}{at}. {until}. {status}."


def days(wedding: Wedding, words: Wording) -> list[DayLine]:
    """Its dates in their order."""
    known = [(getattr(wedding, name), name) for name in DATES]
    lines = [
        DayLine(day, DATE_WORDS[name], _note(wedding, name, day, words))
        for day, name in known
        if day is not None
    ]
    return sorted(lines, key=lambda line: line.day)


def moves(wedding: Wedding, wanted: Mapping[str, Any], words: Wording) -> list[Move]:
    """Its dates, before and after; those it has in neither are left out."""
    pairs = [(name, getattr(wedding, name), wanted.get(name)) for name in DATES]
    return [
        Move(DATE_WORDS[name], _said(before, words), _said(after, words), before != after)
        for name, before, after in pairs
        if before is not None or after is not None
    ]


def clocks(wedding: Wedding) -> str:
    """`Rome`: whose clocks its times are by."""
    return wedding.zone.rpartition("/")[2].replace("_", " ")


def _note(wedding: Wedding, name: str, day: date, words: Wording) -> str:
    until = words.days_until(day)
    if name == "final_count_due" and wedding.final_count is not None:
        return f"{until}; {count(wedding.final_count, 'person', 'people')}"
    return until


def _said(day: date | None, words: Wording) -> str:
    return words.day(day, year=True) if day else "not known"
