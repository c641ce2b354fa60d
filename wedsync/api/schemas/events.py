"""Events, as the API tells them."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from wedsync.api.schemas.base import Body, Page, PageQuery, Resource
from wedsync.events.models import Event
from wedsync.events.queries import EventState, state_of
from wedsync.events.types import MAX_CHARACTERS
from wedsync.platform import leaves

# Instants near the ends of the calendar leave it when they are written in another zone.
Instant = Annotated[
    AwareDatetime, Field(ge=datetime(1900, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC))
]


class EventIn(Body):
    type: str = Field(
        max_length=MAX_CHARACTERS,
        description="Words in small letters joined by dots. A name of ours is stored as "
        "`external.<name>`.",
        examples=["seating.guest_added"],
    )
    data: Any = Field(description="At most 256 kB of JSON.", examples=[{"guest": "Ana Lee"}])
    wedding_id: UUID | None = Field(
        default=None, description="A wedding of yours; any other is left out."
    )
    occurred_at: Instant | None = Field(
        default=None, description="When it happened; now, when left out."
    )


class EventQuery(PageQuery):
    type: str | None = Field(default=None, max_length=200, description="The stored name.")
    source: str | None = Field(
        default=None,
        max_length=200,
        description="`ours`, `api`, `hook:<id>`, `workflow:<id>` …",
        examples=["api"],
    )
    state: EventState | None = None


class EventOut(Resource):
    type: str = Field(description="The name it is stored under.")
    source: str
    wedding_id: UUID | None
    occurred_at: datetime
    state: EventState = Field(description="`parked` when it could not be handed on.")


class EventWhole(EventOut):
    data: Any = Field(description="Null until an event from a hook is fanned out.")
    sender_event_id: str | None
    parked_reason: str | None


class EventPage(Page):
    data: list[EventOut]


def event_out(event: Event) -> EventOut:
    return EventOut(**_fields(event))


def event_whole(event: Event) -> EventWhole:
    return EventWhole(
        **_fields(event),
        data=leaves.mask_all(event.data),
        sender_event_id=event.sender_event_id,
        parked_reason=event.parked_reason,
    )


def _fields(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "created_at": event.created_at,
        "type": event.type,
        "source": event.source,
        "wedding_id": event.wedding_id,
        "occurred_at": event.occurred_at,
        "state": state_of(event),
    }
