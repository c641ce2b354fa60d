"""Endpoints that asked for order: what is later never overtakes what is earlier."""

import json
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from apiflask import APIFlask

from tests.personas import Persona
from tests.workers.passing_time import let_pass
from tests.workers.scene import (
    Sink,
    Worker,
    answered,
    beside,
    deliveries_of,
    make_endpoint,
    one,
    publish,
    worker_of,
)
from wedsync.platform import clock
from wedsync.platform.shares import Shares
from wedsync.webhooks.delivering.service import FannedEvent, wanted_by


def begun_with_room_for(worker: Worker, room: int) -> list[Any]:
    """What a window of that size takes up at first."""
    assert worker.owner.id is not None
    turn = worker.delivery_source.turn(worker.owner.id, [], room, Shares(room))
    return [sending for sending, _ in turn.starts]


def publish_in_turn(app: APIFlask, organization: UUID, *tables: int) -> list[UUID]:
    """One event after the other; the table is what orders them."""
    return [
        publish(app, organization, "seating.changed", {"table": table, "n": n})
        for n, table in enumerate(tables)
    ]


def test_they_arrive_one_after_the_other_in_the_order_they_happened(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    sink.forget()
    make_endpoint(app, organization, sink.url("/ok/ordered"), ordered_by="data.table")
    sent = publish_in_turn(app, organization, *[7] * 15)
    worker.work()
    arrived = [json.loads(request["body"])["id"] for request in sink.requests()]
    assert arrived == [str(event) for event in sent]


def test_what_is_written_otherwise_is_still_alike(organization: UUID) -> None:
    """Members in another order, and one value sealed twice."""
    one_way, the_other = {"room": 1, "seat": 2}, {"seat": 2, "room": 1}
    assert lane(organization, one_way) == lane(organization, the_other)
    assert lane(organization, {"$sealed": "b25l"}) == lane(organization, {"$sealed": "dHdv"})
    assert lane(organization, 7) != lane(organization, 8)


def lane(organization: UUID, table: Any) -> str:
    """Where an event at this table waits its turn."""
    ordered = SimpleNamespace(id=UUID(int=7), ordered_by="data.table", receives="posts")
    event = FannedEvent(
        UUID(int=8), organization, "seating.changed", "api", clock.now(), {"table": table}, None, {}
    )
    return wanted_by(ordered, event).lane


def test_nothing_overtakes_one_that_fails_and_other_lanes_go_on(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    sink.forget()
    endpoint, _ = make_endpoint(
        app, organization, sink.url("/flaky/1/ordered"), ordered_by="data.table"
    )
    publish_in_turn(app, organization, 1, 1, 2, 1)
    worker.work()
    assert [row.state for row in deliveries_of(app, endpoint)] == ["due"] * 4
    assert [row.attempts for row in deliveries_of(app, endpoint)] == [1, 0, 1, 0]
    let_pass(app, 10)
    worker.work()
    states = [(row.state, row.attempts) for row in deliveries_of(app, endpoint)]
    assert states == [("delivered", 2), ("due", 1), ("delivered", 2), ("due", 0)]
    for _ in range(2):
        let_pass(app, 10)
        worker.work()
    assert {row.state for row in deliveries_of(app, endpoint)} == {"delivered"}


def test_two_workers_keep_the_order_too(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    sink.forget()
    make_endpoint(app, organization, sink.url("/ok/ordered"), ordered_by="data.table")
    sent = publish_in_turn(app, organization, *[3] * 18)
    worker.fan_out()
    with worker_of(app) as other, beside(other.deliver) as delivering:
        worker.deliver()
        delivering.result()
        worker.deliver()
    arrived = [json.loads(request["body"])["id"] for request in sink.requests()]
    assert arrived == [str(event) for event in sent]


def test_an_exhausted_one_leaves_a_gap_and_the_lane_goes_on(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    endpoint, _ = make_endpoint(
        app, organization, sink.url("/flaky/10/gap"), ordered_by="data.table"
    )
    first, second = publish_in_turn(app, organization, 5, 5)
    for _ in range(10):
        worker.work()
        let_pass(app, 100_000)
    worker.work()
    states = {row.event_id: (row.state, row.attempts) for row in deliveries_of(app, endpoint)}
    assert states[first] == ("exhausted", 10)
    assert states[second] == ("due", 1)


def test_a_lane_whose_first_is_under_way_is_not_looked_at_again_until_it_is_back(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    endpoint, _ = make_endpoint(app, organization, sink.url("/ok/first"), ordered_by="data.table")
    publish_in_turn(app, organization, 9, 9)
    worker.fan_out()
    ((sending, _),) = worker.begin_deliveries()
    lane = "SELECT next_due_at FROM lanes WHERE key = :key"
    assert one(app, lane, key=sending.lane).next_due_at is None
    worker.come_home(worker.delivery_source, [(sending, answered())])
    worker.deliver()
    assert [row.state for row in deliveries_of(app, endpoint)] == ["delivered"] * 2


def test_what_comes_later_joins_the_end_of_the_line(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    endpoint, _ = make_endpoint(
        app, organization, sink.url("/status/500/line"), ordered_by="data.table"
    )
    publish_in_turn(app, organization, 9, 9)
    worker.work()
    publish_in_turn(app, organization, 9)
    worker.work()
    assert [row.seq for row in deliveries_of(app, endpoint)] == [1, 2, 3]
    lane = deliveries_of(app, endpoint)[0].lane
    assert one(app, "SELECT ordered FROM lanes WHERE key = :key", key=lane).ordered


# --- very many lanes


def make_many_lanes_before_one(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, stranger: Persona
) -> None:
    """Thirty lanes are due, and then one of somebody else."""
    make_endpoint(app, organization, sink.url("/ok/many"), ordered_by="data.table")
    publish_in_turn(app, organization, *range(30))
    worker.fan_out()
    make_endpoint(app, stranger.organization_id, sink.url("/ok/behind"))
    publish(app, stranger.organization_id, "seating.changed", {"table": 1})
    worker.fan_out()


def test_who_has_lanes_without_number_leaves_half_the_room_to_others(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, stranger: Persona
) -> None:
    make_many_lanes_before_one(app, worker, sink, organization, stranger)
    begun = begun_with_room_for(worker, 8)
    whose = [each.organization_id for each in begun]
    assert whose == [organization] * 4 + [stranger.organization_id]


def test_looking_past_the_lanes_of_one_takes_a_tenth_of_the_time_at_most(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, stranger: Persona
) -> None:
    make_many_lanes_before_one(app, worker, sink, organization, stranger)
    looks = worker.delivery_source._further_looks
    looks.took(1_000_000)
    assert {each.organization_id for each in begun_with_room_for(worker, 8)} == {organization}
    looks.took(0)
    begun = {each.organization_id for each in begun_with_room_for(worker, 8)}
    assert begun == {organization, stranger.organization_id}


def test_lanes_of_an_endpoint_that_may_be_sent_little_are_not_taken_again_in_one_claim(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    endpoint, _ = make_endpoint(
        app, organization, sink.url("/ok/few"), ordered_by="data.table", max_in_flight=3
    )
    publish_in_turn(app, organization, *range(12))
    worker.fan_out()
    assert len(begun_with_room_for(worker, 8)) == 3
    assert sum(row.state == "in_flight" for row in deliveries_of(app, endpoint)) == 3


def test_a_lane_in_order_takes_one_place_however_fast_it_is(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    make_endpoint(app, organization, sink.url("/ok/quick"), ordered_by="data.table")
    publish_in_turn(app, organization, *range(4), *range(4))
    worker.fan_out()
    assert len(begun_with_room_for(worker, 8)) == 4
