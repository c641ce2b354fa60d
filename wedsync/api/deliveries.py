"""`/deliveries`: events on their way to endpoints, with every attempt."""

from uuid import UUID

from wedsync.api.paging import read_cursor, write_cursor
from wedsync.api.resources import Resource
from wedsync.api.schemas.deliveries import (
    DeliveryOut,
    DeliveryPage,
    DeliveryQuery,
    delivery_out,
)
from wedsync.platform import identity
from wedsync.webhooks.delivering import resending
from wedsync.webhooks.delivery_log import queries as delivery_queries
from wedsync.webhooks.delivery_log.finding import DeliveryFilter

deliveries = Resource("Deliveries", "Events on their way to endpoints, with every attempt.")


@deliveries.get("/deliveries", query=DeliveryQuery, answer=DeliveryPage)
def list_deliveries(query: DeliveryQuery) -> DeliveryPage:
    """List deliveries, newest first."""
    wanted = DeliveryFilter(
        states=(query.state,) if query.state else (),
        endpoint_id=query.endpoint,
        event_id=query.event,
        event_types=(query.type,) if query.type else (),
        error=query.error,
        since=query.since,
        until=query.until,
    )
    found, following = delivery_queries.list_deliveries(
        identity.organization_id(),
        wanted,
        search=query.search,
        before=read_cursor(query.cursor) if query.cursor is not None else None,
        limit=query.limit,
    )
    return DeliveryPage(
        data=[delivery_out(record) for record in found],
        next_cursor=write_cursor(following) if following else None,
    )


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
