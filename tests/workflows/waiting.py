"""Runs that stand at a wait for an event or at a question, as a turn of the runner leaves them.

Written by the very functions the runner calls in its transaction, so that a test decides what
happens between that commit and whatever comes next.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from apiflask import APIFlask
from sqlalchemy import Connection, text

from tests.workers.scene import Definition, note, one
from wedsync.platform import clock, ids
from wedsync.platform.db import db
from wedsync.platform.runtime import vault
from wedsync.workflows.editing import service
from wedsync.workflows.engine import compile_definition
from wedsync.workflows.engine.protocol import Ask, Listen
from wedsync.workflows.running import asking, listening
from wedsync.workflows.running.journal import Move
from wedsync.workflows.running.live_run import Advance, LiveRun

_RUN = text(
    "INSERT INTO runs (id, organization_id, workflow_id, version_id, cause, state, waiting_for,"
    " event_id, parent_run_id, root_run_id, item, created_at, started_at)"
    " SELECT :id, w.organization_id, w.id, w.live_version_id, :cause, 'waiting',"
    "  CAST(:waiting_for AS jsonb), :event_id, :root_id, :root_id, :item, :began, :began"
    " FROM workflows w WHERE w.id = :workflow_id"
)


def question(**fields: Any) -> Definition:
    """An approval, and what comes of a yes."""
    asks = {"id": "may", "kind": "approval", "label": "Ask the owner", "ask": "May we book it?"}
    yes = {"label": "Yes", "when": {"var": "steps.may.approved"}, "steps": [booking()]}
    return {
        "format": 1,
        "trigger": {"kind": "manual"},
        "steps": [
            {**asks, "who": {"role": "owner"}, **fields},
            {"id": "then", "kind": "choose", "branches": [yes], "otherwise": []},
        ],
    }


def booking() -> Definition:
    return {
        "id": "book",
        "kind": "action",
        "label": "Book the date",
        "use": "webhook.send",
        "input": {"event_type": "seating.wanted", "data": {}},
    }


def publish_workflow(app: APIFlask, organization_id: UUID, definition: Definition) -> UUID:
    with app.app_context():
        draft = service.create(organization_id, "Seat the guests", definition)
        service.publish(organization_id, draft.workflow.id)
        db.session.commit()
        return draft.workflow.id


def noting(app: APIFlask, organization_id: UUID) -> UUID:
    """A workflow that is started by hand; what it does does not matter."""
    definition = {"format": 1, "trigger": {"kind": "manual"}, "steps": [note("n", a=1)]}
    return publish_workflow(app, organization_id, definition)


def listen(
    app: APIFlask,
    workflow_id: UUID,
    event_type: str,
    match: Mapping[str, Any],
    *,
    began: datetime | None = None,
    event_id: UUID | None = None,
) -> tuple[UUID, list[UUID]]:
    """A run that waits for such an event, committed; its id and what to look back for."""
    with app.app_context(), db.engine.begin() as connection:
        run = _waiting_run(connection, workflow_id, "event", began=began, event_id=event_id)
        waits = listening.write(
            connection,
            [_advance(run, listens=[Listen("signed", None, event_type, dict(match), None)])],
        )
        return run.id, waits


def look_back(app: APIFlask, waits: list[UUID]) -> int:
    with app.app_context():
        return listening.look_back(db.engine, waits)


def sweep(app: APIFlask) -> int:
    with app.app_context(), db.engine.begin() as connection:
        return listening.sweep(connection)


def answer_of(app: APIFlask, run_id: UUID) -> Any:
    """What a run was given: `pending_decision`, None while it waits."""
    return one(app, "SELECT pending_decision AS d FROM runs WHERE id = :id", id=run_id).d


def ask(
    app: APIFlask,
    workflow_id: UUID,
    ask: str = "May we book it?",
    *,
    who: Mapping[str, Any] | None = None,
    then_ask: Mapping[str, Any] | None = None,
    remind_after_s: float | None = None,
    expires_after_s: float | None = None,
    on_expiry: Literal["approve", "refuse", "stop"] = "refuse",
    root_id: UUID | None = None,
    item: int = -1,
) -> tuple[UUID, UUID]:
    """A run that asks, committed; its id and the question's."""
    until = clock.now() + timedelta(seconds=expires_after_s) if expires_after_s else None
    who = who or {"role": "owner"}
    asks = Ask("may", None, ask, who, remind_after_s, then_ask, until, on_expiry)
    with app.app_context(), db.engine.begin() as connection:
        run = _waiting_run(connection, workflow_id, "approval", root_id=root_id, item=item)
        asking.write(connection, [_advance(run, asks=[asks])])
    found = one(app, "SELECT id FROM approvals WHERE run_id = :id", id=run.id)
    return run.id, found.id


def _waiting_run(
    connection: Connection,
    workflow_id: UUID,
    kind: str,
    *,
    began: datetime | None = None,
    event_id: UUID | None = None,
    root_id: UUID | None = None,
    item: int = -1,
) -> LiveRun:
    run_id, now = ids.new_id(), clock.now()
    given = {
        "id": run_id,
        "workflow_id": workflow_id,
        "cause": f"manual:{run_id}",
        "waiting_for": f'{{"kind": "{kind}"}}',
        "event_id": event_id,
        "root_id": root_id,
        "item": item,
        "began": began or now,
    }
    connection.execute(_RUN, given)
    organization_id = connection.scalar(
        text("SELECT organization_id FROM workflows WHERE id = :id"), {"id": workflow_id}
    )
    assert organization_id is not None
    return LiveRun(
        id=run_id,
        organization_id=organization_id,
        workflow_id=workflow_id,
        origin_id=run_id,
        wedding_id=None,
        fence=1,
        program=compile_definition(question()),
        trigger={},
        wedding=None,
        causation={"root": str(run_id), "depth": 0, "chain": []},
        started_at=now,
        engine_state=None,
        keys=lambda ids: vault().keys(connection, organization_id, ids),
        root_id=root_id or run_id,
    )


def _advance(run: LiveRun, **wanted: Any) -> Advance:
    move = Move(run.id, run.organization_id, run.workflow_id, run.fence, state="waiting")
    return Advance(run, move, {}, None, **wanted)
