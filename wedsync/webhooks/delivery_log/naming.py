"""What the words somebody looks for deliveries by stand for: a number, couples, events or names."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import TextClause, select, text

from wedsync.platform.db import db
from wedsync.platform.wording import name_words
from wedsync.webhooks.delivery_log.finding import DeliveryFilter, by_index
from wedsync.weddings.models import Wedding
from wedsync.weddings.wedding_search import LONGEST, folded, with_words, words_of

__all__ = ["LONGEST", "Meaning", "errors_known", "read", "types_known"]

_MOST_COUPLES = 20
_MOST_KNOWN = 200
_NUMBER = re.compile(r"(?:webhook-id:\s*)?([0-9a-f]{8}[0-9a-f-]{0,28})", re.I)

# From one value to the next, however many deliveries have the same.
_KNOWN = (
    "WITH RECURSIVE known AS ("
    " (SELECT {column} AS value FROM deliveries WHERE (organization_id, {column}) >= (:id, '')"
    "  AND organization_id <= :id AND {column} IS NOT NULL"
    "  ORDER BY organization_id, {column} LIMIT 1)"
    " UNION ALL SELECT (SELECT {column} FROM deliveries"
    "  WHERE (organization_id, {column}) > (:id, known.value)"
    "  AND organization_id <= :id AND {column} IS NOT NULL"
    "  ORDER BY organization_id, {column} LIMIT 1) FROM known WHERE known.value IS NOT NULL)"
    f" SELECT value FROM known WHERE value IS NOT NULL LIMIT {_MOST_KNOWN}"
)
_TYPES = text(_KNOWN.format(column="event_type"))
_ERRORS = text(_KNOWN.format(column="last_error"))


@dataclass(frozen=True, slots=True)
class Meaning:
    """`alternatives` are the filters that the words come to; `couples` and `types` what they name
    exactly. With neither and no number they are taken for `names` in what was sent."""

    alternatives: tuple[DeliveryFilter, ...]
    is_number: bool = False
    couples: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


def types_known(organization_id: UUID) -> list[str]:
    """The types of events that were ever sent, in their order; at most two hundred."""
    return _known(organization_id, _TYPES)


def errors_known(organization_id: UUID) -> list[str]:
    """The codes of what the latest tries of deliveries failed by."""
    return _known(organization_id, _ERRORS)


def read(
    organization_id: UUID, search: str, wanted: DeliveryFilter, *, in_names: bool = False
) -> Meaning:
    """What a search narrows `wanted` to; `in_names` takes it for names whatever else it may be."""
    words = words_of(search)
    if not words:
        return Meaning((wanted,))
    if number := _NUMBER.fullmatch(search.strip()):
        return Meaning((replace(wanted, numbers=_range(number[1])),), is_number=True)
    if not in_names:
        named = _named(organization_id, words, wanted)
        if named is not None:
            return named
    return Meaning((replace(wanted, names=tuple(words)),), names=tuple(words))


def _named(organization_id: UUID, words: Sequence[str], wanted: DeliveryFilter) -> Meaning | None:
    """Couples, events, or events of couples: “Hannah meals”. None where it is none of these."""
    told = {each: _told(each) for each in types_known(organization_id)}
    types, couples = _types(told, words), _couples(organization_id, words)
    if types or couples:
        either = (*_of_types(wanted, types), *_of_couples(wanted, couples))
        return Meaning(either, couples=tuple(dict.fromkeys(couples.values())), types=types)
    of_events = [word for word in words if any(word in said for said in told.values())]
    others = [word for word in words if word not in of_events]
    types, couples = _types(told, of_events), _couples(organization_id, others)
    if not types or not couples:
        return None
    both = tuple(each for one in _of_types(wanted, types) for each in _of_couples(one, couples))
    return Meaning(both, couples=tuple(dict.fromkeys(couples.values())), types=types)


def _told(event_type: str) -> str:
    return folded(f"{name_words(event_type)} {event_type}".lower())


def _types(told: Mapping[str, str], words: Sequence[str]) -> tuple[str, ...]:
    return tuple(each for each, said in told.items() if words and all(w in said for w in words))


def _couples(organization_id: UUID, words: Sequence[str]) -> dict[UUID, str]:
    """The weddings that go by these words, the latest made first."""
    if not words:
        return {}
    query = (
        select(Wedding.id, Wedding.title)
        .where(Wedding.organization_id == organization_id, *with_words(" ".join(words)))
        .order_by(Wedding.id.desc())
        .limit(_MOST_COUPLES)
    )
    return {row.id: row.title for row in db.session.execute(query)}


def _of_types(wanted: DeliveryFilter, types: Sequence[str]) -> Iterator[DeliveryFilter]:
    """Narrowed to these types, and to those it was narrowed to before."""
    left = tuple(each for each in types if each in (wanted.event_types or types))
    if left:
        yield replace(wanted, event_types=left)


def _of_couples(wanted: DeliveryFilter, couples: Mapping[UUID, str]) -> Iterator[DeliveryFilter]:
    if couples:
        yield replace(wanted, wedding_ids=tuple(couples))


def _range(number: str) -> tuple[UUID, UUID]:
    """The first and the last id that begin like this."""
    digits = number.replace("-", "")[:32].lower()
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))


def _known(organization_id: UUID, statement: TextClause) -> list[str]:
    with by_index():
        return list(db.session.scalars(statement, {"id": organization_id}))
