"""Searching the data picker: by any words, whatever their case and accents, and by what people say
for them."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from wedsync.workflows.building.known.data_items import DataGroup, DataItem
from wedsync.workflows.engine.functions.text import folded

LONGEST_QUERY = 100
_SHORTEST_BEGINNING = 3
_TITLE = 1_000
"""How far off a word is that only the title of a group holds."""

SYNONYMS: tuple[tuple[str, ...], ...] = (
    ("email", "mail", "address"),
    ("phone", "telephone", "mobile", "cell", "number"),
    ("couple", "bride", "groom", "partner", "partners", "spouse", "newlyweds"),
    ("date", "day", "when"),
    ("wedding", "event", "marriage"),
    ("venue", "place", "location", "where"),
    ("count", "headcount", "guests", "people", "pax", "number"),
    ("rsvp", "answer", "answers", "reply", "replies", "response"),
    ("deadline", "due", "until", "lock"),
    ("amount", "money", "price", "sum", "total", "paid", "payment"),
    ("currency", "money"),
    ("status", "state", "stands", "stage"),
    ("name", "names", "called", "title"),
    ("meal", "food", "menu", "diet", "dish"),
    ("allergy", "allergies", "diet"),
    ("note", "notes", "message", "comment"),
    ("now", "today", "moment"),
    ("delivery", "handover", "gallery"),
    ("approved", "yes", "agreed"),
)
"""Words that find each other."""

_APART = re.compile(r"[^\w]+")
_WITHIN = re.compile(r"[’'`-]")


def search(groups: Sequence[DataGroup], query: str) -> tuple[DataGroup, ...]:
    """The values all words of the query are found in, the best first within each group; groups
    without any are left out. An empty query leaves everything."""
    wanted = words_of(query[:LONGEST_QUERY])
    if not wanted:
        return tuple(groups)
    ranked = [(group, _ranked(group, wanted)) for group in groups]
    best = min((rank for _, found in ranked for rank, _ in found), default=_TITLE)
    told = [
        replace(group, items=tuple(item for rank, item in found if rank < _TITLE or best >= _TITLE))
        for group, found in ranked
    ]
    return tuple(group for group in told if group.items)


def words_of(text: str) -> list[str]:
    """`Couple’s e-mail` is `couples`, `email`."""
    return [word for word in _APART.split(folded(_WITHIN.sub("", text))) if word]


def _ranked(group: DataGroup, wanted: Sequence[str]) -> list[tuple[int, DataItem]]:
    """The values that fit, the best first, each with how far off it is."""
    around = words_of(group.title)
    every = [(_rank(item, around, wanted), item) for item in group.items]
    found = [(rank, item) for rank, item in every if rank is not None]
    return sorted(found, key=lambda each: each[0])


def _rank(item: DataItem, around: Sequence[str], wanted: Sequence[str]) -> int | None:
    """How far off a value is; None when a word is found nowhere."""
    label, value = words_of(item.label), words_of(item.sample_words)
    ranks = [_distance(word, label, value, around) for word in wanted]
    known = [rank for rank in ranks if rank is not None]
    return sum(known) if len(known) == len(ranks) else None


def _distance(
    word: str, label: Sequence[str], value: Sequence[str], around: Sequence[str]
) -> int | None:
    if any(each.startswith(word) for each in label):
        return 0 if label[0].startswith(word) else 1
    alike = alike_to(word)
    if any(each.startswith(other) for each in label for other in alike):
        return 2
    if len(word) > 2 and any(word in each for each in label):
        return 3
    if any(each.startswith(word) for each in value):
        return 4
    return _TITLE if any(each.startswith(word) for each in around) else None


@lru_cache(maxsize=256)
def alike_to(word: str) -> frozenset[str]:
    """What else people say for a word; also for the beginning of one, from three letters on."""
    if len(word) < _SHORTEST_BEGINNING:
        return frozenset()
    alike = [each for each in SYNONYMS if any(other.startswith(word) for other in each)]
    return frozenset(other for each in alike for other in each if not other.startswith(word))
