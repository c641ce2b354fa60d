"""The weddings a page at a time: those that are coming, and those that were."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from wedsync.weddings import queries
from wedsync.weddings.queries import WeddingLine

PAGE = 50


@dataclass(frozen=True, slots=True)
class WeddingList:
    """A page of one of the two; `last` is the wedding the next page begins after, None on the
    last page."""

    name: str
    title: str
    lines: list[WeddingLine]
    last: UUID | None


_READ: Mapping[str, tuple[str, Callable[..., list[WeddingLine]]]] = {
    "coming": ("Coming", queries.coming),
    "past": ("Past", queries.past),
}


def list_named(name: str | None) -> str | None:
    """The name of a list; None for one there is not."""
    return name if name in _READ else None


def lists_of(
    organization_id: UUID, today: date, *, search: str, when: str | None, after: UUID | None
) -> list[WeddingList]:
    """The first page of both, or with `when` the page of that one behind the wedding `after`;
    a list with nothing in it is left out."""
    found = []
    for name, (title, read) in _READ.items():
        if when in (None, name):
            lines = read(organization_id, today, search=search, after=after, limit=PAGE + 1)
            last = lines[PAGE - 1].wedding.id if len(lines) > PAGE else None
            found.append(WeddingList(name, title, lines[:PAGE], last))
    return [each for each in found if each.lines]
