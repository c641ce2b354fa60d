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
from wedsync.workflows.running import runaways
from workers import schedule

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


def test_a_ring_by_way_of_a_partner_who_names_things_anew_is_limited_and_told(
    app: APIFlask, worker: Worker, sender: Sender, partner: Reflector, owner: Persona
) -> None:
    workflow = ring(app, sender)
    only_its_own = {"==": [{"var": "trigger.source"}, f"workflow:{workflow}"]}
    make_endpoint(app, sender.organization_id, f"{partner.url}/in", filter=only_its_own)
    partner.to.append(sender)
    partner.renames = True
    so_many_started(app, workflow, runaways.RUNS_AN_HOUR - 2)
    sender.send(BODY, "msg_first")
    for turn in range(3):
        assert limit_of(app, workflow) is None, turn
        once_round(worker)
        hold(app)
    assert limit_of(app, workflow) == runaways.RUNS_AN_HOUR
    assert open_notices(app) == ["“Seat the guests” starts very often"]
    assert f"{runaways.RUNS_AN_HOUR:,}" in words_of(owner.browser.get(f"/workflows/{workflow}"))
    owner.api.patch(f"/workflows/{workflow}", json={"per_hour": 4})
    worker.work()
    states = states_of(app, workflow)
    assert (states["succeeded"], states["waiting"]) == (3 + 4, 1)
    waiting = one(app, "SELECT waiting_for FROM runs WHERE state = 'waiting'").waiting_for
    assert (waiting["kind"], waiting["id"]) == ("limit", "per_hour")


def test_what_was_told_of_a_workflow_that_is_calm_again_is_closed(
    app: APIFlask, worker: Worker, sender: Sender
) -> None:
    workflow = ring(app, sender)
    so_many_started(app, workflow, runaways.RUNS_AN_HOUR + 1)
    hold(app)
    assert len(open_notices(app)) == 1
    so_many_started(app, workflow, 5)
    hold(app)
    assert open_notices(app) == []


def open_notices(app: APIFlask) -> list[str]:
    return [row.title for row in rows(app, "SELECT title FROM notices WHERE closed_at IS NULL")]


def so_many_started(app: APIFlask, workflow: UUID, many: int) -> None:
    """What an hour of so many runs leaves."""
    planted = (
        "INSERT INTO workflow_hours (organization_id, workflow_id, hour, runs)"
        " SELECT organization_id, id, date_trunc('hour', now()), :many FROM workflows"
        " WHERE id = :id ON CONFLICT (workflow_id) DO UPDATE SET runs = :many RETURNING runs"
    )
    rows(app, planted, id=workflow, many=many)


def once_round(worker: Worker) -> None:
    worker.fan_out()
    worker.run()
    worker.fan_out()
    worker.deliver()


def hold(app: APIFlask) -> None:
    with app.app_context(), db.engine.begin() as connection:
        schedule.hold_runaways(connection)


def limit_of(app: APIFlask, workflow: UUID) -> int | None:
    limit: int | None = one(app, "SELECT per_hour FROM workflows WHERE id = :id", id=workflow)[0]
    return limit


def test_the_id_of_somebody_elses_event_says_nothing(
    app: APIFlask, worker: Worker, sender: Sender, stranger: Persona
) -> None:
    theirs = publish(app, stranger.organization_id, "seat.asked", {})
    event = sender.send(BODY, str(theirs)).json()["event_id"]
    worker.work()
    kept = one(app, "SELECT causation FROM events WHERE id = :id", id=event).causation
    assert kept == {"root": event, "depth": 0, "chain": []}
