"""Questions and answers, as the API tells them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from wedsync.api.schemas.base import Body, Page, PageQuery, Resource
from wedsync.workflows.questions.approval_queries import ApprovalLine, ApprovalState
from wedsync.workflows.questions.approvals import LONGEST_NOTE
from wedsync.workflows.run_models import NO_ITEM


class ApprovalQuery(PageQuery):
    state: ApprovalState | None = Field(default=None, description="Only questions in this state.")
    run: UUID | None = Field(default=None, description="Only questions of this run.")


class AnswerIn(Body):
    note: str | None = Field(
        default=None, max_length=LONGEST_NOTE, description="The run sees it beside the answer."
    )


class RunAnswerIn(AnswerIn):
    approved: bool = Field(default=True, description="False says no.")


class ApprovalOut(Resource):
    run_id: UUID
    workflow_id: UUID
    step: str = Field(description="The step that asks.")
    item: int | None = Field(description="Which item of a `for_each`; null elsewhere.")
    ask: str
    who: dict[str, Any] = Field(description="`role`, `user` or `email` of whoever is asked.")
    then_ask: dict[str, Any] | None = Field(description="Who is asked too from the reminder on.")
    state: ApprovalState
    held_until: datetime | None = Field(
        description="Too many e-mails left within a day; until when this one waits at least."
    )
    remind_at: datetime | None
    reminded_at: datetime | None
    expires_at: datetime | None
    on_expiry: Literal["approve", "refuse", "stop"] = Field(
        description="What happens when nobody answers in time."
    )
    decided_at: datetime | None
    decided_by: str | None = Field(description="A name, or the address a link was sent to.")
    note: str | None


class ApprovalPage(Page):
    data: list[ApprovalOut]


def approval_out(line: ApprovalLine) -> ApprovalOut:
    approval = line.approval
    return ApprovalOut.model_validate(
        {
            "id": approval.id,
            "created_at": approval.created_at,
            "run_id": line.run_id,
            "workflow_id": line.workflow_id,
            "step": approval.step_id,
            "item": None if line.item == NO_ITEM else line.item,
            "ask": approval.ask,
            "who": approval.who,
            "then_ask": approval.then_ask,
            "state": approval.state,
            "held_until": approval.held_until,
            "remind_at": approval.remind_at,
            "reminded_at": approval.reminded_at,
            "expires_at": approval.expires_at,
            "on_expiry": approval.on_expiry,
            "decided_at": approval.decided_at,
            "decided_by": approval.decided_by,
            "note": approval.note,
        }
    )
