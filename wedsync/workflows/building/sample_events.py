"""What came in, or would: the latest event a trigger waits for, and the example of its maker."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select

from wedsync import connectors
from wedsync.connections.models import Connection
from wedsync.connectors.manifest import Manifest
from wedsync.events.models import Event
from wedsync.events.types import OURS, stored_event_type
from wedsync.listings import manifests
from wedsync.platform import ids, leaves
from wedsync.platform.db import db
from wedsync.workflows.building.made_up import example_event, example_input

_MOST_LOOKED_AT = 1_000
_COLUMNS = (
    Event.id,
    Event.type,
    Event.source,
    Event.occurred_at,
    Event.data,
    Event.wedding_id,
    Event.causation,
)


def manifests_for(organization_id: UUID, trigger: Mapping[str, Any]) -> Sequence[Manifest]:
    """Those that may describe what comes in: of one connection its connector's, else all that are
    built in."""
    place, _, named = source_of(trigger).partition(":")
    if place != "connection":
        return tuple(connectors.manifests().values())
    version = db.session.scalar(
        select(Connection.listing_version_id).where(
            Connection.organization_id == organization_id,
            Connection.id == ids.read(named),
            Connection.state != "deleted",
        )
    )
    return tuple(manifests.of_many(db.session, [version]).values()) if version else ()


def latest(
    organization_id: UUID,
    trigger: Mapping[str, Any],
    known: Sequence[Manifest],
    wedding_id: UUID | None,
    first: UUID,
) -> Any:
    """The latest event of the organization that this trigger waits for, if there is one, of the
    wedding if it has one; none before the id `first`, and of the last 1,000 such."""
    conditions = _conditions(trigger, known)
    if conditions is None:
        return None
    recent = (
        select(Event.id, Event.wedding_id, Event.source)
        .where(
            Event.organization_id == organization_id,
            Event.id >= first,
            Event.fanned_out_at.is_not(None),
            *conditions,
        )
        .order_by(Event.id.desc())
        .limit(_MOST_LOOKED_AT)
        .subquery()
    )
    newest = select(recent.c.id).order_by(recent.c.id.desc()).limit(1)
    if wedding_id is not None:
        its_own = recent.c.wedding_id.is_not_distinct_from(wedding_id)
        newest = newest.order_by(None).order_by(its_own.desc(), recent.c.id.desc())
    query = select(*_COLUMNS).where(
        Event.organization_id == organization_id, Event.id == newest.scalar_subquery()
    )
    return db.session.execute(query).first()


def _conditions(
    trigger: Mapping[str, Any], known: Sequence[Manifest]
) -> list[ColumnElement[bool]] | None:
    kind = trigger.get("kind")
    if kind == "webhook" and isinstance(trigger.get("hook"), str):
        return _from(trigger)
    if kind == "poll":
        stream = _stream(trigger, known)
        return [*_from(trigger), Event.type == stream] if stream else None
    event_type, source = trigger.get("event_type"), trigger.get("source")
    if kind != "event" or not isinstance(event_type, str) or not isinstance(source, str):
        return None
    comes_from = Event.source != OURS if source == "any" else Event.source == source
    return [Event.type == event_type, comes_from]


def _from(trigger: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    return [Event.source == source_of(trigger)]


def _stream(trigger: Mapping[str, Any], known: Sequence[Manifest]) -> str | None:
    """The type that records of the list have which this trigger looks at."""
    named = trigger.get("stream")
    for stream in (each for manifest in known for each in manifest.streams):
        if stream.key == named:
            return stored_event_type(stream.event_type, source_of(trigger))
    return None


def type_of(trigger: Mapping[str, Any]) -> str:
    """The type an event of this trigger has."""
    named = trigger.get("event_type")
    return named if isinstance(named, str) else str(trigger.get("kind") or "manual")


def source_of(trigger: Mapping[str, Any]) -> str:
    """Where an event of this trigger comes from."""
    if trigger.get("kind") == "webhook":
        return f"hook:{trigger.get('hook')}"
    if trigger.get("kind") == "poll":
        return f"connection:{trigger.get('connection')}"
    source = trigger.get("source")
    return source if isinstance(source, str) else OURS


def shape_of(trigger: Mapping[str, Any], known: Sequence[Manifest]) -> Any:
    """The data such an event has, as its maker describes it, what is sensitive in it masked."""
    kind = trigger.get("kind")
    if kind in ("manual", "workflow"):
        return example_input(trigger.get("input"))
    if kind not in ("event", "webhook", "poll"):
        return None
    if trigger.get("source") == OURS:
        return example_event(trigger.get("event_type"))
    for manifest in known:
        if (found := _sample(manifest, trigger)) is not None:
            return found
    return {}


def _sample(manifest: Manifest, trigger: Mapping[str, Any]) -> Any:
    if trigger.get("kind") == "poll":
        named = (each for each in manifest.streams if each.key == trigger.get("stream"))
        stream = next(named, None)
        return leaves.mask_at(stream.sample, stream.sensitive) if stream else None
    wanted = trigger.get("event_type")
    sensitive = manifest.hooks.sensitive if manifest.hooks else ()
    for each in manifest.triggers:
        if wanted in (each.event_type, stored_event_type(each.event_type, "connection")):
            return leaves.mask_at(each.sample, sensitive)
    return None
