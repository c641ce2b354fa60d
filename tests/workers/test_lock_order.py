"""Whoever locks several rows takes them in one order, so that two who do never stand in a ring:
lanes of deliveries, then lanes of runs, then runs by their ids."""

from uuid import UUID

from apiflask import APIFlask
from sqlalchemy import text

from tests.far_ends.rest_service import started_rest_service
from tests.workers.nesting import for_each
from tests.workers.scene import (
    Sink,
    Worker,
    accept,
    answered,
    beside,
    call,
    make_endpoint,
    make_hook,
    make_workflow,
    on_hook,
    rows,
    run_of,
    worker_of,
)
from tests.workers.trouble import wait_for_a_lock
from tests.workflows.connected import connect, mend, release, seating, tell
from wedsync.platform import ids

HELD = text("SELECT id FROM runs WHERE id = :id FOR NO KEY UPDATE NOWAIT")
LANES = text("SELECT key FROM lanes WHERE kind = :kind FOR UPDATE NOWAIT")


def test_who_waits_for_a_connection_is_woken_after_deliveries_are_made(
    app: APIFlask, worker: Worker, organization: UUID
) -> None:
    hook, slug = make_hook(app, organization), f"seating-{ids.new_id().hex[-8:]}"
    make_endpoint(app, organization, "http://127.0.0.1:19876/told")
    with started_rest_service() as service:
        service.answers("POST", "/seats/release", {"released": None})
        connection = connect(app, organization, seating(service, slug), state="needs_reauth")
        step = release("seat", connection, slug)
        workflow = make_workflow(app, organization, on_hook(hook), step)
        accept(app, hook, {"guest": "g_1"})
        tell(app, connection, "connection.needs_reauth")
        worker.work()
        assert run_of(app, workflow).state == "waiting"
        mend(app, connection)
        with worker.engine.begin() as turn:
            assert turn.execute(LANES, {"kind": "deliveries"}).all()
            with beside(worker.fan_out) as fanned_out:
                wait_for_a_lock(app)
                assert turn.execute(LANES, {"kind": "runs"}).all()
                turn.rollback()
                assert fanned_out.result() == 1
        worker.run()
        assert run_of(app, workflow).state == "succeeded"


def test_items_of_one_run_that_come_home_together_are_locked_as_who_stops_it_does(
    app: APIFlask, worker: Worker, organization: UUID, sink: Sink
) -> None:
    hook = make_hook(app, organization)
    first, second = call("a", sink.url("/ok/a")), call("b", sink.url("/ok/b"))
    make_workflow(app, organization, on_hook(hook), for_each("all", [1, 2], first, second))
    accept(app, hook, {"guest": "Ana"})
    worker.fan_out()
    worker.begin_runs()
    begun = [run for run, _ in worker.begin_runs()]
    first_item, second_item = sorted(begun, key=lambda run: run.id)
    home = [(run, answered()) for run in (second_item, first_item)]
    with worker.engine.begin() as stopping:
        assert stopping.execute(HELD, {"id": first_item.id}).scalar()
        with beside(lambda: worker.come_home(worker.run_source, home)) as come_home:
            wait_for_a_lock(app)
            assert stopping.execute(HELD, {"id": second_item.id}).scalar()
            stopping.rollback()
            come_home.result()
    done = rows(app, "SELECT state FROM run_steps WHERE step_id = 'a'")
    assert [row.state for row in done] == ["succeeded"] * 2


def test_a_lease_is_lengthened_without_waiting_for_who_stops_a_run(
    app: APIFlask, worker: Worker, organization: UUID, sink: Sink
) -> None:
    hook = make_hook(app, organization)
    make_workflow(app, organization, on_hook(hook), call("a", sink.url("/ok/a")))
    for _ in range(2):
        accept(app, hook, {"guest": "Ana"})
    worker.fan_out()
    held, free = (run.id for run, _ in worker.begin_runs())
    before = rows(app, "SELECT id, lease_until FROM runs")
    assert worker.owner.id is not None
    with worker.engine.begin() as stopping:
        assert stopping.execute(HELD, {"id": held}).scalar()
        worker.run_source.renew(worker.owner.id, [held, free])
    after = {row.id: row.lease_until for row in rows(app, "SELECT id, lease_until FROM runs")}
    assert {row.id for row in before if after[row.id] > row.lease_until} == {free}


def test_what_a_dead_worker_held_is_given_back_without_waiting_for_who_stops_it(
    app: APIFlask, worker: Worker, organization: UUID, sink: Sink
) -> None:
    hook = make_hook(app, organization)
    make_workflow(app, organization, on_hook(hook), call("a", sink.url("/ok/a")))
    for _ in range(2):
        accept(app, hook, {"guest": "Ana"})
    worker.fan_out()
    with worker_of(app) as victim:
        held = victim.begin_runs()[0][0].id
        victim.die()
    with worker.engine.begin() as stopping:
        assert stopping.execute(HELD, {"id": held}).scalar()
        assert worker.sweep() == 1
        stopping.rollback()
    assert worker.sweep() == 1
    assert {row.state for row in rows(app, "SELECT state FROM runs")} == {"queued"}
