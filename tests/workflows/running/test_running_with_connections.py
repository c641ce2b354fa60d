"""Steps that act through a connection: with its key, only while it is usable, in order after."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import event

from tests.far_ends.rest_service import RestService, started_rest_service
from tests.workers.scene import (
    Hook,
    Worker,
    accept,
    let_pass,
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
)
from tests.workflows.connected import API_KEY, change, connect, mend, release, seating, tell
from wedsync.platform import clock, ids
from wedsync.platform.db import db
from wedsync.workflows.running import runs, waiting_on
from wedsync.workflows.running.reach import Reach


@pytest.fixture
def service() -> Iterator[RestService]:
    with started_rest_service() as started:
        started.answers("POST", "/seats/release", {"released": "Table 4, seat 2"})
        started.answers("POST", "/pay", {"receipt": "R-7"})
        yield started


@pytest.fixture
def slug() -> str:
    return f"seating-{ids.new_id().hex[-8:]}"


def begin(app: APIFlask, worker: Worker, hook: Hook, *steps: Any, events: int = 1) -> UUID:
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), *steps)
    for number in range(events):
        accept(app, hook, {"guest": f"g_{number}"})
    worker.fan_out()
    return workflow


def parked_by_its_connection(app: APIFlask, workflow: UUID, connection: UUID) -> None:
    run = run_of(app, workflow)
    assert (run.state, run.due_at, run.owner) == ("waiting", None, None)
    assert run.waiting_for == {"kind": "connection", "id": str(connection)}


# --- acting


def test_a_step_acts_with_the_connections_key_and_our_idempotency_key(
    app: APIFlask, worker: Worker, hook: Hook, service: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(service, slug))
    workflow = begin(app, worker, hook, release("seat", connection, slug), note("after", a=1))
    worker.work()
    run = run_of(app, workflow)
    steps = steps_of(app, run.id)
    assert (run.state, steps["seat"].output) == ("succeeded", {"released": "Table 4, seat 2"})
    (asked,) = service.asked
    assert asked.headers["authorization"] == f"Bearer {API_KEY}"
    assert asked.headers["idempotency-key"] == f"{run.id}:seat:-:0"
    assert asked.json() == {"guest": "g_0"}


def test_the_connections_key_is_in_no_record(
    app: APIFlask, worker: Worker, hook: Hook, service: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(service, slug))
    service.answers("POST", "/seats/release", {"message": "No such guest."}, status=422)
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
    app: APIFlask, worker: Worker, hook: Hook, service: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(service, slug))
    workflow = begin(app, worker, hook, release("seat", connection, slug), events=40)
    worker.work()
    assert states_of(app, workflow) == {"succeeded": 40}
    with worker.engine.begin() as database:
        asked: list[str] = []
        reach = Reach(database, worker.runtime.vault, worker.runtime.settings)
        event.listen(database, "before_cursor_execute", lambda *a: asked.append(a[2]))
        for _ in range(40):
            reach.of(hook.organization_id, f"{slug}.release", str(connection))
    assert len(asked) <= 2


# --- what makes a step impossible


def test_a_connection_that_was_removed_ends_the_run_with_a_sentence(
    app: APIFlask, worker: Worker, hook: Hook, service: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(service, slug))
    workflow = begin(app, worker, hook, release("seat", connection, slug))
    change(app, connection, state="deleted")
    worker.work()
    run = run_of(app, workflow)
    assert run.state == "failed"
    step = steps_of(app, run.id)["seat"]
    assert step.error["code"] == "connection_gone"
    assert step.error["message"] == "The connection this step used was removed."
    assert service.asked == []


def test_another_organizations_connection_is_as_one_that_is_gone(
    app: APIFlask, worker: Worker, hook: Hook, service: RestService, slug: str, stranger: Any
) -> None:
    connection = connect(app, hook.organization_id, seating(service, slug))
    workflow = begin(app, worker, hook, release("seat", connection, slug))
    theirs = connect(app, stranger.organization_id, seating(service, f"{slug}-2"))
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
    assert service.asked == []


def test_a_connection_of_another_kind_ends_the_run(
    app: APIFlask, worker: Worker, hook: Hook, service: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(service, slug), name="Our seating")
    workflow = begin(app, worker, hook, release("seat", connection, slug))
    change(app, connection, slug="another-kind")
    worker.work()
    error = steps_of(app, run_of(app, workflow).id)["seat"].error
    assert (error["class"], error["code"]) == ("permanent", "connection_unfit")
    assert "“Our seating”" in error["message"]


# --- waiting for a connection


@pytest.mark.parametrize("state", ["pending", "paused", "needs_reauth"])
def test_a_run_waits_for_an_unusable_connection_and_no_attempt_is_counted(
    app: APIFlask, worker: Worker, hook: Hook, service: RestService, slug: str, state: str
) -> None:
    connection = connect(app, hook.organization_id, seating(service, slug), state=state)
    workflow = begin(app, worker, hook, note("before", a=1), release("seat", connection, slug))
    worker.work()
    parked_by_its_connection(app, workflow, connection)
    run = run_of(app, workflow)
    step = steps_of(app, run.id)["seat"]
    assert (step.state, step.attempts, tries_of(app, run.id, "seat")) == ("waiting", 0, [])
    mend(app, connection)
    worker.work()
    run = run_of(app, workflow)
    assert (run.state, tries_of(app, run.id, "seat")) == ("succeeded", ["ok"])
    assert len(service.asked) == 1


def test_a_refusal_parks_the_run_and_not_even_a_retry_is_used_up(
    app: APIFlask, worker: Worker, hook: Hook, service: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(service, slug))
    service.answers("POST", "/seats/release", {"error": "unknown"}, status=401)
    step = release("seat", connection, slug, **retrying(1))
    workflow = begin(app, worker, hook, step)
    worker.work()
    parked_by_its_connection(app, workflow, connection)
    run = run_of(app, workflow)
    assert tries_of(app, run.id, "seat") == ["auth"]
    assert steps_of(app, run.id)["seat"].error["class"] == "auth"
    noted = one(app, "SELECT refused_at FROM connections WHERE id = :id", id=connection)
    assert noted.refused_at is not None
    worker.work()
    assert len(service.asked) == 1
    service.answers("POST", "/seats/release", {"released": None})
    mend(app, connection)
    worker.work()
    run = run_of(app, workflow)
    assert (run.state, tries_of(app, run.id, "seat")) == ("succeeded", ["auth", "ok"])
    keys = {asked.headers["idempotency-key"] for asked in service.asked}
    assert keys == {f"{run.id}:seat:-:0"}


def test_runs_go_on_in_the_order_they_were_made_once_the_connection_is_mended(
    app: APIFlask, worker: Worker, hook: Hook, service: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(service, slug), state="needs_reauth")
    step = release("pay", connection, slug, "pay")
    workflow = begin(app, worker, hook, step, events=12)
    worker.work()
    assert states_of(app, workflow) == {"waiting": 12}
    mend(app, connection)
    worker.work()
    let_pass(app, 10)
    worker.work()
    assert states_of(app, workflow) == {"succeeded": 12}
    assert [asked.json()["guest"] for asked in service.asked] == [f"g_{n}" for n in range(12)]


def test_a_connection_that_is_removed_meanwhile_lets_its_runs_end(
    app: APIFlask, worker: Worker, hook: Hook, service: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(service, slug), state="needs_reauth")
    workflow = begin(app, worker, hook, release("seat", connection, slug))
    worker.work()
    parked_by_its_connection(app, workflow, connection)
    change(app, connection, state="deleted")
    tell(app, connection, "connection.disconnected")
    worker.work()
    assert run_of(app, workflow).state == "failed"


def test_a_waiting_run_can_be_stopped_and_is_not_made_due_again(
    app: APIFlask, worker: Worker, hook: Hook, service: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(service, slug), state="needs_reauth")
    workflow = begin(app, worker, hook, release("seat", connection, slug))
    worker.work()
    with app.app_context():
        runs.stop(hook.organization_id, run_of(app, workflow).id)
        db.session.commit()
    mend(app, connection)
    worker.work()
    assert run_of(app, workflow).state == "stopped"
    assert service.asked == []


def test_one_at_a_time_leaves_for_a_connection_what_may_happen_once(
    app: APIFlask, worker: Worker, hook: Hook, service: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(service, slug))
    begin(app, worker, hook, release("pay", connection, slug, "pay"), events=3)
    assert len(worker.begin_runs()) == 1
    waiting = rows(app, "SELECT waiting_for FROM runs WHERE state = 'waiting'")
    assert {row.waiting_for["id"] for row in waiting} == {str(connection)}


# --- nobody is forgotten


def test_a_connection_mended_between_the_look_and_the_commit_leaves_nobody_asleep(
    app: APIFlask, worker: Worker, hook: Hook, service: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(service, slug), state="needs_reauth")
    workflow = begin(app, worker, hook, release("seat", connection, slug))
    source = worker.run_source
    real = source._together

    def mended_meanwhile(*given: Any) -> Any:
        """The connection is mended, and told of, after the run saw it and before its commit."""
        source._together = real  # type: ignore[method-assign]
        with worker.engine.begin() as other:
            before = Reach.of

            def of(self: Reach, *asked: Any) -> Any:
                found = before(self, *asked)
                change(app, connection, state="active")
                assert waiting_on.connection_ready(other, [connection]) == 0
                return found

            Reach.of = of  # type: ignore[method-assign]
            try:
                return real(*given)
            finally:
                Reach.of = before  # type: ignore[method-assign]

    source._together = mended_meanwhile  # type: ignore[method-assign]
    worker.run()
    assert run_of(app, workflow).state == "succeeded"


def swept(worker: Worker) -> int:
    with worker.engine.begin() as database:
        reach = Reach(database, worker.runtime.vault, worker.runtime.settings)
        return waiting_on.sweep(database, reach)


def test_what_a_death_after_the_commit_left_asleep_is_swept_up(
    app: APIFlask, worker: Worker, hook: Hook, service: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(service, slug), state="needs_reauth")
    workflow = begin(app, worker, hook, release("seat", connection, slug))
    worker.work()
    assert swept(worker) == 0
    change(app, connection, state="active")
    assert [swept(worker), swept(worker)] == [1, 0]
    worker.run()
    assert run_of(app, workflow).state == "succeeded"


@pytest.mark.parametrize(
    "end", ["UPDATE connections SET state = 'deleted'", "DELETE FROM connections"]
)
def test_who_waits_for_a_connection_that_is_gone_is_swept_up_and_told(
    app: APIFlask, worker: Worker, hook: Hook, service: RestService, slug: str, end: str
) -> None:
    connection = connect(app, hook.organization_id, seating(service, slug), state="pending")
    workflow = begin(app, worker, hook, release("seat", connection, slug))
    worker.work()
    rows(app, f"{end} WHERE id = :id RETURNING 1", id=connection)
    assert swept(worker) == 1
    worker.run()
    error = steps_of(app, run_of(app, workflow).id)["seat"].error
    assert (run_of(app, workflow).state, error["code"]) == ("failed", "connection_gone")


def test_nobody_is_woken_while_a_renewal_has_to_wait(
    app: APIFlask, worker: Worker, hook: Hook, service: RestService, slug: str
) -> None:
    now = clock.now()
    connection = connect(
        app,
        hook.organization_id,
        seating(service, slug),
        refreshed_at=now - timedelta(hours=1),
        access_expires_at=now - timedelta(seconds=1),
        refresh_due_at=now + timedelta(minutes=15),
        refresh_failures=9,
    )
    workflow = begin(app, worker, hook, release("seat", connection, slug), events=3)
    worker.work()
    assert swept(worker) == 0
    assert states_of(app, workflow) == {"waiting": 3}


def test_a_connection_that_is_being_renewed_is_waited_for_without_a_busy_loop(
    app: APIFlask, worker: Worker, hook: Hook, service: RestService, slug: str
) -> None:
    now = clock.now()
    connection = connect(
        app,
        hook.organization_id,
        seating(service, slug),
        refreshed_at=now - timedelta(hours=1),
        access_expires_at=now - timedelta(seconds=1),
        refresh_due_at=now + timedelta(hours=1),
    )
    workflow = begin(app, worker, hook, release("seat", connection, slug))
    worker.work()
    parked_by_its_connection(app, workflow, connection)
    assert run_of(app, workflow).revision == 1
    due = one(app, "SELECT refresh_due_at FROM connections WHERE id = :id", id=connection)
    assert due.refresh_due_at <= clock.now()
    change(app, connection, access_expires_at=clock.now() + timedelta(hours=1))
    with worker.engine.begin() as database:
        assert waiting_on.connection_ready(database, [connection]) == 1
    worker.run()
    assert run_of(app, workflow).state == "succeeded"


# --- what partners answer


def test_too_many_requests_waits_as_long_as_was_asked(
    app: APIFlask, worker: Worker, hook: Hook, service: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(service, slug))
    service.answers("POST", "/seats/release", {}, status=429, headers={"Retry-After": "120"})
    step = release("seat", connection, slug, **retrying(3, delay_s=1))
    workflow = begin(app, worker, hook, step)
    began = clock.now()
    worker.work()
    run = run_of(app, workflow)
    assert (run.state, run.waiting_for["kind"]) == ("waiting", "retry")
    assert timedelta(seconds=110) < run.due_at - began < timedelta(seconds=140)
    service.answers("POST", "/seats/release", {"released": None})
    let_pass(app, 140)
    worker.work()
    assert tries_of(app, run.id, "seat") == ["rate_limit", "ok"]


@pytest.mark.parametrize(("key", "state"), [("release", "waiting"), ("pay", "needs_attention")])
def test_a_web_page_instead_of_data_is_tried_again_or_asked_about(
    app: APIFlask, worker: Worker, hook: Hook, service: RestService, slug: str, key: str, state: str
) -> None:
    connection = connect(app, hook.organization_id, seating(service, slug))
    page = {"body": b"<!doctype html><p>Back soon</p>", "headers": {"Content-Type": "text/html"}}
    for path in ("/seats/release", "/pay"):
        service.answers("POST", path, **page)  # type: ignore[arg-type]
    workflow = begin(app, worker, hook, release("seat", connection, slug, key))
    worker.work()
    run = run_of(app, workflow)
    assert (run.state, tries_of(app, run.id, "seat")) == (state, ["maybe"])
    message = steps_of(app, run.id)["seat"].error["message"]
    assert message == "They answered with a web page instead of data (200)."


def test_runs_without_connections_ask_nothing_about_them(
    app: APIFlask, worker: Worker, hook: Hook, service: RestService
) -> None:
    workflow = begin(app, worker, hook, note("only", a=1), events=3)
    asked: list[str] = []
    event.listen(worker.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    worker.run()
    assert states_of(app, workflow) == {"succeeded": 3}
    assert asked
    assert not [query for query in asked if "connections" in query]


def test_items_wait_for_a_connection_each_for_itself_and_go_on_once_it_is_mended(
    app: APIFlask, worker: Worker, hook: Hook, service: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(service, slug), state="needs_reauth")
    step = release("pay", connection, slug, "pay")
    loop = {"id": "each", "kind": "for_each", "items": [1, 2, 3], "steps": [step], "parallel": 2}
    begin(app, worker, hook, loop)
    worker.work()
    items = "SELECT state, waiting_for FROM runs WHERE parent_run_id IS NOT NULL ORDER BY item"
    waiting = [(row.state, row.waiting_for) for row in rows(app, items)]
    assert waiting == [("waiting", {"kind": "connection", "id": str(connection)})] * 2
    mend(app, connection)
    worker.work()
    root = one(app, "SELECT state, items_left FROM runs WHERE parent_run_id IS NULL")
    assert (root.state, root.items_left) == ("succeeded", 0)
    assert len(service.asked) == 3
