"""What people do with deliveries: try one now, send one again, give one up.

Each leaves a row that is due, or is not any more, and its lane touched; the caller commits and
rings `deliveries`.
"""

from uuid import UUID

from sqlalchemy import func, select

from wedsync.audit import service as audit
from wedsync.errors import Conflict, NotFound
from wedsync.platform import clock, leases
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.webhooks import queries
from wedsync.webhooks.deliveries import LANES
from wedsync.webhooks.models import Delivery


def try_now(organization_id: UUID, delivery_id: UUID, *, by: Identity) -> Delivery:
    """Make a delivery due at once; one that was given up goes out again under the same number.

    Raises NotFound, and Conflict when it is on its way, has arrived, or its endpoint is off.
    """
    delivery = _locked(organization_id, delivery_id)
    endpoint = queries.get_endpoint(organization_id, delivery.endpoint_id)
    if endpoint.state != "on":
        raise Conflict("This endpoint is off. Turn it on first.", code="endpoint_off")
    if delivery.state in ("in_flight", "delivered"):
        raise Conflict("This has arrived or is on its way.", code="delivery_not_open")
    if delivery.state != "due":
        _join_the_tail(delivery)
    delivery.next_attempt_at = clock.now()
    db.session.flush()
    _record("delivery.tried_by_hand", delivery, by)
    return delivery


def give_up(organization_id: UUID, delivery_id: UUID, *, by: Identity) -> Delivery:
    """Stop trying. Raises NotFound, Conflict when nothing is waiting any more."""
    delivery = _locked(organization_id, delivery_id)
    if delivery.state != "due":
        raise Conflict("This is not waiting to be sent.", code="delivery_not_open")
    delivery.state = "cancelled"
    delivery.next_attempt_at = None
    delivery.finished_at = func.clock_timestamp()
    db.session.flush()
    _record("delivery.cancelled", delivery, by)
    return delivery


def _locked(organization_id: UUID, delivery_id: UUID) -> Delivery:
    """The delivery, its lane locked first: drains lock in this order too."""
    is_it = (Delivery.organization_id == organization_id, Delivery.id == delivery_id)
    lane = db.session.scalar(select(Delivery.lane).where(*is_it))
    if lane is None:
        raise NotFound("There is no such delivery.")
    now = clock.now()
    leases.touch_lanes(db.session.connection(), LANES, organization_id, {lane: now})
    locked = select(Delivery).where(*is_it).with_for_update()
    return db.session.scalars(locked.execution_options(populate_existing=True)).one()


def _join_the_tail(delivery: Delivery) -> None:
    """Open a closed delivery behind all that is open in its lane, with all its tries before it."""
    delivery.state = "due"
    delivery.failures = 0
    delivery.finished_at = None
    if ":" not in delivery.lane:
        return
    last = db.session.scalar(
        select(func.max(Delivery.seq)).where(
            Delivery.organization_id == delivery.organization_id,
            Delivery.lane == delivery.lane,
            Delivery.state.in_(("due", "in_flight")),
            Delivery.id != delivery.id,
        )
    )
    delivery.seq = (last or 0) + 1


def _record(action: str, delivery: Delivery, by: Identity) -> None:
    audit.record(
        action,
        "delivery",
        delivery.id,
        organization_id=delivery.organization_id,
        by=by,
        facts={"endpoint_id": str(delivery.endpoint_id)},
    )
