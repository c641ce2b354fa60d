"""Requests under way that nobody wants any more end cleanly, and are on record."""

import time
from collections.abc import Callable
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.personas import Persona
from tests.workers.scene import (
    Sink,
    Worker,
    attempts_of,
    beside,
    deliveries_of,
    make_endpoint,
    publish,
    rows,
    wait_until,
)
from wedsync.errors import Conflict
from wedsync.platform.db import db
from wedsync.webhooks.delivering import heads, resending
from wedsync.webhooks.delivering.sending import TIMEOUT_S
from wedsync.webhooks.endpoints import service as endpoints


@pytest.fixture
def hanging(app: APIFlask, worker: Worker, sink: Sink, organization: UUID) -> UUID:
    sink.forget()
    endpoint, _ = make_endpoint(app, organization, sink.url("/hang/away"))
    publish(app, organization, "seating.changed", {"table": 4})
    worker.fan_out()
    return endpoint


def deliver_until(app: APIFlask, worker: Worker, sink: Sink, change: Callable[[], None]) -> float:
    """Deliver, and make the change while the request is under way; how long it took to end."""
    with beside(worker.deliver) as delivering:
        wait_until(lambda: sink.paths() != {})
        with app.app_context():
            change()
            db.session.commit()
        began = time.monotonic()
        delivering.result()
        return time.monotonic() - began


def test_switching_an_endpoint_off_ends_what_is_under_way_without_using_a_try(
    app: APIFlask, worker: Worker, sink: Sink, hanging: UUID, owner: Persona
) -> None:
    took = deliver_until(app, worker, sink, lambda: endpoints.turn_off(owner.identity, hanging))
    assert took < TIMEOUT_S - 5
    (delivery,) = deliveries_of(app, hanging)
    assert (delivery.state, delivery.failures, delivery.owner) == ("due", 0, None)
    (attempt,) = attempts_of(app, delivery.id)
    assert (attempt.outcome, attempt.error) == ("maybe", "aborted")
    assert attempt.finished_at is not None
    (endpoint,) = rows(app, "SELECT failing_since FROM endpoints WHERE id = :id", id=hanging)
    assert endpoint.failing_since is None


def test_giving_up_one_that_is_under_way_ends_its_request(
    app: APIFlask, worker: Worker, sink: Sink, hanging: UUID, owner: Persona, organization: UUID
) -> None:
    (delivery,) = deliveries_of(app, hanging)
    give_up = resending.give_up
    took = deliver_until(
        app, worker, sink, lambda: give_up(organization, delivery.id, by=owner.identity) and None
    )
    assert took < TIMEOUT_S - 5
    (after,) = deliveries_of(app, hanging)
    assert (after.state, after.owner, after.next_attempt_at) == ("cancelled", None, None)
    (attempt,) = attempts_of(app, delivery.id)
    assert (attempt.outcome, attempt.error) == ("maybe", "aborted")
    with app.app_context(), pytest.raises(Conflict):
        give_up(organization, delivery.id, by=owner.identity)


def test_taking_an_endpoint_away_ends_what_is_under_way(
    app: APIFlask, worker: Worker, sink: Sink, hanging: UUID, owner: Persona
) -> None:
    took = deliver_until(app, worker, sink, lambda: endpoints.delete(owner.identity, hanging))
    assert took < TIMEOUT_S - 5
    (after,) = deliveries_of(app, hanging)  # taken away later
    assert after.state == "due"


def test_an_attempt_keeps_what_was_said_on_both_sides_without_what_is_secret(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    sink.forget()
    endpoint, _ = make_endpoint(app, organization, sink.url("/cookie/kept"), key_pair=True)
    event_id = publish(app, organization, "seating.changed", {"table": 4})
    worker.work()
    (attempt,) = attempts_of(app, deliveries_of(app, endpoint)[0].id)
    said = heads.read(attempt.request_headers)
    assert dict(said)["webhook-id"] == str(event_id)
    assert dict(said)["content-type"] == "application/json"
    (request,) = sink.requests()
    signatures = request["headers"]["webhook-signature"].split(" ")
    shown = dict(said)["webhook-signature"].split(" ")
    assert [each.partition(",")[0] for each in shown] == ["v1", "v1a"]
    for whole, part in zip(signatures, shown, strict=True):
        assert whole.startswith(part.removesuffix("…"))
        assert len(part) < 12
    assert attempt.url == sink.url("/cookie/kept")
    answered = heads.read(attempt.response_headers)
    assert ("content-type", "text/plain") in answered
    assert ("set-cookie", "sess…") in answered
    assert attempt.timings["first_byte_ms"] > 0


def test_what_is_kept_of_an_answer_is_bounded_and_can_always_be_written() -> None:
    long = heads.of_answer({"x-filling": "a" * 10_000, "x-odd": "nul\x00"})
    assert len(long) == heads.LONGEST
    assert heads.of_answer({"x-odd": "nul\x00", "x-api-key": "abcdefgh"}) == (
        "x-odd: nul\nx-api-key: abcd…"
    )
    assert heads.read(None) == []
