"""Runs whose effects fail: tried again, given up, gone around, run again."""

from datetime import datetime, timedelta

import pytest
from apiflask import APIFlask

from tests.workers.passing_time import let_pass
from tests.workers.scene import (
    Hook,
    Sink,
    Worker,
    accept,
    call,
    make_workflow,
    not_sent,
    note,
    on_hook,
    one,
    retrying,
    run_of,
    states_of,
    steps_of,
    tell,
    tries_of,
)
from wedsync.platform.db import db
from wedsync.workflows.running import runs

COMING = {"guest": "Ana"}


# --- trying again


def test_what_fails_waits_is_tried_again_and_succeeds(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    step = call("post", sink.url("/flaky/2/seats"), **retrying(4, delay_s=60))
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), step, note("after", a=1))
    accept(app, hook, COMING)
    worker.work()
    run = run_of(app, workflow)
    assert (run.state, run.owner) == ("waiting", None)
    assert (run.waiting_for["kind"], run.waiting_for["id"]) == ("retry", "post")
    until = datetime.fromisoformat(run.waiting_for["until"])
    assert abs(until - run.due_at) < timedelta(seconds=1)
    waiting = steps_of(app, run.id)["post"]
    assert (waiting.state, waiting.error["code"]) == ("waiting", "http_503")
    assert tries_of(app, run.id, "post") == ["maybe"]

    worker.work()
    assert tries_of(app, run.id, "post") == ["maybe"]  # it is not its time yet
    for tried in (["maybe", "maybe"], ["maybe", "maybe", "ok"]):
        let_pass(app, 70)
        worker.work()
        assert tries_of(app, run.id, "post") == tried
    ended = run_of(app, workflow)
    assert (ended.state, ended.waiting_for, ended.due_at) == ("succeeded", None, None)
    assert steps_of(app, run.id)["post"].attempts == 3
    assert sink.keys()[f"{run.id}:post:-:0"] == 3


def test_two_runs_of_one_workflow_that_wait_are_both_taken_up_when_it_is_time(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    """The lane is due by rows that are written in the very transaction that claims from it."""
    step = call("post", sink.url("/flaky/1/both"), **retrying(3, delay_s=30))
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), step)
    for _ in range(40):
        accept(app, hook, COMING)
    worker.work()
    assert states_of(app, workflow) == {"waiting": 40}
    let_pass(app, 40)
    worker.work()
    assert states_of(app, workflow) == {"succeeded": 40}


def test_what_comes_home_while_more_is_claimed_keeps_its_next_try(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    step = call("post", sink.url("/ok/never-asked"), **retrying(3, delay_s=30))
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), step)
    accept(app, hook, COMING)
    worker.fan_out()
    ((first, _request),) = worker.begin_runs()
    accept(app, hook, COMING)
    worker.fan_out()
    source = worker.run_source
    shares = worker.runs._shares
    source.turn(worker.owner.id, [(first, not_sent())], shares.room, shares)
    lane = one(app, "SELECT next_due_at FROM lanes WHERE key = :key", key=str(workflow))
    waiting = one(app, "SELECT due_at FROM runs WHERE id = :id", id=first.id)
    assert lane.next_due_at == waiting.due_at


@pytest.mark.parametrize("path", ["/status/503/gone", "/reset/gone"])
def test_tried_to_the_end_the_run_fails_and_says_where_and_why(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink, path: str
) -> None:
    step = call("post", sink.url(path), label="Tell the planner", **retrying(3, delay_s=1))
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), step, note("after", a=1))
    accept(app, hook, COMING)
    for _ in range(3):
        worker.work()
        let_pass(app, 10)
    run = run_of(app, workflow)
    assert run.state == "failed"
    assert run.reason["step"] == "post"
    assert run.reason["message"].startswith("“Tell the planner” did not work: ")
    assert tries_of(app, run.id, "post") == ["maybe"] * 3
    assert steps_of(app, run.id)["post"].state == "failed"
    assert "after" not in steps_of(app, run.id)


def test_what_is_useless_to_repeat_fails_at_once(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    workflow = make_workflow(
        app, hook.organization_id, on_hook(hook), call("post", sink.url("/status/422/no"))
    )
    accept(app, hook, COMING)
    worker.work()
    run = run_of(app, workflow)
    assert (run.state, tries_of(app, run.id, "post")) == ("failed", ["permanent"])
    assert "422" in run.reason["message"]


def test_nobody_listening_is_not_sent_and_tried_again(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    step = call("post", "http://127.0.0.1:65531/", key=False, **retrying(2, delay_s=1))
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), step)
    accept(app, hook, COMING)
    worker.work()
    run = run_of(app, workflow)
    assert (run.state, tries_of(app, run.id, "post")) == ("waiting", ["not_sent"])
    attempt = one(app, "SELECT error FROM step_attempts WHERE run_id = :id", id=run.id)
    assert attempt.error["where"] == "before it left"


# --- what follows


def test_on_error_continue_goes_past_the_step(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    step = call("post", sink.url("/status/422/no"), **retrying(1, then="continue"))
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), step, note("after", a=1))
    accept(app, hook, COMING)
    worker.work()
    run = run_of(app, workflow)
    steps = steps_of(app, run.id)
    assert run.state == "succeeded"
    assert {step: row.state for step, row in steps.items()} == {
        "post": "failed",
        "after": "succeeded",
    }


def test_on_error_steps_go_another_way(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    apology = tell("sorry", "seating.failed")
    step = call("post", sink.url("/status/422/no"), **retrying(1, then="steps", steps=[apology]))
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), step, note("after", a=1))
    accept(app, hook, COMING)
    worker.work()
    run = run_of(app, workflow)
    assert (run.state, list(steps_of(app, run.id))) == ("succeeded", ["post", "sorry", "after"])
    assert one(app, "SELECT type FROM events WHERE source LIKE 'workflow:%'").type == (
        "seating.failed"
    )


# --- running again


def test_a_re_run_goes_on_where_it_failed_with_the_recorded_steps_and_the_first_runs_key(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    workflow = make_workflow(
        app,
        hook.organization_id,
        on_hook(hook),
        call("first", sink.url("/ok/rerun"), key=False),
        tell("announce", "seating.begun"),
        call("second", sink.url("/flaky/1/rerun"), **retrying(1)),
        note("shape", status={"var": "steps.first.status"}),
    )
    accept(app, hook, COMING)
    worker.work()
    failed = run_of(app, workflow)
    assert failed.state == "failed"
    with app.app_context():
        again = runs.rerun(hook.organization_id, failed.id).id
        db.session.commit()
    worker.work()
    run = one(app, "SELECT * FROM runs WHERE id = :id", id=again)
    assert (run.state, run.cause) == ("succeeded", f"rerun:{failed.id}:1")
    steps = steps_of(app, again)
    assert list(steps) == ["first", "announce", "second", "shape"]
    assert steps["shape"].output == {"status": 200}
    assert tries_of(app, again, "first") == []
    assert sink.paths()["/ok/rerun"] == 1
    assert sink.keys()[f"{failed.id}:second:-:0"] == 2
    announced = one(app, "SELECT count(*) AS n FROM events WHERE type = 'seating.begun'")
    assert announced.n == 1


def test_what_a_re_run_does_comes_after_what_was_done_before(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    names = ["first", "second", "third"]
    workflow = make_workflow(
        app,
        hook.organization_id,
        on_hook(hook),
        *(call(name, sink.url(f"/ok/before/{name}")) for name in names),
        call("last", sink.url("/flaky/1/rerun-last"), **retrying(1)),
    )
    accept(app, hook, COMING)
    worker.work()
    with app.app_context():
        again = runs.rerun(hook.organization_id, run_of(app, workflow).id).id
        db.session.commit()
    worker.work()
    steps = steps_of(app, again)
    assert list(steps) == [*names, "last"]
    assert len({step.position for step in steps.values()}) == 4


def test_a_re_run_of_a_step_that_sends_nothing_begins_at_that_step(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    end = {"id": "end", "kind": "stop", "outcome": "failed", "reason": "No room left."}
    workflow = make_workflow(
        app,
        hook.organization_id,
        on_hook(hook),
        call("first", sink.url("/ok/rerun-stop"), key=False),
        end,
    )
    accept(app, hook, COMING)
    worker.work()
    failed = run_of(app, workflow)
    with app.app_context():
        again = runs.rerun(hook.organization_id, failed.id).id
        db.session.commit()
    worker.work()
    run = one(app, "SELECT * FROM runs WHERE id = :id", id=again)
    assert (run.state, run.reason["message"]) == ("failed", "No room left.")
    assert sink.paths()["/ok/rerun-stop"] == 1
