"""Runs that wait for a time, and that are stopped, settled, run again and paused meanwhile."""

from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import Row

from tests.workers.nesting import GUESTS, for_each
from tests.workers.passing_time import let_pass
from tests.workers.scene import (
    Hook,
    Sink,
    Worker,
    accept,
    answered,
    call,
    make_workflow,
    not_sent,
    note,
    on_hook,
    one,
    publish,
    retrying,
    rows,
    run_of,
    steps_of,
    tell,
    worker_of,
)
from wedsync.errors import Conflict
from wedsync.platform.db import db
from wedsync.workflows.editing import service
from wedsync.workflows.running import runs


def wait(step_id: str, **fields: Any) -> dict[str, Any]:
    return {"id": step_id, "kind": "wait", **fields}


def root_of(app: APIFlask, workflow: UUID) -> Row[Any]:
    query = (
        "SELECT * FROM runs WHERE workflow_id = :id AND parent_run_id IS NULL"
        " ORDER BY id DESC LIMIT 1"
    )
    return one(app, query, id=workflow)


def do(app: APIFlask, what: Any, *given: Any, **named: Any) -> UUID:
    with app.app_context():
        done: UUID = what(*given, **named).id
        db.session.commit()
        return done


def post(sink: Sink, path: str, **fields: Any) -> Any:
    step = call("post", "", **fields)
    step["input"]["url"] = {"cat": [sink.url(path), {"var": "item"}]}
    return step


# --- works


def test_a_run_waits_its_time_and_goes_on(app: APIFlask, worker: Worker, hook: Hook) -> None:
    workflow = make_workflow(
        app, hook.organization_id, on_hook(hook), wait("nap", seconds=3600), note("n", a=1)
    )
    accept(app, hook, {})
    worker.work()
    waiting = run_of(app, workflow)
    assert (waiting.state, waiting.waiting_for["kind"]) == ("waiting", "time")
    worker.work()
    assert run_of(app, workflow).state == "waiting"
    let_pass(app, 3700)
    worker.work()
    assert run_of(app, workflow).state == "succeeded"


def test_an_event_that_was_waited_for_is_seen_by_the_steps_after_it(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    event = {"event_type": "external.seat.taken", "match": {"data.guest": "Ana"}}
    after = note("after", table={"var": "steps.taken.data.table"})
    workflow = make_workflow(
        app, hook.organization_id, on_hook(hook), wait("taken", event=event), after
    )
    accept(app, hook, {})
    worker.work()
    assert run_of(app, workflow).waiting_for["kind"] == "event"
    publish(app, hook.organization_id, "external.seat.taken", {"guest": "Ana", "table": 7})
    worker.work()
    done = run_of(app, workflow)
    assert done.state == "succeeded"
    assert steps_of(app, done.id)["after"].output == {"table": 7}


def test_an_event_that_does_not_come_is_not_waited_for_any_longer(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    late = [note("late", a=1)]
    event = {"event_type": "external.seat.taken", "timeout_s": 60, "otherwise": late}
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), wait("taken", event=event))
    accept(app, hook, {})
    worker.work()
    let_pass(app, 70)
    worker.work()
    done = run_of(app, workflow)
    assert done.state == "succeeded"
    assert "late" in steps_of(app, done.id)
    assert one(app, "SELECT closed_at FROM event_waits").closed_at is not None


# --- stop, settle, run again


def test_stopping_a_run_stops_its_items_and_what_they_wait_for(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    event = {"event_type": "external.seat.taken"}
    workflow = make_workflow(
        app,
        hook.organization_id,
        on_hook(hook),
        for_each("each", GUESTS, wait("taken", event=event)),
    )
    accept(app, hook, {"guests": ["Ana", "Bo"]})
    worker.work()
    do(app, runs.stop, hook.organization_id, root_of(app, workflow).id)
    states = rows(app, "SELECT state FROM runs WHERE workflow_id = :id", id=workflow)
    assert [row.state for row in states] == ["stopped"] * 3
    assert one(app, "SELECT count(*) AS n FROM event_waits WHERE closed_at IS NULL").n == 0
    publish(app, hook.organization_id, "external.seat.taken", {})
    worker.work()
    assert root_of(app, workflow).state == "stopped"


def test_an_item_that_may_have_happened_asks_through_the_run_and_is_settled_there(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    step = post(sink, "/ok/", key=False)
    workflow = make_workflow(
        app, hook.organization_id, on_hook(hook), for_each("each", GUESTS, step, parallel=1)
    )
    accept(app, hook, {"guests": ["a", "b"]})
    worker.fan_out()
    with worker_of(app) as first:
        first.begin_runs()
        assert len(first.begin_runs()) == 1
        first.die()
    worker.sweep()
    worker.work()
    asking = root_of(app, workflow)
    assert asking.state == "needs_attention"
    assert (asking.reason["code"], asking.reason["item"]) == ("unsure", 0)
    assert asking.reason["message"].startswith("Number 1 of the list: ")
    do(app, runs.decide, hook.organization_id, asking.id, "treat_as_done")
    assert root_of(app, workflow).state == "waiting"
    worker.work()
    done = root_of(app, workflow)
    assert done.state == "succeeded"
    over = one(
        app, "SELECT output FROM run_steps WHERE run_id = :id AND step_id = 'each'", id=done.id
    )
    assert over.output == {"total": 2, "succeeded": 2, "failed": 0}


def test_a_run_stopped_in_a_loop_goes_through_the_rest_of_it_again(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    after = note("after", gave={"var": "steps.post.status"}, over={"var": "steps.each"})
    workflow = make_workflow(
        app,
        hook.organization_id,
        on_hook(hook),
        for_each("each", GUESTS, post(sink, "/ok/again/"), parallel=2),
        after,
    )
    accept(app, hook, {"guests": ["a", "b", "c", "d"]})
    worker.fan_out()
    worker.begin_runs()
    (first, _), _second = worker.begin_runs()
    worker.come_home(worker.run_source, [(first, answered())])
    stopped = root_of(app, workflow).id
    do(app, runs.stop, hook.organization_id, stopped)
    again = do(app, runs.rerun, hook.organization_id, stopped)
    worker.work()
    done = root_of(app, workflow)
    assert (done.id, done.state) == (again, "succeeded")
    assert steps_of(app, again)["after"].output["over"] == {
        "total": 4,
        "succeeded": 4,
        "failed": 0,
    }
    asked = {path for path in sink.paths() if path.startswith("/ok/again/")}
    assert asked == {"/ok/again/b", "/ok/again/c", "/ok/again/d"}
    assert f"{stopped}:post:1:0" in set(sink.keys())


def test_a_repaired_run_gives_the_step_other_values_under_a_new_key(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    step = call("post", sink.url("/status/404"), **retrying(1))
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), step, note("n", a=1))
    accept(app, hook, {"guest": "Ana"})
    worker.work()
    failed = run_of(app, workflow)
    given = steps_of(app, failed.id)["post"].input | {"url": sink.url("/ok/repaired")}
    again = do(app, runs.rerun, hook.organization_id, failed.id, given=given)
    worker.work()
    done = root_of(app, workflow)
    assert (done.id, done.state) == (again, "succeeded")
    assert sink.paths()["/ok/repaired"] == 1
    assert f"{failed.id}:post:-:1" in set(sink.keys())


# --- pausing


def test_a_pause_holds_what_was_moving_and_loses_nothing(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    steps = (call("first", sink.url("/ok/p1")), tell("told", "seat.told"), note("n", a=1))
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), *steps)
    accept(app, hook, {"guest": "Ana"})
    worker.fan_out()
    ((run, _),) = worker.begin_runs()
    do(app, service.pause, hook.organization_id, workflow)
    worker.come_home(worker.run_source, [(run, answered())])
    worker.work()
    held = run_of(app, workflow)
    assert (held.state, held.waiting_for) == ("waiting", {"kind": "limit", "id": "paused"})
    assert steps_of(app, held.id)["first"].state == "succeeded"
    do(app, service.resume, hook.organization_id, workflow)
    worker.work()
    done = run_of(app, workflow)
    assert done.state == "succeeded"
    assert steps_of(app, done.id)["told"].state == "succeeded"


def test_timers_that_come_due_in_a_pause_fire_after_it_in_order(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    workflow = make_workflow(
        app, hook.organization_id, on_hook(hook), wait("nap", seconds=60), note("n", a=1)
    )
    for _ in range(3):
        accept(app, hook, {})
        worker.work()
    do(app, service.pause, hook.organization_id, workflow)
    let_pass(app, 120)
    worker.work()
    query = "SELECT state, started_at, finished_at FROM runs WHERE workflow_id = :id ORDER BY id"
    assert [row.state for row in rows(app, query, id=workflow)] == ["waiting"] * 3
    do(app, service.resume, hook.organization_id, workflow)
    worker.work()
    assert [row.state for row in rows(app, query, id=workflow)] == ["succeeded"] * 3


# --- negatives


def test_values_cannot_be_given_to_a_step_that_takes_none(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), wait("nap", seconds=3600))
    accept(app, hook, {})
    worker.work()
    run_id = run_of(app, workflow).id
    do(app, runs.stop, hook.organization_id, run_id)
    with pytest.raises(Conflict):
        do(app, runs.rerun, hook.organization_id, run_id, given={"seconds": 1})


# --- concurrency


def test_what_comes_home_after_a_stop_changes_nothing(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    workflow = make_workflow(
        app, hook.organization_id, on_hook(hook), for_each("each", GUESTS, post(sink, "/ok/"))
    )
    accept(app, hook, {"guests": ["a", "b"]})
    worker.fan_out()
    worker.begin_runs()
    (first, _), (second, _) = worker.begin_runs()
    worker.come_home(worker.run_source, [(first, answered())])
    do(app, runs.stop, hook.organization_id, root_of(app, workflow).id)
    worker.come_home(worker.run_source, [(second, not_sent())])
    root = root_of(app, workflow)
    assert (root.state, root.items_left) == ("stopped", 1)
