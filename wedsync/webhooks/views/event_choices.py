"""What an endpoint can be told about, in our words, and what conditions can be put on it.

Read from what WedSync itself says, from what the connected accounts tell, and from what has
happened so far.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from wedsync.connections.models import Connection
from wedsync.connectors.manifest import StreamEntry, TriggerEntry
from wedsync.events.meanings import MEANINGS
from wedsync.events.models import Event
from wedsync.events.types import stored_event_type
from wedsync.listings import manifests
from wedsync.platform import leaves
from wedsync.platform.db import db
from wedsync.platform.wording import capital, name_words
from wedsync.webhooks.delivering.samples import TEST_TYPE

MOST_TYPES = 200
MOST_PLACES = 60
_LATEST = 30
_DEEPEST = 4
_LONGEST_SAMPLE = 40

# One step in the index per type, however many events there are of each.
_HAPPENED = text(
    "WITH RECURSIVE seen AS ("
    " (SELECT type FROM events WHERE organization_id = :id ORDER BY type LIMIT 1)"
    " UNION ALL"
    " SELECT (SELECT type FROM events WHERE organization_id = :id AND type > seen.type"
    "   ORDER BY type LIMIT 1) FROM seen WHERE seen.type IS NOT NULL"
    ") SELECT type FROM seen WHERE type IS NOT NULL ORDER BY type LIMIT :most"
)


@dataclass(frozen=True, slots=True)
class EventChoice:
    """A kind of event: its stored name, and what that is in words."""

    name: str
    words: str


@dataclass(frozen=True, slots=True)
class EventGroup:
    """Kinds of event of one origin."""

    title: str
    choices: list[EventChoice]


@dataclass(frozen=True, slots=True)
class Place:
    """A place in an event that can be asked for: its path, and what it is, with an example."""

    path: str
    words: str


def offered(organization_id: UUID) -> list[EventGroup]:
    """Every kind of event there is to be told about, each once, in groups that hold something."""
    ours = {name: capital(said) for name, said in MEANINGS.items()}
    found = {"WedSync itself": ours, **_of_accounts(organization_id)}
    found["Has happened"] = happened(organization_id)
    groups, known = [], set[str]()
    for title, each in found.items():
        choices = [EventChoice(name, each[name]) for name in sorted(each.keys() - known)]
        known |= each.keys()
        if choices:
            groups.append(EventGroup(title, sorted(choices, key=lambda one: (one.words, one.name))))
    return groups


def places(organization_id: UUID) -> list[Place]:
    """What the latest events hold, so that a condition can be chosen instead of typed."""
    latest = (
        select(Event.type, Event.data)
        .where(Event.organization_id == organization_id, Event.data.is_not(None))
        .order_by(Event.id.desc())
        .limit(_LATEST)
    )
    found: dict[str, Any] = {}
    for event_type, data in db.session.execute(latest):
        found.setdefault("type", event_type)
        for path, value in _leaves("data", data, _DEEPEST):
            found.setdefault(path, value)
    return [Place(path, _said(path, found[path])) for path in sorted(found)[:MOST_PLACES]]


def _of_accounts(organization_id: UUID) -> dict[str, dict[str, str]]:
    """What the connected accounts tell, by the name of their integration."""
    rows = db.session.execute(
        select(Connection.id, Connection.listing_version_id)
        .where(Connection.organization_id == organization_id, Connection.state != "deleted")
        .order_by(Connection.id)
    ).all()
    known = manifests.of_many(db.session, {row.listing_version_id for row in rows})
    told: dict[str, dict[str, str]] = {}
    for row in rows:
        manifest = known.get(row.listing_version_id)
        if manifest is None:
            continue
        entries: list[TriggerEntry | StreamEntry] = [*manifest.triggers, *manifest.streams]
        for entry in entries:
            stored = stored_event_type(entry.event_type, f"connection:{row.id}")
            told.setdefault(manifest.name, {}).setdefault(stored, capital(entry.label))
    return told


def happened(organization_id: UUID) -> dict[str, str]:
    """Every kind of event that has happened, by its stored name in words."""
    rows = db.session.scalars(_HAPPENED, {"id": organization_id, "most": MOST_TYPES})
    return {name: name_words(name) for name in rows if name != TEST_TYPE}


def _leaves(path: str, value: Any, deep: int) -> Iterator[tuple[str, Any]]:
    """The plain values in a document; what is sealed is not shown, and lists are not entered."""
    if isinstance(value, dict) and not leaves.is_sealed(value):
        for name in value if deep else ():
            yield from _leaves(f"{path}.{name}", value[name], deep - 1)
    elif isinstance(value, str | int | float):
        yield path, value


def _said(path: str, value: Any) -> str:
    sample = str(value)
    words = name_words(path.removeprefix("data."))
    return f"{words}, such as {sample}" if 0 < len(sample) <= _LONGEST_SAMPLE else words
