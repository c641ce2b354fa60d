"""Hooks, as the API tells them: the secret once, the address to those who may change it."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from wedsync.api.schemas.base import Answer, Body, Page, Resource
from wedsync.platform.identity import Identity
from wedsync.webhooks import hooks, queries, secrets
from wedsync.webhooks.models import Hook, HookRejection, HookRejectionSample

Scheme = Literal[
    "standard_webhooks", "standard_webhooks_v1a", "stripe", "github", "shopify", "slack", "twilio",
    "tripleseat", "xero", "meta", "graph", "hmac", "basic", "bearer",
]  # fmt: skip

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
    "(`hex`, `base64`), perhaps `prefix`, `id_header`, `timestamp_header`. For all: `sensitive`, "
    "dotted paths that are kept sealed.",
    examples=[{"header": "X-Signature", "algorithm": "sha256", "encoding": "hex"}],
)


class HookIn(Body):
    name: str = Field(max_length=200, examples=["Answers from the guest list"])
    scheme: Scheme = Field(examples=["standard_webhooks"])
    secret: str | None = _SECRET
    event_type: str | None = _EVENT_TYPE
    options: dict[str, Any] = _OPTIONS


class HookPatch(Body):
    """Only what is named changes. A new secret stands beside the old one for a day."""

    name: str = Field(default="", max_length=200)
    secret: str | None = _SECRET
    event_type: str | None = _EVENT_TYPE
    options: dict[str, Any] = _OPTIONS
    state: Literal["on", "off"] = "on"


class HookOut(Resource):
    name: str
    scheme: Scheme
    event_type: str | None
    options: dict[str, Any]
    state: Literal["on", "off", "needs_secret"]
    token: str | None = Field(description="Null for those who may not change hooks.")
    url: str | None = Field(description="Where the sender posts to; null like `token`.")
    secret: str | None = Field(description="Whole in the answer that made it, masked ever after.")
    secret_overlap_until: datetime | None = Field(
        description="Until when the secret before this one still verifies."
    )
    last_seen_at: datetime | None
    conflicts: int = Field(description="How often one event id came with different bodies.")


class HookPage(Page):
    data: list[HookOut]


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
            "last_seen_at": hook.last_seen_at,
            "conflicts": hook.conflicts,
        }
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
