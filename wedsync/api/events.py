"""`/events`: facts, accepted and stored once."""

from uuid import UUID

from wedsync.api.paging import page
from wedsync.api.resources import Resource
from wedsync.api.schemas.events import (
    EventIn,
    EventOut,
    EventPage,
    EventQuery,
    EventWhole,
    event_out,
    event_whole,
)
from wedsync.events import queries, service
from wedsync.events.queries import EventFilter
from wedsync.platform import identity

events = Resource("Events", "Facts that were accepted, each stored once.")
SOURCE = "api"


@events.post("/events", body=EventIn, answer=EventOut, status=202, rings=["events"])
def publish_event(body: EventIn) -> EventOut:
    """Publish an event.

    It is stored when this is answered; workflows and endpoints hear of it a moment later.
    """
    event = service.publish(
        identity.organization_id(),
        body.type,
        body.data,
        source=SOURCE,
        wedding_id=body.wedding_id,
        occurred_at=body.occurred_at,
    )
    return event_out(event)


@events.get("/events", query=EventQuery, answer=EventPage)
def list_events(query: EventQuery) -> EventPage:
    """List events, newest first, without their data."""
    organization_id = identity.organization_id()
    wanted = EventFilter(query.type, query.source, query.state)
    found = page(
        query,
        lambda before, limit: queries.latest(organization_id, wanted, before=before, limit=limit),
        lambda event: event.id,
    )
    data = [event_out(event) for event in found.rows]
    return EventPage(data=data, next_cursor=found.next_cursor)


@events.get("/events/<uuid:event_id>", answer=EventWhole)
def get_event(event_id: UUID) -> EventWhole:
    """Read an event with its data."""
    return event_whole(queries.get(identity.organization_id(), event_id))
