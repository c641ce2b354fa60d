"""What people do with deliveries: try one now, send one again, give one up.

Each leaves a row that is due, or is not any more, and its lane touched; the caller commits and
rings `deliveries`.
"""

from uuid import UUID

from sqlalchemy import and_, func, select

from wedsync.audit import service as audit
from wedsync.errors import Conflict, NotFound
from wedsync.events.models import Event
from wedsync.platform import clock, leases
from wedsync.platform.db import db, one_of
from wedsync.platform.identity import Identity
from wedsync.webhooks import queries
from wedsync.webhooks.delivering import service as deliveries
from wedsync.webhooks.delivering.service import LANES, FannedEvent, Wanted
from wedsync.webhooks.models import Delivery, Endpoint

_MISSING = "There is no such delivery."


def try_now(organization_id: UUID, delivery_id: UUID, *, by: Identity) -> Delivery:
    """Make a delivery due at once; one that came to an end, also one that arrived, goes out again
    under the same number.

    Raises NotFound, and Conflict when it is on its way, waits to be fetched, or its endpoint is
    off.
    """
    endpoint, wanted = _wanted(organization_id, delivery_id)
    if endpoint.state != "on":
        raise Conflict("This endpoint is off. Turn it on first.", code="endpoint_off")
    delivery = _locked(organization_id, delivery_id, wanted)
    if delivery.state == "in_flight":
        raise Conflict("This is on its way at this moment.", code="delivery_in_flight")
    if delivery.state == "due" and wanted.polled:
        raise Conflict("This waits for them to fetch it.", code="delivery_waits")
    if delivery.state != "due":
        _join_the_tail(delivery, wanted)
    delivery.next_attempt_at = clock.now()
    db.session.flush()
    _record("delivery.tried_by_hand", delivery, by)
    return delivery


def give_up(organization_id: UUID, delivery_id: UUID, *, by: Identity) -> Delivery:
    """Stop trying. A request on its way is ended within moments, and one that its lane has stopped
    at is gone on without.

    Raises NotFound, and Conflict when nothing is waiting any more.
    """
    _, wanted = _wanted(organization_id, delivery_id)
    delivery = _locked(organization_id, delivery_id, wanted)
    if delivery.state not in ("due", "in_flight") and not _holds_up_others(delivery):
        raise Conflict("This is not waiting to be sent.", code="delivery_not_open")
    delivery.state = "cancelled"
    delivery.blocks_lane = False
    delivery.owner = delivery.lease_until = delivery.next_attempt_at = None
    delivery.finished_at = func.clock_timestamp()
    db.session.flush()
    _record("delivery.cancelled", delivery, by)
    return delivery


def _holds_up_others(delivery: Delivery) -> bool:
    return delivery.state == "exhausted" and delivery.blocks_lane


def _wanted(organization_id: UUID, delivery_id: UUID) -> tuple[Endpoint, Wanted]:
    """Where it goes, and how it would be made today. Raises NotFound."""
    event = db.session.execute(
        select(Delivery.endpoint_id, Event)
        .join(
            Event,
            and_(Event.organization_id == Delivery.organization_id, Event.id == Delivery.event_id),
        )
        .where(Delivery.organization_id == organization_id, Delivery.id == delivery_id)
    ).first()
    if event is None:
        raise NotFound(_MISSING)
    endpoint = queries.get_endpoint(organization_id, event.endpoint_id)
    return endpoint, deliveries.wanted_by(endpoint, FannedEvent.of(event.Event))


def _locked(organization_id: UUID, delivery_id: UUID, wanted: Wanted) -> Delivery:
    """The delivery, its lane and the one it would go to locked first: drains lock so too."""
    lane = db.session.scalar(
        select(Delivery.lane).where(
            Delivery.organization_id == organization_id, Delivery.id == delivery_id
        )
    )
    if lane is None:
        raise NotFound(_MISSING)
    if wanted.polled:  # its positions are given under this lock
        queries.get_endpoint(organization_id, wanted.endpoint_id, for_update=True)
    else:
        now = clock.now()
        lanes = {lane: now, wanted.lane: now}
        leases.touch_lanes(db.session.connection(), LANES, organization_id, lanes)
    return one_of(Delivery, organization_id, delivery_id, lock=True, missing=_MISSING)


def _join_the_tail(delivery: Delivery, wanted: Wanted) -> None:
    """Open a closed delivery behind all that is open in its lane, with all its tries before it.

    What its lane has stopped at keeps its place there: all that came later has waited for it. With
    another order by now its lane is another, and it joins that one's tail.
    """
    keeps_its_place = _holds_up_others(delivery) and delivery.lane == wanted.lane
    delivery.state = "due"
    delivery.failures = 0
    delivery.finished_at = None
    delivery.blocks_lane = False
    if keeps_its_place:
        return
    delivery.lane = wanted.lane
    delivery.seq = deliveries.place_one(db.session.connection(), wanted, clock.now())


def _record(action: str, delivery: Delivery, by: Identity) -> None:
    audit.record(
        action,
        "delivery",
        delivery.id,
        organization_id=delivery.organization_id,
        by=by,
        facts={"endpoint_id": str(delivery.endpoint_id)},
    )
