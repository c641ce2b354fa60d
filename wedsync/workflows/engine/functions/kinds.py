"""What a function may be given: each kind reads a JSON value, or says why it cannot.

A kind never guesses: “three” is no number, 12/06/2027 no date (`date.parse` reads such).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wedsync.workflows.engine.currencies import EXPONENTS

LARGEST_NUMBER = 10**15
"""Beyond it a JSON number is no longer exact to a hundredth."""


class Unusable(Exception):
    """A function cannot work with what it is given; the message is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Kind:
    """`words` completes "needs …"; `read` gives the Python value or raises `Unusable`. A `None` is
    handed to `read` only by kinds for which nothing is something (`reads_nothing`)."""

    name: str
    words: str
    read: Callable[[Any], Any]
    reads_nothing: bool = False


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of an ISO 4217 currency."""

    amount: int
    currency: str

    @property
    def json(self) -> dict[str, Any]:
        return {"amount": self.amount, "currency": self.currency}


def shown(value: Any) -> str:
    """A value as a sentence about it quotes it."""
    if isinstance(value, dict):
        return "a record"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return "yes" if value else "no"
    said = " ".join(str(value)[:200].split())
    return f"“{said[:40]}…”" if len(said) > 40 else f"“{said}”"


def _refuse(value: Any, words: str) -> Unusable:
    return Unusable(f"{shown(value)} is not {words}")


def plain_text(value: Any) -> str:
    """Anything single as text: nothing is no text, 3.0 is `3`, true is `yes`."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST_NUMBER:
        return str(int(value))
    if isinstance(value, int | float):
        return str(value)
    raise _refuse(value, "a text")


def number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _refuse(value, "a number")
    text = str(value).strip()
    if len(text) > 40:
        raise _refuse(value, "a number")
    try:
        found = Decimal(text)
    except ArithmeticError:
        raise _refuse(value, "a number") from None
    if not found.is_finite() or abs(found) > LARGEST_NUMBER:
        raise Unusable(f"{shown(value)} is too large a number")
    return found


def whole(value: Any) -> int:
    found = number(value)
    if found != int(found):
        raise _refuse(value, "a whole number")
    return int(found)


def plain_number(value: Decimal) -> int | float:
    """A decimal as JSON has it: whole where it is whole."""
    if abs(value) > LARGEST_NUMBER:
        raise Unusable("The result is too large a number.")
    return int(value) if value == value.to_integral_value() else float(value)


@lru_cache(maxsize=1024)
def zone(value: str) -> ZoneInfo:
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Unusable(f"{shown(value)} is not a time zone like Europe/Paris") from None


def _zone(value: Any) -> ZoneInfo:
    if not isinstance(value, str) or not 0 < len(value) <= 60:
        raise _refuse(value, "a time zone like Europe/Paris")
    return zone(value)


def moment(value: Any) -> date | datetime:
    """A day `2027-06-12`, or an instant with or without an offset, `2027-06-12T14:00:00Z`."""
    if isinstance(value, str) and 10 <= len(value) <= 40:
        try:
            return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
        except ValueError:
            pass
    raise _refuse(value, "a date like 2027-06-12")


def day(value: Any) -> date:
    found = moment(value)
    return found.date() if isinstance(found, datetime) else found


def clock_time(value: Any) -> time:
    if isinstance(value, str) and len(value) == 5:
        try:
            return time.fromisoformat(value)
        except ValueError:
            pass
    raise _refuse(value, "a time like 14:00")


def currency(value: Any) -> str:
    code = value.strip().upper() if isinstance(value, str) else ""
    if code not in EXPONENTS:
        raise _refuse(value, "a currency like EUR")
    return code


def money(value: Any) -> Money:
    if isinstance(value, dict) and "amount" in value and "currency" in value:
        return Money(whole(value["amount"]), currency(value["currency"]))
    raise _refuse(value, "an amount with its currency")


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise _refuse(value, "a list")


def _texts(value: Any) -> list[str]:
    return [plain_text(part) for part in value] if isinstance(value, list) else [plain_text(value)]


def _record(value: Any) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return value
    raise _refuse(value, "the record of a wedding")


def _yes_no(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise _refuse(value, "yes or no")


TEXT = Kind("text", "a text", plain_text, reads_nothing=True)
TEXTS = Kind("list of texts", "a list of texts", _texts, reads_nothing=True)
NUMBER = Kind("number", "a number", number)
WHOLE = Kind("whole number", "a whole number", whole)
YES_NO = Kind("yes or no", "yes or no", _yes_no)
DATE = Kind("date", "a date", moment)
DAY = Kind("day", "a day", day)
TIME = Kind("time of day", "a time of day", clock_time)
ZONE = Kind("time zone", "a time zone", _zone)
MONEY = Kind("money", "an amount with its currency", money)
CURRENCY = Kind("currency", "a currency", currency)
LIST = Kind("list", "a list", _list, reads_nothing=True)
WEDDING = Kind("wedding", "the wedding", _record)
ANY = Kind("anything", "a value", lambda value: value, reads_nothing=True)
RECORD = Kind("record", "a record", _record)
