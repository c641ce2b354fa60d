"""`/endpoints/{id}/messages`: for those who cannot receive and fetch instead."""

from uuid import UUID

from wedsync.api.resources import Resource
from wedsync.api.schemas.messages import (
    Acknowledged,
    AcknowledgeIn,
    MessagePage,
    MessageQuery,
    message_page,
)
from wedsync.platform import identity
from wedsync.webhooks.delivering import polling

messages = Resource("Messages", "What an endpoint that polls fetches, in order.")


@messages.get(
    "/endpoints/<uuid:endpoint_id>/messages",
    query=MessageQuery,
    answer=MessagePage,
    problems=[409],
)
def fetch_messages(endpoint_id: UUID, query: MessageQuery) -> MessagePage:
    """Fetch what waits for an endpoint that polls, oldest first, sensitive values opened.

    Ask on with the answer's `iterator`; while `done` is false there is more. What was not
    acknowledged is given again to whoever asks without an iterator, so take each id once.
    """
    fetched = polling.fetch(
        identity.organization_id(), endpoint_id, iterator=query.iterator, limit=query.limit
    )
    return message_page(fetched)


@messages.post(
    "/endpoints/<uuid:endpoint_id>/messages/acknowledge",
    body=AcknowledgeIn,
    answer=Acknowledged,
    problems=[409],
)
def acknowledge_messages(endpoint_id: UUID, body: AcknowledgeIn) -> Acknowledged:
    """Say that everything up to an iterator has arrived; it is not given again."""
    organization_id = identity.organization_id()
    return Acknowledged(arrived=polling.acknowledge(organization_id, endpoint_id, body.iterator))
