"""Names of couples and of their guests, where they stand in a text.

A text is looked at two to four words at a time, so that a longer guest list costs no more. A name
of one word is everybody's, and stays.
"""

import re
from collections.abc import Iterable, Iterator
from uuid import UUID

from sqlalchemy import text

from wedsync.platform.db import db

_WORD = re.compile(r"\S+")
_AROUND = " \t.,;:!?()[]{}<>\"'“”‘’…–—-"
_MOST_WORDS = 4
_MOST_LOOKED_AT = 20_000
_POSSESSIVE = ("’s", "'s")
_KNOWN = text(
    "SELECT lower(title) FROM weddings"
    " WHERE organization_id = :organization_id AND lower(title) = ANY(:said)"
    " UNION SELECT lower(partner ->> 'name') FROM weddings,"
    " jsonb_array_elements(CASE WHEN jsonb_typeof(partners) = 'array' THEN partners"
    " ELSE '[]'::jsonb END) AS partner"
    " WHERE organization_id = :organization_id AND lower(partner ->> 'name') = ANY(:said)"
    " UNION SELECT lower(name) FROM households"
    " WHERE organization_id = :organization_id AND lower(name) = ANY(:said)"
    " UNION SELECT lower(name) FROM guests"
    " WHERE organization_id = :organization_id AND lower(name) = ANY(:said)"
)


def spans(said: str) -> Iterator[tuple[int, int, str]]:
    """Every two to four words that follow each other, the longest first, plain, with where they
    begin and end."""
    words = [(each.start(), each.end()) for each in _WORD.finditer(said)]
    for count in range(_MOST_WORDS, 1, -1):
        for first in range(len(words) - count + 1):
            start, end = words[first][0], words[first + count - 1][1]
            yield from _plain(said, start, end)


def _plain(said: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    while start < end and said[start] in _AROUND:
        start += 1
    while end > start and said[end - 1] in _AROUND:
        end -= 1
    if said[start:end].endswith(_POSSESSIVE):
        end -= 2
    if end > start:
        yield start, end, " ".join(said[start:end].lower().split())


def known_among(organization_id: UUID, texts: Iterable[str]) -> frozenset[str]:
    """The names of this organization's couples, households and guests that stand in the texts."""
    said: set[str] = set()
    for each in texts:
        said.update(words for _, _, words in spans(each))
        if len(said) > _MOST_LOOKED_AT:
            break
    wanted = sorted(said)[:_MOST_LOOKED_AT]
    if not wanted:
        return frozenset()
    given = {"organization_id": organization_id, "said": wanted}
    return frozenset(db.session.scalars(_KNOWN, given))
