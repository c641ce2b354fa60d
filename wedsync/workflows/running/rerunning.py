"""Running a run again from where it ended, as a new run of the same version.

What was done is copied, so that nothing is done twice, and the keys partners see stay those of the
first run. A run that ended inside a loop goes through the loop again with those items only that did
not get through; each begins where it ended, and those that had begun begin together.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, literal, select, tuple_, update

from wedsync.audit import service as audit
from wedsync.connectors.contract import Effect
from wedsync.errors import Conflict
from wedsync.platform import clock, ids, leases
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.platform.runtime import settings, vault
from wedsync.workflows import queries
from wedsync.workflows.engine import steps_in_order
from wedsync.workflows.engine.attempts import looking_up
from wedsync.workflows.engine.state import Position, position_of, standing
from wedsync.workflows.models import WorkflowVersion
from wedsync.workflows.run_models import NO_ITEM, Run, RunStep
from wedsync.workflows.running import items
from wedsync.workflows.running.journal import LANES
from wedsync.workflows.running.reach import Reach
from wedsync.workflows.running.repairing import as_given

_MAY_HAVE_HAPPENED = (
    "This may have happened before the first run was stopped. We have not tried again, so nobody "
    "gets it twice."
)
_COPIED = (
    "organization_id",
    "step_id",
    "item",
    "state",
    "input",
    "output",
    "error",
    "explanation",
    "reads",
    "generation",
    "attempts",
    "position",
    "started_at",
    "finished_at",
)
_THROUGH = ("succeeded", "filtered")

_Place = tuple[str, int]
"""A step and its item."""


def rerun(
    organization_id: UUID,
    run_id: UUID,
    *,
    by: Identity | None = None,
    given: dict[str, Any] | None = None,
) -> Run:
    """Run a failed or stopped run again from where it ended.

    `given` replaces what the step it ended at was given, besides what is masked in it, and raises
    the end of its key: a partner takes it for something new. Raises NotFound; Conflict when the run
    did not end so, or ended at a step that is given nothing; Invalid for `given`.
    """
    old = queries.get_run(organization_id, run_id, lock=True)
    if old.state not in ("failed", "stopped") or old.parent_run_id is not None:
        raise Conflict(
            "Only a run that failed or was stopped can be run again.", code="run_not_retryable"
        )
    now = clock.now()
    new = _Again(old, given, now).take_over()
    _touch(new, now)
    audit.record(
        "run.retried",
        "run",
        new.id,
        organization_id=organization_id,
        by=by,
        facts={"workflow_id": str(new.workflow_id), "rerun_of": str(old.id)},
    )
    return new


class _Again:
    """One run being taken up again, with the items of the loop it ended in."""

    def __init__(self, old: Run, given: dict[str, Any] | None, now: datetime) -> None:
        self._old = old
        self._now = now
        self._given = given
        self._steps = _steps_of(old)
        self._redone: list[_Place] = []
        self._looping: list[_Place] = []

    def take_over(self) -> Run:
        new = _twin(self._old)
        new.cause = f"rerun:{self._old.id}:{_reruns_of(self._old) + 1}"
        new.rerun_of = self._old.id
        made = [new, *self._go_on(self._old, new, new)]
        asking = next((one for one in made[1:] if one.state == "needs_attention"), None)
        if asking is not None:
            reason = items.reason_of_item(asking.id, asking.item, asking.reason)
            new.state, new.reason = "needs_attention", reason
        for one in made:  # parents first: each names its own
            db.session.add(one)
            db.session.flush()
        self._copy_steps(new)
        return new

    def _go_on(self, old: Run, new: Run, root: Run) -> Iterator[Run]:
        """Place `new` where `old` ended; the items it needs."""
        new.state, new.due_at = "queued", self._now
        position = position_of(old.engine_state)
        if position is not None and position.phase == "looping":
            yield from self._loop_on(old, new, root, position)
            return
        step = position.step if position else (old.reason or {}).get("step")
        if step is not None:
            self._redone.append((step, old.item))
            self._go_on_at(step, old, new)
        elif old.parent_run_id is not None:
            new.pending_decision = {"start_at": _first_of(old)}

    def _loop_on(self, old: Run, new: Run, root: Run, position: Position) -> Iterator[Run]:
        self._looping.append((position.step, old.item))
        new.engine_state, new.items = old.engine_state, old.items
        new.items_total, new.items_next = old.items_total, old.items_next
        new.state, new.due_at, left = "waiting", None, old.items_total or 0
        new.started_at = self._now
        new.waiting_for = {"kind": "items", "id": position.step, "total": left}
        for item in _items_of(old):
            twin = _twin(item)
            twin.parent_run_id, twin.root_run_id, twin.item = new.id, root.id, item.item
            twin.cause = f"item:{new.id}:{position.step}:{item.item}"
            twin.input = item.input
            yield twin
            if item.state in _THROUGH:
                left -= 1
                twin.state, twin.engine_state = item.state, item.engine_state
                twin.started_at, twin.finished_at = item.started_at, item.finished_at
            else:
                yield from self._go_on(item, twin, root)
        new.items_left = left
        if not left:
            new.due_at = self._now

    def _go_on_at(self, step: str, old: Run, new: Run) -> None:
        """Place `new` at a step of `old`.

        A step that was being done keeps the generation of its key, so a partner that saw the first
        run's attempt knows this one as the same. What became of a step that may have happened is
        looked up where that can be; where it cannot, and it may not happen twice, it is asked about
        again. Whoever gives it other values has decided.
        """
        row = self._recorded(step, old.item)
        item = None if old.item == NO_ITEM else old.item
        given = self._given if old is self._old else None
        if given is not None:
            self._refuse_values(step)
            given = as_given(given, row.input if row else None)
            generation = row.generation + 1 if row else 1
            position = Position(step, item, phase="retrying", generation=generation)
            new.engine_state, new.pending_decision = standing(position), {"input": given}
        elif row is not None and row.state == "unsure" and self._effect(row) == "lookup":
            position = Position(step, item, phase="retrying", generation=row.generation)
            new.engine_state = standing(looking_up(position))
        elif row is not None and row.state == "unsure" and self._effect(row) == "once":
            asking = Position(
                step, item, phase="asking", attempt=row.attempts, generation=row.generation
            )
            new.engine_state, new.state, new.due_at = standing(asking), "needs_attention", None
            new.reason = {"code": "unsure", "step": step, "message": _MAY_HAVE_HAPPENED}
        elif row is not None and row.attempts:
            position = Position(step, item, phase="retrying", generation=row.generation)
            new.engine_state = standing(position)
        else:
            new.pending_decision = {"start_at": step}

    def _recorded(self, step: str, item: int) -> RunStep | None:
        return db.session.get(RunStep, (self._old.id, step, item))

    def _refuse_values(self, step: str) -> None:
        if self._steps.get(step, {}).get("kind") != "action":
            problem = "The step it ended at is not given anything that could be changed."
            raise Conflict(problem, code="run_not_retryable")

    def _effect(self, row: RunStep) -> Effect:
        """What the action of this recorded step does outside, the worst where it is not known."""
        step = self._steps.get(row.step_id, {})
        reach = Reach(db.session.connection(), vault(), settings())
        use, connection = str(step.get("use")), step.get("connection")
        action = reach.action(self._old.organization_id, use, connection)
        return "once" if action is None else action.effect(row.input or {})

    def _copy_steps(self, new: Run) -> None:
        """Copy what was recorded, besides what is done again; loops that go on are open."""
        columns = [getattr(RunStep, name) for name in _COPIED]
        recorded = select(literal(new.id), *columns).where(
            RunStep.organization_id == self._old.organization_id,
            RunStep.run_id == self._old.id,
            _place().not_in(self._redone),
        )
        db.session.execute(insert(RunStep).from_select(["run_id", *_COPIED], recorded))
        if self._looping:
            going_on = RunStep.run_id == new.id, _place().in_(self._looping)
            open_again = {"state": "waiting", "finished_at": None, "explanation": None}
            db.session.execute(update(RunStep).where(*going_on).values(**open_again))


def _place() -> Any:
    return tuple_(RunStep.step_id, RunStep.item)


def _twin(old: Run) -> Run:
    """A run of the same version for the same cause."""
    return Run(
        id=ids.new_id(),
        organization_id=old.organization_id,
        workflow_id=old.workflow_id,
        version_id=old.version_id,
        event_id=old.event_id,
        wedding_id=old.wedding_id,
        input=old.input,
        causation=old.causation,
        item=NO_ITEM,
        origin_run_id=old.origin_run_id or old.id,
    )


def _first_of(item: Run) -> str | None:
    """Where an item begins that had not begun."""
    parent = db.session.get(Run, item.parent_run_id)
    first: str | None = (parent.items or {}).get("first") if parent else None
    return first


def _items_of(run: Run) -> Iterable[Run]:
    query = select(Run).where(
        Run.organization_id == run.organization_id, Run.parent_run_id == run.id
    )
    return db.session.scalars(query.order_by(Run.item)).all()


def _steps_of(run: Run) -> Mapping[str, Mapping[str, Any]]:
    version = db.session.get(WorkflowVersion, run.version_id)
    placed = steps_in_order(version.definition) if version else ()
    return {str(one.step.get("id")): one.step for one in placed}


def _reruns_of(run: Run) -> int:
    query = select(func.count()).where(
        Run.organization_id == run.organization_id,
        Run.workflow_id == run.workflow_id,
        Run.rerun_of == run.id,
    )
    return db.session.scalar(query) or 0


def _touch(run: Run, now: datetime) -> None:
    due = {str(run.workflow_id): now}
    leases.touch_lanes(db.session.connection(), LANES, run.organization_id, due)
