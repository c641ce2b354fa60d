"""`text.`: words. Comparing ignores case, accents and doubled spaces; `==` compares exactly."""

import re
import unicodedata

from wedsync.workflows.engine.functions.bounds import bounded_text
from wedsync.workflows.engine.functions.function import Group, optional, several
from wedsync.workflows.engine.functions.kinds import LIST, TEXT, TEXTS, WHOLE, YES_NO
from wedsync.workflows.engine.functions.kinds import plain_text as _plain

text = Group("text")

_SMALL = frozenset(
    ("and", "at", "by", "de", "der", "for", "in", "la", "of", "on", "the", "to", "von")
)
_WORD = re.compile(r"\w+", re.UNICODE)


def folded(value: str) -> str:
    """Without case, accents and doubled spaces: `  Zoë ` and `zoe` are the same."""
    if value.isascii():
        return " ".join(value.lower().split())
    return " ".join(unaccented(value).casefold().split())


def unaccented(value: str) -> str:
    apart = unicodedata.normalize("NFKD", value)
    return unicodedata.normalize("NFC", "".join(c for c in apart if not unicodedata.combining(c)))


@text.function("is", YES_NO, "ACCEPTED ", "accepted", True, verb="is", text=TEXT, other=TEXT)
def is_(text: str, other: str) -> bool:
    """Whether two texts say the same, whatever their case, accents and spaces."""
    return folded(text) == folded(other)


@text.function(
    "is one of", YES_NO, "paris", ["Lyon", "Paris"], True, verb="among", text=TEXT, choices=TEXTS
)
def is_one_of(text: str, choices: list[str]) -> bool:
    """Whether a text is one of several, whatever its case, accents and spaces."""
    return folded(text) in map(folded, choices)


@text.function(
    "contains", YES_NO, "Two vegan menus", "Vegan", True, verb="contains", text=TEXT, part=TEXT
)
def contains(text: str, part: str) -> bool:
    """Whether a part stands anywhere in a text, whatever case and accents; no part never does."""
    return bool(part.strip()) and folded(part) in folded(text)


@text.function(
    "contains one of", YES_NO, "No nuts please", ["nut", "gluten"], True,
    verb="contains one", text=TEXT, parts=TEXTS,
)  # fmt: skip
def contains_one_of(text: str, parts: list[str]) -> bool:
    """Whether at least one of several parts stands in a text."""
    inside = folded(text)
    return any(part.strip() and folded(part) in inside for part in parts)


@text.function("begins with", YES_NO, "Élodie", "el", True, verb="begins", text=TEXT, part=TEXT)
def starts_with(text: str, part: str) -> bool:
    """Whether a text begins with a part, whatever case and accents."""
    return bool(part.strip()) and folded(text).startswith(folded(part))


@text.function("ends with", YES_NO, "menu.PDF", ".pdf", True, verb="ends", text=TEXT, part=TEXT)
def ends_with(text: str, part: str) -> bool:
    """Whether a text ends with a part, whatever case and accents."""
    return bool(part.strip()) and folded(text).endswith(folded(part))


@text.function("is filled in", YES_NO, "  ", False, verb="filled", text=TEXT)
def is_filled(text: str) -> bool:
    """Whether there is anything but spaces."""
    return bool(text.strip())


@text.function("put together", TEXT, "Table ", 4, "Table 4", parts=several(TEXT))
def of(*parts: str) -> str:
    """Several values one after the other, as one text; what is not there adds nothing."""
    return "".join(parts)


@text.function(
    "join with",
    TEXT,
    ["Ana", "", "Ben"],
    " / ",
    "Ana / Ben",
    parts=LIST,
    between=optional(TEXT, ", "),
)
def join(parts: list[object], between: str) -> str:
    """The parts of a list with something between them; empty parts are left out."""
    said = [word for word in map(_plain, parts) if word.strip()]
    bounded_text(sum(map(len, said)) + len(between) * len(said))
    return between.join(said)


@text.function("in capitals", TEXT, "Lyon", "LYON", text=TEXT)
def upper(text: str) -> str:
    """The text in capital letters."""
    return text.upper()


@text.function("in small letters", TEXT, "Lyon", "lyon", text=TEXT)
def lower(text: str) -> str:
    """The text in small letters."""
    return text.lower()


@text.function("as a title", TEXT, "the garden of rosa", "The Garden of Rosa", text=TEXT)
def title(text: str) -> str:
    """Each word with a capital, but for small words inside."""
    words = text.split()
    return " ".join(
        word.lower() if place and word.lower() in _SMALL else word[:1].upper() + word[1:]
        for place, word in enumerate(words)
    )


@text.function("with a capital", TEXT, "welcome to Lyon", "Welcome to Lyon", text=TEXT)
def capital(text: str) -> str:
    """The text with its first letter as a capital."""
    return text[:1].upper() + text[1:]


@text.function("tidied", TEXT, "  Rosa \n Osei ", "Rosa Osei", text=TEXT)
def tidy(text: str) -> str:
    """The text on one line, with single spaces."""
    return " ".join(text.split())


@text.function("without accents", TEXT, "Zoë Núñez", "Zoe Nunez", text=TEXT)
def without_accents(text: str) -> str:
    """The text in plain letters."""
    return unaccented(text)


@text.function(
    "first word",
    TEXT,
    "Rosa Osei",
    "Rosa",
    text=TEXT,
    says="first word of {0}",
)
def first_word(text: str) -> str:
    """The first word, such as a first name."""
    return next(iter(text.split(maxsplit=1)), "")


@text.function(
    "last word",
    TEXT,
    "Rosa Maria Osei",
    "Osei",
    text=TEXT,
    says="last word of {0}",
)
def last_word(text: str) -> str:
    """The last word, such as a surname."""
    return next(iter(text.rsplit(maxsplit=1)[-1:]), "").strip()


@text.function(
    "initials",
    TEXT,
    "Rosa Maria Osei",
    "RMO",
    text=TEXT,
    says="initials of {0}",
)
def initials(text: str) -> str:
    """The first letter of each word, as capitals."""
    return "".join(word[0].upper() for word in _WORD.findall(text))


@text.function(
    "replaced", TEXT, "Dear NAME", "NAME", "Rosa", "Dear Rosa", text=TEXT, old=TEXT, new=TEXT
)
def replace(text: str, old: str, new: str) -> str:
    """The text with every occurrence of one part written as another."""
    if not old:
        return text
    bounded_text(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


@text.function(
    "shortened", TEXT, "We are so looking forward", 12, "We are so…", text=TEXT, length=WHOLE
)
def shorten(text: str, length: int) -> str:
    """At most so many characters, cut at a word where possible, the cut shown."""
    if len(text) <= length:
        return text
    cut = text[: max(length - 1, 0)]
    at_word = cut.rsplit(maxsplit=1)[0] if " " in cut and text[len(cut)] != " " else cut
    return (at_word.rstrip() + "…")[: max(length, 0)]


@text.function(
    "the part before",
    TEXT,
    "rosa@example.com",
    "@",
    "rosa",
    text=TEXT,
    mark=TEXT,
    says="the part of {0} before {1}",
)
def before(text: str, mark: str) -> str:
    """What stands before the first occurrence of a mark; all of it when there is none."""
    return text.split(mark, 1)[0] if mark else text


@text.function(
    "the part after",
    TEXT,
    "rosa@example.com",
    "@",
    "example.com",
    text=TEXT,
    mark=TEXT,
    says="the part of {0} after {1}",
)
def after(text: str, mark: str) -> str:
    """What stands after the first occurrence of a mark; nothing when there is none."""
    return text.partition(mark)[2] if mark else ""


@text.function(
    "taken apart", TEXTS, "Ana; Ben;", ";", ["Ana", "Ben"], text=TEXT, mark=optional(TEXT, ",")
)
def split(text: str, mark: str) -> list[str]:
    """The parts between a mark, tidied, empty ones left out."""
    parts = text.split(mark) if mark else text.split()
    return [part.strip() for part in parts if part.strip()]


@text.function(
    "lines",
    TEXTS,
    "Ana\nBen\n",
    ["Ana", "Ben"],
    text=TEXT,
    says="lines of {0}",
)
def lines(text: str) -> list[str]:
    """The lines of a text, empty ones left out."""
    return [line.strip() for line in text.splitlines() if line.strip()]


@text.function(
    "length",
    WHOLE,
    "Rosa",
    4,
    text=TEXT,
    says="length of {0}",
)
def length(text: str) -> int:
    """How many characters a text has."""
    return len(text)


@text.function(
    "digits only",
    TEXT,
    "+44 (0)20 7946",
    "440207946",
    text=TEXT,
    says="digits of {0}",
)
def digits(text: str) -> str:
    """The figures of a text, such as a telephone number, and nothing else."""
    return "".join(c for c in text if c.isdecimal())


@text.function("or else", TEXT, "", "a guest", "a guest", text=TEXT, otherwise=TEXT)
def or_else(text: str, otherwise: str) -> str:
    """The text, or another one when it is empty or not there."""
    return text if text.strip() else otherwise
