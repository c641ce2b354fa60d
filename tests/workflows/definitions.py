"""Definitions the tests publish, and rows as a run leaves them."""

from typing import Any
from uuid import UUID

from apiflask import APIFlask

from wedsync.platform import clock, ids
from wedsync.platform.db import db
from wedsync.workflows.editing import service
from wedsync.workflows.models import Workflow
from wedsync.workflows.run_models import NO_ITEM, Run, RunStep, StepAttempt

Definition = dict[str, Any]

GREET: Definition = {"id": "greet", "kind": "set", "values": {"words": "Hello"}}
TELL: Definition = {
    "id": "tell",
    "kind": "action",
    "use": "webhook.send",
    "input": {"event_type": "seating.guest_added", "data": {"words": {"var": "steps.greet.words"}}},
}


def manual(*steps: Definition) -> Definition:
    return {"format": 1, "trigger": {"kind": "manual"}, "steps": list(steps or (GREET, TELL))}


def on_hook(hook_id: UUID | str) -> Definition:
    return manual() | {"trigger": {"kind": "webhook", "hook": str(hook_id)}}


def on_event(event_type: str, source: str = "any") -> Definition:
    trigger = {"kind": "event", "event_type": event_type, "source": source}
    return manual() | {"trigger": trigger}


def make_workflow(
    app: APIFlask,
    organization_id: UUID,
    definition: Definition | None = None,
    *,
    name: str = "Tell the seating planner",
    publish: bool = True,
) -> UUID:
    """A workflow, published unless it should stay a draft."""
    with app.app_context():
        draft = service.create(organization_id, name, definition or manual())
        if publish:
            service.publish(organization_id, draft.workflow.id)
        db.session.commit()
        return draft.workflow.id


def make_run(
    app: APIFlask, organization_id: UUID, workflow_id: UUID, state: str = "failed", **fields: Any
) -> UUID:
    """A run as a worker left it."""
    with app.app_context():
        workflow = db.session.get_one(Workflow, workflow_id)
        run_id = ids.new_id()
        values = {
            "cause": f"manual:{run_id}",
            "version_id": workflow.live_version_id,
            "started_at": clock.now(),
        }
        run = Run(
            id=run_id,
            organization_id=organization_id,
            workflow_id=workflow_id,
            state=state,
            **(values | fields),
        )
        db.session.add(run)
        db.session.commit()
        return run_id


def make_step(
    app: APIFlask,
    organization_id: UUID,
    run_id: UUID,
    step_id: str,
    state: str,
    *,
    tries: tuple[str, ...] = (),
    **fields: Any,
) -> None:
    """A recorded step, and one attempt for each outcome in `tries`."""
    with app.app_context():
        step = RunStep(
            run_id=run_id,
            step_id=step_id,
            item=NO_ITEM,
            organization_id=organization_id,
            state=state,
            attempts=len(tries),
            **fields,
        )
        attempts = [
            StepAttempt(
                run_id=run_id,
                step_id=step_id,
                number=number,
                organization_id=organization_id,
                idempotency_key=f"{run_id}:{step_id}:-:0",
                outcome=outcome,
                ms=12,
            )
            for number, outcome in enumerate(tries, start=1)
        ]
        db.session.add_all([step, *attempts])
        db.session.commit()
