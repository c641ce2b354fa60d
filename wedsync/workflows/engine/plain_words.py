"""Values as a person would say them, and lists of words."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from wedsync.workflows.engine.currencies import EXPONENTS, written
from wedsync.workflows.engine.limits import SEALED

LONGEST_VALUE = 80
_LONGEST_EVENT = 60
_MOST_NAMED = 5
_ALWAYS_CAPITAL = {"rsvp": "RSVP", "id": "ID", "url": "URL", "api": "API", "vat": "VAT"}
_WORDS = re.compile(r"[^\W_]+")
_ADDRESS = re.compile(r"“?https?://(?:[^/?#\s@”]*@)?([^/?#\s@”]+)", re.IGNORECASE)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")


def clip(text: str, longest: int = LONGEST_VALUE) -> str:
    """At most `longest` characters, the cut shown."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def listing(parts: Sequence[str], conjunction: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {conjunction} {parts[-1]}"


def address_words(text: str) -> str | None:
    """A web address as people name it, by whose it is: `https://caterer.example/orders?id=1` is
    `caterer.example`; None of any other text."""
    found = _ADDRESS.match(text)
    return found[1] if found else None


def event_words(event_type: str) -> str:
    """`external.rsvp.received` is `RSVP received`, as pages say it (`platform.wording`)."""
    words = _WORDS.findall(event_type.removeprefix("external."))
    said = " ".join(_ALWAYS_CAPITAL.get(word.lower(), word) for word in words)
    return clip(said[:1].upper() + said[1:], _LONGEST_EVENT)


def value_words(value: Any) -> str:
    """One value from data, short: `yes`, `empty`, `12 June 2027`, `Ada, Ben and 3 more`."""
    if value is None:
        return "not given"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return "hidden here" if f'"{SEALED}"' in value else _text_words(value)
    if isinstance(value, list):
        return _list_words(value)
    if isinstance(value, dict):
        return _record_words(value)
    return clip(f"{value:g}" if isinstance(value, float) and abs(value) < 1e6 else str(value))


def _record_words(record: dict[str, Any]) -> str:
    if SEALED in record:
        return "hidden here"
    if record.keys() == {"amount", "currency"}:
        amount, currency = record["amount"], record["currency"]
        if type(amount) is int and isinstance(currency, str) and currency in EXPONENTS:
            return written(amount, currency)
    return "a record" if record else "empty"


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
