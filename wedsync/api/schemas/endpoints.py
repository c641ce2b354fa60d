"""Endpoints, as the API tells them."""

from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from wedsync.api.schemas.base import Body, Page, Resource
from wedsync.webhooks import secrets
from wedsync.webhooks.endpoints.rules import LEAST_RATE, MOST_IN_FLIGHT, MOST_RATE
from wedsync.webhooks.models import Endpoint

_URL = "Where we post to; null for one that fetches."
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
_STOPS = Field(
    default=False,
    description=(
        "With `ordered_by`: what comes behind one that was given up waits until that one is sent "
        "again or cancelled. Otherwise it goes on and leaves a gap."
    ),
)
_RATE = Field(
    default=None,
    ge=LEAST_RATE,
    le=MOST_RATE,
    allow_inf_nan=False,
    description="At most so many requests a second, over all our machines; null for no bound.",
    examples=[5],
)
_IN_FLIGHT = Field(
    default=None,
    ge=1,
    le=MOST_IN_FLIGHT,
    description="At most so many requests at once; null for no bound.",
    examples=[4],
)
_KEY_PAIR = Field(
    default=False,
    description=(
        "Sign with an Ed25519 key pair (`v1a`) beside the secret (`v1`). Setting it back to false "
        "throws the key away."
    ),
)
_OVERLAPS = {"none": 0, "1h": 1, "24h": 24, "7d": 168}


class EndpointIn(Body):
    receives: Literal["posts", "polls"] = Field(
        default="posts", description="We post, or they fetch. Chosen once."
    )
    url: str | None = Field(
        default=None,
        max_length=2_000,
        description=_URL,
        examples=["https://seating.example/webhooks"],
    )
    event_types: list[str] = _EVENT_TYPES
    filter: Any = _FILTER
    ordered_by: str | None = _ORDERED_BY
    stops_at_failure: bool = _STOPS
    rate_per_s: float | None = _RATE
    max_in_flight: int | None = _IN_FLIGHT
    key_pair: bool = _KEY_PAIR
    description: str = Field(default="", max_length=500)


class EndpointPatch(Body):
    """Only what is named changes."""

    url: str = Field(default="", max_length=2_000)
    event_types: list[str] = _EVENT_TYPES
    filter: Any = _FILTER
    ordered_by: str | None = _ORDERED_BY
    stops_at_failure: bool = _STOPS
    rate_per_s: float | None = _RATE
    max_in_flight: int | None = _IN_FLIGHT
    key_pair: bool = _KEY_PAIR
    description: str = Field(default="", max_length=500)
    state: Literal["on", "off"] = "on"


class EndpointRotation(Body):
    overlap: Literal["none", "1h", "24h", "7d"] = Field(
        default="24h", description="How long what signed so far signs beside the new secret."
    )

    def length(self) -> timedelta:
        """The overlap as a length of time."""
        return timedelta(hours=_OVERLAPS[self.overlap])


class EndpointOut(Resource):
    receives: Literal["posts", "polls"]
    url: str | None = Field(description=_URL)
    event_types: list[str]
    filter: Any
    ordered_by: str | None
    stops_at_failure: bool
    rate_per_s: float | None
    max_in_flight: int | None
    description: str
    state: Literal["on", "off", "disabled"]
    state_reason: str | None = Field(description="Why we disabled it.", examples=["gone"])
    secret: str | None = Field(
        description="Whole in the answer that made it, then masked; null for one that fetches."
    )
    key_pair: bool = Field(description="Whether `v1a` signatures go along.")
    public_key: str | None = Field(
        description="What checks `v1a`; null without a key pair.",
        examples=["whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="],
    )
    previous_public_key: str | None = Field(description="The one before, while it signs too.")
    secret_overlap_until: datetime | None = Field(
        description="Until when the secret, and the key, before this one sign too."
    )
    failing_since: datetime | None = Field(description="The first failure since the last success.")


class EndpointPage(Page):
    data: list[EndpointOut]


def endpoint_out(endpoint: Endpoint, *, secret: str | None = None) -> EndpointOut:
    """The endpoint; `secret` only in the answer that made it."""
    posts = endpoint.receives == "posts"
    public = secrets.public_keys(endpoint)
    return EndpointOut.model_validate(
        {
            "id": endpoint.id,
            "created_at": endpoint.created_at,
            "receives": endpoint.receives,
            "url": endpoint.url or None,
            "event_types": endpoint.event_types,
            "filter": endpoint.filter,
            "ordered_by": endpoint.ordered_by,
            "stops_at_failure": endpoint.stops_at_failure,
            "rate_per_s": endpoint.rate_per_s,
            "max_in_flight": endpoint.max_in_flight,
            "description": endpoint.description,
            "state": endpoint.state,
            "state_reason": endpoint.state_reason,
            "secret": (secret or secrets.masked(endpoint)) if posts else None,
            "key_pair": endpoint.signing_key is not None,
            "public_key": public.present,
            "previous_public_key": public.previous,
            "secret_overlap_until": secrets.overlap_until(endpoint),
            "failing_since": endpoint.failing_since,
        }
    )
