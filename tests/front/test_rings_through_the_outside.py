"""What we send out comes back in at a hook of ours: a ring that goes by way of the outside ends."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.far_ends.rest_service import Asked, Prepared, RestService, started_rest_service
from tests.front.conftest import Sender, SenderMaker
from tests.page_words import words_of
from tests.personas import Persona
from tests.workers.scene import (
    Worker,
    make_endpoint,
    make_workflow,
    one,
    publish,
    rows,
    states_of,
    tell,
)
from wedsync.platform.db import db

pytestmark = pytest.mark.usefixtures("worker")

BODY = b'{"type":"seat.asked","data":{"guest":"Ana"}}'


@dataclass
class Reflector(RestService):
    """A partner who sends on whatever it is sent, under the same name or a new one."""

    to: list[Sender] = field(default_factory=list)
    renames: bool = False
    names: Iterator[int] = field(default_factory=count)

    def answer_to(self, asked: Asked) -> Prepared:
        name = f"msg_{next(self.names)}" if self.renames else asked.headers["webhook-id"]
        for sender in self.to:
            assert sender.send(asked.body, name).status == 202
        return Prepared(200, {}, b"")


@pytest.fixture
def partner() -> Iterator[Reflector]:
    with started_rest_service(Reflector) as started:
        yield started


def on(sender: Sender) -> dict[str, Any]:
    return {"kind": "webhook", "hook": str(sender.hook_id)}


def ring(app: APIFlask, sender: Sender) -> UUID:
    """A workflow that answers whatever comes in with an event of its own."""
    return make_workflow(app, sender.organization_id, on(sender), tell("say", "seat.said"))


def assert_ended(app: APIFlask, workflow: UUID) -> None:
    """It went round a few times, in two rings: what came in goes out again too."""
    states = states_of(app, workflow)
    assert set(states) == {"succeeded", "needs_attention"}
    assert sum(states.values()) < 50
    parked = rows(app, "SELECT DISTINCT reason FROM runs WHERE state = 'needs_attention'")
    message = "This workflow has set itself off 3 times."
    assert [row.reason for row in parked] == [{"code": "loop", "message": message}]


def test_a_hook_that_is_sent_our_own_deliveries_ends_with_a_sentence(
    app: APIFlask, worker: Worker, organization: UUID, make_sender: SenderMaker
) -> None:
    endpoint, secret = make_endpoint(
        app, organization, "https://partner.example/", event_types=["seat.said"]
    )
    sender = make_sender(secret=secret)
    with app.app_context(), db.engine.begin() as connection:
        moved = "UPDATE endpoints SET url = :url WHERE id = :id"
        url = f"{sender.front.url}{sender.path}"
        connection.execute(text(moved), {"url": url, "id": endpoint})
    workflow = ring(app, sender)
    assert sender.send(BODY, "msg_first").status == 202
    worker.work()
    assert_ended(app, workflow)


def test_a_partner_who_sends_on_what_we_sent_makes_no_new_beginning(
    app: APIFlask, worker: Worker, sender: Sender, partner: Reflector
) -> None:
    make_endpoint(app, sender.organization_id, f"{partner.url}/in", event_types=["seat.said"])
    partner.to.append(sender)
    workflow = ring(app, sender)
    first = sender.send(BODY, "msg_first").json()["event_id"]
    worker.work()
    assert_ended(app, workflow)
    roots = rows(
        app, "SELECT DISTINCT causation ->> 'root' AS root FROM events WHERE parked_at IS NULL"
    )
    assert [row.root for row in roots] == [first]


def test_what_goes_out_and_comes_in_without_any_workflow_is_parked_with_a_sentence(
    app: APIFlask, worker: Worker, sender: Sender, partner: Reflector, owner: Persona
) -> None:
    make_endpoint(app, sender.organization_id, f"{partner.url}/in")
    partner.to.append(sender)
    sender.send(BODY, "msg_first")
    worker.work()
    found = rows(app, "SELECT id, parked_reason, causation FROM events ORDER BY id")
    assert [row.causation["depth"] for row in found[:-1]] == list(range(9))
    assert [row.parked_reason for row in found[:-1]] == [None] * 9
    assert found[-1].parked_reason == "It went out to somebody and came back too often."
    shown = words_of(owner.browser.get(f"/events/{found[-1].id}"))
    assert "came back too often" in shown


def test_the_id_of_somebody_elses_event_says_nothing(
    app: APIFlask, worker: Worker, sender: Sender, stranger: Persona
) -> None:
    theirs = publish(app, stranger.organization_id, "seat.asked", {})
    event = sender.send(BODY, str(theirs)).json()["event_id"]
    worker.work()
    kept = one(app, "SELECT causation FROM events WHERE id = :id", id=event).causation
    assert kept == {"root": event, "depth": 0, "chain": []}
