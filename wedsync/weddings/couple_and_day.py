"""The wedding somebody means who knows it by its couple and day, as partners do.

It is of that day, of that couple, and the only such one: what could be two is nobody's guess.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.weddings.wedding_search import folded

_LONGEST = 300
_WORD = re.compile(r"\w+")
_JOINING = frozenset({"and"})
_OF_DAYS = text(
    "SELECT id, organization_id, date, title, partners FROM weddings"
    " WHERE organization_id = ANY(:organizations) AND date = ANY(:days) AND status <> 'archived'"
)


@dataclass(frozen=True, slots=True)
class Meant:
    """How somebody outside names a wedding of an organization: “Ella & Noah”, and the day."""

    organization_id: UUID
    couple: str
    day: date


def find(connection: Connection, wanted: Collection[Meant]) -> Mapping[Meant, UUID]:
    """The weddings that are meant, in one query; what is not found for certain is left out."""
    if not wanted:
        return {}
    given = {
        "organizations": list({each.organization_id for each in wanted}),
        "days": list({each.day for each in wanted}),
    }
    of_day: defaultdict[tuple[UUID, date], list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(_OF_DAYS, given):
        of_day[row.organization_id, row.date].append(row)
    found = {each: _of_couple(each, of_day[each.organization_id, each.day]) for each in wanted}
    return {meant: ids[0] for meant, ids in found.items() if len(ids) == 1}


def _of_couple(meant: Meant, weddings: Collection[Row[Any]]) -> list[UUID]:
    named = _words(meant.couple)
    return [row.id for row in weddings if named and named in set(_names(row.title, row.partners))]


def _names(title: str, partners: Any) -> Iterator[frozenset[str]]:
    """What a couple goes by: as their wedding is called, their names, their first names."""
    yield _words(title)
    names = [str(each.get("name", "")) for each in partners if isinstance(each, Mapping)]
    yield _words(" ".join(names))
    yield _words(" ".join(name.strip().partition(" ")[0] for name in names))


def _words(name: str) -> frozenset[str]:
    """The words of a name in no order, whatever case, accents and signs stand in it."""
    plain = folded(unicodedata.normalize("NFC", name[:_LONGEST]).lower())
    return frozenset(_WORD.findall(plain)) - _JOINING
