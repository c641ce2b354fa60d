"""Runs and their steps, as the API tells them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field

from wedsync.api.schemas.base import Answer, Body, Page, PageQuery, Resource
from wedsync.platform import leaves
from wedsync.workflows.history.courses import Course, Item
from wedsync.workflows.queries import RecordedStep, RunLine, RunRecord
from wedsync.workflows.run_models import NO_ITEM, Run, RunState, StepAttempt, StepState

WaitingKind = Literal["time", "retry", "event", "approval", "connection", "limit", "call", "items"]


class RunQuery(PageQuery):
    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    workflow: UUID | None = Field(default=None, description="Only runs of this workflow.")
    state: RunState | None = Field(default=None, description="Only runs in this state.")
    event: UUID | None = Field(default=None, description="Only runs this event started.")
    wedding: UUID | None = Field(default=None, description="Only runs about this wedding.")
    waiting_for: WaitingKind | None = Field(
        default=None, description="Only runs that wait, and for this kind of thing."
    )
    since: AwareDatetime | None = Field(
        default=None, alias="from", description="Only runs that were made then or later."
    )
    until: AwareDatetime | None = Field(
        default=None, alias="to", description="Only runs that were made before."
    )


class ItemQuery(PageQuery):
    step: str | None = Field(
        default=None, min_length=1, max_length=100, description="Only items of this `for_each`."
    )
    state: RunState | None = Field(default=None, description="Only items in this state.")


class WorkflowRunQuery(PageQuery):
    state: RunState | None = Field(default=None, description="Only runs in this state.")


class RerunIn(Body):
    input: dict[str, Any] | None = Field(
        default=None,
        description="What the step it ended at is given this time; null leaves what it was given, "
        'and so does `{"$sealed": "hidden"}` at the place of a hidden value.',
    )


class DecideIn(Body):
    decision: Literal["send_again", "treat_as_done", "skip", "go_on", "end", "try_again"] = Field(
        description="What to do about the step that may have happened; `go_on` and `end` answer a "
        "wait whose time had passed, `try_again` a run whose reason is `internal`."
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
        description="`kind` is `time`, `retry`, `event`, `approval`, `connection`, `limit`, "
        "`call` or `items`; perhaps `id` and `until`, at a wedding's date also `anchor`."
    )
    reason: dict[str, Any] | None = Field(
        description="Why it ended or needs attention: a `message`, perhaps a `code` and a `step`."
    )
    event_id: UUID | None
    wedding_id: UUID | None
    rerun_of: UUID | None
    caller_run_id: UUID | None = Field(description="The run (or item) whose `call` started it.")
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
    reads: dict[str, Any] | None = Field(
        description="The values of the wedding it was worked out with, by path."
    )
    attempts: int
    tries: list[Try]
    started_at: datetime
    finished_at: datetime | None


class LoopOut(Answer):
    step: str
    total: int
    states: dict[str, int] = Field(description="How many items are in which state.")
    not_begun: int


class CallOut(Answer):
    step: str
    run_id: UUID
    state: RunState


class RunWhole(RunOut):
    input: Any = Field(description="What it was started with by hand; null for an event's run.")
    steps: list[StepOut] = Field(
        description="In the order they happened; those of items are below `/items`."
    )
    loops: list[LoopOut] = Field(description="What became of the items of each `for_each`.")
    calls: list[CallOut] = Field(description="The runs of other workflows it started.")


class ItemOut(Answer):
    id: UUID = Field(description="Decide with it where the item asks.")
    created_at: datetime
    run_id: UUID = Field(description="The run that goes through the list.")
    step: str = Field(description="The `for_each`.")
    item: int
    index: int = Field(description="Its place in the list, from 0.")
    value: Any
    state: RunState
    waiting_for: dict[str, Any] | None
    reason: dict[str, Any] | None
    finished_at: datetime | None
    steps: list[StepOut]
    loops: list[LoopOut] = Field(description="Loops inside it; their items are below its own id.")


class ItemPage(Page):
    data: list[ItemOut]


def run_out(line: RunLine) -> RunOut:
    return RunOut(**_fields(line.run, line.version))


def run_whole(record: RunRecord, course: Course) -> RunWhole:
    run = record.line.run
    return RunWhole(
        **_fields(run, record.line.version),
        input=leaves.mask_all(run.input),
        steps=[_step(step) for step in record.steps],
        loops=_loops(course),
        calls=[
            CallOut.model_validate({"step": step, "run_id": called.id, "state": called.state})
            for step, called in course.calls.items()
        ],
    )


def item_out(run_id: UUID, item: Item) -> ItemOut:
    course = item.course
    recorded = sorted(course.recorded.values(), key=lambda each: each.step.position)
    return ItemOut.model_validate(
        {
            "id": item.id,
            "created_at": item.created_at,
            "run_id": run_id,
            "step": item.step_id,
            "item": item.item,
            "index": item.place - 1,
            "value": leaves.mask_all(item.value),
            "state": course.state,
            "waiting_for": course.waiting_for,
            "reason": course.reason,
            "finished_at": item.finished_at,
            "steps": [_step(each) for each in recorded],
            "loops": _loops(course),
        }
    )


def _loops(course: Course) -> list[LoopOut]:
    return [
        LoopOut(
            step=step,
            total=counts.total,
            states=dict(counts.states),
            not_begun=counts.not_begun,
        )
        for step, counts in course.loops.items()
    ]


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
        "caller_run_id": run.caller_run_id,
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
            "reads": step.reads,
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
