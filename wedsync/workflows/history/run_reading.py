"""What a run's page reads, gathered once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select, text

from wedsync.connections.limits import queries as budget_queries
from wedsync.connections.limits.lines import line_in
from wedsync.events import queries as events
from wedsync.events.models import Event
from wedsync.platform.db import db
from wedsync.weddings.models import Wedding
from wedsync.workflows import page_queries, queries
from wedsync.workflows.engine.outline import steps_in_order
from wedsync.workflows.history import courses
from wedsync.workflows.history.courses import CalledRun, Course, Item
from wedsync.workflows.models import Workflow
from wedsync.workflows.page_queries import RunRow
from wedsync.workflows.questions import approval_people
from wedsync.workflows.run_models import Run
from wedsync.workflows.running.repairing import RepairField, can_repair, fields_of
from wedsync.workflows.words.run_words import steps_by_id
from wedsync.workflows.words.step_lines import step_name
from wedsync.workflows.words.waiting_words import Circumstances

_FIRST_ITEMS = 5
_ASKS = ("unsure", "poison")
_MOST_BEFORE = 1_000

_BEFORE = text(
    "SELECT count(*) FROM (SELECT 1 FROM runs WHERE organization_id = :organization_id"
    " AND state = 'waiting' AND waiting_for ->> 'kind' = 'limit'"
    " AND waiting_for ->> 'id' = 'at_once' AND workflow_id = :workflow_id AND id < :id"
    f" LIMIT {_MOST_BEFORE}) waiting"
)
_BEFORE_IN_LINE = text(
    "SELECT count(*) FROM (SELECT FROM runs r JOIN workflows w ON w.id = r.workflow_id"
    " WHERE w.state <> 'paused' AND r.organization_id = :organization_id"
    " AND r.state = 'waiting' AND r.waiting_for ->> 'kind' = 'limit'"
    f" AND r.waiting_for ->> 'id' = :line AND r.id < :id LIMIT {_MOST_BEFORE}) waiting"
)


@dataclass(frozen=True, slots=True)
class RunReading:
    """A run with the definition it runs, what started it, and how far it is.

    `items` are the first few of each of its loops, by step; `caller` is the run that called it,
    `caller_item` says whether it was an item of that.
    """

    row: RunRow
    run: Run
    definition: Any
    course: Course
    circumstances: Circumstances
    event: Event | None
    wedding: Wedding | None
    source: str | None
    next_run: UUID | None
    caller: CalledRun | None
    items: Mapping[str, list[Item]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoopReading:
    """A loop of a run (or of an item), a page of its items, and the definition they run."""

    root: RunRow
    parent: Run
    step: Mapping[str, Any]
    counts: courses.LoopCounts
    items: list[Item]


@dataclass(frozen=True, slots=True)
class Broken:
    """A step to be done again with other values: at the run `run_id`, shown on `page_id`. `asks`:
    it may have happened, and the run waits; otherwise the run is over."""

    run_id: UUID
    page_id: UUID
    title: str
    message: str
    asks: bool
    given: dict[str, Any]
    fields: tuple[RepairField, ...]


def read_run(organization_id: UUID, run_id: UUID) -> RunReading:
    """Everything the page of one run tells. Raises NotFound."""
    record = queries.run_record(organization_id, run_id)
    run = record.line.run
    row = page_queries.list_run_rows(organization_id, run_id=run_id, limit=1)[0]
    event = events.get(organization_id, run.event_id) if run.event_id else None
    wedding = _wedding(organization_id, run.wedding_id)
    course = courses.course_of(row, run, record.steps)
    return RunReading(
        row=row,
        run=run,
        definition=page_queries.definitions(organization_id, [run.version_id])[run.version_id],
        course=course,
        circumstances=circumstances_of(run, course, wedding),
        event=event,
        wedding=wedding,
        source=page_queries.source_name(organization_id, event.source) if event else None,
        next_run=_next_run(run),
        caller=_caller(run),
        items={
            step: courses.first_items(organization_id, run, step, _FIRST_ITEMS)
            for step in course.loops
        },
    )


def circumstances_of(run: Run, course: Course, wedding: Wedding | None) -> Circumstances:
    """What the sentence about a waiting run needs beside the run."""
    waits = course.waiting_for or {}
    kind, name = waits.get("kind"), waits.get("id")
    limit = before = None
    asked = ""
    if course.state == "waiting" and kind == "limit" and name in ("at_once", "per_hour"):
        workflow = queries.get_workflow(run.organization_id, run.workflow_id)
        limit = workflow.at_once if name == "at_once" else workflow.per_hour
        before = _before(run) if name == "at_once" else None
    if course.state == "waiting" and kind == "approval":
        asked = _asked(run.organization_id, course)
    turn_at = None
    if course.state == "waiting" and (connection_id := line_in(waits)) is not None:
        before = _before_in_line(run, str(name))
        turn_at = budget_queries.turn_at(run.organization_id, connection_id, before)
    return Circumstances(wedding.zone if wedding else "", limit, before, asked, turn_at)


def _asked(organization_id: UUID, course: Course) -> str:
    question = next((each for each in course.questions.values() if each.state == "open"), None)
    if question is None:
        return ""
    return approval_people.asked_words(db.session, organization_id, question.who)


def _before_in_line(run: Run, line: str) -> int:
    asked = {"organization_id": run.organization_id, "line": line, "id": run.id}
    return int(db.session.scalar(_BEFORE_IN_LINE, asked) or 0)


def _before(run: Run) -> int:
    asked = {
        "organization_id": run.organization_id,
        "workflow_id": run.workflow_id,
        "id": run.id,
    }
    return int(db.session.scalar(_BEFORE, asked) or 0)


def read_loop(
    organization_id: UUID,
    run_id: UUID,
    step_id: str,
    *,
    states: tuple[str, ...] = (),
    after: int | None = None,
) -> LoopReading | None:
    """A page of the items of a loop of a run; one more than is shown where there are more. None
    where the run has no such loop. Raises NotFound."""
    parent = queries.get_run(organization_id, run_id)
    definition = page_queries.definitions(organization_id, [parent.version_id])[parent.version_id]
    steps = (placed.step for placed in steps_in_order(definition))
    step = next((each for each in steps if each.get("id") == step_id), None)
    if step is None or step.get("kind") != "for_each":
        return None
    root_id = parent.root_run_id or parent.id
    recorded = queries.steps_of(organization_id, root_id, parent.item, [step_id])
    loops = courses.loops_of(organization_id, {parent.id: recorded})[parent.id]
    return LoopReading(
        root=page_queries.list_run_rows(organization_id, run_id=root_id, limit=1)[0],
        parent=parent,
        step=step,
        counts=loops.get(step_id, courses.LoopCounts(0, {})),
        items=courses.items_of(
            organization_id,
            parent,
            step_id,
            states=states,
            after=after,
            limit=courses.ITEMS_SHOWN + 1,
        ),
    )


def broken_step(organization_id: UUID, run_id: UUID) -> Broken | None:
    """The action a run failed at, or may have done, with what it was given; None where there is
    none that can be corrected. Raises NotFound."""
    run = queries.get_run(organization_id, run_id)
    asks = run.state == "needs_attention" and (run.reason or {}).get("code") in _ASKS
    if not asks and run.state not in ("failed", "stopped"):
        return None
    root_id, step_id = run.root_run_id or run.id, str((run.reason or {}).get("step"))
    recorded = queries.steps_of(organization_id, root_id, run.item, [step_id]).get(step_id)
    definition = page_queries.definitions(organization_id, [run.version_id])[run.version_id]
    step = steps_by_id(definition).get(step_id, {})
    given = recorded.step.input if recorded else None
    if not isinstance(given, dict) or step.get("kind") != "action" or not can_repair(given):
        return None
    if run.root_run_id is not None and not asks:
        return None  # an item that failed is run again with its run
    return Broken(
        run_id=run.id,
        page_id=root_id,
        title=step_name(step),
        message=str(((recorded.step.error if recorded else None) or {}).get("message") or ""),
        asks=asks,
        given=given,
        fields=fields_of(str(step.get("use")), given),
    )


def _wedding(organization_id: UUID, wedding_id: UUID | None) -> Wedding | None:
    if wedding_id is None:
        return None
    return db.session.scalar(
        select(Wedding).where(Wedding.organization_id == organization_id, Wedding.id == wedding_id)
    )


def _next_run(run: Run) -> UUID | None:
    """The run that took this one up again, the latest when there are several."""
    if run.state not in ("failed", "stopped"):
        return None
    return db.session.scalar(
        select(Run.id)
        .where(Run.organization_id == run.organization_id, Run.rerun_of == run.id)
        .order_by(Run.id.desc())
        .limit(1)
    )


def _caller(run: Run) -> CalledRun | None:
    """The run people see that called this one."""
    if run.caller_run_id is None:
        return None
    row = db.session.execute(
        select(func.coalesce(Run.root_run_id, Run.id), Workflow.name, Run.state)
        .join(
            Workflow,
            and_(Workflow.organization_id == Run.organization_id, Workflow.id == Run.workflow_id),
        )
        .where(Run.organization_id == run.organization_id, Run.id == run.caller_run_id)
    ).first()
    return CalledRun(*row) if row else None
