"""Sending again what has an order: nothing overtakes, what waits keeps its place."""

from uuid import UUID

from apiflask import APIFlask

from tests.webhooks.replaying_scene import CHANGED, begin, go_on, set_state, told
from tests.workers.scene import Sink, Worker, deliveries_of, make_endpoint, publish, rows


def test_order_is_kept_by_key_and_what_is_sent_again_joins_the_tail(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    path = sink.url(f"/ok/{organization}")
    ordered, _ = make_endpoint(app, organization, path, ordered_by="data.couple")
    for table in range(6):
        publish(app, organization, CHANGED, {"table": table, "couple": table % 2})
    worker.fan_out()
    worker.deliver()
    sink.forget()
    begin(app, organization, ordered)
    go_on(worker)
    publish(app, organization, CHANGED, {"table": 6, "couple": 0})
    worker.fan_out()
    worker.deliver()
    came = told(sink, organization)
    assert [table for table in came if table % 2 == 0] == [0, 2, 4, 6]
    assert [table for table in came if table % 2 == 1] == [1, 3, 5]


def test_what_waits_for_a_later_try_goes_at_once_and_keeps_its_place(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    path = sink.url(f"/ok/{organization}")
    ordered, _ = make_endpoint(app, organization, path, ordered_by="data.couple")
    for table in range(3):
        publish(app, organization, CHANGED, {"table": table, "couple": 1})
    worker.fan_out()
    set_state(app, ordered, "due")
    begin(app, organization, ordered, "not_delivered")
    go_on(worker)
    worker.deliver()
    assert told(sink, organization) == [0, 1, 2]
    assert {each.failures for each in deliveries_of(app, ordered)} == {3}


def test_what_a_lane_stopped_at_keeps_its_place(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    stops = {"ordered_by": "data.couple", "stops_at_failure": True}
    ordered, _ = make_endpoint(app, organization, sink.url(f"/ok/{organization}"), **stops)
    for table in range(3):
        publish(app, organization, CHANGED, {"table": table, "couple": 1})
    worker.fan_out()
    given_up = "UPDATE deliveries SET state = 'exhausted', blocks_lane = true,"
    given_up += " finished_at = now(), next_attempt_at = NULL WHERE id = :id RETURNING 1"
    rows(app, given_up, id=deliveries_of(app, ordered)[0].id)
    worker.deliver()
    assert told(sink, organization) == []
    begin(app, organization, ordered, "failed")
    assert go_on(worker) == 1
    worker.deliver()
    assert told(sink, organization) == [0, 1, 2]


def test_an_order_that_came_later_counts_for_what_is_sent_again(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    begin(app, organization, endpoint)
    go_on(worker)
    worker.deliver()
    rows(app, "UPDATE endpoints SET ordered_by = 'data.table' WHERE id = :id RETURNING 1",
         id=endpoint)  # fmt: skip
    begin(app, organization, endpoint)
    go_on(worker)
    assert all(":" in each.lane for each in deliveries_of(app, endpoint))
    worker.deliver()
    assert [each.state for each in deliveries_of(app, endpoint)] == ["delivered"] * 5
