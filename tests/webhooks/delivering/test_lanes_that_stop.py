"""Ordered endpoints that stop at what was given up, and those that go on past a gap."""

import json
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.personas import Persona
from tests.webhooks.replaying_scene import begin, go_on
from tests.workers.passing_time import let_pass
from tests.workers.scene import (
    Sink,
    Worker,
    deliveries_of,
    make_endpoint,
    one,
    publish,
    rows,
)
from wedsync.platform.db import db
from wedsync.webhooks.delivering import lanes, resending
from wedsync.webhooks.delivering.schedule import MAX_ATTEMPTS
from wedsync.webhooks.endpoints import service as endpoints

GIVEN_UP = f"/flaky/{MAX_ATTEMPTS}/stop"


def give_up_the_first(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, **fields: Any
) -> tuple[UUID, list[UUID]]:
    """An ordered endpoint whose first of three messages was tried in vain until the end; the
    others would arrive."""
    sink.forget()
    endpoint, _ = make_endpoint(
        app, organization, sink.url(GIVEN_UP), ordered_by="data.table", **fields
    )
    sent = [publish(app, organization, "seating.changed", {"table": 5, "n": n}) for n in range(3)]
    worker.fan_out()
    for _ in range(MAX_ATTEMPTS):
        worker.deliver()
        let_pass(app, 100_000)
    rows(app, "UPDATE endpoints SET url = :url RETURNING 1", url=sink.url("/ok/stop"))
    worker.deliver()
    return endpoint, sent


def states(app: APIFlask, endpoint: UUID) -> list[str]:
    return [row.state for row in deliveries_of(app, endpoint)]


def given_up(app: APIFlask) -> Any:
    return one(app, "SELECT data FROM events WHERE type = 'delivery.exhausted'").data


def arrived(sink: Sink) -> list[int]:
    """The numbers of what came to the address that answers, in the order they came."""
    found = [each for each in sink.requests() if each["path"] == "/ok/stop"]
    return [data["n"] for each in found if "n" in (data := json.loads(each["body"])["data"])]


@pytest.fixture
def stopped(app: APIFlask, worker: Worker, sink: Sink, organization: UUID) -> UUID:
    endpoint, _ = give_up_the_first(app, worker, sink, organization, stops_at_failure=True)
    return endpoint


def test_one_that_stops_lets_nothing_past_what_was_given_up(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, stopped: UUID
) -> None:
    assert states(app, stopped) == ["exhausted", "due", "due"]
    assert given_up(app)["order"] == "waits"
    publish(app, organization, "seating.changed", {"table": 5, "n": 3})
    worker.fan_out()
    worker.deliver()
    let_pass(app, 100_000)
    worker.deliver()
    assert states(app, stopped) == ["exhausted", "due", "due", "due"]
    assert arrived(sink) == []


def test_sent_again_it_goes_first_and_the_others_follow_in_order(
    app: APIFlask,
    worker: Worker,
    sink: Sink,
    organization: UUID,
    owner: Persona,
    stopped: UUID,
) -> None:
    publish(app, organization, "seating.changed", {"table": 5, "n": 3})
    worker.fan_out()
    with app.app_context():
        resending.try_now(organization, deliveries_of(app, stopped)[0].id, by=owner.identity)
        db.session.commit()
    worker.deliver()
    assert states(app, stopped) == ["delivered"] * 4
    assert arrived(sink) == [0, 1, 2, 3]


def test_gone_on_without_the_others_follow(
    app: APIFlask,
    worker: Worker,
    sink: Sink,
    organization: UUID,
    owner: Persona,
    stopped: UUID,
) -> None:
    with app.app_context():
        resending.give_up(organization, deliveries_of(app, stopped)[0].id, by=owner.identity)
        db.session.commit()
    worker.deliver()
    assert states(app, stopped) == ["cancelled", "delivered", "delivered"]
    assert arrived(sink) == [1, 2]


def go_on_without_the_first(app: APIFlask, owner: Persona, endpoint: UUID) -> UUID:
    first: UUID = deliveries_of(app, endpoint)[0].id
    with app.app_context():
        resending.give_up(owner.organization_id, first, by=owner.identity)
        db.session.commit()
    return first


def send_again(app: APIFlask, owner: Persona, delivery: UUID) -> None:
    with app.app_context():
        resending.try_now(owner.organization_id, delivery, by=owner.identity)
        db.session.commit()


def test_gone_on_without_and_sent_again_it_comes_last(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona, stopped: UUID
) -> None:
    send_again(app, owner, go_on_without_the_first(app, owner, stopped))
    worker.deliver()
    assert arrived(sink) == [1, 2, 0]


def test_gone_on_without_and_replayed_it_comes_last(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, owner: Persona, stopped: UUID
) -> None:
    go_on_without_the_first(app, owner, stopped)
    begin(app, organization, stopped, "not_delivered")
    go_on(worker)
    worker.deliver()
    assert arrived(sink) == [1, 2, 0]


@pytest.mark.parametrize("again", ["by hand", "by a replay"])
def test_sent_again_in_another_order_it_lets_go_the_lane_it_had(
    app: APIFlask,
    worker: Worker,
    sink: Sink,
    organization: UUID,
    owner: Persona,
    stopped: UUID,
    again: str,
) -> None:
    first = deliveries_of(app, stopped)[0]
    with app.app_context():
        endpoints.update(owner.identity, stopped, {"ordered_by": "data.n"})
        db.session.commit()
    publish(app, organization, "seating.changed", {"table": 5, "n": 0})
    worker.fan_out()
    if again == "by hand":
        send_again(app, owner, first.id)
    else:
        begin(app, organization, stopped, "failed")
        go_on(worker)
    moved, *_, latest = deliveries_of(app, stopped)
    assert moved.lane == latest.lane != first.lane
    assert moved.seq > latest.seq
    worker.deliver()
    assert states(app, stopped) == ["delivered"] * 4


def test_one_that_does_not_stop_any_more_goes_on(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona, stopped: UUID
) -> None:
    with app.app_context():
        endpoints.update(owner.identity, stopped, {"stops_at_failure": False})
        db.session.commit()
    let_pass(app, 60)
    with worker.engine.begin() as connection:
        lanes.sweep_lanes(connection)
    worker.deliver()
    assert states(app, stopped) == ["exhausted", "delivered", "delivered"]


def test_one_that_goes_on_leaves_a_gap_that_is_told(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    endpoint, sent = give_up_the_first(app, worker, sink, organization)
    assert states(app, endpoint) == ["exhausted", "delivered", "delivered"]
    told = given_up(app)
    assert (told["order"], told["event_id"]) == ("gap", str(sent[0]))
    assert (told["endpoint_id"], told["error"]) == (str(endpoint), "http_503")


def test_an_idle_lane_is_forgotten_and_made_anew_in_order(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, stopped: UUID
) -> None:
    fine, _ = make_endpoint(app, organization, sink.url("/ok/idle"), ordered_by="data.table")
    publish(app, organization, "seating.changed", {"table": 8})
    worker.fan_out()
    worker.deliver()
    rows(app, "UPDATE lanes SET served_at = served_at - interval '2 hours' RETURNING 1")
    with worker.engine.begin() as connection:
        lanes.forget_idle_lanes(connection)
    left = {row.key for row in rows(app, "SELECT key FROM lanes WHERE kind = 'deliveries'")}
    lane_of = {row.lane for row in deliveries_of(app, fine)}
    assert not lane_of & left
    assert {deliveries_of(app, stopped)[0].lane} <= left  # there is something open in it
    publish(app, organization, "seating.changed", {"table": 8})
    worker.fan_out()
    worker.deliver()
    assert set(states(app, fine)) == {"delivered"}
    made = rows(app, "SELECT ordered FROM lanes WHERE key = ANY(:keys)", keys=list(lane_of))
    assert [row.ordered for row in made] == [True]


def test_lanes_of_a_deleted_endpoint_are_forgotten_although_something_was_due(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    deleted, _ = make_endpoint(app, organization, sink.url("/ok/gone"), ordered_by="data.table")
    kept, _ = make_endpoint(app, organization, sink.url("/ok/kept"), ordered_by="data.table")
    for table in range(3):
        publish(app, organization, "seating.changed", {"table": table})
    worker.fan_out()
    rows(app, "DELETE FROM endpoints WHERE id = :id RETURNING 1", id=deleted)
    rows(app, "UPDATE lanes SET served_at = served_at - interval '2 hours' RETURNING 1")
    with worker.engine.begin() as connection:
        lanes.forget_idle_lanes(connection)
    left = rows(app, "SELECT key FROM lanes WHERE kind = 'deliveries'")
    assert {row.key for row in left} == {row.lane for row in deliveries_of(app, kept)}
