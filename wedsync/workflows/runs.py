"""What people do with runs: start one by hand, run one again, stop it, settle what is unsure.

Each leaves a row that is due and its lane touched; the caller commits and rings `runs`.
"""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func, insert, literal, select, update

from wedsync.audit import service as audit
from wedsync.errors import Conflict, FieldError, Invalid
from wedsync.events.service import problem_with_data
from wedsync.platform import clock, ids, leases
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.platform.runtime import settings, vault
from wedsync.workflows import queries
from wedsync.workflows.engine import steps_in_order
from wedsync.workflows.engine.state import Position, position_of, standing
from wedsync.workflows.journal import LANES
from wedsync.workflows.models import WorkflowVersion
from wedsync.workflows.reach import Reach
from wedsync.workflows.run_models import FINAL_RUN_STATES, NO_ITEM, Run, RunStep

Choice = Literal["send_again", "treat_as_done", "skip"]

_MAY_HAVE_HAPPENED = (
    "This may have happened before the first run was stopped. We have not tried again, so nobody "
    "gets it twice."
)
_STOPPED = {"code": "stopped_by_hand", "message": "Somebody stopped it."}


def start_manual_run(
    organization_id: UUID, workflow_id: UUID, given: Any, *, by: Identity | None = None
) -> Run:
    """Start the live version by hand; its steps see `given` as `trigger.data`.

    Raises NotFound, Conflict when nothing is published or it is off, Invalid for the input.
    """
    if problem := problem_with_data(given):
        raise Invalid(problem, errors=[FieldError("/input", "input", problem)])
    workflow = queries.get_workflow(organization_id, workflow_id)
    version_id = workflow.live_version_id
    if version_id is None:
        raise Conflict("Publish this workflow first.", code="workflow_not_published")
    if workflow.state == "off":
        raise Conflict("This workflow is off. Switch it on first.", code="workflow_off")
    run_id = ids.new_id()
    run = Run(
        id=run_id,
        organization_id=organization_id,
        workflow_id=workflow_id,
        version_id=version_id,
        cause=f"manual:{run_id}",
        input=given,
    )
    _queue(run)
    _record("started_by_hand", run, by)
    return run


def rerun(organization_id: UUID, run_id: UUID, *, by: Identity | None = None) -> Run:
    """Run a failed or stopped run again from where it ended, as a new run of the same version.

    The steps before that one are copied, whatever became of them, so nothing they did is done
    twice; the keys partners see stay those of the first run. Raises NotFound, Conflict.
    """
    old = queries.get_run(organization_id, run_id, lock=True)
    if old.state not in ("failed", "stopped"):
        raise Conflict(
            "Only a run that failed or was stopped can be run again.", code="run_not_retryable"
        )
    new = Run(
        id=ids.new_id(),
        organization_id=organization_id,
        workflow_id=old.workflow_id,
        version_id=old.version_id,
        cause=f"rerun:{old.id}:{_reruns_of(old) + 1}",
        event_id=old.event_id,
        wedding_id=old.wedding_id,
        input=old.input,
        rerun_of=old.id,
        origin_run_id=old.origin_run_id or old.id,
    )
    ended_at = _step_it_ended_at(old)
    if ended_at is not None:
        _go_on_at(ended_at, old, new)
    if new.state == "needs_attention":
        db.session.add(new)
        db.session.flush()
    else:
        _queue(new)
    _copy_steps(old, new, besides=ended_at)
    _record("retried", new, by, rerun_of=str(old.id))
    return new


def stop(organization_id: UUID, run_id: UUID, *, by: Identity | None = None) -> Run:
    """End a run wherever it stands; what is on its way cannot be called back.

    The fence rises, so a worker that holds the run can no longer move it on. Raises NotFound,
    Conflict when it is over already.
    """
    run = queries.get_run(organization_id, run_id, lock=True)
    if run.state in FINAL_RUN_STATES:
        raise Conflict("This run is over already.", code="run_over")
    run.state = "stopped"
    run.reason = _STOPPED
    run.waiting_for = run.pending_decision = run.due_at = None
    run.owner = run.lease_until = None
    run.fence += 1
    run.revision += 1
    run.finished_at = func.clock_timestamp()
    _end_open_steps(run)
    db.session.flush()
    _record("stopped", run, by)
    return run


def decide(
    organization_id: UUID,
    run_id: UUID,
    choice: Choice,
    *,
    given: dict[str, Any] | None = None,
    output: Any = None,
    by: Identity | None = None,
) -> Run:
    """Settle a step whose effect may have happened: send it again, call it done, or skip it.

    `given` replaces the step's input when it is sent again, `output` is what is known of the
    answer when it is called done. Raises NotFound, Conflict when the run asks nothing.
    """
    _check_decision(given, output)
    lane = queries.get_run(organization_id, run_id).workflow_id
    _touch(organization_id, lane)  # before the run's row: drains lock in this order too
    run = queries.get_run(organization_id, run_id, lock=True)
    position = position_of(run.engine_state)
    if run.state != "needs_attention" or position is None or position.phase != "asking":
        raise Conflict("This run is not asking anything.", code="run_asks_nothing")
    run.pending_decision = {"decision": choice, "input": given, "output": output}
    run.state = "queued"
    run.reason = run.waiting_for = None
    run.due_at = clock.now()
    run.revision += 1
    db.session.flush()
    _record("decided", run, by, choice=choice, step=position.step)
    return run


def _check_decision(given: Any, output: Any) -> None:
    for field, value in (("input", given), ("output", output)):
        if problem := problem_with_data(value):
            raise Invalid(problem, errors=[FieldError(f"/{field}", field, problem)])


def _queue(run: Run) -> None:
    run.state, run.due_at = "queued", clock.now()
    _touch(run.organization_id, run.workflow_id)
    db.session.add(run)
    db.session.flush()


def _touch(organization_id: UUID, workflow_id: UUID) -> None:
    due = {str(workflow_id): clock.now()}
    leases.touch_lanes(db.session.connection(), LANES, organization_id, due)


def _reruns_of(run: Run) -> int:
    query = select(func.count()).where(
        Run.organization_id == run.organization_id,
        Run.workflow_id == run.workflow_id,
        Run.rerun_of == run.id,
    )
    return db.session.scalar(query) or 0


_COPIED = (
    "organization_id",
    "step_id",
    "item",
    "state",
    "input",
    "output",
    "error",
    "explanation",
    "generation",
    "attempts",
    "position",
    "started_at",
    "finished_at",
)


def _copy_steps(old: Run, new: Run, *, besides: str | None) -> None:
    columns = [getattr(RunStep, name) for name in _COPIED]
    recorded = select(literal(new.id), *columns).where(
        RunStep.organization_id == old.organization_id,
        RunStep.run_id == old.id,
        RunStep.step_id.is_distinct_from(besides),
    )
    db.session.execute(insert(RunStep).from_select(["run_id", *_COPIED], recorded))


def _step_it_ended_at(run: Run) -> str | None:
    """The step a run failed or was stopped at; None before its first."""
    position = position_of(run.engine_state)
    if position is not None:
        return position.step
    step: str | None = (run.reason or {}).get("step")
    return step


def _go_on_at(step: str, old: Run, new: Run) -> None:
    """Place `new` at a step of `old`.

    A step that was being done keeps the generation of its key, so a partner that saw the first
    run's attempt knows this one as the same. A step that may have happened, and may not happen
    twice, is asked about again.
    """
    row = db.session.scalar(
        select(RunStep).where(
            RunStep.organization_id == old.organization_id,
            RunStep.run_id == old.id,
            RunStep.step_id == step,
            RunStep.item == NO_ITEM,
        )
    )
    if row is not None and row.state == "unsure" and _may_not_repeat(old, row):
        asking = Position(step, phase="asking", attempt=row.attempts, generation=row.generation)
        new.engine_state = standing(asking)
        new.state = "needs_attention"
        new.reason = {"code": "unsure", "step": step, "message": _MAY_HAVE_HAPPENED}
    elif row is not None and row.attempts:
        new.engine_state = standing(Position(step, phase="retrying", generation=row.generation))
    else:
        new.pending_decision = {"start_at": step}


def _may_not_repeat(run: Run, row: RunStep) -> bool:
    """Whether the effect of this recorded step must not be done twice."""
    version = db.session.get(WorkflowVersion, run.version_id)
    placed = steps_in_order(version.definition) if version else ()
    step = next((one.step for one in placed if one.step.get("id") == row.step_id), {})
    reach = Reach(db.session.connection(), vault(), settings())
    action = reach.action(run.organization_id, str(step.get("use")), step.get("connection"))
    return action is None or action.effect(row.input or {}) in ("once", "lookup")


def _end_open_steps(run: Run) -> None:
    """A step on its way may have happened; one that waited for its next try did not."""
    for open_state, ended in (("started", "unsure"), ("waiting", "skipped")):
        db.session.execute(
            update(RunStep)
            .where(
                RunStep.organization_id == run.organization_id,
                RunStep.run_id == run.id,
                RunStep.state == open_state,
            )
            .values(state=ended, finished_at=func.clock_timestamp())
        )


def _record(action: str, run: Run, by: Identity | None, **facts: Any) -> None:
    audit.record(
        f"run.{action}",
        "run",
        run.id,
        organization_id=run.organization_id,
        by=by,
        facts={"workflow_id": str(run.workflow_id), **facts},
    )
