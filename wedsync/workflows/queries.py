"""Reading workflows, versions, runs and the books; every query inside one organization."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, literal_column, select, text
from sqlalchemy.orm import aliased, defer

from wedsync.errors import NotFound
from wedsync.events import queries as events
from wedsync.platform import ids
from wedsync.platform.db import db, one_of
from wedsync.webhooks.delivery_log.finding import STATES as DELIVERY_STATES
from wedsync.workflows.models import IS_LIVE, Workflow, WorkflowVersion
from wedsync.workflows.run_models import RUN_STATES, Run, RunStep, StepAttempt

_LARGEST_NUMBER = 2**31 - 1
# Written out, since an index on it is not found for a parameter in its place.
_waits_for: ColumnElement[str] = literal_column("runs.waiting_for ->> 'kind'")

# Of events only the few that are not passed on are read by state, each by an index of their own;
# all of them, and the runs by state, are counted in an index alone.
_BOOKS = text(
    "SELECT 'events' AS book, 'accepted' AS state, count(*) AS n FROM events"
    "  WHERE organization_id = :organization_id AND id >= :first"
    " UNION ALL SELECT 'events', 'to_fan_out', count(*) FROM events"
    "  WHERE organization_id = :organization_id AND id >= :first"
    "  AND fanned_out_at IS NULL AND parked_at IS NULL"
    " UNION ALL SELECT 'events', 'parked', count(*) FROM events"
    "  WHERE organization_id = :organization_id AND id >= :first AND parked_at IS NOT NULL"
    " UNION ALL SELECT 'runs', state, count(*) FROM runs"
    "  WHERE organization_id = :organization_id AND parent_run_id IS NULL AND id >= :first"
    "  GROUP BY state"
    " UNION ALL SELECT 'deliveries', state, count(*) FROM deliveries"
    "  WHERE organization_id = :organization_id AND id >= :first"
    "  AND endpoint_id <> ALL(ARRAY(SELECT id FROM endpoints"
    "   WHERE organization_id = :organization_id AND state = 'deleted')) GROUP BY state"
)


@dataclass(frozen=True, slots=True)
class WorkflowLine:
    """A workflow and the number of its live version, None before the first."""

    workflow: Workflow
    live_version: int | None


@dataclass(frozen=True, slots=True)
class RunFilter:
    """What a list of runs is narrowed to: `waiting_for` is a kind, and runs began from `since` to
    before `until`."""

    workflow_id: UUID | None = None
    state: str | None = None
    event_id: UUID | None = None
    wedding_id: UUID | None = None
    waiting_for: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run with the number of its version and the name of its workflow."""

    run: Run
    version: int
    workflow_name: str


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """A step of a run and every try of it, first to last."""

    step: RunStep
    attempts: tuple[StepAttempt, ...]


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run with its recorded steps in the order they happened."""

    line: RunLine
    steps: tuple[RecordedStep, ...]


@dataclass(frozen=True, slots=True)
class Books:
    """Everything accepted is accounted for (`engine.md`, promise 10), read from one snapshot.

    Each mapping holds every state, in order, with how many are in it; their sums are the events
    accepted, the runs started and the deliveries made.
    """

    events: Mapping[str, int]
    runs: Mapping[str, int]
    deliveries: Mapping[str, int]

    @property
    def accepted(self) -> int:
        return sum(self.events.values())

    @property
    def started(self) -> int:
        return sum(self.runs.values())

    @property
    def made(self) -> int:
        return sum(self.deliveries.values())


def get_workflow(organization_id: UUID, workflow_id: UUID, *, lock: bool = False) -> Workflow:
    """One workflow, its row locked for a change when asked. Raises NotFound."""
    missing = "There is no such workflow."
    return one_of(Workflow, organization_id, workflow_id, lock=lock, missing=missing)


def workflow_line(organization_id: UUID, workflow_id: UUID) -> WorkflowLine:
    """One workflow with its live version's number. Raises NotFound."""
    workflow = get_workflow(organization_id, workflow_id)
    live = live_version(workflow)
    return WorkflowLine(workflow, live.number if live else None)


def list_workflows(
    organization_id: UUID, *, before: UUID | None = None, limit: int = 50
) -> list[WorkflowLine]:
    """Workflows, newest first, older than `before`; their drafts are left for `get_workflow`."""
    query = (
        select(Workflow, WorkflowVersion.number)
        .outerjoin(WorkflowVersion, IS_LIVE)
        .where(Workflow.organization_id == organization_id)
        .order_by(Workflow.id.desc())
        .limit(limit)
        .options(defer(Workflow.draft))
    )
    if before is not None:
        query = query.where(Workflow.id < before)
    return [WorkflowLine(workflow, number) for workflow, number in db.session.execute(query)]


def live_version(workflow: Workflow) -> WorkflowVersion | None:
    """The version that starts new runs."""
    if workflow.live_version_id is None:
        return None
    return db.session.scalar(
        select(WorkflowVersion).where(
            WorkflowVersion.organization_id == workflow.organization_id,
            WorkflowVersion.id == workflow.live_version_id,
        )
    )


def list_versions(
    organization_id: UUID, workflow_id: UUID, *, before: UUID | None = None, limit: int = 50
) -> list[WorkflowVersion]:
    """Published versions, newest first, older than `before`. Raises NotFound."""
    get_workflow(organization_id, workflow_id)
    query = _versions(organization_id, workflow_id).order_by(WorkflowVersion.id.desc())
    if before is not None:
        query = query.where(WorkflowVersion.id < before)
    return list(db.session.scalars(query.limit(limit)))


def get_version(organization_id: UUID, workflow_id: UUID, number: int) -> WorkflowVersion:
    """One published version. Raises NotFound."""
    if number > _LARGEST_NUMBER:
        raise NotFound("There is no such version of this workflow.")
    version = db.session.scalar(
        _versions(organization_id, workflow_id).where(WorkflowVersion.number == number)
    )
    if version is None:
        raise NotFound("There is no such version of this workflow.")
    return version


def get_run(organization_id: UUID, run_id: UUID, *, lock: bool = False) -> Run:
    """One run, its row locked for a change when asked. Raises NotFound."""
    return one_of(Run, organization_id, run_id, lock=lock, missing="There is no such run.")


def run_line(organization_id: UUID, run_id: UUID) -> RunLine:
    """One run without its steps. Raises NotFound."""
    wanted = select(Run).where(Run.organization_id == organization_id, Run.id == run_id)
    row = db.session.execute(_run_lines(wanted)).first()
    if row is None:
        raise NotFound("There is no such run.")
    return RunLine(*row)


def list_runs(
    organization_id: UUID,
    wanted: RunFilter = RunFilter(),
    *,
    before: UUID | None = None,
    limit: int = 50,
) -> list[RunLine]:
    """Runs, newest first, older than `before`; what they were given is left for `get_run`."""
    rows = db.session.execute(runs_query(organization_id, wanted, before=before, limit=limit))
    return [RunLine(*row) for row in rows]


def runs_query(
    organization_id: UUID, wanted: RunFilter, *, before: UUID | None, limit: int
) -> Select[Run, int, str]:
    """The statement behind `list_runs`, so that a test can read its plan."""
    page = (
        select(Run)
        .where(
            Run.organization_id == organization_id,
            Run.parent_run_id.is_(None),
            *_run_conditions(wanted, before),
        )
        .order_by(Run.id.desc())
        .limit(limit)
    )
    return _run_lines(page, Run.input, Run.items, Run.engine_state, Run.pending_decision)


def run_record(organization_id: UUID, run_id: UUID) -> RunRecord:
    """One run (or item) with its own steps and every try of them. Raises NotFound."""
    line = run_line(organization_id, run_id)
    root_id, item = line.run.root_run_id or run_id, line.run.item
    steps = db.session.scalars(
        select(RunStep)
        .where(
            RunStep.organization_id == organization_id,
            RunStep.run_id == root_id,
            RunStep.item == item,
        )
        .order_by(RunStep.position, RunStep.started_at, RunStep.step_id, RunStep.item)
    ).all()
    return RunRecord(line, _with_attempts(organization_id, root_id, item, steps))


def steps_of(
    organization_id: UUID, run_id: UUID, item: int, step_ids: Collection[str]
) -> dict[str, RecordedStep]:
    """Some steps of a run (or with its number of an item) by id, without their tries."""
    steps = db.session.scalars(
        select(RunStep).where(
            RunStep.organization_id == organization_id,
            RunStep.run_id == run_id,
            RunStep.item == item,
            RunStep.step_id.in_(step_ids),
        )
    )
    return {step.step_id: RecordedStep(step, ()) for step in steps}


def books(organization_id: UUID, *, since: datetime | None = None) -> Books:
    """Events, runs and deliveries by state, all counted in one statement, so in one snapshot.

    With `since` only what was made from then on, which an index bounds.
    """
    first = ids.first_at(since) if since else UUID(int=0)
    counted: dict[str, dict[str, int]] = {"events": {}, "runs": {}, "deliveries": {}}
    for row in db.session.execute(_BOOKS, {"organization_id": organization_id, "first": first}):
        counted[row.book][row.state] = row.n
    of_events = counted["events"]
    of_events["fanned_out"] = of_events.pop("accepted") - sum(
        of_events[state] for state in ("to_fan_out", "parked")
    )
    return Books(
        events=_in_order(events.STATES, of_events),
        runs=_in_order(RUN_STATES, counted["runs"]),
        deliveries=_in_order(DELIVERY_STATES, counted["deliveries"]),
    )


def _in_order(states: Sequence[str], counted: Mapping[str, int]) -> dict[str, int]:
    return {state: counted.get(state, 0) for state in states}


def _versions(organization_id: UUID, workflow_id: UUID) -> Select[WorkflowVersion]:
    return select(WorkflowVersion).where(
        WorkflowVersion.organization_id == organization_id,
        WorkflowVersion.workflow_id == workflow_id,
    )


def _run_lines(wanted: Select[Run], *left_out: Any) -> Select[Run, int, str]:
    """Runs picked first, newest first, names looked up after: a few rows whatever the planner
    thinks of the tables of names."""
    run = aliased(Run, wanted.subquery())
    return (
        select(run, WorkflowVersion.number, Workflow.name)
        .join(
            WorkflowVersion,
            and_(
                WorkflowVersion.organization_id == run.organization_id,
                WorkflowVersion.id == run.version_id,
            ),
        )
        .join(
            Workflow,
            and_(Workflow.organization_id == run.organization_id, Workflow.id == run.workflow_id),
        )
        .order_by(run.id.desc())
        .options(*(defer(getattr(run, column.key)) for column in left_out))
    )


def _run_conditions(wanted: RunFilter, before: UUID | None) -> list[ColumnElement[bool]]:
    conditions = []
    if wanted.workflow_id is not None:
        conditions.append(Run.workflow_id == wanted.workflow_id)
    if wanted.state is not None:
        conditions.append(Run.state == wanted.state)
    if wanted.event_id is not None:
        conditions.append(Run.event_id == wanted.event_id)
    if wanted.wedding_id is not None:
        conditions.append(Run.wedding_id == wanted.wedding_id)
    if wanted.waiting_for is not None:
        conditions.append(Run.state == "waiting")
        conditions.append(_waits_for == wanted.waiting_for)
    if wanted.since is not None:
        conditions.append(Run.id >= ids.first_at(wanted.since))
    if wanted.until is not None:
        conditions.append(Run.id < ids.first_at(wanted.until))
    if before is not None:
        conditions.append(Run.id < before)
    return conditions


def _with_attempts(
    organization_id: UUID, run_id: UUID, item: int, steps: Sequence[RunStep]
) -> tuple[RecordedStep, ...]:
    attempts = db.session.scalars(
        select(StepAttempt)
        .where(
            StepAttempt.organization_id == organization_id,
            StepAttempt.run_id == run_id,
            StepAttempt.item == item,
        )
        .order_by(StepAttempt.number)
    )
    by_step: dict[tuple[str, int], list[StepAttempt]] = {}
    for attempt in attempts:
        by_step.setdefault((attempt.step_id, attempt.item), []).append(attempt)
    return tuple(
        RecordedStep(step, tuple(by_step.get((step.step_id, step.item), ()))) for step in steps
    )
