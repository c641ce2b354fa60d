"""Whoever locks several rows takes them in one order, so that two who do never stand in a ring:
lanes of deliveries, then deliveries; lanes of deliveries, then lanes of runs, then runs by their
ids."""

from uuid import UUID

from apiflask import APIFlask
from sqlalchemy import Connection, text

from tests.far_ends.rest_service import started_rest_service
from tests.workers.nesting import for_each
from tests.workers.scene import (
    Sink,
    Worker,
    accept,
    answered,
    beside,
    call,
    deliveries_of,
    make_endpoint,
    make_hook,
    make_workflow,
    on_hook,
    publish,
    rows,
    run_of,
    worker_of,
)
from tests.workers.trouble import wait_for_a_lock
from tests.workflows.connected import connect, mend, release, seating, tell
from wedsync.platform import clock, ids, leases
from wedsync.webhooks.delivering import lanes, settling
from wedsync.webhooks.delivering.verdicts import judge

HELD = text("SELECT id FROM runs WHERE id = :id FOR NO KEY UPDATE NOWAIT")
DELIVERY = text("SELECT id FROM deliveries WHERE id = :id FOR UPDATE NOWAIT")
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


# --- deliveries


def sweep_lanes(worker: Worker) -> None:
    with worker.engine.begin() as connection:
        lanes.sweep_lanes(connection)


def locks_lane(connection: Connection, organization: UUID, lane: str) -> None:
    """As somebody does who looks at one of its deliveries next."""
    leases.touch_lanes(connection, "deliveries", organization, {lane: clock.now()})


def test_what_a_dead_worker_was_sending_is_given_back_behind_its_lane(
    app: APIFlask, worker: Worker, organization: UUID, sink: Sink
) -> None:
    endpoint, _ = make_endpoint(app, organization, sink.url("/ok/dead"))
    publish(app, organization, "seating.changed", {"table": 1})
    worker.fan_out()
    with worker_of(app) as victim:
        victim.begin_deliveries()
        victim.die()
    (held,) = deliveries_of(app, endpoint)
    with worker.engine.begin() as person:
        locks_lane(person, organization, held.lane)
        with beside(worker.sweep) as swept:
            wait_for_a_lock(app)
            assert person.execute(DELIVERY, {"id": held.id}).scalar()
            person.rollback()
            assert swept.result() == 1
    worker.deliver()
    assert [row.state for row in deliveries_of(app, endpoint)] == ["delivered"]


def test_a_lane_that_stopped_goes_on_behind_its_lock(
    app: APIFlask, worker: Worker, organization: UUID, sink: Sink
) -> None:
    endpoint, _ = make_endpoint(app, organization, sink.url("/ok/on"), ordered_by="data.table")
    for n in range(2):
        publish(app, organization, "seating.changed", {"table": 1, "n": n})
    worker.fan_out()
    first = min(deliveries_of(app, endpoint), key=lambda row: row.seq)
    stopped = "UPDATE deliveries SET state = 'exhausted', blocks_lane = true WHERE id = :id"
    rows(app, f"{stopped} RETURNING 1", id=first.id)
    with worker.engine.begin() as person:
        locks_lane(person, organization, first.lane)
        with beside(lambda: sweep_lanes(worker)) as swept:
            wait_for_a_lock(app)
            assert person.execute(DELIVERY, {"id": first.id}).scalar()
            person.rollback()
            swept.result()
    worker.deliver()
    assert {row.state for row in deliveries_of(app, endpoint)} == {"exhausted", "delivered"}


def test_what_is_recorded_one_by_one_holds_no_lane_while_it_waits_for_another(
    app: APIFlask, worker: Worker, organization: UUID, sink: Sink
) -> None:
    make_endpoint(app, organization, sink.url("/ok/one"), ordered_by="data.table")
    for table in range(2):
        publish(app, organization, "seating.changed", {"table": table})
    worker.fan_out()
    begun = sorted((sending for sending, _ in worker.begin_deliveries()), key=lambda one: one.lane)
    verdicts = [judge(sending, answered(), clock.now()) for sending in reversed(begun)]
    owner = worker.owner.id
    assert owner is not None
    with worker.engine.begin() as person:
        locks_lane(person, organization, begun[0].lane)
        with beside(lambda: settling.settle_one_by_one(worker.engine, owner, verdicts)) as settled:
            wait_for_a_lock(app)
            locks_lane(person, organization, begun[1].lane)
            person.rollback()
            settled.result()
    states = rows(app, "SELECT state FROM deliveries")
    assert [row.state for row in states] == ["delivered"] * 2
