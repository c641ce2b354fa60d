"""Trying an endpoint: one event that is meant for it alone."""

from uuid import UUID

from sqlalchemy import func

from wedsync.audit import service as audit
from wedsync.errors import Conflict
from wedsync.events import service as events
from wedsync.events.models import Event
from wedsync.events.types import OURS
from wedsync.platform import clock, ids
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.webhooks import queries
from wedsync.webhooks.delivering.service import FannedEvent, Wanted, count_hour, place_one
from wedsync.webhooks.models import Delivery, Endpoint

TEST_TYPE = "endpoint.test"


def send_test(organization_id: UUID, endpoint_id: UUID, *, by: Identity | None = None) -> Delivery:
    """Make a delivery that tells the endpoint hello; the caller commits and rings `deliveries`.

    Its event counts as fanned out, so nobody else hears of it. Raises NotFound, Conflict.
    """
    endpoint = queries.get_endpoint(organization_id, endpoint_id, to_stay=True)
    if endpoint.state != "on":
        raise Conflict("This endpoint is off. Switch it on first.", code="endpoint_off")
    event = _hello(endpoint)
    now = clock.now()
    is_polled = endpoint.receives == "polls"
    wanted = Wanted(
        endpoint.id, FannedEvent.of(event), str(endpoint.id), ordered=False, polled=is_polled
    )
    delivery = Delivery(
        id=ids.new_id(),
        organization_id=organization_id,
        endpoint_id=endpoint.id,
        event_id=event.id,
        event_type=event.type,
        lane=wanted.lane,
        seq=place_one(db.session.connection(), wanted, now),
        next_attempt_at=now,
    )
    db.session.add(delivery)
    db.session.flush()
    count_hour(db.session.connection(), [wanted])
    audit.record("endpoint.tested", "endpoint", endpoint.id, organization_id=organization_id, by=by)
    return delivery


def _hello(endpoint: Endpoint) -> Event:
    """Its event, which nobody else is told of."""
    data = {"endpoint_id": str(endpoint.id), "message": "This address receives your events."}
    event = events.publish(endpoint.organization_id, TEST_TYPE, data, source=OURS)
    event.fanned_out_at = func.clock_timestamp()
    return event
