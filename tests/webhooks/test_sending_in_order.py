"""Endpoints that asked for order: what is later never overtakes what is earlier."""

import json
from uuid import UUID

from apiflask import APIFlask

from tests.workers.passing_time import let_pass
from tests.workers.scene import (
    Sink,
    Worker,
    beside,
    deliveries_of,
    make_endpoint,
    one,
    publish,
    worker_of,
)


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
