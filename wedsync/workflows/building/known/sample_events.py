"""What came in, or would: the latest event a trigger waits for, and the example of its maker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, Subquery, and_, bindparam, func, select

from wedsync import connectors
from wedsync.connections.models import Connection
from wedsync.connectors.manifest import Manifest
from wedsync.events.models import Event
from wedsync.events.types import OURS, stored_event_type
from wedsync.listings import manifests
from wedsync.platform import ids, leaves
from wedsync.platform.db import db
from wedsync.weddings.models import Wedding
from wedsync.workflows.building.known.happened import NEVER, Happened
from wedsync.workflows.building.known.made_up import example_event, example_input

MOST_LOOKED_AT = 2_000
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
    """The latest event of the organization that this trigger waits for, of the wedding if it has
    such; none from before the id `first`, nor beyond the latest `MOST_LOOKED_AT` of their type.
    The row also says how often there was one, see `happened_in`."""
    wanted = _wanted(trigger, known)
    if wanted is None:
        return None
    query = _latest(
        has_type=wanted.type is not None,
        has_source=wanted.source is not None,
        has_wedding=wedding_id is not None,
    )
    about = {
        "organization_id": organization_id,
        "first": first,
        "type": wanted.type,
        "source": wanted.source,
        "wedding_id": wedding_id,
    }
    told = {name: value for name, value in about.items() if value is not None}
    return db.session.execute(query, told).first()


@cache
def _latest(*, has_type: bool, has_source: bool, has_wedding: bool) -> Any:
    """The statement, of which there are a few."""
    looked_at = _looked_at(has_type=has_type)
    source = looked_at.c.source
    is_fitting = source == bindparam("source") if has_source else source != OURS
    fitting = select(looked_at).where(is_fitting).cte("fitting")
    newest = select(fitting.c.id).order_by(fitting.c.id.desc()).limit(1)
    chosen = newest
    if has_wedding:
        theirs_first = fitting.c.wedding_id.is_distinct_from(bindparam("wedding_id"))
        chosen = select(fitting.c.id).order_by(theirs_first, fitting.c.id.desc()).limit(1)
    last = select(Event).where(Event.id == newest.scalar_subquery()).subquery("last")
    return (
        select(
            *_COLUMNS,
            select(func.count()).select_from(fitting).scalar_subquery().label("times"),
            select(func.count()).select_from(looked_at).scalar_subquery().label("looked_at"),
            last.c.occurred_at.label("last_at"),
            Wedding.title.label("last_for"),
        )
        .join(last, last.c.organization_id == Event.organization_id)
        .outerjoin(Wedding, _is_about(last))
        .where(
            Event.organization_id == bindparam("organization_id"),
            Event.id == chosen.scalar_subquery(),
        )
    )


def happened_in(row: Any) -> Happened:
    """How often there was an event this trigger waits for, as a row of `latest` says."""
    if row is None:
        return NEVER
    return Happened(row.times, row.looked_at < MOST_LOOKED_AT, row.last_at, row.last_for)


def _is_about(event: Subquery) -> ColumnElement[bool]:
    return and_(
        Wedding.organization_id == event.c.organization_id, Wedding.id == event.c.wedding_id
    )


def _looked_at(*, has_type: bool) -> CTE:
    """The latest there are, of one type where it is known, along an index."""
    query = select(Event.id, Event.wedding_id, Event.source).where(
        Event.organization_id == bindparam("organization_id"),
        Event.id >= bindparam("first"),
        Event.fanned_out_at.is_not(None),
    )
    if has_type:
        query = query.where(Event.type == bindparam("type"))
    return query.order_by(Event.id.desc()).limit(MOST_LOOKED_AT).cte("looked_at")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Events from one source, or (None) from anybody but ourselves; of one type, or any."""

    source: str | None
    type: str | None


def _wanted(trigger: Mapping[str, Any], known: Sequence[Manifest]) -> _Wanted | None:
    kind = trigger.get("kind")
    if kind == "webhook" and isinstance(trigger.get("hook"), str):
        return _Wanted(source_of(trigger), None)
    if kind == "poll":
        stream = _stream(trigger, known)
        return _Wanted(source_of(trigger), stream) if stream else None
    event_type, source = trigger.get("event_type"), trigger.get("source")
    if kind != "event" or not isinstance(event_type, str) or not isinstance(source, str):
        return None
    return _Wanted(None if source == "any" else source, event_type)


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
