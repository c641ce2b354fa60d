"""Workflows that set each other off: however it goes round, it ends with a sentence."""

from typing import Any
from uuid import UUID

from apiflask import APIFlask
from sqlalchemy import text

from tests.workers.scene import (
    Hook,
    Worker,
    accept,
    beside,
    make_workflow,
    note,
    on_event,
    on_hook,
    one,
    publish,
    rows,
    states_of,
    tell,
    worker_of,
)
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.workflows.running import runs
from workers import schedule

BY_OTHERS = {"kind": "workflow", "input": None}
SPENT = {
    "code": "loop",
    "message": "What began this has set off 10,000 runs, and one beginning may not set off more.",
}


def has_set_off(app: APIFlask, organization: UUID, root: UUID, many: int) -> None:
    """What a wide chain leaves: so many runs were set off by this root."""
    planted = "INSERT INTO chains (organization_id, root_id, runs) VALUES (:of, :root, :many)"
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text(planted), {"of": organization, "root": root, "many": many})


def each_of(step: dict[str, Any], items: list[int]) -> dict[str, Any]:
    return {"id": "all", "kind": "for_each", "items": items, "steps": [step]}


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


def test_a_beginning_sets_off_so_many_runs_by_events_and_the_rest_is_parked_with_a_sentence(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    organization = hook.organization_id
    each = each_of(tell("ask", "seat.asked"), [1, 2, 3, 4, 5])
    make_workflow(app, organization, on_event("plan.made"), each)
    asked = make_workflow(app, organization, on_event("seat.asked"), note("n", a=1))
    root = publish(app, organization, "plan.made", {})
    has_set_off(app, organization, root, 9_997)
    other = publish(app, organization, "plan.made", {})
    worker.work()
    states = states_of(app, asked)
    assert states == {"succeeded": 3 + 5, "needs_attention": 2}
    parked = rows(app, "SELECT reason, due_at FROM runs WHERE state = 'needs_attention'")
    assert [(row.reason, row.due_at) for row in parked] == [(SPENT, None)] * 2
    counted = rows(app, "SELECT root_id, runs FROM chains")
    assert {row.root_id: row.runs for row in counted} == {root: 10_002, other: 5}


def test_a_beginning_sets_off_so_many_runs_by_calls(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    organization = hook.organization_id
    called = make_workflow(app, organization, BY_OTHERS, note("n", a=1))
    step = {"id": "on", "kind": "call", "workflow": str(called), "input": {}, "wait": False}
    make_workflow(app, organization, on_event("plan.made"), each_of(step, [1, 2, 3, 4]))
    has_set_off(app, organization, publish(app, organization, "plan.made", {}), 9_999)
    worker.work()
    assert states_of(app, called) == {"succeeded": 1, "needs_attention": 3}


def test_what_no_run_led_to_is_not_counted(app: APIFlask, worker: Worker, hook: Hook) -> None:
    make_workflow(app, hook.organization_id, on_hook(hook), tell("ask", "seat.asked"))
    accept(app, hook, {})
    worker.work()
    assert rows(app, "SELECT * FROM chains") == []


def test_runs_that_come_of_one_beginning_at_once_are_counted_by_every_worker(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    organization = hook.organization_id
    each = each_of(tell("ask", "seat.asked"), list(range(60)))
    make_workflow(app, organization, on_event("plan.made"), each)
    asked = make_workflow(app, organization, on_event("seat.asked"), tell("say", "seat.given"))
    given = make_workflow(app, organization, on_event("seat.given"), note("n", a=1))
    root = publish(app, organization, "plan.made", {})
    has_set_off(app, organization, root, 9_900)
    worker.fan_out()
    worker.run()
    with worker_of(app) as other, beside(other.work) as working:
        worker.work()
        working.result()
    worker.work()
    assert states_of(app, asked) == {"succeeded": 60}
    assert states_of(app, given) == {"succeeded": 40, "needs_attention": 20}


def test_a_count_is_forgotten_after_thirty_days(app: APIFlask, worker: Worker, hook: Hook) -> None:
    old, new = ids.new_id(), ids.new_id()
    for root in (old, new):
        has_set_off(app, hook.organization_id, root, 3)
    with app.app_context(), db.engine.begin() as connection:
        age = "UPDATE chains SET began_at = began_at - interval '31 days' WHERE root_id = :root"
        connection.execute(text(age), {"root": old})
        schedule.prune(connection)
    assert [row.root_id for row in rows(app, "SELECT root_id FROM chains")] == [new]
