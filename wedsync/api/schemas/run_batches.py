"""Batches of runs to be run again, as the API tells them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field, Strict

from wedsync.api.schemas.base import Body, Page, Resource
from wedsync.workflows.models import RerunBatch
from wedsync.workflows.running.bulk_rerun import Wanted


class BatchIn(Body):
    model_config = ConfigDict(extra="forbid", strict=True)

    state: Literal["failed", "stopped"] = Field(description="Runs that ended like this.")
    workflow: Annotated[UUID, Strict(False)] | None = Field(
        default=None, description="Only those of this workflow."
    )
    since: Annotated[AwareDatetime, Strict(False)] | None = Field(
        default=None, alias="from", description="Only those made then or later."
    )
    until: Annotated[AwareDatetime, Strict(False)] | None = Field(
        default=None, alias="to", description="Only those made before."
    )
    error: str | None = Field(
        default=None,
        max_length=100,
        description="Only those that ended with this code, of their `reason` or the error there.",
    )

    def wanted(self) -> Wanted:
        return Wanted(self.state, self.workflow, self.since, self.until, self.error)


class BatchOut(Resource):
    state: Literal["running", "done", "cancelled", "failed"] = Field(
        description="`failed`: something went wrong on our side at one of them, again and again."
    )
    total: int = Field(description="How many runs there were when it began.")
    done: int = Field(description="How many of them were taken up again.")
    passed_over: int = Field(
        description="How many were not: taken up meanwhile, or not to be run again."
    )
    run_state: Literal["failed", "stopped"]
    workflow_id: UUID | None
    finished_at: datetime | None


class BatchPage(Page):
    data: list[BatchOut]


def batch_out(batch: RerunBatch) -> BatchOut:
    return BatchOut.model_validate(
        {
            "id": batch.id,
            "created_at": batch.created_at,
            "state": batch.state,
            "total": batch.total,
            "done": batch.done,
            "passed_over": batch.passed_over,
            "run_state": batch.wanted["state"],
            "workflow_id": batch.wanted.get("workflow"),
            "finished_at": batch.finished_at,
        }
    )
