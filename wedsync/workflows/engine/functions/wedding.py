"""`wedding.`: what is asked of a wedding. Each takes `{"var": "wedding"}`; those that compare with
the present take `{"var": "now"}` too."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from wedsync.workflows.engine.functions.function import Group
from wedsync.workflows.engine.functions.kinds import (
    DATE,
    LIST,
    TEXT,
    WEDDING,
    WHOLE,
    YES_NO,
    ZONE,
    Unusable,
    day,
    plain_text,
    zone,
)
from wedsync.workflows.engine.functions.moments import When, local_day
from wedsync.workflows.engine.plain_words import listing

wedding = Group("wedding")

_BOTH = {
    "title": "Ana & Ben",
    "date": "2027-06-12",
    "zone": "Europe/Paris",
    "status": "booked",
    "partners": [{"name": "Ana Ruiz"}, {"name": "Ben Okafor"}],
}
_NOW = "2027-06-01T08:00:00Z"

Wedding = Mapping[str, Any]


def _date(wedding: Wedding) -> dt.date:
    if not wedding.get("date"):
        raise Unusable("The date of the wedding is not known yet.")
    return day(wedding["date"])


def _days_until(wedding: Wedding, now: When) -> int:
    place = wedding.get("zone")
    here = local_day(now, zone(place) if isinstance(place, str) and place else None)
    return (_date(wedding) - here).days


@wedding.function(
    "days until the wedding", WHOLE, _BOTH, _NOW, 11,
    reads=("date", "zone"), wedding=WEDDING, now=DATE, says="days until the wedding",
)  # fmt: skip
def days_until(wedding: Wedding, now: When) -> int:
    """How many days there are until the wedding, by the calendar there; negative afterwards."""
    return _days_until(wedding, now)


@wedding.function(
    "days since the wedding", WHOLE, _BOTH, _NOW, -11,
    reads=("date", "zone"), wedding=WEDDING, now=DATE, says="days since the wedding",
)  # fmt: skip
def days_since(wedding: Wedding, now: When) -> int:
    """How many days ago the wedding was, by the calendar there; negative before."""
    return -_days_until(wedding, now)


@wedding.function(
    "has a date", YES_NO, _BOTH, True, verb="filled", reads=("date",), wedding=WEDDING
)
def has_date(wedding: Wedding) -> bool:
    """Whether the date of the wedding is known."""
    return bool(wedding.get("date"))


@wedding.function(
    "is past", YES_NO, _BOTH, _NOW, False, verb="past",
    reads=("date", "zone"), wedding=WEDDING, now=DATE,
)  # fmt: skip
def is_past(wedding: Wedding, now: When) -> bool:
    """Whether the day of the wedding is over; not while its date is not known."""
    return bool(wedding.get("date")) and _days_until(wedding, now) < 0


@wedding.function(
    "is today", YES_NO, _BOTH, _NOW, False, verb="today",
    reads=("date", "zone"), wedding=WEDDING, now=DATE,
)  # fmt: skip
def is_today(wedding: Wedding, now: When) -> bool:
    """Whether it is the day of the wedding; not while its date is not known."""
    return bool(wedding.get("date")) and _days_until(wedding, now) == 0


@wedding.function(
    "is cancelled", YES_NO, _BOTH, False, verb="cancelled", reads=("status",), wedding=WEDDING
)
def is_cancelled(wedding: Wedding) -> bool:
    """Whether the wedding is cancelled."""
    return wedding.get("status") == "cancelled"


@wedding.function(
    "is postponed", YES_NO, _BOTH, False, verb="postponed", reads=("status",), wedding=WEDDING
)
def is_postponed(wedding: Wedding) -> bool:
    """Whether the wedding is postponed."""
    return wedding.get("status") == "postponed"


@wedding.function(
    "is booked", YES_NO, _BOTH, True, verb="booked", reads=("status",), wedding=WEDDING
)
def is_booked(wedding: Wedding) -> bool:
    """Whether the wedding is booked."""
    return wedding.get("status") == "booked"


@wedding.function(
    "names of the couple", TEXT, _BOTH, "Ana Ruiz and Ben Okafor",
    reads=("partners", "title"), wedding=WEDDING, says="names of the couple",
)  # fmt: skip
def couple(wedding: Wedding) -> str:
    """The couple's full names; the title of the wedding while they are not known."""
    return listing(_names(wedding)) or plain_text(wedding.get("title"))


@wedding.function(
    "first names of the couple", TEXT, _BOTH, "Ana and Ben",
    reads=("partners", "title"), wedding=WEDDING, says="first names of the couple",
)  # fmt: skip
def first_names(wedding: Wedding) -> str:
    """The couple's first names; the title of the wedding while they are not known."""
    firsts = [name.split(maxsplit=1)[0] for name in _names(wedding)]
    return listing(firsts) or plain_text(wedding.get("title"))


@wedding.function(
    "names of each",
    LIST,
    _BOTH,
    ["Ana Ruiz", "Ben Okafor"],
    reads=("partners",),
    wedding=WEDDING,
    says="names of the couple",
)
def partners(wedding: Wedding) -> list[str]:
    """The couple's full names, one by one."""
    return _names(wedding)


@wedding.function(
    "local time zone",
    ZONE,
    _BOTH,
    "Europe/Paris",
    reads=("zone",),
    wedding=WEDDING,
    says="time zone of the wedding",
)
def zone_(wedding: Wedding) -> str:
    """The time zone of the place where the wedding is."""
    return plain_text(wedding.get("zone")) or "UTC"


def _names(wedding: Wedding) -> list[str]:
    found = wedding.get("partners")
    named = [
        plain_text(partner.get("name") if isinstance(partner, dict) else partner).strip()
        for partner in (found if isinstance(found, list) else ())
    ]
    return [name for name in named if name]
