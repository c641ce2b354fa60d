"""What became of an attempt that was lost is looked up before anything is done again."""

from typing import Any

import pytest
from apiflask import APIFlask

from tests.far_ends.rest_service import RestService
from tests.workers.passing_time import let_pass
from tests.workers.scene import (
    Hook,
    Worker,
    note,
    one,
    retrying,
    run_of,
    steps_of,
    tries_of,
    worker_of,
)
from tests.workflows.connected import connect, seating
from tests.workflows.running.beginning import begin
from wedsync.platform.db import db
from wedsync.workflows.running import runs

ORDER: dict[str, Any] = {
    "key": "order",
    "label": "Order the cake",
    "sentence": "Order the cake for {guest}",
    "done": "Ordered the cake for {guest}",
    "group": "Money",
    "effect": "lookup",
    "input": {"type": "object", "properties": {"guest": {"type": "string", "title": "Guest"}}},
    "request": {"method": "POST", "path": "/orders", "json": {"ref": "{attempt.key}"}},
    "lookup": {
        "method": "GET",
        "path": "/orders",
        "query": {"ref": "{attempt.key}"},
        "output": "orders",
    },
}


@pytest.fixture
def order(app: APIFlask, hook: Hook, seats: RestService, slug: str) -> dict[str, Any]:
    """A step whose far end does what it is asked and then hangs up."""
    connection = connect(app, hook.organization_id, seating(seats, slug, actions=[ORDER]))
    seats.answers("POST", "/orders", {"message": "We fell over."}, status=500)
    given = {"guest": {"var": "trigger.data.guest"}}
    step = {"id": "order", "kind": "action", "use": f"{slug}.order", "connection": str(connection)}
    return {**step, "input": given, **retrying(3, delay_s=60)}


def orders_placed(seats: RestService) -> int:
    return sum(asked.method == "POST" for asked in seats.asked)


def test_what_did_happen_is_found_and_not_done_again(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, order: dict[str, Any]
) -> None:
    workflow = begin(app, worker, hook, order, note("after", it={"var": "steps.order.id"}))
    worker.run()
    run = run_of(app, workflow)
    assert (run.state, run.waiting_for["kind"]) == ("waiting", "retry")
    assert steps_of(app, run.id)["order"].state == "unsure"
    seats.answers("GET", "/orders", {"orders": [{"id": "o1"}]})
    let_pass(app, 90)
    worker.run()
    run = run_of(app, workflow)
    assert (run.state, steps_of(app, run.id)["after"].output) == ("succeeded", {"it": "o1"})
    assert tries_of(app, run.id, "order") == ["maybe", "ok"]
    posted, looked = seats.asked
    assert looked.query()["ref"] == posted.json()["ref"] == f"{run.id}:order:-:0"


def test_what_did_not_happen_is_done_again_under_the_same_key(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, order: dict[str, Any]
) -> None:
    workflow = begin(app, worker, hook, order)
    worker.run()
    seats.answers("GET", "/orders", {"orders": []})
    seats.answers("POST", "/orders", {"id": "o1"}, status=201)
    let_pass(app, 90)
    worker.run()
    run = run_of(app, workflow)
    assert (run.state, steps_of(app, run.id)["order"].output) == ("succeeded", {"id": "o1"})
    assert tries_of(app, run.id, "order") == ["maybe", "absent", "ok"]
    assert len({asked.json()["ref"] for asked in seats.asked if asked.method == "POST"}) == 1


def test_a_worker_that_died_meanwhile_leaves_something_to_look_up(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, order: dict[str, Any]
) -> None:
    workflow = begin(app, worker, hook, {**order, "on_unsure": "retry"})
    with worker_of(app) as other:
        assert len(other.begin_runs()) == 1
        other.die()
    worker.sweep()
    worker.run()
    assert run_of(app, workflow).state == "waiting"
    seats.answers("GET", "/orders", {"orders": [{"id": "o1"}]})
    let_pass(app, 90)
    worker.run()
    run = run_of(app, workflow)
    assert (run.state, orders_placed(seats)) == ("succeeded", 0)
    assert tries_of(app, run.id, "order") == ["lost", "ok"]


def test_a_person_is_asked_when_it_cannot_be_looked_up(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, order: dict[str, Any]
) -> None:
    workflow = begin(app, worker, hook, order)
    worker.run()
    seats.answers("GET", "/orders", {"message": "Not for you."}, status=403)
    let_pass(app, 90)
    worker.run()
    run = run_of(app, workflow)
    assert (run.state, run.reason["code"], orders_placed(seats)) == ("needs_attention", "unsure", 1)


def test_a_run_that_was_stopped_looks_it_up_when_it_is_run_again(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, order: dict[str, Any]
) -> None:
    workflow = begin(app, worker, hook, order)
    worker.run()
    run = run_of(app, workflow)
    with app.app_context():
        runs.stop(hook.organization_id, run.id)
        db.session.commit()
    assert steps_of(app, run.id)["order"].state == "unsure"
    with app.app_context():
        again = runs.rerun(hook.organization_id, run.id).id
        db.session.commit()
    seats.answers("GET", "/orders", {"orders": [{"id": "o1"}]})
    worker.run()
    state = one(app, "SELECT state FROM runs WHERE id = :id", id=again).state
    assert (state, orders_placed(seats)) == ("succeeded", 1)
