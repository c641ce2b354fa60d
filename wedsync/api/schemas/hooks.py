"""Hooks, as the API tells them: the secret once, the address to those who may change it."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from wedsync.api.schemas.base import Answer, Body, Page, Resource
from wedsync.connectors.manifest import HookScheme
from wedsync.platform.identity import Identity
from wedsync.webhooks import queries, schemes, secrets
from wedsync.webhooks.hooks import samples as hook_samples
from wedsync.webhooks.hooks import service as hooks
from wedsync.webhooks.models import Hook, HookRejection, HookRejectionSample
from wedsync.webhooks.schemes import meta

_SECRET = Field(
    default=None,
    max_length=500,
    description="Only when the sender makes it; ours is made otherwise.",
)
_EVENT_TYPE = Field(
    default=None,
    max_length=120,
    description="What its events are called where the sender does not say; needed for `hmac`.",
    examples=["rsvp.received"],
)
_OPTIONS: Any = Field(
    default={},
    description="For `hmac`: `header`, `algorithm` (`sha256`, `sha512`, `sha1`), `encoding` "
    "(`hex`, `base64`), perhaps `prefix`, `id_header`, `timestamp_header`. For `basic` perhaps "
    "`id_header`, for `bearer` perhaps `header` and `id_header`. For all: `sensitive`, dotted "
    "paths that are kept sealed.",
    examples=[{"header": "X-Signature", "algorithm": "sha256", "encoding": "hex"}],
)
_QUOTA = Field(
    default=None,
    ge=1,
    le=hooks.MOST_PER_MINUTE,
    description="How many requests it takes in a minute at most; null means the most there is.",
)


class HookIn(Body):
    name: str = Field(max_length=200, examples=["Answers from the guest list"])
    scheme: HookScheme = Field(examples=["standard_webhooks"])
    secret: str | None = _SECRET
    event_type: str | None = _EVENT_TYPE
    options: dict[str, Any] = _OPTIONS
    quota_per_minute: int | None = _QUOTA


class HookPatch(Body):
    """Only what is named changes. A new secret stands beside the old one for a day."""

    name: str = Field(default="", max_length=200)
    secret: str | None = _SECRET
    event_type: str | None = _EVENT_TYPE
    options: dict[str, Any] = _OPTIONS
    quota_per_minute: int | None = _QUOTA
    state: Literal["on", "off"] = "on"


class HookOut(Resource):
    name: str
    scheme: HookScheme
    event_type: str | None
    options: dict[str, Any]
    state: Literal["on", "off", "needs_secret"]
    token: str | None = Field(description="Null for those who may not change hooks.")
    url: str | None = Field(description="Where the sender posts to; null like `token`.")
    secret: str | None = Field(description="Whole in the answer that made it, masked ever after.")
    secret_overlap_until: datetime | None = Field(
        description="Until when the secret before this one still verifies."
    )
    names_events: bool = Field(
        description="Whether what comes says which event it is. Without, every request is an event."
    )
    quota_per_minute: int | None = _QUOTA
    handshake_until: datetime | None = Field(
        description="Until when the sender gets the echo it asks for before it sends anything."
    )
    shaken_at: datetime | None = Field(description="When a sender last got its echo.")
    verify_token: str | None = Field(
        description="The words to agree on with the sender, only for `meta`; null like `token`."
    )
    last_seen_at: datetime | None
    conflicts: int = Field(description="How often one event id came with different bodies.")


class HookPage(Page):
    data: list[HookOut]


class SampleIn(Body):
    body: str | None = Field(
        default=None,
        max_length=hook_samples.LARGEST_BYTES,
        description="What it says, as the sender writes it; an example of ours when left out.",
    )


class SampleOut(Answer):
    """What arrived, as its sender would have sent it, with secrets masked."""

    url: str
    headers: dict[str, str]
    body: str
    status: int = Field(description="What its sender would have been answered.")
    answer: str
    event_id: UUID | None = Field(
        description="The event it became, which is passed on to nobody; null when not taken."
    )
    type: str | None
    command: str = Field(description="Sends the same to the address itself, from a terminal.")


class RejectionCount(Answer):
    code: str = Field(examples=["signature_invalid"])
    count: int
    last_at: datetime


class RejectionSample(Answer):
    id: UUID
    at: datetime
    code: str
    headers: dict[str, Any] = Field(description="As they came, with secrets masked.")
    size: int = Field(description="Of the body, in bytes.")


class Rejections(Answer):
    counts: list[RejectionCount]
    samples: list[RejectionSample] = Field(description="The latest ten.")


def hook_out(hook: Hook, reader: Identity, *, secret: str | None = None) -> HookOut:
    """The hook as `reader` may see it; `secret` only in the answer that made it."""
    editable = reader.has_role("editor") and reader.has_scope("hooks:write")
    scheme, agrees = schemes.named(hook.scheme), hook.scheme == "meta"
    return HookOut.model_validate(
        {
            "id": hook.id,
            "created_at": hook.created_at,
            "name": hook.name,
            "scheme": hook.scheme,
            "event_type": hook.event_type,
            "options": hook.options,
            "state": hook.state,
            "token": hook.token if editable else None,
            "url": hooks.url_of(hook) if editable else None,
            "secret": secret or secrets.masked(hook),
            "secret_overlap_until": secrets.overlap_until(hook),
            "names_events": scheme.names_events(hook.options),
            "quota_per_minute": hook.quota_per_minute,
            "handshake_until": hook.handshake_until,
            "shaken_at": hook.shaken_at,
            "verify_token": meta.verify_token(hooks.url_of(hook)) if agrees and editable else None,
            "last_seen_at": hook.last_seen_at,
            "conflicts": hook.conflicts,
        }
    )


def sample_out(arrived: hook_samples.Arrived) -> SampleOut:
    return SampleOut(
        url=arrived.url,
        headers=dict(arrived.headers),
        body=arrived.body,
        status=arrived.status,
        answer=arrived.answer,
        event_id=arrived.event.id if arrived.event else None,
        type=arrived.event.type if arrived.event else None,
        command=arrived.command,
    )


def rejections_out(found: queries.Rejections) -> Rejections:
    return Rejections(
        counts=[_count(each) for each in found.counts],
        samples=[_sample(each) for each in found.samples],
    )


def _count(rejection: HookRejection) -> RejectionCount:
    return RejectionCount(code=rejection.code, count=rejection.count, last_at=rejection.last_at)


def _sample(sample: HookRejectionSample) -> RejectionSample:
    return RejectionSample(
        id=sample.id,
        at=sample.created_at,
        code=sample.code,
        headers=sample.headers,
        size=sample.size,
    )
