"""Deliveries on their way: what leaves, and what each answer means."""

import json
import time
from datetime import timedelta
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text
from standardwebhooks import Webhook

from tests.personas import Persona
from tests.webhooks.delivering_scene import only, subscribe
from tests.workers.passing_time import let_pass
from tests.workers.scene import (
    Sink,
    Worker,
    attempts_of,
    deliveries_of,
    make_endpoint,
    one,
    publish,
    rows,
)
from wedsync.platform.db import db
from wedsync.webhooks.delivering import resending, sending
from wedsync.webhooks.delivering.schedule import DELAYS_S
from wedsync.webhooks.endpoints import service as endpoints

# --- arrives


def test_a_delivery_arrives_signed_and_its_attempt_is_recorded(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    sink.forget()
    endpoint, secret = make_endpoint(app, organization, sink.url("/ok/signed"))
    event_id = publish(app, organization, "seating.changed", {"table": 4, "name": "Zoë"})
    worker.work()
    delivery = only(app, endpoint)
    assert (delivery.state, delivery.failures, delivery.owner) == ("delivered", 0, None)
    assert delivery.finished_at is not None
    (attempt,) = attempts_of(app, delivery.id)
    assert (attempt.outcome, attempt.status, attempt.error) == ("ok", 200, None)
    assert attempt.started_at < attempt.finished_at
    assert attempt.timings["total_ms"] > 0

    (request,) = sink.requests()
    body = request["body"].encode("latin-1")
    Webhook(secret).verify(body, request["headers"])
    assert request["headers"]["webhook-id"] == str(event_id)
    assert request["headers"]["content-type"] == "application/json"
    sent = json.loads(body)
    assert list(sent) == ["id", "type", "timestamp", "data"]
    assert (sent["id"], sent["type"]) == (str(event_id), "seating.changed")
    assert sent["data"] == {"table": 4, "name": "Zoë"}


def test_while_a_secret_is_replaced_both_sign(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, owner: Persona
) -> None:
    sink.forget()
    endpoint, old = make_endpoint(app, organization, sink.url("/ok/rotated"))
    with app.app_context():
        _, new = endpoints.rotate_secret(owner.identity, endpoint)
        db.session.commit()
    publish(app, organization, "seating.changed", {})
    worker.work()
    (request,) = sink.requests()
    for secret in (old, new):
        Webhook(secret).verify(request["body"], request["headers"])
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE endpoints SET previous_secret_until = now()"))
    publish(app, organization, "seating.changed", {})
    worker.work()
    assert len(sink.requests()[-1]["headers"]["webhook-signature"].split(" ")) == 1


def test_endpoints_of_one_organization_are_signed_for_each_with_its_own_secret(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    sink.forget()
    paths = ("/ok/kitchen", "/ok/florist")
    secrets = {path: make_endpoint(app, organization, sink.url(path))[1] for path in paths}
    publish(app, organization, "seating.changed", {})
    worker.work()
    assert {each["path"] for each in sink.requests()} == set(paths)
    for each in sink.requests():
        Webhook(secrets[each["path"]]).verify(each["body"], each["headers"])


# --- does not arrive


def test_failures_are_tried_again_on_schedule_until_the_tenth(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    endpoint = subscribe(app, worker, organization, sink.url("/status/500/always"))
    for failures, delay_s in enumerate(DELAYS_S, start=1):
        worker.deliver()
        delivery = only(app, endpoint)
        assert (delivery.state, delivery.failures, delivery.attempts) == ("due", failures, failures)
        attempt = attempts_of(app, delivery.id)[-1]
        soonest = attempt.started_at + timedelta(seconds=delay_s)
        latest = attempt.finished_at + timedelta(seconds=delay_s * 1.1)
        assert soonest <= delivery.next_attempt_at <= latest
        worker.deliver()
        assert only(app, endpoint).attempts == failures  # not before its time
        let_pass(app, delay_s * 1.1)
    worker.deliver()
    delivery = only(app, endpoint)
    assert (delivery.state, delivery.failures) == ("exhausted", 10)
    assert delivery.next_attempt_at is None
    attempts = attempts_of(app, delivery.id)
    assert [row.number for row in attempts] == list(range(1, 11))
    assert {(row.outcome, row.status, row.error) for row in attempts} == {
        ("refused", 500, "http_500")
    }
    assert attempts[0].answer == "as asked"
    let_pass(app, 100_000)
    worker.deliver()
    assert only(app, endpoint).attempts == 10


def test_what_was_given_up_has_all_its_tries_before_it_when_it_is_sent_again(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, owner: Persona
) -> None:
    endpoint = subscribe(app, worker, organization, sink.url("/status/500/once-more"))
    rows(app, "UPDATE deliveries SET failures = 9 WHERE endpoint_id = :id RETURNING 1", id=endpoint)
    worker.deliver()
    assert (only(app, endpoint).state, only(app, endpoint).failures) == ("exhausted", 10)
    with app.app_context():
        resending.try_now(organization, only(app, endpoint).id, by=owner.identity)
        db.session.commit()
    worker.deliver()
    delivery = only(app, endpoint)
    assert (delivery.state, delivery.failures, delivery.attempts) == ("due", 1, 2)


def test_a_redirect_is_a_failure_and_is_not_followed(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    sink.forget()
    endpoint = subscribe(app, worker, organization, sink.url("/redirect/there"))
    worker.deliver()
    delivery = only(app, endpoint)
    (attempt,) = attempts_of(app, delivery.id)
    assert (delivery.state, attempt.status, attempt.error) == ("due", 302, "redirected")
    assert sink.paths() == {"/redirect/there": 1}


def test_a_receiver_that_never_answers_is_left_after_the_time_out(
    app: APIFlask,
    worker: Worker,
    sink: Sink,
    organization: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert sending.TIMEOUT_S == 15.0
    monkeypatch.setattr(sending, "TIMEOUT_S", 0.6)
    endpoint = subscribe(app, worker, organization, sink.url("/hang/on"))
    began = time.monotonic()
    worker.deliver()
    assert 0.5 < time.monotonic() - began < 10
    delivery = only(app, endpoint)
    (attempt,) = attempts_of(app, delivery.id)
    assert (delivery.state, delivery.failures) == ("due", 1)
    assert (attempt.outcome, attempt.error, attempt.status) == ("maybe", "timeout", None)


def test_nobody_listening_is_a_failure_that_was_not_sent(
    app: APIFlask, worker: Worker, organization: UUID
) -> None:
    endpoint = subscribe(app, worker, organization, "http://127.0.0.1:65531/")
    worker.deliver()
    delivery = only(app, endpoint)
    (attempt,) = attempts_of(app, delivery.id)
    assert (delivery.state, attempt.outcome, attempt.error) == ("due", "not_sent", "connect_failed")
    since = one(app, "SELECT failing_since FROM endpoints WHERE id = :id", id=endpoint)
    assert since.failing_since is not None


def test_a_reset_is_a_failure_that_may_have_arrived(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    endpoint = subscribe(app, worker, organization, sink.url("/reset/it"))
    worker.deliver()
    (attempt,) = attempts_of(app, only(app, endpoint).id)
    assert (attempt.outcome, attempt.error) == ("maybe", "reset")


def test_success_ends_a_time_of_failing(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    endpoint = subscribe(app, worker, organization, sink.url("/flaky/1/endpoint"))
    worker.deliver()
    let_pass(app, 10)
    worker.deliver()
    delivery = only(app, endpoint)
    assert (delivery.state, delivery.failures, delivery.attempts) == ("delivered", 1, 2)
    since = one(app, "SELECT failing_since FROM endpoints WHERE id = :id", id=endpoint)
    assert since.failing_since is None


def test_410_disables_the_endpoint_and_cancels_what_is_open(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    endpoint, _ = make_endpoint(app, organization, sink.url("/status/410/gone"))
    for table in range(5):
        publish(app, organization, "seating.changed", {"table": table})
    worker.work()
    row = one(app, "SELECT state, state_reason FROM endpoints WHERE id = :id", id=endpoint)
    assert tuple(row) == ("disabled", "gone")
    assert {row.state for row in deliveries_of(app, endpoint)} == {"cancelled"}
    publish(app, organization, "seating.changed", {})
    worker.work()
    assert len(deliveries_of(app, endpoint)) == 5


def test_an_endpoint_that_is_off_keeps_what_is_due_untried_and_goes_on_when_it_is_on(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, owner: Persona
) -> None:
    sink.forget()
    endpoint = subscribe(app, worker, organization, sink.url("/ok/kept"))
    with app.app_context():
        endpoints.turn_off(owner.identity, endpoint)
        db.session.commit()
    publish(app, organization, "seating.changed", {})
    worker.work()
    delivery = only(app, endpoint)
    assert (delivery.state, delivery.attempts) == ("due", 0)
    assert sink.paths() == {}
    with app.app_context():
        endpoints.enable(owner.identity, endpoint)
        db.session.commit()
    worker.work()
    assert only(app, endpoint).state == "delivered"
