"""An event as its page tells it: what came in, from where, and whom it was passed on to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from wedsync.events import queries as events
from wedsync.events.models import Event
from wedsync.events.returning import TOO_OFTEN
from wedsync.platform.wording import State, name_words
from wedsync.webhooks import page_queries as webhook_pages
from wedsync.webhooks import queries as webhooks
from wedsync.webhooks.delivery_log import queries as delivery_queries
from wedsync.webhooks.delivery_log.finding import DeliveryFilter
from wedsync.workflows import page_queries
from wedsync.workflows.words.shown_values import Row, rows_of

_DELIVERIES = {
    "due": State("waiting", "Waiting"),
    "in_flight": State("running", "On its way"),
    "delivered": State("done", "Arrived"),
    "exhausted": State("failed", "Gave up"),
    "cancelled": State("stopped", "Stopped"),
}
_MOST = 50


@dataclass(frozen=True, slots=True)
class PassedOn:
    """One delivery of an event, and to whom it goes."""

    id: UUID
    endpoint_id: UUID
    to: str
    state: State
    at: datetime


@dataclass(frozen=True, slots=True)
class EventStory:
    """Everything the page says."""

    id: UUID
    type: str
    title: str
    source: str | None
    source_url_id: UUID | None
    at: datetime
    occurred_at: datetime
    values: tuple[Row, ...]
    state: str
    parked_reason: str
    went_round: bool
    deliveries: tuple[PassedOn, ...]


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event in a list: what it was and about whom, and where it came from."""

    id: UUID
    title: str
    source: str | None
    at: datetime


def event_lines(organization_id: UUID, found: Sequence[Event]) -> list[EventLine]:
    """These events, each in a line."""
    sources = {
        source: page_queries.source_name(organization_id, source)
        for source in {event.source for event in found}
    }
    about = webhook_pages.subjects(organization_id, [event.id for event in found])
    return [
        EventLine(
            event.id,
            ", ".join(filter(None, (name_words(event.type), about.get(event.id)))),
            sources[event.source],
            event.accepted_at,
        )
        for event in found
    ]


def tell_event(organization_id: UUID, event: Event) -> EventStory:
    """The story of one event."""
    shown, every = rows_of(event.data)
    is_hook = event.source.startswith("hook:")
    return EventStory(
        id=event.id,
        type=event.type,
        title=name_words(event.type),
        source=page_queries.source_name(organization_id, event.source),
        source_url_id=UUID(event.source[5:]) if is_hook else None,
        at=event.accepted_at,
        occurred_at=event.occurred_at,
        values=every or shown,
        state=events.state_of(event),
        parked_reason=event.parked_reason or "",
        went_round=event.parked_reason == TOO_OFTEN,
        deliveries=tuple(_passed_on(organization_id, event.id)),
    )


def _passed_on(organization_id: UUID, event_id: UUID) -> list[PassedOn]:
    found, _ = delivery_queries.list_deliveries(
        organization_id, DeliveryFilter(event_id=event_id), limit=_MOST
    )
    named = {
        endpoint_id: webhooks.get_endpoint(organization_id, endpoint_id)
        for endpoint_id in {each.delivery.endpoint_id for each in found}
    }
    return [
        PassedOn(
            each.delivery.id,
            each.delivery.endpoint_id,
            named[each.delivery.endpoint_id].description or named[each.delivery.endpoint_id].url,
            _DELIVERIES[each.delivery.state],
            each.delivery.created_at,
        )
        for each in found
    ]
