"""Reading deliveries and their attempts; every query inside one organization."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

from wedsync.errors import NotFound
from wedsync.events.models import Event
from wedsync.events.subjects import name_in
from wedsync.platform.db import db
from wedsync.webhooks.delivery_log import finding, naming
from wedsync.webhooks.delivery_log.finding import DeliveryFilter, by_index
from wedsync.webhooks.models import OPEN_IN_ORDER, Delivery, DeliveryAttempt
from wedsync.webhooks.queries import leaving
from wedsync.weddings.models import Wedding

MOST_BEFORE = 100
_GAPS_NAMED = 5

_GIVEN_UP_BEFORE = text(
    "SELECT id FROM deliveries WHERE lane = :lane AND state = 'exhausted' AND id < :id"
    " AND organization_id = :organization_id ORDER BY lane DESC, id DESC"
    f" LIMIT {MOST_BEFORE + 1}"
)
_AHEAD = text(
    f"SELECT id, state FROM deliveries WHERE lane = :lane AND {OPEN_IN_ORDER} AND seq < :seq"
    " AND organization_id = :organization_id ORDER BY lane, seq"
    f" LIMIT {MOST_BEFORE + 1}"
)


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """A delivery and every attempt, first to last."""

    delivery: Delivery
    attempts: tuple[DeliveryAttempt, ...]


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery as a list shows it: whom it is about, and how its last try went.

    `subject` is the couple, else a name in what was sent.
    """

    delivery: Delivery
    subject: str | None
    last: DeliveryAttempt | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a delivery stands in the order of its lane, counted no further than `MOST_BEFORE`.

    `given_up` of those before it never arrived, the latest of them are named; `ahead` go first, of
    which `blocks` was given up and holds up the rest.
    """

    given_up: int
    named: tuple[DeliveryRow, ...]
    ahead: int
    blocks: UUID | None


def get_delivery(organization_id: UUID, delivery_id: UUID) -> DeliveryRecord:
    """One delivery with its attempts. Raises NotFound."""
    found = _records(organization_id, [delivery_id])
    if not found:
        raise NotFound("There is no such delivery.")
    return found[0]


def list_deliveries(
    organization_id: UUID,
    wanted: DeliveryFilter,
    *,
    search: str = "",
    before: UUID | None = None,
    limit: int = 50,
) -> tuple[list[DeliveryRecord], UUID | None]:
    """Deliveries with their attempts, newest first, older than `before`; and what to go on before,
    None where there are no more. There may be more also where fewer than `limit` were found."""
    meaning = naming.read(organization_id, search, wanted)
    found = finding.find(organization_id, meaning.alternatives, before=before, limit=limit + 1)
    shown = found.ids[:limit]
    following = shown[-1] if len(found.ids) > limit else found.looked_to
    return _records(organization_id, shown), following


def rows(organization_id: UUID, delivery_ids: Collection[UUID]) -> list[DeliveryRow]:
    """These deliveries as a list shows them, the latest first."""
    query = (
        select(Delivery, func.coalesce(Wedding.title, name_in(Event.data)), DeliveryAttempt)
        .join(Event, (Event.organization_id == organization_id) & (Event.id == Delivery.event_id))
        .outerjoin(
            Wedding,
            (Wedding.organization_id == organization_id) & (Wedding.id == Event.wedding_id),
        )
        .outerjoin(
            DeliveryAttempt,
            (DeliveryAttempt.delivery_id == Delivery.id)
            & (DeliveryAttempt.number == Delivery.attempts),
        )
        .where(Delivery.organization_id == organization_id, Delivery.id.in_(delivery_ids))
        .order_by(Delivery.id.desc())
    )
    with by_index():
        return [DeliveryRow(*row) for row in db.session.execute(query)]


def place_of(delivery: Delivery) -> Place | None:
    """Where it stands in its order; None where order does not matter."""
    if ":" not in delivery.lane:
        return None
    given = {
        "organization_id": delivery.organization_id,
        "lane": delivery.lane,
        "id": delivery.id,
        "seq": delivery.seq if delivery.state == "due" else 0,
    }
    with by_index():
        gaps = list(db.session.scalars(_GIVEN_UP_BEFORE, given))
        ahead = db.session.execute(_AHEAD, given).all()
    blocks = next((row.id for row in ahead if row.state == "exhausted"), None)
    named = rows(delivery.organization_id, gaps[:_GAPS_NAMED]) if gaps else []
    return Place(len(gaps), tuple(named), len(ahead), blocks)


def event_sent(organization_id: UUID, event_id: UUID) -> Any:
    """What a delivery's body is made from: `id`, `type`, `occurred_at` and `data`."""
    return db.session.execute(
        select(Event.id, Event.type, Event.occurred_at, Event.data).where(
            Event.organization_id == organization_id, Event.id == event_id
        )
    ).one()


def took_ms(attempt: DeliveryAttempt) -> int | None:
    """How long an attempt took in all, in milliseconds; None while it is on its way."""
    timed = (attempt.timings or {}).get("total_ms")
    if timed is not None:
        return round(float(timed))
    if attempt.finished_at is None:
        return None
    return round((attempt.finished_at - attempt.started_at).total_seconds() * 1000)


def _records(organization_id: UUID, delivery_ids: Sequence[UUID]) -> list[DeliveryRecord]:
    """These deliveries, the latest first, their attempts read in one statement."""
    if not delivery_ids:
        return []
    own = (
        Delivery.organization_id == organization_id,
        Delivery.id.in_(delivery_ids),
        Delivery.endpoint_id.not_in(leaving(organization_id)),
    )
    theirs = (
        DeliveryAttempt.organization_id == organization_id,
        DeliveryAttempt.delivery_id.in_(delivery_ids),
    )
    attempts: defaultdict[UUID, list[DeliveryAttempt]] = defaultdict(list)
    with by_index():
        deliveries = list(db.session.scalars(select(Delivery).where(*own)))
        for attempt in db.session.scalars(select(DeliveryAttempt).where(*theirs)):
            attempts[attempt.delivery_id].append(attempt)
    latest = sorted(deliveries, key=lambda delivery: delivery.id, reverse=True)
    return [
        DeliveryRecord(each, tuple(sorted(attempts[each.id], key=lambda tried: tried.number)))
        for each in latest
    ]
