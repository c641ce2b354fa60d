"""Incidents, as the API tells them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from wedsync.api.schemas.base import Answer, Page, PageQuery
from wedsync.health.incidents.service import Looked


class IncidentQuery(PageQuery):
    state: Literal["open", "closed"] | None = Field(default=None, description="Both without it.")


class IncidentOut(Answer):
    id: UUID
    kind: Literal["connection", "hook", "endpoint", "workflow"]
    subject: str = Field(description="The id of what it is about.")
    name: str
    state: Literal["needs_you", "failing", "slow"] = Field(
        description="The gravest it was judged as."
    )
    reason: str = Field(examples=["5 of 8 tries in the last ten minutes did not work."])
    opened_at: datetime
    closed_at: datetime | None = Field(description="Empty while it goes on.")
    acknowledged_at: datetime | None = Field(description="Since when somebody looks after it.")


class IncidentPage(Page):
    data: list[IncidentOut]


def incident_out(looked: Looked) -> IncidentOut:
    row = looked.incident
    return IncidentOut(
        id=row.id,
        kind=row.kind,
        subject=row.subject,
        name=row.name,
        state=row.state,
        reason=row.reason,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        acknowledged_at=row.acknowledged_at,
    )
