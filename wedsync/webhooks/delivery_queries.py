"""Reading deliveries and their attempts; every query inside one organization."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, select

from wedsync.errors import NotFound
from wedsync.events.models import Event
from wedsync.platform.db import db
from wedsync.webhooks.models import Delivery, DeliveryAttempt

STATES = ("due", "in_flight", "delivered", "exhausted", "cancelled")


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """What a list of deliveries is narrowed to."""

    event_id: UUID | None = None
    endpoint_id: UUID | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """A delivery, the stored name of its event, and every attempt, first to last."""

    delivery: Delivery
    event_type: str
    attempts: tuple[DeliveryAttempt, ...]


def get_delivery(organization_id: UUID, delivery_id: UUID) -> DeliveryRecord:
    """One delivery with its attempts. Raises NotFound."""
    rows = db.session.execute(_lines(organization_id).where(Delivery.id == delivery_id)).all()
    if not rows:
        raise NotFound("There is no such delivery.")
    return _with_attempts(organization_id, rows)[0]


def list_deliveries(
    organization_id: UUID,
    wanted: DeliveryFilter = DeliveryFilter(),
    *,
    before: UUID | None = None,
    limit: int = 50,
) -> list[DeliveryRecord]:
    """Deliveries with their attempts, newest first, older than `before`."""
    query = (
        _lines(organization_id)
        .where(*_conditions(wanted, before))
        .order_by(Delivery.id.desc())
        .limit(limit)
    )
    return _with_attempts(organization_id, db.session.execute(query).all())


def delivery_counts(organization_id: UUID, endpoint_id: UUID | None = None) -> dict[str, int]:
    """How many deliveries are in each state, to one endpoint or to all; every state is there."""
    query = select(Delivery.state, func.count()).where(Delivery.organization_id == organization_id)
    if endpoint_id is not None:
        query = query.where(Delivery.endpoint_id == endpoint_id)
    counted = dict(db.session.execute(query.group_by(Delivery.state)).all())
    return {state: counted.get(state, 0) for state in STATES}


def took_ms(attempt: DeliveryAttempt) -> int | None:
    """How long an attempt took in all, in milliseconds; None while it is on its way."""
    timed = (attempt.timings or {}).get("total_ms")
    if timed is not None:
        return round(float(timed))
    if attempt.finished_at is None:
        return None
    return round((attempt.finished_at - attempt.started_at).total_seconds() * 1000)


def _lines(organization_id: UUID) -> Select[Delivery, str]:
    return (
        select(Delivery, Event.type)
        .join(
            Event,
            and_(Event.organization_id == Delivery.organization_id, Event.id == Delivery.event_id),
        )
        .where(Delivery.organization_id == organization_id)
    )


def _conditions(wanted: DeliveryFilter, before: UUID | None) -> list[ColumnElement[bool]]:
    conditions = []
    if wanted.event_id is not None:
        conditions.append(Delivery.event_id == wanted.event_id)
    if wanted.endpoint_id is not None:
        conditions.append(Delivery.endpoint_id == wanted.endpoint_id)
    if wanted.state is not None:
        conditions.append(Delivery.state == wanted.state)
    if before is not None:
        conditions.append(Delivery.id < before)
    return conditions


def _with_attempts(
    organization_id: UUID, lines: Sequence[Row[Delivery, str]]
) -> list[DeliveryRecord]:
    """The attempts of all these deliveries, read in one statement."""
    attempts: dict[UUID, list[DeliveryAttempt]] = {delivery.id: [] for delivery, _ in lines}
    if lines:
        found = db.session.scalars(
            select(DeliveryAttempt)
            .where(
                DeliveryAttempt.organization_id == organization_id,
                DeliveryAttempt.delivery_id.in_(attempts),
            )
            .order_by(DeliveryAttempt.number)
        )
        for attempt in found:
            attempts[attempt.delivery_id].append(attempt)
    return [
        DeliveryRecord(delivery, event_type, tuple(attempts[delivery.id]))
        for delivery, event_type in lines
    ]
