"""Runs and their steps, as the API tells them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from wedsync.api.schemas.base import Answer, Body, Page, PageQuery, Resource
from wedsync.platform import leaves
from wedsync.workflows.queries import RecordedStep, RunLine, RunRecord
from wedsync.workflows.run_models import NO_ITEM, Run, StepAttempt

RunState = Literal[
    "queued",
    "running",
    "waiting",
    "needs_attention",
    "succeeded",
    "failed",
    "stopped",
    "filtered",
]
StepState = Literal["started", "waiting", "unsure", "succeeded", "failed", "skipped"]


class RunQuery(PageQuery):
    workflow: UUID | None = Field(default=None, description="Only runs of this workflow.")
    state: RunState | None = Field(default=None, description="Only runs in this state.")
    event: UUID | None = Field(default=None, description="Only runs this event started.")


class WorkflowRunQuery(PageQuery):
    state: RunState | None = Field(default=None, description="Only runs in this state.")


class DecideIn(Body):
    decision: Literal["send_again", "treat_as_done", "skip"] = Field(
        description="What to do about the step that may have happened."
    )
    input: dict[str, Any] | None = Field(
        default=None, description="With `send_again`: what to send instead."
    )
    output: Any = Field(
        default=None, description="With `treat_as_done`: what is known of the answer."
    )


class RunOut(Resource):
    workflow_id: UUID
    version: int
    cause: str = Field(examples=["event:0197a6c2-8f3e-7b1a-9c55-2d6e4f8a1b30"])
    state: RunState
    started_at: datetime | None
    finished_at: datetime | None
    waiting_for: dict[str, Any] | None = Field(
        description="`kind` is `time`, `retry`, `event`, `approval`, `connection`, `limit` or "
        "`call`; perhaps `id` and `until`."
    )
    reason: dict[str, Any] | None = Field(
        description="Why it ended or needs attention: a `message`, perhaps a `code` and a `step`."
    )
    event_id: UUID | None
    wedding_id: UUID | None
    rerun_of: UUID | None
    revision: int = Field(description="Rises with every recorded change.")


class RunPage(Page):
    data: list[RunOut]


class Try(Answer):
    number: int
    at: datetime
    finished_at: datetime | None
    outcome: str | None = Field(
        description="`ok`, `lost` when its process died, or the class of its error."
    )
    error: dict[str, Any] | None
    ms: int | None


class StepOut(Answer):
    id: str
    item: int | None = Field(description="Which item of a `for_each`; null elsewhere.")
    state: StepState
    input: Any
    output: Any
    error: dict[str, Any] | None
    explanation: dict[str, Any] | None = Field(description="Why it went this way, in words.")
    attempts: int
    tries: list[Try]
    started_at: datetime
    finished_at: datetime | None


class RunWhole(RunOut):
    input: Any = Field(description="What it was started with by hand; null for an event's run.")
    steps: list[StepOut] = Field(description="In the order they happened.")


def run_out(line: RunLine) -> RunOut:
    return RunOut(**_fields(line.run, line.version))


def run_whole(record: RunRecord) -> RunWhole:
    run = record.line.run
    return RunWhole(
        **_fields(run, record.line.version),
        input=leaves.mask_all(run.input),
        steps=[_step(step) for step in record.steps],
    )


def _fields(run: Run, version: int) -> dict[str, Any]:
    return {
        "id": run.id,
        "created_at": run.created_at,
        "workflow_id": run.workflow_id,
        "version": version,
        "cause": run.cause,
        "state": run.state,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "waiting_for": run.waiting_for,
        "reason": run.reason,
        "event_id": run.event_id,
        "wedding_id": run.wedding_id,
        "rerun_of": run.rerun_of,
        "revision": run.revision,
    }


def _step(recorded: RecordedStep) -> StepOut:
    step = recorded.step
    return StepOut.model_validate(
        {
            "id": step.step_id,
            "item": None if step.item == NO_ITEM else step.item,
            "state": step.state,
            "input": leaves.mask_all(step.input),
            "output": leaves.mask_all(step.output),
            "error": step.error,
            "explanation": step.explanation,
            "attempts": step.attempts,
            "tries": [_try(attempt) for attempt in recorded.attempts],
            "started_at": step.started_at,
            "finished_at": step.finished_at,
        }
    )


def _try(attempt: StepAttempt) -> Try:
    return Try(
        number=attempt.number,
        at=attempt.started_at,
        finished_at=attempt.finished_at,
        outcome=attempt.outcome,
        error=attempt.error,
        ms=attempt.ms,
    )
