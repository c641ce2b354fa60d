"""Finding weddings by words as people type them: any case, with or without accents."""

import unicodedata
from collections.abc import Iterator

from sqlalchemy import ColumnElement, Text, cast, func
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
    plain = func.translate(func.lower(told), _ACCENTED, _PLAIN)
    for word in folded(search[:LONGEST].lower()).split()[:_MOST_WORDS]:
        yield plain.contains(word, autoescape=True)


def folded(text: str) -> str:
    """The text without the accents of its letters."""
    return "".join(_without_accent(letter) for letter in text)


def _without_accent(letter: str) -> str:
    first = unicodedata.normalize("NFD", letter)[0]
    return first if first.isascii() else letter


_ACCENTED = "".join(each for each in _LATIN if each.islower() and _without_accent(each) != each)
_PLAIN = folded(_ACCENTED)
