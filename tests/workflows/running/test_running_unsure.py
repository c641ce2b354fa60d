"""Effects that may have happened: what is done once is never done twice without a person's word."""

from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.workers.passing_time import let_pass
from tests.workers.scene import (
    Hook,
    Sink,
    Worker,
    accept,
    answered,
    call,
    make_workflow,
    note,
    on_hook,
    one,
    retrying,
    rows,
    run_of,
    states_of,
    steps_of,
    tries_of,
    worker_of,
)
from wedsync.platform import outbound
from wedsync.platform.db import db
from wedsync.workflows import queries
from wedsync.workflows.running import runs

COMING = {"guest": "Ana"}
NO_MORE_SENT = "We have not tried again, so nobody gets it twice."


def begin(app: APIFlask, worker: Worker, hook: Hook, step: Any) -> UUID:
    """Accept an event for a workflow of this step and another; its id."""
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), step, note("after", a=1))
    accept(app, hook, COMING)
    worker.fan_out()
    return workflow


def decide(app: APIFlask, hook: Hook, run_id: UUID, choice: Any, **said: Any) -> None:
    with app.app_context():
        runs.decide(hook.organization_id, run_id, choice, **said)
        db.session.commit()


def pay(sink: Sink, path: str = "/reset/pay", **fields: Any) -> Any:
    return call("pay", sink.url(path), key=False, label="Take the deposit", **fields)


# --- an answer that never came


def test_a_reset_after_sending_asks_a_person(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    sink.forget()
    workflow = begin(app, worker, hook, pay(sink))
    worker.work()
    run = run_of(app, workflow)
    assert (run.state, run.due_at, run.owner) == ("needs_attention", None, None)
    assert run.reason == {
        "code": "unsure",
        "step": "pay",
        "message": f"“Take the deposit” may have happened. {NO_MORE_SENT}",
    }
    step = steps_of(app, run.id)["pay"]
    assert (step.state, step.error["class"]) == ("unsure", "maybe")
    assert tries_of(app, run.id, "pay") == ["maybe"]
    let_pass(app, 90_000)
    worker.work()
    assert sink.paths() == {"/reset/pay": 1}


def test_sending_again_is_a_new_request_under_a_new_key(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    sink.forget()
    workflow = begin(app, worker, hook, pay(sink))
    worker.work()
    run = run_of(app, workflow)
    decide(app, hook, run.id, "send_again", given=request_to(sink, "/ok/pay"))
    worker.work()
    assert run_of(app, workflow).state == "succeeded"
    step = steps_of(app, run.id)["pay"]
    assert (step.state, step.generation, step.attempts) == ("succeeded", 1, 2)
    assert tries_of(app, run.id, "pay") == ["maybe", "ok"]
    assert sink.paths() == {"/reset/pay": 1, "/ok/pay": 1}


def request_to(sink: Sink, path: str) -> dict[str, Any]:
    return {"method": "POST", "url": sink.url(path), "json": {"guest": "Ana"}}


def test_treating_it_as_done_goes_on_with_what_the_person_knows(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    sink.forget()
    workflow = begin(app, worker, hook, pay(sink))
    worker.work()
    run = run_of(app, workflow)
    decide(app, hook, run.id, "treat_as_done", output={"receipt": "R-7"})
    worker.work()
    steps = steps_of(app, run.id)
    assert run_of(app, workflow).state == "succeeded"
    assert (steps["pay"].state, steps["pay"].output) == ("succeeded", {"receipt": "R-7"})
    assert steps["after"].state == "succeeded"
    assert sink.paths() == {"/reset/pay": 1}


def test_skipping_leaves_it_out(app: APIFlask, worker: Worker, hook: Hook, sink: Sink) -> None:
    workflow = begin(app, worker, hook, pay(sink))
    worker.work()
    run = run_of(app, workflow)
    decide(app, hook, run.id, "skip")
    worker.work()
    assert run_of(app, workflow).state == "succeeded"
    assert steps_of(app, run.id)["pay"].state == "skipped"


def test_on_unsure_retry_tries_again(app: APIFlask, worker: Worker, hook: Hook, sink: Sink) -> None:
    step = pay(sink, on_unsure="retry", **retrying(2, delay_s=1))
    workflow = begin(app, worker, hook, step)
    worker.work()
    let_pass(app, 10)
    worker.work()
    run = run_of(app, workflow)
    assert (run.state, tries_of(app, run.id, "pay")) == ("failed", ["maybe", "maybe"])


def test_on_unsure_skip_goes_on_without_knowing(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    workflow = begin(app, worker, hook, pay(sink, on_unsure="skip"))
    worker.work()
    run = run_of(app, workflow)
    steps = steps_of(app, run.id)
    assert (run.state, steps["pay"].state) == ("succeeded", "unsure")
    assert steps["after"].state == "succeeded"


# --- a worker that died in between


def test_an_idempotent_effect_is_sent_again_with_the_same_key_after_a_death(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    workflow = begin(app, worker, hook, call("post", sink.url("/ok/death")))
    with worker_of(app) as doomed:
        assert len(doomed.begin_runs()) == 1
        doomed.die()
    assert worker.sweep() == 1
    worker.work()
    run = run_of(app, workflow)
    assert (run.state, tries_of(app, run.id, "post")) == ("succeeded", ["lost", "ok"])
    assert sink.keys()[f"{run.id}:post:-:0"] == 1
    assert steps_of(app, run.id)["post"].generation == 0


def test_an_effect_done_once_asks_a_person_after_a_death(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    sink.forget()
    workflow = begin(app, worker, hook, pay(sink, "/ok/death"))
    with worker_of(app) as doomed:
        doomed.begin_runs()
        doomed.die()
    worker.sweep()
    worker.work()
    run = run_of(app, workflow)
    assert (run.state, run.reason["code"]) == ("needs_attention", "unsure")
    assert tries_of(app, run.id, "pay") == ["lost"]
    assert sink.paths() == {}


def test_the_third_death_at_one_step_parks_the_run(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    sink.forget()
    workflow = begin(app, worker, hook, call("post", sink.url("/ok/poison")))
    for _ in range(3):
        with worker_of(app) as doomed:
            assert len(doomed.begin_runs()) == 1
            doomed.die()
        worker.sweep()
    worker.work()
    run = run_of(app, workflow)
    assert (run.state, run.reason["code"]) == ("needs_attention", "poison")
    assert tries_of(app, run.id, "post") == ["lost"] * 3
    assert sink.paths() == {}
    decide(app, hook, run.id, "send_again")
    worker.work()
    assert run_of(app, workflow).state == "succeeded"


def test_a_death_while_waiting_for_the_next_try_costs_nothing(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    step = call("post", sink.url("/flaky/1/wait"), **retrying(2, delay_s=30))
    workflow = begin(app, worker, hook, step)
    with worker_of(app) as doomed:
        doomed.run()
        doomed.die()
    assert worker.sweep() == 0
    let_pass(app, 40)
    worker.work()
    run = run_of(app, workflow)
    assert (run.state, tries_of(app, run.id, "post")) == ("succeeded", ["maybe", "ok"])


# --- one at a time


def test_effects_done_once_leave_one_at_a_time_for_a_far_end_whatever_the_workflow(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    sink.forget()
    workflows = [begin(app, worker, hook, pay(sink, f"/ok/{n}")) for n in range(2)]
    for _ in range(3):
        accept(app, hook, COMING)
    worker.fan_out()
    with worker_of(app) as doomed:
        assert len(doomed.begin_runs()) == 1
        assert worker.begin_runs() == []
        waiting = rows(app, "SELECT waiting_for FROM runs WHERE state = 'waiting'")
        assert {row.waiting_for["id"] for row in waiting} == {"host:127.0.0.1"}
        doomed.die()
    worker.sweep()
    worker.work()
    let_pass(app, 10)
    worker.work()
    states = [states_of(app, workflow) for workflow in workflows]
    assert sum(state.get("succeeded", 0) for state in states) == sum(map(len_of, states)) - 1
    assert sum(state.get("needs_attention", 0) for state in states) == 1
    assert max(sink.keys().values()) == sum(sink.paths().values())


def len_of(states: dict[str, int]) -> int:
    return sum(states.values())


def test_whoever_waited_longest_is_next_and_need_not_look_again(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    sink.forget()
    workflow = begin(app, worker, hook, pay(sink, "/ok/queue"))
    for _ in range(9):
        accept(app, hook, COMING)
    worker.fan_out()
    worker.work()
    assert states_of(app, workflow) == {"succeeded": 10}
    assert sink.paths() == {"/ok/queue": 10}
    tries = rows(app, "SELECT started_at, finished_at FROM step_attempts ORDER BY started_at")
    assert all(this.finished_at <= that.started_at for this, that in pairwise(tries))
    assert rows(app, "SELECT 1 FROM once_slots") == []


def test_a_worker_taken_for_dead_does_not_free_the_slot_another_holds_for_the_same_run(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    step = pay(sink, "/ok/slow", on_unsure="retry")
    begin(app, worker, hook, step)
    with worker_of(app) as hung:
        ((run, _),) = hung.begin_runs()
        with app.app_context(), db.engine.begin() as connection:
            late = "UPDATE {} SET {} = clock_timestamp() - interval '1 second'"
            connection.execute(text(late.format("runs", "lease_until")))
            connection.execute(text(late.format("once_slots", "held_until")))
        worker.sweep()
        assert len(worker.begin_runs()) == 1
        hung.come_home(hung.run_source, [(run, answered())])
    assert one(app, "SELECT owner FROM once_slots").owner == worker.owner.id


# --- stopped while it was under way, and run again


@pytest.mark.parametrize(
    ("key", "state", "sent"), [(False, "needs_attention", 1), (True, "succeeded", 2)]
)
def test_running_again_asks_about_what_may_have_happened_and_may_not_happen_twice(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink, key: bool, state: str, sent: int
) -> None:
    sink.forget()
    step = call("pay", sink.url("/ok/again"), key=key)
    workflow = begin(app, worker, hook, step)
    under_way = worker.begin_runs()
    first = run_of(app, workflow).id
    with app.app_context():
        runs.stop(hook.organization_id, first)
        again = runs.rerun(hook.organization_id, first).id
        db.session.commit()
    for _run, request in under_way:
        outbound.request(request)
    worker.work()
    with app.app_context():
        assert queries.get_run(hook.organization_id, again).state == state
    assert sink.paths() == {"/ok/again": sent}
    if state == "needs_attention":
        decide(app, hook, again, "treat_as_done")
        worker.work()
        with app.app_context():
            assert queries.get_run(hook.organization_id, again).state == "succeeded"
        assert sink.paths() == {"/ok/again": sent}
