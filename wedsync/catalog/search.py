"""Finding a listing by a few words: by what it is called, what it is for, and despite a slip.

Every word that was typed has to be found somewhere in a listing; where it is found decides the
order. Words are compared folded (no accents, no case), by their beginnings, and by the pairs of
letters they share, so that “stirpe” finds Stripe.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from uuid import UUID

from wedsync.catalog.goals import GOALS
from wedsync.connectors.manifest import Manifest
from wedsync.listings.queries import PublishedListing

LONGEST_QUERY = 100
MOST_WORDS = 8
_NAME, _KEYWORD, _GOAL, _SUMMARY, _ACTION, _DESCRIPTION = 10, 7, 5, 4, 3, 1
_WHOLE, _BEGINNING, _ALIKE = 3.0, 2.0, 1.0
_FEWEST_LETTERS = 4
_ALIKE_ENOUGH = 0.55
_UNIMPORTANT = frozenset(
    {"a", "an", "and", "by", "for", "from", "i", "in", "it", "me", "my", "of", "on", "or", "our"}
    | {"the", "to", "what", "when", "who", "with"}
)
_GOAL_WORDS = {
    "paid": "money payment payments invoice invoices deposit instalment card bank refund",
    "guests": "guest guests rsvp answer answers attendance list seating table meal diet",
    "send": "email e-mail mail message messages letter reminder newsletter sms text",
    "dates": "calendar date dates appointment schedule booking availability",
    "photos": "photo photos picture gallery file files folder deliver video",
    "build": "api rest webhook webhooks developer custom own",
}

_MOST_KEPT = 2_000
_kept: dict[UUID, Mapping[str, int]] = {}


def matching(listed: Iterable[PublishedListing], query: str) -> list[PublishedListing]:
    """Those that fit `query`, the best first; all of them, in their order, for an empty one."""
    wanted = words_of(query)
    if not wanted:
        return list(listed)
    scored = [(_score(_index_of(each), wanted), each) for each in listed]
    fitting = [(score, each) for score, each in scored if score]
    return [each for _, each in sorted(fitting, key=lambda pair: -pair[0])]


def words_of(text: str) -> list[str]:
    """The words of a query, folded; the unimportant ones only where nothing else was typed."""
    words = _folded(text[:LONGEST_QUERY])[:MOST_WORDS]
    return [word for word in words if word not in _UNIMPORTANT] or words


def _index_of(found: PublishedListing) -> Mapping[str, int]:
    """A version's words with the weight of the heaviest place each stands in; kept per process."""
    if found.version.id not in _kept:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        _kept[found.version.id] = _indexed(found.manifest)
    return _kept[found.version.id]


def _indexed(manifest: Manifest) -> dict[str, int]:
    index: dict[str, int] = {}
    for text, weight in _places(manifest):
        for word in _folded(text):
            index[word] = max(index.get(word, 0), weight)
    return index


def _places(manifest: Manifest) -> Iterator[tuple[str, int]]:
    yield manifest.name, _NAME
    yield manifest.slug.replace("-", " "), _NAME
    yield manifest.summary, _SUMMARY
    yield " ".join(each.label for each in manifest.actions), _ACTION
    yield " ".join(each.label for each in manifest.triggers), _ACTION
    if manifest.shelf is not None:
        yield manifest.shelf.description, _DESCRIPTION
        for text in (*manifest.shelf.keywords, *manifest.shelf.vendor_types):
            yield text, _KEYWORD
        for goal in manifest.shelf.categories:
            yield f"{GOALS[goal]} {_GOAL_WORDS[goal]}", _GOAL


def _score(index: Mapping[str, int], wanted: list[str]) -> float:
    """The sum over the words that were typed; nothing as soon as one of them is nowhere."""
    total = 0.0
    for word in wanted:
        best = max((weight * _likeness(word, known) for known, weight in index.items()), default=0)
        if not best:
            return 0.0
        total += best
    return total


def _likeness(typed: str, known: str) -> float:
    if typed == known:
        return _WHOLE
    if known.startswith(typed):
        return _BEGINNING
    if min(len(typed), len(known)) < _FEWEST_LETTERS or abs(len(typed) - len(known)) > 2:
        return 0.0
    return _ALIKE if _shared(typed, known) >= _ALIKE_ENOUGH else 0.0


def _shared(one: str, other: str) -> float:
    """How many of their pairs of neighbouring letters two words share, 0 to 1 (Dice, 1945).

    A pair counts whichever way round it stands: swapping two letters is the commonest slip.
    """
    mine, theirs = _pairs(one), _pairs(other)
    return 2 * len(mine & theirs) / (len(mine) + len(theirs))


@lru_cache(maxsize=16_384)
def _pairs(word: str) -> frozenset[str]:
    framed = f" {word} "
    return frozenset("".join(sorted(framed[at : at + 2])) for at in range(len(framed) - 1))


def _folded(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = (each if each.isalnum() else " " for each in plain if not unicodedata.combining(each))
    return "".join(letters).split()
