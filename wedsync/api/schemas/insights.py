"""Why nothing happened, how a workflow does, and the books, as the API tells them."""

from datetime import date
from uuid import UUID

from pydantic import Field

from wedsync.api.schemas.base import Answer, Query
from wedsync.workflows.history.performance import Performance
from wedsync.workflows.history.why_not import Code, WhyNot
from wedsync.workflows.queries import Books


class WhyNotQuery(Query):
    event: UUID = Field(description="The event that should have started the workflow.")


class WhyNotOut(Answer):
    workflow_id: UUID
    event_id: UUID
    code: Code
    title: str = Field(examples=["What came in did not fit"])
    explanation: str = Field(examples=["status was declined, wanted coming."])
    version: int | None = Field(description="The version that was live then; null before one was.")
    run_id: UUID | None = Field(description="What it started, if it did.")


class PerformanceQuery(Query):
    first: date | None = Field(
        default=None, alias="from", description="The first day; without it the last 30 are told."
    )
    last: date | None = Field(default=None, alias="to", description="The last day, included.")


class DayOut(Answer):
    day: date
    started: int
    went_through: int = Field(description="Done, or not needed.")
    did_not: int = Field(description="Failed, or waiting for somebody.")


class TimesOut(Answer):
    measured: int = Field(description="How many runs that succeeded were timed, the latest ones.")
    half_ms: float | None = Field(description="Half took at most this long.")
    most_ms: float | None = Field(description="Nineteen in twenty took at most this long.")
    half_without_waits_ms: float | None = Field(
        description="The same without what it was told to wait for."
    )
    most_without_waits_ms: float | None


class StepTimesOut(Answer):
    id: str
    done: int
    failed: int
    tried_again: int = Field(description="How often it needed more than one try.")
    half_ms: float | None
    most_ms: float | None


class EndingOut(Answer):
    state: str
    step: str | None
    code: str | None
    message: str | None = Field(description="The words of the latest of them.")
    runs: int
    latest_run_id: UUID


class PerformanceOut(Answer):
    workflow_id: UUID
    first: date
    last: date
    zone: str
    started: int
    states: dict[str, int]
    days: list[DayOut]
    times: TimesOut
    steps: list[StepTimesOut] = Field(description="The slowest first.")
    endings: list[EndingOut] = Field(description="Where runs did not go through, the most first.")


class Account(Answer):
    total: int
    states: dict[str, int] = Field(description="Where all of them are; they add up to the total.")


class BooksOut(Answer):
    """Events accepted, runs started, deliveries made: each in exactly one place."""

    events: Account
    runs: Account
    deliveries: Account


def why_not_out(found: WhyNot) -> WhyNotOut:
    return WhyNotOut(
        workflow_id=found.workflow.id,
        event_id=found.event.id,
        code=found.reason.code,
        title=found.reason.title,
        explanation=found.reason.text,
        version=found.version.number if found.version else None,
        run_id=found.run.id if found.run else None,
    )


def performance_out(found: Performance) -> PerformanceOut:
    times = found.times
    return PerformanceOut(
        workflow_id=found.workflow_id,
        first=found.days.first,
        last=found.days.last,
        zone=found.days.zone,
        started=found.started,
        states=dict(found.states),
        days=[
            DayOut(day=day.day, started=day.started, went_through=day.well, did_not=day.badly)
            for day in found.by_day
        ],
        times=TimesOut(
            measured=times.measured,
            half_ms=times.half_ms,
            most_ms=times.most_ms,
            half_without_waits_ms=times.half_work_ms,
            most_without_waits_ms=times.most_work_ms,
        ),
        steps=[
            StepTimesOut(
                id=step.step_id,
                done=step.done,
                failed=step.failed,
                tried_again=step.tried_again,
                half_ms=step.half_ms,
                most_ms=step.most_ms,
            )
            for step in found.steps
        ],
        endings=[
            EndingOut(
                state=ending.state,
                step=ending.step_id,
                code=ending.code or None,
                message=ending.message or None,
                runs=ending.number,
                latest_run_id=ending.latest,
            )
            for ending in found.endings
        ],
    )


def books_out(books: Books) -> BooksOut:
    return BooksOut(
        events=Account(total=books.accepted, states=dict(books.events)),
        runs=Account(total=books.started, states=dict(books.runs)),
        deliveries=Account(total=books.made, states=dict(books.deliveries)),
    )
