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
from wedsync.webhooks import delivery_queries
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
    return delivery_out(delivery_queries.get_delivery(identity.organization_id(), delivery_id))
