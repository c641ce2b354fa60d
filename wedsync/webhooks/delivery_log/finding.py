"""Finding deliveries among very many: backwards along one index, whatever they are narrowed to.

What the chosen index begins with is its *way*; everything else is looked at while going along it,
at most `LOOKED_AT` deliveries at a time (`NAMES_LOOKED_AT` where their events are opened), and
whoever asks is told how far back that was. So a page costs the same however many deliveries there
are, and whatever the statistics say: only the chosen index gives the order that is asked for, and
meanwhile the planner may not sort.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Text,
    TextClause,
    Uuid,
    all_,
    cast,
    column,
    func,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.sql.selectable import NamedFromClause

from wedsync.events.models import Event
from wedsync.events.subjects import name_in
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.webhooks import queries
from wedsync.webhooks.models import Delivery, Endpoint
from wedsync.weddings.wedding_search import plain

STATES = ("due", "in_flight", "delivered", "exhausted", "cancelled")
LOOKED_AT = 10_000
NAMES_LOOKED_AT = 2_000
_NUMBERED = 500
_SPECIAL, _AS_ITSELF = re.compile(r"([\\%_])"), r"\\\1"
_FIRST, _LAST = UUID(int=0), UUID(int=2**128 - 1)
_TEXTS = ("state", "event_type", "last_error")
_METHODS = ("seqscan", "bitmapscan", "sort", "incremental_sort", "hashjoin", "mergejoin")


def _methods(to: str) -> TextClause:
    return text("SELECT " + ", ".join(f"set_config('enable_{m}', '{to}', true)" for m in _METHODS))


_BY_INDEX, _AS_EVER = _methods("off"), _methods("on")
_INSIDE = "wedsync reads along indexes"


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """What deliveries are narrowed to; nothing given is no narrowing.

    `event_types` and `wedding_ids` are any of; `numbers` is the first and the last of ids that the
    delivery or its event may have; `names` are words, all in the name in what was sent. `since` is
    the first moment, `until` the first after the last.
    """

    states: tuple[str, ...] = ()
    endpoint_id: UUID | None = None
    event_id: UUID | None = None
    event_types: tuple[str, ...] = ()
    error: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    wedding_ids: tuple[UUID, ...] = ()
    numbers: tuple[UUID, UUID] | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """Ids of deliveries, the latest first. `looked_to`: older ones than this were not looked at;
    None when there is none that was not."""

    ids: list[UUID]
    looked_to: UUID | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """The columns of an index between the organization and the id, and for each way of beginning
    with them one value of each. `covers` are the filters that it answers by itself."""

    columns: tuple[str, ...] = ()
    keys: Sequence[tuple[Any, ...]] = ((),)
    covers: frozenset[str] = field(default_factory=frozenset)


@contextmanager
def by_index() -> Iterator[None]:
    """Statements inside are carried out along indexes, also where statistics know of no rows; what
    is inside another one is so anyway."""
    known = db.session.info
    if known.get(_INSIDE):
        yield
        return
    db.session.execute(_BY_INDEX)
    known[_INSIDE] = True
    try:
        yield
    finally:
        del known[_INSIDE]
    db.session.execute(_AS_EVER)


def find(
    organization_id: UUID,
    alternatives: Sequence[DeliveryFilter],
    *,
    before: UUID | None = None,
    limit: int,
) -> Found:
    """Deliveries that are as one of the alternatives says, the latest first, older than `before`.

    At most `limit` of them, and of each alternative only what it looked at.
    """
    with by_index():
        each = [_find(organization_id, wanted, before or _LAST, limit) for wanted in alternatives]
    looked_to = max((found.looked_to for found in each if found.looked_to), default=None)
    together = {one for found in each for one in found.ids if one >= (looked_to or _FIRST)}
    return Found(sorted(together, reverse=True)[:limit], looked_to)


def endpoint_ids(organization_id: UUID) -> list[UUID]:
    """Every endpoint an organization has."""
    query = select(Endpoint.id).where(
        Endpoint.organization_id == organization_id, Endpoint.state != "deleted"
    )
    return list(db.session.scalars(query))


def _find(organization_id: UUID, wanted: DeliveryFilter, before: UUID, limit: int) -> Found:
    first = ids.first_at(wanted.since) if wanted.since else _FIRST
    if wanted.until:
        before = min(before, ids.first_at(wanted.until))
    if wanted.numbers or wanted.event_id:
        return Found(_numbered(organization_id, wanted, first, before)[:limit])
    way = way_of(organization_id, wanted)
    rest = list(_rest(organization_id, wanted, way.covers))
    looked_to: UUID | None = None
    if rest:
        each = (NAMES_LOOKED_AT if wanted.names else LOOKED_AT) // max(1, len(way.keys))
        ends = along(organization_id, way, first, before, limit=1, offset=each)
        looked_to = db.session.scalar(ends)
    page = along(organization_id, way, looked_to or first, before, *rest, limit=limit)
    return Found(list(db.session.scalars(page)), looked_to)


def way_of(organization_id: UUID, wanted: DeliveryFilter) -> Way:
    """The index to go along: the one that begins with what there is least of."""
    if wanted.wedding_ids:
        return Way(
            ("wedding_id",), [(each,) for each in wanted.wedding_ids], frozenset({"wedding"})
        )
    if wanted.error:
        return Way(("last_error",), [(wanted.error,)], frozenset({"error"}))
    if wanted.event_types:
        return Way(("event_type",), [(each,) for each in wanted.event_types], frozenset({"type"}))
    if wanted.states:
        endpoints = [wanted.endpoint_id] if wanted.endpoint_id else endpoint_ids(organization_id)
        keys = [(endpoint, state) for endpoint in endpoints for state in wanted.states]
        return Way(("endpoint_id", "state"), keys, frozenset({"endpoint", "state"}))
    if wanted.endpoint_id:
        return Way(("endpoint_id",), [(wanted.endpoint_id,)], frozenset({"endpoint"}))
    return Way()


def along(
    organization_id: UUID,
    way: Way,
    first: UUID,
    before: UUID,
    *rest: ColumnElement[bool],
    limit: int,
    offset: int = 0,
) -> Select[UUID]:
    """The latest deliveries from the id `first` on and before `before`; those behind the first
    `offset` of each key of the way.

    Whole rows are compared, because what is only equal would fit the order of another index too.
    """
    keys = _keys(organization_id, way)
    names = ("organization_id", *way.columns)
    columns = [getattr(Delivery, name) for name in names]
    place = tuple_(*columns, Delivery.id)
    begun = [keys.c[name] for name in names]
    one = (
        select(Delivery.id)
        .where(
            place >= tuple_(*begun, cast(first, Uuid)), place < tuple_(*begun, cast(before, Uuid))
        )
        .where(*(each.is_not(None) for each in columns), *rest)
        .order_by(*(each.desc() for each in [*columns, Delivery.id]))
        .limit(limit)
        .offset(offset)
        .lateral("one")
    )
    return (
        select(one.c.id).select_from(keys.join(one, true())).order_by(one.c.id.desc()).limit(limit)
    )


def _keys(organization_id: UUID, way: Way) -> NamedFromClause:
    """The beginnings as rows. Not as constants: the planner would ask its statistics for them."""
    values = [(organization_id, *key) for key in way.keys]
    names = ("organization_id", *way.columns)
    types = [Text() if name in _TEXTS else Uuid() for name in names]
    lists = [
        cast([value[place] for value in values], ARRAY(kind)) for place, kind in enumerate(types)
    ]
    rows = (column(name, kind) for name, kind in zip(names, types, strict=True))
    return func.unnest(*lists).table_valued(*rows).render_derived(name="keys")


def _rest(
    organization_id: UUID, wanted: DeliveryFilter, covered: frozenset[str]
) -> Iterator[ColumnElement[bool]]:
    """What has to be looked at going along."""
    if leaving := queries.leaving(organization_id):
        yield Delivery.endpoint_id.not_in(leaving)
    if wanted.endpoint_id and "endpoint" not in covered:
        yield Delivery.endpoint_id == wanted.endpoint_id
    if wanted.states and "state" not in covered:
        yield Delivery.state.in_(wanted.states)
    if wanted.event_types and "type" not in covered:
        yield Delivery.event_type.in_(wanted.event_types)
    if wanted.error and "error" not in covered:
        yield Delivery.last_error == wanted.error
    if wanted.names:
        patterns = [f"%{_SPECIAL.sub(_AS_ITSELF, word)}%" for word in wanted.names]
        yield plain(_name()).like(all_(cast(patterns, ARRAY(Text))))


def _name() -> ColumnElement[str]:
    """The name in what was sent, looked up row by row."""
    event = (Event.organization_id == Delivery.organization_id, Event.id == Delivery.event_id)
    return select(name_in(Event.data)).where(*event).correlate(Delivery).scalar_subquery()


def _numbered(
    organization_id: UUID, wanted: DeliveryFilter, first: UUID, before: UUID
) -> list[UUID]:
    """Those of an event, or whose own or event's number lies in the range."""
    candidates: list[UUID] = []
    events = [wanted.event_id] if wanted.event_id else []
    if wanted.numbers:
        candidates = _numbers(Delivery, organization_id, *wanted.numbers)
        events = events or _numbers(Event, organization_id, *wanted.numbers)
    candidates += db.session.scalars(_of_events(events))
    found = select(Delivery.id).where(
        Delivery.id.in_(candidates),
        Delivery.organization_id == organization_id,
        Delivery.id >= first,
        Delivery.id < before,
        *_rest(organization_id, wanted, frozenset()),
    )
    if wanted.event_id:
        found = found.where(Delivery.event_id == wanted.event_id)
    return list(db.session.scalars(found.order_by(Delivery.id.desc())))


def _numbers(
    model: type[Delivery] | type[Event], organization_id: UUID, low: UUID, high: UUID
) -> list[UUID]:
    """The first ids of an organization in this range."""
    own, place = (model.organization_id, model.id), tuple_(model.organization_id, model.id)
    query = (
        select(model.id)
        .where(place >= tuple_(cast(organization_id, Uuid), cast(low, Uuid)))
        .where(place <= tuple_(cast(organization_id, Uuid), cast(high, Uuid)))
        .order_by(*own)
        .limit(_NUMBERED)
    )
    return list(db.session.scalars(query))


def _of_events(events: Sequence[UUID]) -> Select[UUID]:
    """The deliveries of these events, along the index of events; see `along` for the form."""
    event_ids = func.unnest(cast(list(events), ARRAY(Uuid()))).table_valued(column("id", Uuid()))
    keys = event_ids.render_derived(name="keys")
    one = (
        select(Delivery.id)
        .where(Delivery.event_id.between(keys.c.id, keys.c.id))
        .order_by(Delivery.event_id)
        .limit(_NUMBERED)
        .lateral("one")
    )
    return select(one.c.id).select_from(keys.join(one, true())).limit(_NUMBERED)
