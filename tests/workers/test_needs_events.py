"""`run.needs_attention`: announced once each time a run comes to need somebody, and never round and
round."""

from typing import Any

from apiflask import APIFlask

from tests.workers.scene import (
    Hook,
    Worker,
    accept,
    make_workflow,
    note,
    on_event,
    on_hook,
    one,
    rows,
    run_of,
    states_of,
)
from wedsync.platform.db import db
from wedsync.workflows.history import needs_events
from wedsync.workflows.running import runs


def announce(app: APIFlask) -> int:
    with app.app_context(), db.engine.begin() as connection:
        return needs_events.announce(connection)


def announced(app: APIFlask) -> list[Any]:
    found = rows(
        app,
        "SELECT data, causation FROM events WHERE type = 'run.needs_attention' ORDER BY id",
    )
    return [(row.data, row.causation) for row in found]


def park(app: APIFlask, run_id: Any) -> None:
    """It needs somebody, as after too many interruptions."""
    rows(
        app,
        "UPDATE runs SET state = 'needs_attention', due_at = NULL,"
        ' reason = \'{"code": "internal"}\' WHERE id = :id RETURNING 1',
        id=run_id,
    )


def test_it_is_announced_once_and_goes_on_from_what_caused_the_run(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), note("a", b=1))
    event_id = accept(app, hook, {})
    worker.fan_out()
    run = run_of(app, workflow)
    assert announce(app) == 0
    park(app, run.id)
    assert [announce(app) for _ in range(3)] == [1, 0, 0]
    ((data, causation),) = announced(app)
    assert (data["run_id"], data["workflow_id"]) == (str(run.id), str(workflow))
    assert data["reason"] == "internal"
    assert causation == {"root": str(event_id), "depth": 1, "chain": [str(workflow)]}


def test_one_that_comes_to_need_somebody_again_is_announced_again(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), note("a", b=1))
    accept(app, hook, {})
    worker.fan_out()
    run = run_of(app, workflow)
    park(app, run.id)
    announce(app)
    rows(app, "UPDATE runs SET state = 'queued' WHERE id = :id RETURNING 1", id=run.id)
    announce(app)
    assert one(app, "SELECT count(*) AS n FROM attention_told").n == 0
    park(app, run.id)
    assert announce(app) == 1
    with app.app_context():
        runs.stop(hook.organization_id, run.id)
        db.session.commit()
    announce(app)
    assert one(app, "SELECT count(*) AS n FROM attention_told").n == 0


def test_a_workflow_may_start_by_it_but_what_that_needs_is_not_announced(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    first = make_workflow(app, hook.organization_id, on_hook(hook), note("a", b=1))
    second = make_workflow(
        app,
        hook.organization_id,
        on_event("run.needs_attention", "ours"),
        note("a", b={"var": "trigger.data.workflow"}),
    )
    accept(app, hook, {})
    worker.fan_out()
    park(app, run_of(app, first).id)
    assert announce(app) == 1
    worker.fan_out()
    park(app, run_of(app, second).id)
    assert announce(app) == 0
    assert states_of(app, second) == {"needs_attention": 1}


def test_one_that_was_stopped_for_going_round_is_not_announced(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), note("a", b=1))
    accept(app, hook, {})
    worker.fan_out()
    run = run_of(app, workflow)
    park(app, run.id)
    rows(
        app,
        'UPDATE runs SET reason = \'{"code": "loop"}\' WHERE id = :id RETURNING 1',
        id=run.id,
    )
    assert announce(app) == 0
