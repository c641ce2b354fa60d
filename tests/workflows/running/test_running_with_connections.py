"""Steps that act through a connection: with its key, only while it is usable, in order after."""

from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask

from tests.far_ends.rest_service import RestService
from tests.statements import statements_asked
from tests.workers.passing_time import let_pass
from tests.workers.scene import (
    Hook,
    Worker,
    note,
    retrying,
    rows,
    run_of,
    states_of,
    steps_of,
    tries_of,
)
from tests.workflows.connected import API_KEY, change, connect, release, seating
from tests.workflows.running.beginning import begin
from wedsync.platform import clock
from wedsync.workflows.running.reach import Reach

# --- acting


def test_a_step_acts_with_the_connections_key_and_our_idempotency_key(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(seats, slug))
    workflow = begin(app, worker, hook, release("seat", connection, slug), note("after", a=1))
    worker.work()
    run = run_of(app, workflow)
    steps = steps_of(app, run.id)
    assert (run.state, steps["seat"].output) == ("succeeded", {"released": "Table 4, seat 2"})
    (asked,) = seats.asked
    assert asked.headers["authorization"] == f"Bearer {API_KEY}"
    assert asked.headers["idempotency-key"] == f"{run.id}:seat:-:0"
    assert asked.json() == {"guest": "g_0"}


def test_the_connections_key_is_in_no_record(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(seats, slug))
    seats.answers("POST", "/seats/release", {"message": "No such guest."}, status=422)
    workflow = begin(app, worker, hook, release("seat", connection, slug))
    worker.work()
    run = run_of(app, workflow)
    assert run.state == "failed"
    everything = rows(
        app,
        "SELECT r::text AS row FROM runs r UNION ALL SELECT s::text FROM run_steps s"
        " UNION ALL SELECT a::text FROM step_attempts a UNION ALL SELECT e::text FROM events e",
    )
    assert everything
    assert not [row for row in everything if API_KEY in row.row]


def test_two_hundred_runs_of_one_connection_open_it_once_a_turn(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(seats, slug))
    workflow = begin(app, worker, hook, release("seat", connection, slug), events=40)
    worker.work()
    assert states_of(app, workflow) == {"succeeded": 40}
    with worker.engine.begin() as database:
        reach = Reach(database, worker.runtime.vault, worker.runtime.settings)
        with statements_asked(app) as asked:
            for _ in range(40):
                reach.of(hook.organization_id, f"{slug}.release", str(connection))
    assert len(asked) <= 2


# --- what makes a step impossible


def test_a_connection_that_was_removed_ends_the_run_with_a_sentence(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(seats, slug))
    workflow = begin(app, worker, hook, release("seat", connection, slug))
    change(app, connection, state="deleted")
    worker.work()
    run = run_of(app, workflow)
    assert run.state == "failed"
    step = steps_of(app, run.id)["seat"]
    assert step.error["code"] == "connection_gone"
    assert step.error["message"] == "The connection this step used was removed."
    assert seats.asked == []


def test_another_organizations_connection_is_as_one_that_is_gone(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str, stranger: Any
) -> None:
    connection = connect(app, hook.organization_id, seating(seats, slug))
    workflow = begin(app, worker, hook, release("seat", connection, slug))
    theirs = connect(app, stranger.organization_id, seating(seats, f"{slug}-2"))
    swapped = "replace(definition::text, :old, :new)::jsonb"
    rows(
        app,
        f"UPDATE workflow_versions SET definition = {swapped} WHERE workflow_id = :id RETURNING 1",
        old=str(connection),
        new=str(theirs),
        id=workflow,
    )
    worker.work()
    assert steps_of(app, run_of(app, workflow).id)["seat"].error["code"] == "connection_gone"
    assert seats.asked == []


def test_a_connection_of_another_kind_ends_the_run(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(seats, slug), name="Our seating")
    workflow = begin(app, worker, hook, release("seat", connection, slug))
    change(app, connection, slug="another-kind")
    worker.work()
    error = steps_of(app, run_of(app, workflow).id)["seat"].error
    assert (error["class"], error["code"]) == ("permanent", "connection_unfit")
    assert "“Our seating”" in error["message"]


# --- what partners answer


def test_too_many_requests_waits_as_long_as_was_asked(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(seats, slug))
    seats.answers("POST", "/seats/release", {}, status=429, headers={"Retry-After": "120"})
    step = release("seat", connection, slug, **retrying(3, delay_s=1))
    workflow = begin(app, worker, hook, step)
    began = clock.now()
    worker.work()
    run = run_of(app, workflow)
    assert (run.state, run.waiting_for["kind"]) == ("waiting", "limit")
    assert timedelta(seconds=110) < run.due_at - began < timedelta(seconds=140)
    seats.answers("POST", "/seats/release", {"released": None})
    let_pass(app, 140)
    worker.work()
    assert tries_of(app, run.id, "seat") == ["rate_limit", "ok"]


@pytest.mark.parametrize(("key", "state"), [("release", "waiting"), ("pay", "needs_attention")])
def test_a_web_page_instead_of_data_is_tried_again_or_asked_about(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str, key: str, state: str
) -> None:
    connection = connect(app, hook.organization_id, seating(seats, slug))
    page = {"body": b"<!doctype html><p>Back soon</p>", "headers": {"Content-Type": "text/html"}}
    for path in ("/seats/release", "/pay"):
        seats.answers("POST", path, **page)  # type: ignore[arg-type]
    workflow = begin(app, worker, hook, release("seat", connection, slug, key))
    worker.work()
    run = run_of(app, workflow)
    assert (run.state, tries_of(app, run.id, "seat")) == (state, ["maybe"])
    message = steps_of(app, run.id)["seat"].error["message"]
    assert message == "They answered with a web page instead of data (200)."


def test_runs_without_connections_ask_nothing_about_them(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService
) -> None:
    workflow = begin(app, worker, hook, note("only", a=1), events=3)
    with statements_asked(app) as asked:
        worker.run()
    assert states_of(app, workflow) == {"succeeded": 3}
    assert asked
    assert not [query for query in asked if "connections" in query]
