"""What can be said of a wedding, and whether it can be kept."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from babel.core import get_global
from babel.numbers import get_territory_currencies

from wedsync.errors import FieldError, Invalid
from wedsync.weddings.models import STATUSES

DATES = ("date", "rsvp_deadline", "final_count_due", "delivery_date")
MAX_TITLE, MAX_VENUE, MAX_PARTNERS, MAX_COUNT = 200, 300, 10, 100_000
_EARLIEST, _LATEST = date(1900, 1, 1), date(2199, 12, 31)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DIGITS = re.compile(r"[0-9]{1,6}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class _Unfit(ValueError):
    """Why a value cannot be kept, as a sentence."""


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as they are kept: texts stripped, dates as dates, an empty date as None.

    Dates may be ISO 8601 texts and the count digits; partners are `{"name"}` or names. Raises
    Invalid with a `FieldError` for each field that cannot be kept.
    """
    kept: dict[str, Any] = {}
    errors: list[FieldError] = []
    for name, value in given.items():
        try:
            kept[name] = _CHECKS[name](value)
        except KeyError:
            errors.append(FieldError(f"/{name}", "unknown_field", f"There is no “{name}” here."))
        except _Unfit as problem:
            errors.append(FieldError(f"/{name}", "wrong_value", str(problem)))
    if errors:
        raise Invalid(errors[0].message if len(errors) == 1 else "", errors=errors)
    return kept


@cache
def currencies() -> frozenset[str]:
    """The ISO 4217 codes that are money somewhere today."""
    places = get_global("territory_currencies")
    return frozenset(code for place in places for code in get_territory_currencies(place))


@cache
def zones() -> frozenset[str]:
    """The IANA names of zones there are, links included."""
    return frozenset(available_timezones()) - {"Factory", "localtime"}


def _text(value: Any, most: int) -> str:
    if not isinstance(value, str):
        raise _Unfit("This should be text.")
    said = value.strip()
    if len(said) > most:
        raise _Unfit(f"At most {most} characters.")
    if _CONTROL.search(said):
        raise _Unfit("This holds characters that nobody can read.")
    return said


def _title(value: Any) -> str:
    said = " ".join(_text(value, MAX_TITLE).split())
    if not said:
        raise _Unfit("Give it a name, such as “Hannah & Josef”.")
    return said


def _partners(value: Any) -> list[dict[str, str]]:
    if not isinstance(value, list | tuple) or len(value) > MAX_PARTNERS:
        raise _Unfit(f"At most {MAX_PARTNERS} names.")
    names = [_partner(each) for each in value]
    return [{"name": name} for name in names if name]


def _partner(value: Any) -> str:
    if isinstance(value, Mapping):
        value = value.get("name")
    return " ".join(_text(value, MAX_TITLE).split())


def _date(value: Any) -> date | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        value = _read_date(value.strip())
    if type(value) is not date:
        raise _Unfit("Write the day as 2027-06-12.")
    if not _EARLIEST <= value <= _LATEST:
        raise _Unfit(f"This is not a day between {_EARLIEST.year} and {_LATEST.year}.")
    return value


def _read_date(written: str) -> date | None:
    try:
        return date.fromisoformat(written) if _ISO_DATE.fullmatch(written) else None
    except ValueError as error:
        raise _Unfit("There is no such day.") from error


def _count(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_COUNT:
        raise _Unfit(f"This should be a whole number from 0 to {MAX_COUNT:,}.")
    return value


def _zone(value: Any) -> str:
    said = _text(value, 64)
    if said not in zones():
        raise _Unfit("There is no such time zone. Write it as Europe/London.")
    return said


def _currency(value: Any) -> str:
    said = _text(value, 3).upper()
    if said not in currencies():
        raise _Unfit("There is no such currency. Write it as GBP.")
    return said


def _status(value: Any) -> str:
    if value not in STATUSES:
        raise _Unfit("There is no such status.")
    return str(value)


_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "title": _title,
    "partners": _partners,
    "venue": lambda value: _text(value, MAX_VENUE),
    **dict.fromkeys(DATES, _date),
    "final_count": _count,
    "zone": _zone,
    "currency": _currency,
    "status": _status,
}
FIELDS = tuple(_CHECKS)
