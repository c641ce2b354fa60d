"""How a workflow does: how often it ran, how that ended, how long it took and what slowed it down.

Counts are of all runs of the days asked for, found by their ids, which begin with their moment.
Times and tries are measured on the latest of them, so that they cost the same however many.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from wedsync.errors import FieldError, Invalid
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.workflows import page_queries, queries
from wedsync.workflows.run_models import RUN_STATES
from wedsync.workflows.words.run_words import steps_by_id

MEASURED = 2_000
"""How many of the latest runs are timed, and their steps counted."""

MOST_DAYS = 92
USUAL_DAYS = 30
_ITEMS_MEASURED = 10
_REASONS = 8
_STEPS = 40

_PICKED = (
    "SELECT id, state, version_id, created_at, finished_at FROM runs"
    " WHERE organization_id = :organization_id AND workflow_id = :workflow_id"
    " AND parent_run_id IS NULL AND id >= :first AND id < :after"
)
_BY_DAY = text(
    "SELECT CAST(created_at AT TIME ZONE :zone AS date) AS day, state, count(*) AS n FROM runs"
    " WHERE organization_id = :organization_id AND workflow_id = :workflow_id"
    " AND parent_run_id IS NULL AND id >= :first AND id < :after GROUP BY 1, 2"
)
# What it was told to wait for is no slowness, so it is also counted without.
_TIMES = text(
    f"WITH picked AS ({_PICKED} AND state = 'succeeded' ORDER BY id DESC LIMIT {MEASURED}),"
    " timed AS (SELECT extract(epoch FROM picked.finished_at - picked.created_at) * 1000 AS ms,"
    "  coalesce((SELECT sum(extract(epoch FROM s.finished_at - s.started_at)) * 1000"
    "   FROM run_steps s WHERE s.run_id = picked.id AND s.step_id = ANY(:waits)"
    "   AND s.item = -1), 0) AS waited FROM picked)"
    " SELECT count(*) AS measured, percentile_disc(0.5) WITHIN GROUP (ORDER BY ms) AS half_ms,"
    " percentile_disc(0.95) WITHIN GROUP (ORDER BY ms) AS most_ms,"
    " percentile_disc(0.5) WITHIN GROUP (ORDER BY greatest(ms - waited, 0)) AS half_work_ms,"
    " percentile_disc(0.95) WITHIN GROUP (ORDER BY greatest(ms - waited, 0)) AS most_work_ms"
    " FROM timed"
)
# The first items of a loop stand for all of them.
_STEP_TIMES = text(
    f"WITH picked AS ({_PICKED} ORDER BY id DESC LIMIT {MEASURED})"
    " SELECT s.step_id, count(*) AS n, count(*) FILTER (WHERE s.state = 'failed') AS failed,"
    " count(*) FILTER (WHERE s.attempts > 1) AS again,"
    " coalesce(sum(greatest(s.attempts - 1, 0)), 0) AS tries_more,"
    " percentile_disc(0.5) WITHIN GROUP (ORDER BY s.finished_at - s.started_at)"
    "  FILTER (WHERE s.state = 'succeeded') AS half,"
    " percentile_disc(0.95) WITHIN GROUP (ORDER BY s.finished_at - s.started_at)"
    "  FILTER (WHERE s.state = 'succeeded') AS most"
    f" FROM picked JOIN run_steps s ON s.run_id = picked.id AND s.item < {_ITEMS_MEASURED}"
    f" GROUP BY s.step_id ORDER BY most DESC NULLS LAST, s.step_id LIMIT {_STEPS}"
)
_VERSIONS = text(
    f"WITH picked AS ({_PICKED} ORDER BY id DESC LIMIT {MEASURED})"
    " SELECT DISTINCT version_id FROM picked ORDER BY version_id"
)
_ENDINGS = text(
    "SELECT state, reason ->> 'step' AS step, coalesce(reason ->> 'code', '') AS code,"
    " count(*) AS n, (array_agg(id ORDER BY id DESC))[1] AS latest,"
    " (array_agg(left(reason ->> 'message', 300) ORDER BY id DESC))[1] AS message FROM runs"
    " WHERE organization_id = :organization_id AND workflow_id = :workflow_id"
    " AND parent_run_id IS NULL AND id >= :first AND id < :after"
    " AND state IN ('failed', 'needs_attention', 'stopped', 'filtered')"
    f" GROUP BY 1, 2, 3 ORDER BY n DESC, latest DESC LIMIT {_REASONS}"
)
_WAITING_KINDS = ("wait", "approval")


@dataclass(frozen=True, slots=True)
class Days:
    """From the first day to the last, both included, as `zone` counts them."""

    first: date
    last: date
    zone: str

    def __iter__(self) -> Any:
        return (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))


@dataclass(frozen=True, slots=True)
class Day:
    """The runs of one day: those that ended well, those that did not, all of them."""

    day: date
    well: int
    badly: int
    started: int


@dataclass(frozen=True, slots=True)
class Times:
    """Of `measured` runs that were done: half took at most `half_ms`, 19 in 20 `most_ms`.

    The `_work` ones leave out the waits and questions the workflow was told to make.
    """

    measured: int
    half_ms: float | None
    most_ms: float | None
    half_work_ms: float | None
    most_work_ms: float | None


@dataclass(frozen=True, slots=True)
class StepTimes:
    """One step: how often it was done, failed, or needed more than one try, and how long it took
    from its first try to its end. `definition` is the step as the latest version has it."""

    step_id: str
    definition: Mapping[str, Any]
    done: int
    failed: int
    tried_again: int
    tries_more: int
    half_ms: float | None
    most_ms: float | None

    @property
    def is_wait(self) -> bool:
        return self.definition.get("kind") in _WAITING_KINDS


@dataclass(frozen=True, slots=True)
class Ending:
    """Why runs did not go through: at which step, with the latest run's own words."""

    state: str
    step_id: str | None
    definition: Mapping[str, Any]
    code: str
    message: str
    number: int
    latest: UUID


@dataclass(frozen=True, slots=True)
class Performance:
    """How a workflow did in these days."""

    workflow_id: UUID
    days: Days
    states: Mapping[str, int]
    by_day: tuple[Day, ...]
    times: Times
    steps: tuple[StepTimes, ...]
    endings: tuple[Ending, ...]

    @property
    def started(self) -> int:
        return sum(self.states.values())

    def share(self, *states: str) -> float:
        """How much of what started is in these states, 0 to 1."""
        return sum(self.states[state] for state in states) / self.started if self.started else 0.0

    @property
    def tried_again(self) -> int:
        """How often a step of the measured runs was tried once more."""
        return sum(step.tries_more for step in self.steps)


def days_asked_for(first: date | None, last: date | None, today: date, zone: str) -> Days:
    """The days from `first` to `last`: without them the last 30. Raises Invalid."""
    last = last or today
    if first is None:
        before = timedelta(days=USUAL_DAYS - 1)
        first = last - before if last >= date.min + before else date.min
    problem = _problem_with(first, last)
    if problem:
        raise Invalid(problem, errors=[FieldError("/query/from", "wrong_value", problem)])
    return Days(first, last, zone)


def _problem_with(first: date, last: date) -> str:
    if first > last:
        return "The first day comes after the last."
    if (last - first).days >= MOST_DAYS:
        return f"At most {MOST_DAYS} days can be looked at together."
    if first.year < 2000 or last.year > 2999:
        return "There is nothing so far away."
    return ""


def performance(organization_id: UUID, workflow_id: UUID, days: Days) -> Performance:
    """How a workflow did in these days. Raises NotFound."""
    queries.get_workflow(organization_id, workflow_id)
    asked = {
        "organization_id": organization_id,
        "workflow_id": workflow_id,
        "first": ids.first_at(_midnight(days.first, days.zone)),
        "after": ids.first_at(_midnight(days.last + timedelta(days=1), days.zone)),
    }
    definitions = _steps_of_versions(organization_id, asked)
    by_day = _by_day(days, asked)
    return Performance(
        workflow_id=workflow_id,
        days=days,
        states=_totals(by_day),
        by_day=tuple(_day(day, by_day.get(day, {})) for day in days),
        times=_times(definitions, asked),
        steps=_steps(definitions, asked),
        endings=_endings(definitions, asked),
    )


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone))


def _steps_of_versions(
    organization_id: UUID, asked: Mapping[str, Any]
) -> Mapping[str, Mapping[str, Any]]:
    """The steps of the versions that ran, by id; of one that changed, the latest."""
    versions = db.session.scalars(_VERSIONS, asked).all()
    found = page_queries.definitions(organization_id, versions)
    steps: dict[str, Mapping[str, Any]] = {}
    for version_id in versions:
        steps |= steps_by_id(found[version_id])
    return steps


def _by_day(days: Days, asked: Mapping[str, Any]) -> Mapping[date, Mapping[str, int]]:
    found: dict[date, dict[str, int]] = {}
    for row in db.session.execute(_BY_DAY, {**asked, "zone": days.zone}):
        found.setdefault(row.day, {})[row.state] = row.n
    return found


def _totals(by_day: Mapping[date, Mapping[str, int]]) -> Mapping[str, int]:
    return {state: sum(each.get(state, 0) for each in by_day.values()) for state in RUN_STATES}


def _day(day: date, states: Mapping[str, int]) -> Day:
    well = states.get("succeeded", 0) + states.get("filtered", 0)
    badly = states.get("failed", 0) + states.get("needs_attention", 0)
    return Day(day, well, badly, sum(states.values()))


def _times(steps: Mapping[str, Mapping[str, Any]], asked: Mapping[str, Any]) -> Times:
    waits = [name for name, step in steps.items() if step.get("kind") in _WAITING_KINDS]
    row = db.session.execute(_TIMES, {**asked, "waits": waits}).one()
    return Times(
        row.measured,
        _number(row.half_ms),
        _number(row.most_ms),
        _number(row.half_work_ms),
        _number(row.most_work_ms),
    )


def _steps(
    definitions: Mapping[str, Mapping[str, Any]], asked: Mapping[str, Any]
) -> tuple[StepTimes, ...]:
    return tuple(
        StepTimes(
            row.step_id,
            definitions.get(row.step_id, {}),
            row.n - row.failed,
            row.failed,
            row.again,
            row.tries_more,
            _milliseconds(row.half),
            _milliseconds(row.most),
        )
        for row in db.session.execute(_STEP_TIMES, asked)
    )


def _endings(
    definitions: Mapping[str, Mapping[str, Any]], asked: Mapping[str, Any]
) -> tuple[Ending, ...]:
    return tuple(
        Ending(
            row.state,
            row.step,
            definitions.get(row.step, {}),
            row.code,
            row.message or "",
            row.n,
            row.latest,
        )
        for row in db.session.execute(_ENDINGS, asked)
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _milliseconds(length: timedelta | None) -> float | None:
    return None if length is None else length.total_seconds() * 1000
