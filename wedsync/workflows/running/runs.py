"""What people do with runs: start one by hand, run one again, stop it, settle what is unsure.

Each leaves a row that is due and its lane touched; the caller commits and rings `runs`.
"""

from typing import Any, Literal
from uuid import UUID

import orjson
from sqlalchemy import func, select, text, update

from wedsync.audit import service as audit
from wedsync.errors import Conflict, FieldError, Invalid
from wedsync.platform import clock, ids, leases
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.rollups import endings
from wedsync.workflows import queries
from wedsync.workflows.engine.state import Position, position_of
from wedsync.workflows.models import Workflow
from wedsync.workflows.run_models import FINAL_RUN_STATES, Run, RunStep
from wedsync.workflows.running import asking, calling, given_input, items, listening
from wedsync.workflows.running.journal import LANES
from wedsync.workflows.running.repairing import as_given
from wedsync.workflows.running.rerunning import rerun

__all__ = ["Choice", "decide", "rerun", "start_manual_run", "stop"]

Choice = Literal["send_again", "treat_as_done", "skip", "go_on", "end", "try_again"]

_ABOUT_AN_EFFECT = ("send_again", "treat_as_done", "skip")
_ANSWERS = {"late": ("go_on", "end"), "internal": ("try_again",)}

# Whoever records steps of an item holds its run only by a foreign key: that must not be waited for.
_FAMILY = text(
    "SELECT id FROM runs WHERE (id = :root OR root_run_id = :root) AND state <> ALL(:final)"
    " ORDER BY id FOR NO KEY UPDATE"
)
_STOP = text(
    "WITH stopped AS (UPDATE runs SET state = 'stopped', reason = CAST(:reason AS jsonb),"
    " waiting_for = NULL, pending_decision = NULL, due_at = NULL, owner = NULL, lease_until = NULL,"
    " fence = fence + 1, revision = revision + 1, finished_at = clock_timestamp()"
    " WHERE id = ANY(:family) RETURNING *)"
    f" {endings.INSERT} SELECT organization_id, {endings.OF_RUN.format(r='stopped')}, 1"
    " FROM stopped WHERE parent_run_id IS NULL"
)
_LEFT_OUT = {"code": "left_out", "message": "Its time had passed, and somebody left it out."}
_STOPPED = {"code": "stopped_by_hand", "message": "Somebody stopped it."}


def start_manual_run(
    organization_id: UUID, workflow_id: UUID, given: Any, *, by: Identity | None = None
) -> Run:
    """Start the live version by hand; its steps see `given` as `trigger.data`.

    Raises NotFound, Conflict when nothing is published or it is off, Invalid for the input.
    """
    given = as_given(given, None)
    workflow = queries.get_workflow(organization_id, workflow_id)
    version_id = workflow.live_version_id
    if version_id is None:
        raise Conflict("Publish this workflow first.", code="workflow_not_published")
    if workflow.state == "off":
        raise Conflict("This workflow is off. Switch it on first.", code="workflow_off")
    _refuse_input(workflow, given)
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


def _refuse_input(workflow: Workflow, given: Any) -> None:
    """Raise Invalid when the input is not what the live version's trigger asks for."""
    live = queries.live_version(workflow)
    trigger = live.definition["trigger"] if live else {}
    if wrong := given_input.problems(trigger.get("input"), given):
        errors = [FieldError("/input", "input", problem) for problem in wrong]
        raise Invalid(" ".join(wrong), errors=errors)


def stop(organization_id: UUID, run_id: UUID, *, by: Identity | None = None) -> Run:
    """End a run wherever it stands, with all its items; what is on its way cannot be called back,
    and a run it called goes on.

    The fences rise, so a worker that holds any of them can no longer move it on. Whoever waits
    for the run learns of it. Raises NotFound, Conflict when it is over already.
    """
    run = _root_of(queries.get_run(organization_id, run_id))
    connection = db.session.connection()
    callers = calling.callers_of(connection, [run.id])
    _touch(organization_id, run.workflow_id, *(caller.workflow_id for caller in callers))
    family = _lock_family(run)
    if run.state in FINAL_RUN_STATES:
        raise Conflict("This run is over already.", code="run_over")
    connection.execute(_STOP, {"family": family, "reason": orjson.dumps(_STOPPED).decode()})
    _end_open_steps(run)
    listening.close(connection, family)
    asking.close(connection, family)
    calling.make_due(connection, callers)
    db.session.refresh(run)
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
    """Settle what a run asks, or the item of it that asks.

    A step whose effect may have happened is sent again, called done, or skipped; one whose time
    had passed goes on or ends; what went wrong on our side is tried again from where it stands,
    and then asks about what may have happened. `given` replaces the step's input when it is sent
    again, besides what is masked in it; `output` is what is known of the answer when it is called
    done. Raises NotFound, Conflict when the run asks nothing, or asks something else, Invalid for
    the two.
    """
    output = as_given(output, None, "output")
    root = _root_of(queries.get_run(organization_id, run_id))
    _touch(organization_id, root.workflow_id)  # before the rows: drains lock in this order too
    _lock_family(root)
    run = _who_asks(root, run_id)
    position = position_of(run.engine_state)
    is_asking = (
        _asks_to_start(run)
        or _went_wrong(run)
        or (position is not None and position.phase == "asking")
    )
    if run.state != "needs_attention" or not is_asking:
        raise Conflict("This run is not asking anything.", code="run_asks_nothing")
    if choice not in _ANSWERS.get((run.reason or {}).get("code", ""), _ABOUT_AN_EFFECT):
        raise Conflict("That is no answer to what this run asks.", code="run_asks_nothing")
    where = {"step": position.step, "item": position.item} if position else {}
    if position is None and choice == "end":
        _leave_out(run)
        _record("decided", root, by, choice=choice)
        return root
    if given is not None:
        given = as_given(given, _given_before(root, run, position))
    if choice != "try_again":  # it goes on with what it waited for, and what it was told
        run.pending_decision = {"decision": choice, "input": given, "output": output}
        run.waiting_for = None
    run.state, run.reason = "queued", None
    run.due_at = clock.now()
    run.revision += 1
    db.session.flush()
    if run is not root:
        _ask_for_the_next(root)
    _record("decided", root, by, choice=choice, **where)
    return root


def _asks_to_start(run: Run) -> bool:
    """Whether it asks before anything of it happened: its time had passed when it was planned."""
    return run.engine_state is None and (run.reason or {}).get("code") == "late"


def _went_wrong(run: Run) -> bool:
    """Whether it was set aside where it stood, because of something on our side."""
    return (run.reason or {}).get("code") == "internal"


def _leave_out(run: Run) -> None:
    run.state, run.reason = "filtered", _LEFT_OUT
    run.finished_at = func.clock_timestamp()
    run.revision += 1
    db.session.flush()


def _root_of(run: Run) -> Run:
    if run.root_run_id is None:
        return run
    return queries.get_run(run.organization_id, run.root_run_id)


def _lock_family(root: Run) -> list[UUID]:
    """Lock a run and its items in the order of their ids, as drains do; the run is read anew."""
    found = db.session.execute(_FAMILY, {"root": root.id, "final": list(FINAL_RUN_STATES)})
    family = list(found.scalars())
    db.session.refresh(root)
    return family


def _who_asks(root: Run, named: UUID) -> Run:
    """The run or item that waits for an answer: the one named, else the first that asks."""
    if root.items_left is None or not root.items_left:
        return root
    who_ask = select(Run).where(
        Run.organization_id == root.organization_id,
        Run.root_run_id == root.id,
        Run.state == "needs_attention",
    )
    if named != root.id:
        who_ask = who_ask.where(Run.id == named)
    found = who_ask.order_by(Run.item, Run.id).limit(1).execution_options(populate_existing=True)
    return db.session.scalar(found) or root


def _ask_for_the_next(root: Run) -> None:
    """Have the run go on waiting for its items, or ask for the next that needs somebody."""
    root.revision += 1
    following = _who_asks(root, root.id)
    if following is root:
        root.state, root.reason = "waiting", None
    else:
        reason = items.reason_of_item(following.id, following.item, following.reason or {})
        root.state, root.reason = "needs_attention", reason
    db.session.flush()


def _given_before(root: Run, run: Run, position: Position | None) -> Any:
    row = db.session.get(RunStep, (root.id, position.step, run.item)) if position else None
    return row.input if row else None


def _queue(run: Run) -> None:
    run.state, run.due_at = "queued", clock.now()
    _touch(run.organization_id, run.workflow_id)
    db.session.add(run)
    db.session.flush()


def _touch(organization_id: UUID, *workflow_ids: UUID) -> None:
    due = {str(workflow_id): clock.now() for workflow_id in workflow_ids}
    leases.touch_lanes(db.session.connection(), LANES, organization_id, due)


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
