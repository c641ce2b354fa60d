"""Finding weddings by words as people type them: any case, with or without accents."""

import unicodedata
from collections.abc import Iterator

from sqlalchemy import ColumnElement, SQLColumnExpression, Text, cast, func
from sqlalchemy.dialects.postgresql import JSONPATH

from wedsync.weddings.models import Wedding

LONGEST = 100
_MOST_WORDS = 8
_LATIN = [chr(code) for code in range(0x00C0, 0x0250)]


def with_words(search: str) -> Iterator[ColumnElement[bool]]:
    """That each of the words is in what it is called, who marries or where."""
    partners = cast(
        func.jsonb_path_query_array(Wedding.partners, cast("$[*].name", JSONPATH)), Text
    )
    told = func.concat_ws(" ", Wedding.title, Wedding.venue, partners)
    for word in words_of(search):
        yield plain(told).contains(word, autoescape=True)


def words_of(search: str) -> list[str]:
    """The words of a search, as `plain` writes them."""
    return folded(search[:LONGEST].lower()).split()[:_MOST_WORDS]


def plain(told: SQLColumnExpression[str]) -> ColumnElement[str]:
    """A text as SQL, without case and accents."""
    return func.translate(func.lower(told), _ACCENTED, _PLAIN)


def folded(text: str) -> str:
    """The text without the accents of its letters."""
    return "".join(_without_accent(letter) for letter in text)


def _without_accent(letter: str) -> str:
    first = unicodedata.normalize("NFD", letter)[0]
    return first if first.isascii() else letter


_ACCENTED = "".join(each for each in _LATIN if each.islower() and _without_accent(each) != each)
_PLAIN = folded(_ACCENTED)
