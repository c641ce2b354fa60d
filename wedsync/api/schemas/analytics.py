"""Health and figures, as the API tells them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from wedsync.api.schemas.base import Answer, Query
from wedsync.health.analytics import Analysis, Point, within_ms
from wedsync.health.judging import State
from wedsync.health.lines import Line
from wedsync.health.overview import Overview
from wedsync.rollups.reading import Unit
from wedsync.rollups.tallies import Tally


class AnalyticsQuery(Query):
    first: AwareDatetime | None = Field(
        default=None,
        alias="from",
        description="The first moment; without it an hour, a day or thirty days back, by bucket.",
    )
    after: AwareDatetime | None = Field(
        default=None, alias="to", description="Until before this moment; without it until now."
    )
    bucket: Unit = Field(
        default="hour",
        description="How long each step is: by the minute at most a day is told, by the hour 31"
        " days, by the day two years. Minutes are kept 90 days, hours two years.",
    )
    format: Literal["json", "csv"] = Field(default="json", description="CSV has a line a step.")


class WorkflowAnalyticsQuery(AnalyticsQuery):
    step: str | None = Field(
        default=None, max_length=200, description="The tries of one step instead of the runs."
    )


class Counts(Answer):
    tried: int = Field(description="Tries, or runs, that ended.")
    succeeded: int
    failed: int
    put_off: int = Field(
        description="What says nothing of the far end: interrupted, or asked to come later."
    )
    half_ms: float | None = Field(description="Half of what succeeded took at most this long.")
    p95_ms: float | None = Field(description="Nineteen in twenty took at most this long.")
    p99_ms: float | None


class PointOut(Counts):
    at: datetime = Field(description="The beginning of the step.")


class AnalyticsOut(Answer):
    kind: Literal["connection", "endpoint", "workflow", "step"]
    subject: str = Field(description="The id of what it is about; of a step, its workflow's.")
    name: str
    bucket: Unit
    zone: str = Field(description="Whose days these are.")
    total: Counts
    data: list[PointOut] = Field(description="Every step, also those in which nothing ended.")


class HealthLine(Answer):
    id: UUID
    name: str
    state: State
    reason: str = Field(examples=["5 of 8 tries in the last ten minutes did not work."])
    since: datetime | None
    by_itself: str = Field(description="What happens without anybody; may be empty.")
    next_at: datetime | None = Field(description="When we try again.")
    tried: int = Field(description="In the last 24 hours, of those that say something of it.")
    succeeded: int
    half_ms: float | None
    p95_ms: float | None


class HealthOut(Answer):
    """How everything does, each kind in the order of the names; a hundred of each at most."""

    title: str = Field(examples=["Well, but for one place"])
    connections: list[HealthLine]
    hooks: list[HealthLine]
    endpoints: list[HealthLine]
    workflows: list[HealthLine]


def analytics_out(found: Analysis) -> AnalyticsOut:
    series = found.thing.series
    return AnalyticsOut(
        kind=series.kind,
        subject=series.subject,
        name=found.thing.name,
        bucket=found.period.unit,
        zone=found.period.zone,
        total=Counts(**_counts(found.total)),
        data=[_point(point) for point in found.points],
    )


def health_out(told: Overview) -> HealthOut:
    return HealthOut(
        title=told.title,
        connections=[_line(line) for line in told.connections],
        hooks=[_line(line) for line in told.hooks],
        endpoints=[_line(line) for line in told.endpoints],
        workflows=[_line(line) for line in told.workflows],
    )


def _point(point: Point) -> PointOut:
    return PointOut(at=point.at, **_counts(point.tally))


def _counts(tally: Tally) -> dict[str, float | None]:
    return {
        "tried": tally.tried,
        "succeeded": tally.succeeded,
        "failed": tally.failed,
        "put_off": tally.put_off,
        **within_ms(tally),
    }


def _line(line: Line) -> HealthLine:
    health, day = line.health, line.day
    return HealthLine(
        id=line.id,
        name=line.name,
        state=health.state,
        reason=health.reason,
        since=health.since,
        by_itself=health.by_itself,
        next_at=health.next_at,
        tried=day.attempts,
        succeeded=day.succeeded,
        half_ms=day.half_ms,
        p95_ms=day.most_ms,
    )
