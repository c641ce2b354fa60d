"""Finding by what people type: in any order, half typed, by another word for it, or mistyped.

A word counts by how it is met: as a whole, as a beginning, by a synonym, with one or two letters
wrong. What is looked for must be met by every word that is typed.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from types import MappingProxyType

MOST_TYPED = 100
_MOST_WORDS = 8
_WORD = re.compile(r"[^\W_]+")
_LITTLE = frozenset(
    ("a", "an", "the", "to", "of", "for", "in", "on", "at", "and", "or", "my", "is", "it", "when")
)
_WHOLE, _BEGINNING, _SYNONYM, _MISTYPED = 8, 6, 4, 2
_COUNTS = (3, 2)
"""How much the first texts count; the others count once."""

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

SYNONYMS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "email": ("mail", "letter", "write", "gmail", "outlook", "newsletter", "inbox"),
        "message": ("sms", "text", "whatsapp", "notify", "tell", "chat", "slack"),
        "wait": ("pause", "delay", "sleep", "hold", "later", "timer", "snooze"),
        "ask": ("approve", "approval", "confirm", "permission", "question", "check", "sign"),
        "if": ("branch", "condition", "decide", "choose", "choice", "otherwise", "switch", "split"),
        "only": ("filter", "stop unless", "continue", "unless", "gate"),
        "each": ("loop", "repeat", "every", "list", "all", "foreach", "iterate"),
        "note": ("set", "variable", "remember", "save", "value", "calculate", "compute", "format"),
        "start": ("call", "run", "trigger", "launch", "workflow", "subflow", "begin"),
        "end": ("stop", "finish", "quit", "exit", "done", "abort", "fail"),
        "webhook": ("http", "hook", "push", "callback", "zapier", "make"),
        "request": ("api", "rest", "fetch", "url", "web", "get", "post"),
        "invoice": ("bill", "charge", "fee"),
        "payment": ("pay", "paid", "card", "deposit", "money", "instalment", "transaction"),
        "refund": ("return", "reimburse", "payback"),
        "customer": ("client", "couple", "person"),
        "guest": ("invitee", "visitor", "attendee", "people"),
        "answer": ("rsvp", "reply", "response", "respond", "attend", "decline", "accept"),
        "meals": ("catering", "caterer", "food", "menu", "dinner", "count", "covers"),
        "seat": ("seating", "table", "place", "chair"),
        "allergy": ("dietary", "diet", "vegan", "vegetarian", "intolerance", "nut"),
        "task": ("todo", "reminder", "job", "chore"),
        "date": ("day", "calendar", "diary", "booking", "availability", "appointment"),
        "wedding": ("couple", "event", "ceremony", "marriage"),
        "enquires": ("enquiry", "inquiry", "lead", "contact"),
        "pictures": ("photo", "photos", "gallery", "album", "images", "favourites", "favorites"),
        "schedule": ("cron", "daily", "weekly", "monthly", "regularly", "clock", "morning", *_DAYS),
        "hand": ("manual", "button", "myself", "press"),
        "postponed": ("moved", "delayed", "rescheduled"),
        "cancelled": ("canceled", "off"),
    }
)
"""By a word we use, those that people type for it."""


def score(query: str, texts: Sequence[str]) -> int:
    """How well texts fit what is typed, above 0 when they do; the first text counts most.

    Nothing typed fits everything equally.
    """
    typed = words_of(query[:MOST_TYPED])[:_MOST_WORDS]
    wanted = [word for word in typed if word not in _LITTLE] or typed
    if not wanted:
        return 1
    found = [_best(word, texts) for word in wanted]
    return sum(found) if all(found) else 0


def words_of(text: str) -> list[str]:
    """The words of a text, without capitals and accents; `E-mail` is one word."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("e-mail", "email"))
    return _WORD.findall("".join(each for each in plain if not unicodedata.combining(each)))


def _best(word: str, texts: Sequence[str]) -> int:
    best = 0
    for number, text in enumerate(texts):
        meets = max((_meets(word, other) for other in _split(text)), default=0)
        best = max(best, meets * (_COUNTS[number] if number < len(_COUNTS) else 1))
    return best


@lru_cache(maxsize=4_096)
def _split(text: str) -> tuple[str, ...]:
    return tuple(words_of(text))


@lru_cache(maxsize=16_384)
def _meets(word: str, other: str) -> int:
    if word == other:
        return _WHOLE
    if len(word) > 1 and other.startswith(word):
        return _BEGINNING
    if any(_begins(other, meant) for meant in _meant(word)):
        return _SYNONYM
    if is_mistyped(word, other):
        return _MISTYPED
    return 0


def _begins(word: str, meant: str) -> bool:
    """Whether a word is the one that is meant, or a form of it: `answers`."""
    return word == meant or (len(meant) > 3 and word.startswith(meant))


@cache
def _by_typed() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for ours, typed in SYNONYMS.items():
        for each in typed:
            for word in words_of(each):
                found.setdefault(word, set()).add(ours)
    return {word: frozenset(ours) for word, ours in found.items()}


@lru_cache(maxsize=1_024)
def _meant(word: str) -> frozenset[str]:
    """What of our words somebody means who types this, also half of it or mistyped."""
    known = _by_typed()
    if word in known:
        return known[word]
    begun = [ours for typed, ours in known.items() if len(word) > 2 and typed.startswith(word)]
    near = begun or [ours for typed, ours in known.items() if is_mistyped(word, typed)]
    return frozenset().union(*near)


def is_mistyped(word: str, other: str) -> bool:
    """Whether a word was meant as the other: one letter wrong, missing, doubled or swapped with the
    next in a word of four, two in one of eight. The first letter is right nearly always."""
    allowed = 2 if len(other) >= 8 else 1 if len(other) >= 4 else 0
    if not allowed or word[:1] != other[:1] or abs(len(word) - len(other)) > allowed:
        return False
    return _distance(word, other) <= allowed


def _distance(one: str, other: str) -> int:
    """Letters to change, put in, leave out or swap (optimal string alignment)."""
    before: list[int] = []
    above = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        here = [row]
        for column, wanted in enumerate(other, start=1):
            least = min(above[column] + 1, here[-1] + 1, above[column - 1] + (letter != wanted))
            swapped = row > 1 and column > 1 and letter == other[column - 2]
            if swapped and one[row - 2] == wanted:
                least = min(least, before[column - 2] + 1)
            here.append(least)
        before, above = above, here
    return above[-1]
