"""How far runs are, and the items of their loops: everything a page tells their steps from.

Reading is bounded: of a loop the items are counted by state in one statement, and shown a page at
a time, each with its own steps.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, select, text

from wedsync.platform.db import db
from wedsync.platform.leaves import is_sealed
from wedsync.workflows import page_queries
from wedsync.workflows.engine.words import clip
from wedsync.workflows.models import Workflow
from wedsync.workflows.page_queries import RunRow
from wedsync.workflows.queries import RecordedStep, RunRecord
from wedsync.workflows.run_models import FINAL_RUN_STATES, Run, RunStep, StepAttempt
from wedsync.workflows.waiting_models import Approval

ITEMS_SHOWN = 20
_CALLS_SHOWN = 200
_LONGEST_NAME = 120
_NAMES = ("name", "title", "label", "email", "guest", "couple", "id")

_LOOPS = text(
    "SELECT parent_run_id, split_part(cause, ':', 3) AS step, state, count(*) AS n FROM runs"
    " WHERE organization_id = :organization_id AND parent_run_id = ANY(:parents) GROUP BY 1, 2, 3"
)
_TROUBLED = ("needs_attention", "failed")


@dataclass(frozen=True, slots=True)
class LoopCounts:
    """How the items of a loop stand: how many in each state, and how many have not begun."""

    total: int
    states: Mapping[str, int]

    @property
    def not_begun(self) -> int:
        return max(0, self.total - sum(self.states.values()))

    @property
    def is_over(self) -> bool:
        return sum(self.states.get(state, 0) for state in FINAL_RUN_STATES) >= self.total


@dataclass(frozen=True, slots=True)
class CalledRun:
    """The run that a `call` started."""

    id: UUID
    workflow_name: str
    state: str


@dataclass(frozen=True, slots=True)
class Course:
    """A run, or an item of one: where it stands, and what is recorded of it by step id."""

    id: UUID
    state: str
    reason: Any
    waiting_for: Any
    workflow_state: str
    connection_name: str | None
    connection_state: str | None
    recorded: Mapping[str, RecordedStep]
    loops: Mapping[str, LoopCounts] = field(default_factory=dict)
    calls: Mapping[str, CalledRun] = field(default_factory=dict)
    questions: Mapping[str, Approval] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        return self.state in FINAL_RUN_STATES


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a loop: its place (from 1), what it is about, and how far it is."""

    id: UUID
    step_id: str
    item: int
    place: int
    name: str
    value: Any
    created_at: datetime
    finished_at: datetime | None
    course: Course


def course_of(row: RunRow, run: Run, steps: Sequence[RecordedStep]) -> Course:
    """How far a run is."""
    recorded = {each.step.step_id: each for each in steps}
    organization_id = run.organization_id
    return _course(
        row,
        recorded=recorded,
        loops=loops_of(organization_id, {run.id: recorded})[run.id],
        calls=_calls_of(organization_id, [run.id])[run.id],
        questions=_questions_of(organization_id, [run.id])[run.id],
    )


def _course(row: RunRow | Row[Any], **recorded: Any) -> Course:
    return Course(
        id=row.id,
        state=row.state,
        reason=row.reason,
        waiting_for=row.waiting_for,
        workflow_state=row.workflow_state,
        connection_name=row.connection_name,
        connection_state=row.connection_state,
        **recorded,
    )


def course_of_record(record: RunRecord) -> Course:
    """How far a run (or an item) is, for those who do not show what it waits for by name."""
    run = record.line.run
    recorded = {each.step.step_id: each for each in record.steps}
    return Course(
        id=run.id,
        state=run.state,
        reason=run.reason,
        waiting_for=run.waiting_for,
        workflow_state="on",
        connection_name=None,
        connection_state=None,
        recorded=recorded,
        loops=loops_of(run.organization_id, {run.id: recorded})[run.id],
        calls=_calls_of(run.organization_id, [run.id])[run.id],
    )


def loops_of(
    organization_id: UUID, recorded: Mapping[UUID, Mapping[str, RecordedStep]]
) -> dict[UUID, dict[str, LoopCounts]]:
    """The loops of these runs (or items) by step, as far as their items are there."""
    counted: dict[UUID, dict[str, dict[str, int]]] = {run_id: {} for run_id in recorded}
    asked = {"organization_id": organization_id, "parents": list(recorded)}
    for row in db.session.execute(_LOOPS, asked):
        counted[row.parent_run_id].setdefault(row.step, {})[row.state] = row.n
    return {
        run_id: {
            step: LoopCounts(_total(recorded[run_id].get(step), states), states)
            for step, states in loops.items()
        }
        for run_id, loops in counted.items()
    }


def _total(record: RecordedStep | None, states: Mapping[str, int]) -> int:
    """As many as the loop was given, however few have begun."""
    given = record.step.input if record else None
    said = given.get("items") if isinstance(given, dict) else None
    begun = sum(states.values())
    return max(said, begun) if isinstance(said, int) else begun


def items_of(
    organization_id: UUID,
    parent: Run,
    step_id: str,
    *,
    states: Collection[str] = (),
    after: int | None = None,
    limit: int = ITEMS_SHOWN,
) -> list[Item]:
    """The items of a loop in their order, behind the number `after`, narrowed to `states`."""
    wanted = [
        *_of_loop(organization_id, parent, step_id),
        *([Run.state.in_(states)] if states else []),
        *([Run.item > after] if after is not None else []),
    ]
    rows = db.session.execute(
        page_queries.item_rows_query(wanted).order_by(Run.item).limit(limit)
    ).all()
    return _told(organization_id, parent, rows)


def list_items(
    organization_id: UUID,
    parent: Run,
    *,
    step_id: str | None = None,
    state: str | None = None,
    after: UUID | None = None,
    limit: int = ITEMS_SHOWN,
) -> list[Item]:
    """Items of any loop of a run in the order they began, behind the item `after`."""
    wanted: list[Any] = [
        Run.organization_id == organization_id,
        Run.parent_run_id == parent.id,
        *([func.split_part(Run.cause, ":", 3) == step_id] if step_id is not None else []),
        *([Run.state == state] if state is not None else []),
        *([Run.id > after] if after is not None else []),
    ]
    query = page_queries.item_rows_query(wanted).order_by(Run.id).limit(limit)
    return _told(organization_id, parent, db.session.execute(query).all())


def first_items(organization_id: UUID, parent: Run, step_id: str, limit: int) -> list[Item]:
    """A few items of a loop: those somebody should look at before the others."""
    troubled = items_of(organization_id, parent, step_id, states=_TROUBLED, limit=limit)
    if len(troubled) == limit:
        return troubled
    others = items_of(organization_id, parent, step_id, limit=limit)
    known = {each.id for each in troubled}
    return [*troubled, *(each for each in others if each.id not in known)][:limit]


def _of_loop(organization_id: UUID, parent: Run, step_id: str) -> list[Any]:
    return [
        Run.organization_id == organization_id,
        Run.parent_run_id == parent.id,
        func.split_part(Run.cause, ":", 3) == step_id,
    ]


def _told(organization_id: UUID, parent: Run, rows: Sequence[Row[Any]]) -> list[Item]:
    ids = [row.id for row in rows]
    recorded = _recorded(organization_id, parent.root_run_id or parent.id, rows)
    loops = loops_of(organization_id, recorded)
    calls = _calls_of(organization_id, ids)
    questions = _questions_of(organization_id, ids)
    return [
        Item(
            id=row.id,
            step_id=row.cause.split(":")[2],
            item=row.item,
            place=_index(row) + 1,
            name=item_name((row.input or {}).get("item")),
            value=(row.input or {}).get("item"),
            created_at=row.created_at,
            finished_at=row.finished_at,
            course=_course(
                row,
                recorded=recorded[row.id],
                loops=loops[row.id],
                calls=calls[row.id],
                questions=questions[row.id],
            ),
        )
        for row in rows
    ]


def _index(row: Row[Any]) -> int:
    index = (row.input or {}).get("index")
    return index if isinstance(index, int) else row.item


def item_name(value: Any) -> str:
    """What an item is called: its text, or the name in it; empty when it says none."""
    if is_sealed(value):
        return ""
    if isinstance(value, dict):
        named = (item_name(value[name]) for name in _NAMES if name in value)
        return next((name for name in named if name), "")
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return clip(str(value), _LONGEST_NAME)
    return ""


def _recorded(
    organization_id: UUID, root_id: UUID, rows: Sequence[Row[Any]]
) -> dict[UUID, dict[str, RecordedStep]]:
    """The steps of these items by step id; they are recorded under the run people see."""
    by_number = {row.item: row.id for row in rows}
    found: dict[UUID, dict[str, RecordedStep]] = {row.id: {} for row in rows}
    if not by_number:
        return found
    attempts = _attempts(organization_id, root_id, by_number)
    steps = db.session.scalars(
        select(RunStep).where(
            RunStep.organization_id == organization_id,
            RunStep.run_id == root_id,
            RunStep.item.in_(by_number),
        )
    )
    for step in steps:
        tries = tuple(attempts.get((step.step_id, step.item), ()))
        found[by_number[step.item]][step.step_id] = RecordedStep(step, tries)
    return found


def _attempts(
    organization_id: UUID, root_id: UUID, numbers: Collection[int]
) -> dict[tuple[str, int], list[StepAttempt]]:
    found: dict[tuple[str, int], list[StepAttempt]] = {}
    query = (
        select(StepAttempt)
        .where(
            StepAttempt.organization_id == organization_id,
            StepAttempt.run_id == root_id,
            StepAttempt.item.in_(numbers),
        )
        .order_by(StepAttempt.number)
    )
    for attempt in db.session.scalars(query):
        found.setdefault((attempt.step_id, attempt.item), []).append(attempt)
    return found


def _calls_of(organization_id: UUID, run_ids: Sequence[UUID]) -> dict[UUID, dict[str, CalledRun]]:
    """The runs these called, by the step that did; of several the latest."""
    found: dict[UUID, dict[str, CalledRun]] = {run_id: {} for run_id in run_ids}
    query = (
        select(Run.id, Run.caller_run_id, Run.cause, Run.state, Workflow.name)
        .join(
            Workflow,
            and_(Workflow.organization_id == Run.organization_id, Workflow.id == Run.workflow_id),
        )
        .where(Run.organization_id == organization_id, Run.caller_run_id.in_(run_ids))
        .order_by(Run.id)
        .limit(_CALLS_SHOWN)
    )
    for row in db.session.execute(query):
        step = row.cause.split(":")[2] if row.cause.count(":") > 1 else ""
        found[row.caller_run_id][step] = CalledRun(row.id, row.name, row.state)
    return found


def _questions_of(
    organization_id: UUID, run_ids: Sequence[UUID]
) -> dict[UUID, dict[str, Approval]]:
    """What these asked somebody, by the step that did."""
    found: dict[UUID, dict[str, Approval]] = {run_id: {} for run_id in run_ids}
    query = select(Approval).where(
        Approval.organization_id == organization_id, Approval.run_id.in_(run_ids)
    )
    for question in db.session.scalars(query):
        found[question.run_id][question.step_id] = question
    return found
