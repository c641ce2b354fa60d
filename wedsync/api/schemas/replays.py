"""Replays, as the API tells them."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field, Strict

from wedsync.api.schemas.base import Answer, Body, Page, Resource
from wedsync.webhooks.replays.models import Replay
from wedsync.webhooks.replays.replaying import MOST_COUNTED
from wedsync.webhooks.replays.service import MOST_KINDS, Wish

Which = Literal["all", "not_delivered", "failed"]
_WHICH = (
    "`not_delivered`: what has not arrived, also what was never sent; what waits for a later try"
    " goes at once. `failed`: only what gave up. `all`: also what arrived, once more."
)


class ReplayIn(Body):
    model_config = ConfigDict(extra="forbid", strict=True)

    since: Annotated[AwareDatetime, Strict(False)] = Field(
        description="What happened then or later.", examples=["2027-05-10T09:00:00Z"]
    )
    until: Annotated[AwareDatetime, Strict(False)] | None = Field(
        default=None,
        description="What happened before; null, or a moment still to come, means now.",
    )
    event_types: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        default=[],
        max_length=MOST_KINDS,
        description="Stored names of what the endpoint is told about; none means all of it.",
    )
    which: Which = Field(default="not_delivered", description=_WHICH)

    def wish(self) -> Wish:
        return Wish(self.since, self.until, tuple(self.event_types), self.which)


class ReplayProgress(Answer):
    total: int | None = Field(
        description="How many events there are to look at; null until they are counted."
    )
    is_more: bool = Field(description="Whether there are more than `total`, too many to count.")
    seen: int = Field(description="How many of them were looked at.")
    queued: int = Field(description="How many of those are sent, or were.")


class ReplayOut(Resource):
    endpoint_id: UUID
    since: datetime
    until: datetime
    event_types: list[str]
    which: Which
    state: Literal["running", "paused", "done", "cancelled"]
    reason: str | None = Field(
        description="`broke_off`: paused by us, something went wrong on our side again and again."
    )
    progress: ReplayProgress
    finished_at: datetime | None


class ReplayPage(Page):
    data: list[ReplayOut]


def replay_out(replay: Replay) -> ReplayOut:
    return ReplayOut.model_validate(
        {
            "id": replay.id,
            "created_at": replay.created_at,
            "endpoint_id": replay.endpoint_id,
            "since": replay.since,
            "until": replay.until,
            "event_types": replay.event_types,
            "which": replay.which,
            "state": replay.state,
            "reason": replay.reason,
            "progress": _progress(replay),
            "finished_at": replay.finished_at,
        }
    )


def _progress(replay: Replay) -> dict[str, Any]:
    total = replay.total
    return {
        "total": None if total is None else min(total, MOST_COUNTED),
        "is_more": total is not None and total > MOST_COUNTED,
        "seen": replay.seen,
        "queued": replay.queued,
    }
