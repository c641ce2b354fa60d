"""Limits of a workflow and fairness between organizations: what is above them waits."""

from uuid import UUID

from apiflask import APIFlask
from sqlalchemy import text

from tests.personas import Persona
from tests.workers.passing_time import let_pass
from tests.workers.scene import (
    Hook,
    Sink,
    Worker,
    accept,
    answered,
    call,
    make_hook,
    make_workflow,
    note,
    on_hook,
    one,
    rows,
    states_of,
    worker_of,
)
from wedsync.platform.db import db
from wedsync.workflows.editing import service
from wedsync.workflows.models import Workflow
from wedsync.workflows.running import claims
from workers.fan_out import PER_ORGANIZATION

RUNNING = "SELECT id FROM runs WHERE workflow_id = :id AND state = 'running'"
ALL = "SELECT * FROM runs WHERE workflow_id = :id ORDER BY id"


def limit(app: APIFlask, workflow: UUID, **limits: int) -> None:
    with app.app_context():
        found = db.session.get_one(Workflow, workflow)
        for name, value in limits.items():
            setattr(found, name, value)
        db.session.commit()


# --- works


def test_no_more_runs_move_at_once_than_may_and_the_others_say_so(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    step = call("post", sink.url("/ok/never-asked"))
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), step)
    limit(app, workflow, at_once=1)
    for _ in range(3):
        accept(app, hook, {"guest": "Ana"})
    worker.fan_out()
    ((first, _),) = worker.begin_runs()
    assert worker.begin_runs() == []
    let_pass(app, 5)
    assert worker.begin_runs() == []
    others = [row for row in rows(app, ALL, id=workflow) if row.id != first.id]
    assert first.id == one(app, RUNNING, id=workflow).id
    limits = {"kind": "limit", "id": "at_once"}
    assert [(row.state, row.waiting_for) for row in others] == [("waiting", limits)] * 2
    source, shares = worker.run_source, worker.runs._shares
    turn = source.turn(worker.owner.id, [(first, answered())], shares.room, shares)
    ((second, _),) = turn.starts
    assert second.id in {row.id for row in others}


def test_at_most_so_many_runs_start_within_an_hour(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), note("n", a=1))
    limit(app, workflow, per_hour=2)
    for _ in range(5):
        accept(app, hook, {})
    worker.work()
    let_pass(app, 5)
    worker.work()
    assert states_of(app, workflow) == {"succeeded": 2, "waiting": 3}
    held = [row.waiting_for for row in rows(app, ALL, id=workflow) if row.state == "waiting"]
    assert {(each["kind"], each["id"]) for each in held} == {("limit", "per_hour")}
    assert all(each["until"] is not None for each in held)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text("UPDATE run_starts SET started_at = started_at - interval '1 hour'")
        )
    let_pass(app, 5)
    worker.work()
    assert states_of(app, workflow) == {"succeeded": 4, "waiting": 1}


def test_a_run_that_started_goes_on_though_no_other_may_start(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    nap = {"id": "nap", "kind": "wait", "seconds": 60}
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), nap, note("n", a=1))
    limit(app, workflow, per_hour=1)
    accept(app, hook, {})
    worker.work()
    accept(app, hook, {})
    let_pass(app, 5)
    worker.work()
    let_pass(app, 70)
    worker.work()
    assert states_of(app, workflow) == {"succeeded": 1, "waiting": 1}


def test_what_a_limit_held_back_goes_on_at_once_when_the_limit_is_taken_away(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), note("n", a=1))
    limit(app, workflow, per_hour=1)
    for _ in range(4):
        accept(app, hook, {})
    worker.work()
    assert states_of(app, workflow) == {"succeeded": 1, "waiting": 3}
    with app.app_context(), db.engine.begin() as connection:
        # They have waited for a while, as the lane was looked at every second.
        connection.execute(text("UPDATE runs SET due_at = due_at - interval '10 minutes'"))
    with app.app_context():
        service.change(hook.organization_id, workflow, {"per_hour": None})
        db.session.commit()
    worker.run()
    assert states_of(app, workflow) == {"succeeded": 4}


# --- concurrency


def test_two_workers_keep_one_limit(app: APIFlask, worker: Worker, hook: Hook, sink: Sink) -> None:
    step = call("post", sink.url("/ok/never-asked"))
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), step)
    limit(app, workflow, at_once=2)
    for _ in range(6):
        accept(app, hook, {"guest": "Ana"})
    worker.fan_out()
    with worker_of(app) as second:
        begun = worker.begin_runs() + second.begin_runs()
    assert len(begun) == 2


def test_a_lane_that_nobody_told_of_its_work_is_found(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), note("n", a=1))
    accept(app, hook, {})
    worker.fan_out()
    let_pass(app, 10)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE lanes SET next_due_at = NULL"))
        claims.sweep_lanes(connection)
    worker.run()
    assert states_of(app, workflow) == {"succeeded": 1}


def test_a_back_fill_of_one_organization_holds_up_no_other(
    app: APIFlask, worker: Worker, hook: Hook, stranger: Persona
) -> None:
    busy = make_workflow(app, hook.organization_id, on_hook(hook), note("n", a=1))
    other_hook = make_hook(app, stranger.organization_id)
    other = make_workflow(app, stranger.organization_id, on_hook(other_hook), note("n", a=1))
    _back_fill(app, hook, 5_000)
    accept(app, other_hook, {})
    source, shares = worker.run_source, worker.runs._shares
    while states_of(app, other) != {"succeeded": 1}:
        worker._fan_out.batch()
        turn = source.turn(worker.owner.id, [], shares.room, shares)
        for lane in turn.at_once:
            shares.grow(lane)
    done = one(app, "SELECT count(*) AS n FROM runs WHERE workflow_id = :id", id=busy).n
    assert done <= 2 * PER_ORGANIZATION


def _back_fill(app: APIFlask, hook: Hook, count: int) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO events (id, organization_id, type, source, occurred_at, data,"
                " causation)"
                " SELECT id, :owner, 'external.rsvp.received', :source, clock_timestamp(), '{}',"
                " jsonb_build_object('root', CAST(id AS text), 'depth', 0,"
                "  'chain', jsonb_build_array())"
                " FROM (SELECT uuidv7() AS id FROM generate_series(1, :count)) made"
            ),
            {"owner": hook.organization_id, "source": f"hook:{hook.id}", "count": count},
        )
