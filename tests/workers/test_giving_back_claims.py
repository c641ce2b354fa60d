"""What a worker held when it died, hung or lost its session goes to another, once."""

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.workers.scene import (
    Hook,
    Sink,
    Worker,
    accept,
    answered,
    beside,
    call,
    make_endpoint,
    make_workflow,
    note,
    on_hook,
    one,
    rows,
    run_of,
    states_of,
    tries_of,
    wait_until,
    worker_of,
)
from wedsync.platform.leases import LostOwnership
from workers import schedule
from workers.schedule import Scheduled


def end_session(app: APIFlask, worker: Worker) -> None:
    """What a restart of the database, or of something on the way to it, does to an owner."""
    session = worker.owner._connection
    assert session is not None
    pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    rows(app, "SELECT pg_terminate_backend(:pid)", pid=pid)
    alive = "SELECT count(*) AS n FROM pg_stat_activity WHERE pid = :pid"
    wait_until(lambda: one(app, alive, pid=pid).n == 0)


def test_what_a_living_worker_holds_is_left_to_it(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), call("c", sink.url("/ok")))
    accept(app, hook, {"guest": "Ana"})
    worker.fan_out()
    worker.begin_runs()
    with worker_of(app) as other:
        assert other.sweep() == 0
        other.run()
    run = run_of(app, workflow)
    assert (run.state, run.owner) == ("running", worker.owner.id)


def test_a_hung_worker_loses_what_outlived_its_lease_and_cannot_write_it_any_more(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), call("c", sink.url("/ok")))
    accept(app, hook, {"guest": "Ana"})
    worker.fan_out()
    with worker_of(app) as hung:
        ((held, _request),) = hung.begin_runs()
        assert run_of(app, workflow).lease_until is not None
        with worker.engine.begin() as connection:
            connection.execute(text("UPDATE runs SET lease_until = now()"))
        assert worker.sweep() == 1
        ((mine, _),) = worker.begin_runs()
        before = run_of(app, workflow)
        hung.come_home(hung.run_source, [(held, answered())])
        after = run_of(app, workflow)
        assert (after.state, after.fence, after.owner) == ("running", mine.fence, worker.owner.id)
        assert after.revision == before.revision


def test_a_claim_whose_commit_got_lost_is_not_kept_alive_by_its_living_owner(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    """The row says `running`, but the window that should hold it never heard of it."""
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), call("c", sink.url("/ok")))
    accept(app, hook, {"guest": "Ana"})
    worker.fan_out()
    ((known, _request),) = worker.begin_runs()
    accept(app, hook, {"guest": "Ben"})
    worker.fan_out()
    worker.begin_runs()
    with worker.engine.begin() as connection:
        connection.execute(text("UPDATE runs SET lease_until = now() + interval '1 second'"))
    worker.run_source.renew(worker.owner.id, [known.id])
    wait_until(lambda: worker.sweep() == 1, 5)
    assert states_of(app, workflow) == {"running": 1, "queued": 1}
    worker.run()
    assert states_of(app, workflow) == {"running": 1, "succeeded": 1}


def test_a_move_that_was_written_but_not_heard_of_is_not_written_twice(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    """The commit arrived and its answer did not: the window brings the same outcome again."""
    make_workflow(
        app,
        hook.organization_id,
        on_hook(hook),
        call("first", sink.url("/ok")),
        {
            "id": "tell",
            "kind": "action",
            "use": "webhook.send",
            "input": {"event_type": "seating.changed", "data": {}},
        },
        call("second", sink.url("/ok")),
    )
    accept(app, hook, {"guest": "Ana"})
    worker.fan_out()
    ((run, _request),) = worker.begin_runs()
    stale = run.fence, run.engine_state, run.performing, dict(run.outputs), dict(run.recorded)
    worker.come_home(worker.run_source, [(run, answered())])
    run.fence, run.engine_state, run.performing, run.outputs, run.recorded = stale
    worker.come_home(worker.run_source, [(run, answered())])
    published = one(app, "SELECT count(*) AS n FROM events WHERE type = 'seating.changed'")
    assert published.n == 1
    assert tries_of(app, run.id, "second") == [None]


def test_a_worker_that_lost_its_session_becomes_a_new_owner_and_drops_what_it_held(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    sink.forget()
    workflow = make_workflow(
        app, hook.organization_id, on_hook(hook), call("c", sink.url("/hang/c"), timeout_s=30)
    )
    accept(app, hook, {"guest": "Ana"})
    worker.fan_out()
    first = worker.owner.id
    with beside(worker.run) as running:
        wait_until(lambda: sink.paths() == {"/hang/c": 1})
        end_session(app, worker)
        with pytest.raises(LostOwnership):
            worker.owner.check()
        assert worker.owner.acquire() != first
        running.result(timeout=5)
    assert worker.runs.in_flight == 0
    assert worker.sweep() == 1
    with beside(worker.run) as running:
        wait_until(lambda: sink.paths() == {"/hang/c": 2})
        assert run_of(app, workflow).owner == worker.owner.id
        worker.owner.release()
        running.result(timeout=5)
    assert tries_of(app, run_of(app, workflow).id, "c") == ["lost", None]


def test_what_a_turn_claimed_just_after_its_owner_was_forgotten_is_given_back_at_once(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    """Not after the ninety seconds of a lease: nobody will ever write these rows."""
    workflow = make_workflow(
        app, hook.organization_id, on_hook(hook), call("c", sink.url("/ok"), key=False)
    )
    make_endpoint(app, hook.organization_id, sink.url("/ok/told"))
    accept(app, hook, {"guest": "Ana"})
    worker.fan_out()
    with worker_of(app) as late:
        rows(app, "DELETE FROM owners WHERE id = :id RETURNING id", id=late.owner.id)
        assert len(late.begin_runs()) == len(late.begin_deliveries()) == 1
        assert one(app, "SELECT count(*) AS n FROM once_slots").n == 1
        assert worker.sweep() == 2
        assert one(app, "SELECT count(*) AS n FROM once_slots").n == 0
    assert run_of(app, workflow).state == "queued"
    assert one(app, "SELECT state FROM deliveries").state == "due"


def test_an_owner_that_was_taken_for_dead_knows_it(worker: Worker) -> None:
    with worker.engine.begin() as connection:
        connection.execute(text("DELETE FROM owners"))
    with pytest.raises(LostOwnership):
        worker.owner.check()


def test_a_window_without_an_owner_claims_nothing(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), note("n", a=1))
    accept(app, hook, {})
    worker.fan_out()
    worker.owner.release()
    worker.run()
    assert run_of(app, workflow).state == "queued"


def test_dead_owners_are_forgotten_and_living_ones_kept(app: APIFlask, worker: Worker) -> None:
    with worker_of(app) as doomed:
        doomed.die()
    assert len(rows(app, "SELECT id FROM owners")) == 2
    worker.sweep()
    assert [row.id for row in rows(app, "SELECT id FROM owners")] == [worker.owner.id]


# --- the table


def test_a_slot_is_done_once_however_many_workers_look(app: APIFlask, worker: Worker) -> None:
    done: list[int] = []
    table = (Scheduled("count", 3_600, lambda _connection: done.append(1)),)
    looks = [lambda: schedule.run_due(worker.engine, table)] * 8
    with beside(looks[0]) as first, beside(looks[1]) as second:
        found = [first.result(), second.result(), *(look() for look in looks[2:])]
    assert len(done) == 1
    assert sorted(map(len, found)) == [*[0] * 7, 1]  # type: ignore[arg-type]


def test_a_slot_whose_work_failed_is_done_by_the_next_who_looks(worker: Worker) -> None:
    tried: list[int] = []

    def fail_first(_connection: object) -> None:
        tried.append(1)
        if len(tried) == 1:
            raise ZeroDivisionError

    table = (Scheduled("stumble", 3_600, fail_first),)
    with pytest.raises(ZeroDivisionError):
        schedule.run_due(worker.engine, table)
    assert schedule.run_due(worker.engine, table) == ["stumble"]
    assert schedule.run_due(worker.engine, table) == []


def test_a_job_that_always_fails_keeps_none_after_it_from_being_done(worker: Worker) -> None:
    done: list[str] = []

    def fail(_connection: object) -> None:
        raise ZeroDivisionError

    table = (
        Scheduled("stumble", 3_600, fail),
        Scheduled("walk", 3_600, lambda _connection: done.append("walk")),
        Scheduled("stumble again", 3_600, fail),
        Scheduled("run", 3_600, lambda _connection: done.append("run")),
    )
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            schedule.run_due(worker.engine, table)
    assert done == ["walk", "run"]


def test_everything_in_the_table_can_be_done(worker: Worker) -> None:
    every = tuple(Scheduled(job.name, 3_600, job.do) for job in schedule.TABLE)
    with worker.app.app_context():  # where the drain of the schedule is, too
        done = schedule.run_due(worker.engine, every)
    assert done == [job.name for job in schedule.TABLE]
