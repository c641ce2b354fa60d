"""Endpoints, as the API tells them."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from wedsync.api.schemas.base import Body, Page, Resource
from wedsync.webhooks import secrets
from wedsync.webhooks.models import Endpoint

_EVENT_TYPES: Any = Field(
    default=[],
    max_length=100,
    description="The stored names it wants; none means all.",
    examples=[["seating.guest_added"]],
)
_FILTER = Field(
    default=None,
    description="JSONLogic over `trigger`; only events for which it holds are sent.",
    examples=[{"==": [{"var": "trigger.data.status"}, "accepted"]}],
)
_ORDERED_BY = Field(
    default=None,
    max_length=200,
    description="A dotted path in what is sent; events alike there arrive one after the other.",
    examples=["data.guest_id"],
)


class EndpointIn(Body):
    url: str = Field(max_length=2_000, examples=["https://seating.example/webhooks"])
    event_types: list[str] = _EVENT_TYPES
    filter: Any = _FILTER
    ordered_by: str | None = _ORDERED_BY
    description: str = Field(default="", max_length=500)


class EndpointPatch(Body):
    """Only what is named changes."""

    url: str = Field(default="", max_length=2_000)
    event_types: list[str] = _EVENT_TYPES
    filter: Any = _FILTER
    ordered_by: str | None = _ORDERED_BY
    description: str = Field(default="", max_length=500)
    state: Literal["on", "off"] = "on"


class EndpointOut(Resource):
    url: str
    event_types: list[str]
    filter: Any
    ordered_by: str | None
    description: str
    state: Literal["on", "off", "disabled"]
    state_reason: str | None = Field(description="Why we disabled it.", examples=["gone"])
    secret: str | None = Field(description="Whole in the answer that made it, masked ever after.")
    secret_overlap_until: datetime | None = Field(
        description="Until when the secret before this one signs too."
    )
    failing_since: datetime | None = Field(description="The first failure since the last success.")


class EndpointPage(Page):
    data: list[EndpointOut]


def endpoint_out(endpoint: Endpoint, *, secret: str | None = None) -> EndpointOut:
    """The endpoint; `secret` only in the answer that made it."""
    return EndpointOut.model_validate(
        {
            "id": endpoint.id,
            "created_at": endpoint.created_at,
            "url": endpoint.url,
            "event_types": endpoint.event_types,
            "filter": endpoint.filter,
            "ordered_by": endpoint.ordered_by,
            "description": endpoint.description,
            "state": endpoint.state,
            "state_reason": endpoint.state_reason,
            "secret": secret or secrets.masked(endpoint),
            "secret_overlap_until": secrets.overlap_until(endpoint),
            "failing_since": endpoint.failing_since,
        }
    )
