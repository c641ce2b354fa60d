"""Workers that send: nothing that one delivery or one death does stops the others."""

from datetime import timedelta
from uuid import UUID

from apiflask import APIFlask
from sqlalchemy import text

from tests.webhooks.delivering_scene import only, subscribe
from tests.workers.scene import (
    Sink,
    Worker,
    attempts_of,
    beside,
    deliveries_of,
    make_endpoint,
    one,
    publish,
    rows,
    worker_of,
)
from tests.workers.trouble import refusing, wait_for_a_lock
from wedsync.platform.db import db
from wedsync.webhooks.delivering import sending

# --- nothing stops the others


def test_a_delivery_that_cannot_be_signed_fails_alone(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    broken = subscribe(app, worker, organization, sink.url("/ok/broken"))
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE endpoints SET secret = 'no secret'"))
    fine = subscribe(app, worker, organization, sink.url("/ok/fine"))
    worker.deliver()
    assert [row.state for row in deliveries_of(app, fine)] == ["delivered"]
    for delivery in deliveries_of(app, broken):
        assert (delivery.state, delivery.failures) == ("due", 1)
        (attempt,) = attempts_of(app, delivery.id)
        assert (attempt.outcome, attempt.error) == ("not_sent", "not_ready")


def test_an_outcome_that_cannot_be_recorded_holds_up_nobody(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    odd = subscribe(app, worker, organization, sink.url("/status/500/odd"))
    fine, _ = make_endpoint(app, organization, sink.url("/ok/fine"))
    publish(app, organization, "seating.changed", {})
    worker.fan_out()
    with refusing(app, "delivery_attempts", "status IS DISTINCT FROM 500"):
        worker.deliver()
        assert [row.state for row in deliveries_of(app, fine)] == ["delivered"]
        assert [row.state for row in deliveries_of(app, odd)] == ["in_flight"] * 2
    with worker.engine.begin() as connection:
        connection.execute(
            text("UPDATE deliveries SET lease_until = now() WHERE state = 'in_flight'")
        )
    assert worker.sweep() == 2
    worker.deliver()
    assert [row.failures for row in deliveries_of(app, odd)] == [1, 1]


def test_a_cancelled_delivery_is_not_sent_by_a_worker_that_saw_it_due(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    sink.forget()
    endpoint = subscribe(app, worker, organization, sink.url("/ok/cancelled"))
    with worker.engine.connect() as cancelling:
        cancelling.execute(text("UPDATE deliveries SET state = 'cancelled'"))
        with beside(worker.deliver) as delivering:
            wait_for_a_lock(app)
            cancelling.commit()
            delivering.result()
    delivery = only(app, endpoint)
    assert (delivery.state, delivery.attempts) == ("cancelled", 0)
    assert sink.paths() == {}


# --- workers


def test_the_attempt_is_on_record_before_anything_leaves_and_a_death_resends_with_the_same_id(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    sink.forget()
    endpoint = subscribe(app, worker, organization, sink.url("/ok/death"))
    with worker_of(app) as doomed:
        assert len(doomed.begin_deliveries()) == 1
        (begun,) = attempts_of(app, only(app, endpoint).id)
        assert (begun.number, begun.outcome, begun.finished_at) == (1, None, None)
        assert only(app, endpoint).state == "in_flight"
        worker.deliver()
        assert sink.paths() == {}
        doomed.die()
    assert worker.sweep() == 1
    worker.deliver()
    delivery = only(app, endpoint)
    assert (delivery.state, delivery.attempts, delivery.failures) == ("delivered", 2, 0)
    assert [(row.outcome, row.error) for row in attempts_of(app, delivery.id)] == [
        ("lost", "worker_lost"),
        ("ok", None),
    ]
    assert sink.keys() == {str(delivery.event_id): 1}


def test_what_a_worker_reports_after_its_claim_was_given_back_changes_nothing(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    endpoint = subscribe(app, worker, organization, sink.url("/status/410/late"))
    with worker_of(app) as hung:
        ((late, _request),) = hung.begin_deliveries()
        with app.app_context(), db.engine.begin() as connection:
            connection.execute(text("UPDATE deliveries SET lease_until = now()"))
        assert worker.sweep() == 1
        ((mine, _),) = worker.begin_deliveries()
        hung.come_home(hung.delivery_source, [(late, sending._NOT_READY)])
        delivery = only(app, endpoint)
        assert (delivery.state, delivery.fence) == ("in_flight", mine.fence)
        assert attempts_of(app, delivery.id)[0].outcome == "not_sent"


def test_two_workers_at_once_send_each_delivery_once(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    sink.forget()
    for number in range(6):
        make_endpoint(app, organization, sink.url(f"/ok/both/{number}"))
    sent = [publish(app, organization, "seating.changed", {"n": n}) for n in range(60)]
    worker.fan_out()
    with worker_of(app) as other, beside(other.deliver) as delivering:
        worker.deliver()
        delivering.result()
        worker.deliver()
    assert sink.keys() == {str(event): 6 for event in sent}
    states = rows(app, "SELECT state, attempts, count(*) FROM deliveries GROUP BY 1, 2")
    assert [tuple(row) for row in states] == [("delivered", 1, 360)]


def test_nothing_is_tried_before_its_time(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    endpoint = subscribe(app, worker, organization, sink.url("/status/503/soon"))
    worker.deliver()
    delivery = only(app, endpoint)
    lane = one(app, "SELECT next_due_at FROM lanes WHERE key = :key", key=delivery.lane)
    assert abs(lane.next_due_at - delivery.next_attempt_at) < timedelta(seconds=0.01)
