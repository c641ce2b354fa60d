"""`/deliveries`: events on their way to endpoints, with every attempt."""

from uuid import UUID

from wedsync.api.paging import page
from wedsync.api.resources import Resource
from wedsync.api.schemas.deliveries import (
    DeliveryOut,
    DeliveryPage,
    DeliveryQuery,
    delivery_out,
)
from wedsync.platform import identity
from wedsync.webhooks import delivery_queries, resending
from wedsync.webhooks.delivery_queries import DeliveryFilter

deliveries = Resource("Deliveries", "Events on their way to endpoints, with every attempt.")


@deliveries.get("/deliveries", query=DeliveryQuery, answer=DeliveryPage)
def list_deliveries(query: DeliveryQuery) -> DeliveryPage:
    """List deliveries, newest first."""
    organization_id = identity.organization_id()
    wanted = DeliveryFilter(query.event, query.endpoint, query.state)
    found = page(
        query,
        lambda before, limit: delivery_queries.list_deliveries(
            organization_id, wanted, before=before, limit=limit
        ),
        lambda record: record.delivery.id,
    )
    data = [delivery_out(record) for record in found.rows]
    return DeliveryPage(data=data, next_cursor=found.next_cursor)


@deliveries.get("/deliveries/<uuid:delivery_id>", answer=DeliveryOut)
def get_delivery(delivery_id: UUID) -> DeliveryOut:
    """Read a delivery with its attempts."""
    return _read(delivery_id)


@deliveries.post(
    "/deliveries/<uuid:delivery_id>/resend",
    answer=DeliveryOut,
    rings=["deliveries"],
    problems=[409],
)
def resend_delivery(delivery_id: UUID) -> DeliveryOut:
    """Try a delivery at once, or send one again that was given up.

    It keeps its `webhook-id`, so a receiver that has it already can tell.
    """
    me = identity.current()
    resending.try_now(me.organization_id, delivery_id, by=me)
    return _read(delivery_id)


@deliveries.post(
    "/deliveries/<uuid:delivery_id>/cancel",
    answer=DeliveryOut,
    rings=["deliveries"],
    problems=[409],
)
def cancel_delivery(delivery_id: UUID) -> DeliveryOut:
    """Stop trying a delivery."""
    me = identity.current()
    resending.give_up(me.organization_id, delivery_id, by=me)
    return _read(delivery_id)


def _read(delivery_id: UUID) -> DeliveryOut:
    return delivery_out(delivery_queries.get_delivery(identity.organization_id(), delivery_id))
