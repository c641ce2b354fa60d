"""Deliveries and their attempts, as the API tells them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field

from wedsync.api.schemas.base import Answer, Page, PageQuery, Resource
from wedsync.webhooks.delivery_log.queries import DeliveryRecord, took_ms
from wedsync.webhooks.models import DeliveryAttempt

DeliveryState = Literal["due", "in_flight", "delivered", "exhausted", "cancelled"]


class DeliveryQuery(PageQuery):
    """A page may hold fewer than `limit` and still have a `next_cursor`: what is looked for among
    very many is looked for a part at a time."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    event: UUID | None = Field(
        default=None, description="Only deliveries of this event: the `webhook-id`."
    )
    endpoint: UUID | None = Field(default=None, description="Only deliveries to this endpoint.")
    state: DeliveryState | None = Field(default=None, description="Only those in this state.")
    type: str | None = Field(
        default=None, max_length=200, description="Only of events with this stored name."
    )
    error: str | None = Field(
        default=None,
        max_length=100,
        description="Only those whose latest try failed with this code.",
        examples=["http_503", "timeout"],
    )
    search: str = Field(
        default="",
        max_length=100,
        description="Words: a couple, an event, the beginning of a number, or a name in what was "
        "sent.",
    )
    since: AwareDatetime | None = Field(
        default=None, alias="from", description="Only deliveries that were made then or later."
    )
    until: AwareDatetime | None = Field(
        default=None, alias="to", description="Only deliveries that were made before."
    )


class AttemptOut(Answer):
    number: int
    at: datetime
    status: int | None = Field(description="The HTTP status; null when there was no answer.")
    ms: int | None = Field(description="How long it took; null while it is on its way.")
    error: str | None = Field(description="A short code of what went wrong.")
    answer: str | None = Field(description="The beginning of what came back.")


class DeliveryOut(Resource):
    event_id: UUID
    event_type: str
    endpoint_id: UUID
    state: DeliveryState
    attempts: list[AttemptOut]
    last_error: str | None = Field(
        description="A short code of why it has not arrived.", examples=["http_503"]
    )
    next_attempt_at: datetime | None
    finished_at: datetime | None


class DeliveryPage(Page):
    data: list[DeliveryOut]


def delivery_out(record: DeliveryRecord) -> DeliveryOut:
    delivery = record.delivery
    return DeliveryOut.model_validate(
        {
            "id": delivery.id,
            "created_at": delivery.created_at,
            "event_id": delivery.event_id,
            "event_type": delivery.event_type,
            "endpoint_id": delivery.endpoint_id,
            "state": delivery.state,
            "attempts": [_attempt(attempt) for attempt in record.attempts],
            "last_error": delivery.last_error,
            "next_attempt_at": delivery.next_attempt_at,
            "finished_at": delivery.finished_at,
        }
    )


def _attempt(attempt: DeliveryAttempt) -> AttemptOut:
    return AttemptOut(
        number=attempt.number,
        at=attempt.started_at,
        status=attempt.status,
        ms=took_ms(attempt),
        error=attempt.error,
        answer=attempt.answer,
    )
