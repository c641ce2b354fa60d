"""Workflows that set each other off: however it goes round, it ends with a sentence."""

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
    publish,
    rows,
    tell,
)
from wedsync.platform.db import db
from wedsync.workflows.running import runs

BY_OTHERS = {"kind": "workflow", "input": None}


def test_calls_in_a_row_are_parked_beyond_the_eighth_and_all_end_when_that_is_stopped(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    called = make_workflow(app, hook.organization_id, BY_OTHERS, note("n", a=1))
    for _ in range(8):
        step = {"id": "on", "kind": "call", "workflow": str(called), "input": {}, "wait": True}
        called = make_workflow(app, hook.organization_id, BY_OTHERS, step)
    step = {"id": "on", "kind": "call", "workflow": str(called), "input": {}, "wait": True}
    make_workflow(app, hook.organization_id, on_hook(hook), step)
    accept(app, hook, {})
    worker.work()
    found = rows(app, "SELECT id, state, reason FROM runs ORDER BY id")
    assert [row.state for row in found] == ["waiting"] * 9 + ["needs_attention"]
    assert found[-1].reason["code"] == "loop"
    assert found[-1].reason["message"].startswith("More than 8 workflows")
    with app.app_context():
        runs.stop(hook.organization_id, found[-1].id)
        db.session.commit()
    worker.work()
    ended = rows(app, "SELECT state FROM runs ORDER BY id")
    assert [row.state for row in ended] == ["succeeded"] * 9 + ["stopped"]


def test_a_ring_of_events_is_parked_with_a_sentence(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    organization = hook.organization_id
    make_workflow(app, organization, on_event("seat.asked"), tell("answer", "seat.answered"))
    make_workflow(app, organization, on_event("seat.answered"), tell("ask", "seat.asked"))
    publish(app, organization, "seat.asked", {})
    worker.work()
    states = "SELECT state, count(*) AS n FROM runs GROUP BY 1"
    assert {row.state: row.n for row in rows(app, states)} == {"succeeded": 6, "needs_attention": 1}
    parked = one(app, "SELECT reason FROM runs WHERE state = 'needs_attention'")
    assert parked.reason == {
        "code": "loop",
        "message": "This workflow has set itself off 3 times.",
    }
