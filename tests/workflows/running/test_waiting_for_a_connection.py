"""Runs wait for a connection that cannot be used, go on in order after, and nobody is forgotten."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.far_ends.rest_service import RestService
from tests.workers.passing_time import let_pass
from tests.workers.scene import (
    Hook,
    Worker,
    beside,
    make_hook,
    note,
    one,
    retrying,
    rows,
    run_of,
    states_of,
    steps_of,
    tries_of,
)
from tests.workers.trouble import one_that_waits_only_then
from tests.workflows.connected import change, connect, mend, release, seating, tell
from tests.workflows.running.beginning import begin
from wedsync.connectors.manifest import Manifest
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.workflows.running import runs, waiting_on
from wedsync.workflows.running.reach import Reach


def parked_by_its_connection(app: APIFlask, workflow: UUID, connection: UUID) -> None:
    run = run_of(app, workflow)
    assert (run.state, run.due_at, run.owner) == ("waiting", None, None)
    assert run.waiting_for == {"kind": "connection", "id": str(connection)}


# --- waiting for a connection


@pytest.mark.parametrize("state", ["pending", "paused", "needs_reauth"])
def test_a_run_waits_for_an_unusable_connection_and_no_attempt_is_counted(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str, state: str
) -> None:
    connection = connect(app, hook.organization_id, seating(seats, slug), state=state)
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
    assert len(seats.asked) == 1


def test_a_refusal_parks_the_run_and_not_even_a_retry_is_used_up(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(seats, slug))
    seats.answers("POST", "/seats/release", {"error": "unknown"}, status=401)
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
    assert len(seats.asked) == 1
    seats.answers("POST", "/seats/release", {"released": None})
    mend(app, connection)
    worker.work()
    run = run_of(app, workflow)
    assert (run.state, tries_of(app, run.id, "seat")) == ("succeeded", ["auth", "ok"])
    keys = {asked.headers["idempotency-key"] for asked in seats.asked}
    assert keys == {f"{run.id}:seat:-:0"}


def test_runs_go_on_in_the_order_they_were_made_once_the_connection_is_mended(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(seats, slug), state="needs_reauth")
    step = release("pay", connection, slug, "pay")
    workflow = begin(app, worker, hook, step, events=12)
    worker.work()
    assert states_of(app, workflow) == {"waiting": 12}
    mend(app, connection)
    worker.work()
    let_pass(app, 10)
    worker.work()
    assert states_of(app, workflow) == {"succeeded": 12}
    assert [asked.json()["guest"] for asked in seats.asked] == [f"g_{n}" for n in range(12)]


def test_a_connection_that_is_removed_meanwhile_lets_its_runs_end(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(seats, slug), state="needs_reauth")
    workflow = begin(app, worker, hook, release("seat", connection, slug))
    worker.work()
    parked_by_its_connection(app, workflow, connection)
    change(app, connection, state="deleted")
    tell(app, connection, "connection.deleted")
    worker.work()
    assert run_of(app, workflow).state == "failed"


def test_a_waiting_run_can_be_stopped_and_is_not_made_due_again(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(seats, slug), state="needs_reauth")
    workflow = begin(app, worker, hook, release("seat", connection, slug))
    worker.work()
    with app.app_context():
        runs.stop(hook.organization_id, run_of(app, workflow).id)
        db.session.commit()
    mend(app, connection)
    worker.work()
    assert run_of(app, workflow).state == "stopped"
    assert seats.asked == []


def test_one_at_a_time_leaves_for_a_connection_what_may_happen_once(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(seats, slug))
    begin(app, worker, hook, release("pay", connection, slug, "pay"), events=3)
    assert len(worker.begin_runs()) == 1
    waiting = rows(app, "SELECT waiting_for FROM runs WHERE state = 'waiting'")
    assert {row.waiting_for["id"] for row in waiting} == {str(connection)}


# --- nobody is forgotten


def test_a_connection_mended_between_the_look_and_the_commit_leaves_nobody_asleep(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(seats, slug), state="needs_reauth")
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


def test_who_begins_to_wait_while_others_are_woken_is_due_in_no_lane_that_was_not_told(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(seats, slug), state="needs_reauth")
    another = make_hook(app, hook.organization_id)
    step = release("seat", connection, slug)
    first, second = (begin(app, worker, each, step) for each in (hook, another))
    worker.work()
    change(app, connection, state="active")
    held_up = one_that_waits_only_then(app, worker, waking=first, beginning=second)
    with held_up as let_go, beside(lambda: woken(worker, connection)) as waking:
        let_go()
        assert waking.result() == 1
    assert run_of(app, second).due_at is None
    assert swept(worker) == 1
    worker.run()
    assert {run_of(app, each).state for each in (first, second)} == {"succeeded"}


def woken(worker: Worker, connection: UUID) -> int:
    with worker.engine.begin() as database:
        return waiting_on.connection_ready(database, [connection])


def swept(worker: Worker) -> int:
    with worker.engine.begin() as database:
        reach = Reach(database, worker.runtime.vault, worker.runtime.settings)
        return waiting_on.sweep(database, reach)


def test_what_a_death_after_the_commit_left_asleep_is_swept_up(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(seats, slug), state="needs_reauth")
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
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str, end: str
) -> None:
    connection = connect(app, hook.organization_id, seating(seats, slug), state="pending")
    workflow = begin(app, worker, hook, release("seat", connection, slug))
    worker.work()
    rows(app, f"{end} WHERE id = :id RETURNING 1", id=connection)
    assert swept(worker) == 1
    worker.run()
    error = steps_of(app, run_of(app, workflow).id)["seat"].error
    assert (run_of(app, workflow).state, error["code"]) == ("failed", "connection_gone")


def run_out(
    app: APIFlask, hook: Hook, manifest: Manifest, renewed_in: timedelta, **columns: Any
) -> UUID:
    """A connection whose token has run out, and when it will be renewed."""
    now = clock.now()
    return connect(
        app,
        hook.organization_id,
        manifest,
        refreshed_at=now - timedelta(hours=1),
        access_expires_at=now - timedelta(seconds=1),
        refresh_due_at=now + renewed_in,
        **columns,
    )


def test_nobody_is_woken_while_a_renewal_has_to_wait(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    manifest = seating(seats, slug)
    connection = run_out(app, hook, manifest, timedelta(minutes=15), refresh_failures=9)
    workflow = begin(app, worker, hook, release("seat", connection, slug), events=3)
    worker.work()
    assert swept(worker) == 0
    assert states_of(app, workflow) == {"waiting": 3}


def test_a_connection_that_is_being_renewed_is_waited_for_without_a_busy_loop(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    manifest = seating(seats, slug)
    connection = run_out(app, hook, manifest, timedelta(hours=1))
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


def test_items_wait_for_a_connection_each_for_itself_and_go_on_once_it_is_mended(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(seats, slug), state="needs_reauth")
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
    assert len(seats.asked) == 3
