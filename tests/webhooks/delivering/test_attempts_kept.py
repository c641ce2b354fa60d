"""What attempts say goes in time, and never of what is still open."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import Row

from tests.personas import Persona
from tests.webhooks.arranging import NEVER
from tests.webhooks.plans import nodes_of, plan_of
from tests.workers.scene import Sink, Worker, deliveries_of, make_endpoint, one, publish, rows
from wedsync.health import books
from wedsync.platform import clock, ids
from wedsync.platform.db import db
from wedsync.platform.plans import along_an_index
from wedsync.webhooks import retention_marks
from wedsync.webhooks.delivering import retention
from wedsync.webhooks.replays import replaying
from wedsync.webhooks.replays import service as replays
from wedsync.webhooks.replays.service import THE_BEGINNING, Wish
from workers import schedule

DAYS = timedelta(days=1)
_DELIVERY = (
    "INSERT INTO deliveries (id, organization_id, endpoint_id, event_id, event_type, lane, state,"
    " attempts, next_attempt_at, blocks_lane)"
    " SELECT :delivery, organization_id, :endpoint, id, type, CAST(:endpoint AS text), :state, 1,"
    "  CASE WHEN :state = 'due' THEN now() END, :blocks FROM events WHERE id = :event RETURNING id"
)
_ATTEMPT = (
    "INSERT INTO delivery_attempts (delivery_id, number, organization_id, started_at, finished_at,"
    " outcome, status, answer, url, request_headers, response_headers)"
    " SELECT id, :number, organization_id, :at, :at, 'ok', 200, 'planted', 'https://far.example/',"
    "  'x: planted', 'y: planted' FROM deliveries WHERE id = :delivery RETURNING 1"
)


@dataclass(frozen=True)
class Sent:
    """Where deliveries of a while ago can be planted."""

    app: APIFlask
    organization_id: UUID
    endpoint: UUID

    def plant(self, age: int, state: str = "delivered", *, blocks: bool = False) -> UUID:
        """A delivery that was made and tried so many days ago."""
        at = clock.now() - age * DAYS
        delivery = UUID(int=ids.first_at(at).int + (7 << 76) + ids.new_id().int % (1 << 60))
        event = publish(self.app, self.organization_id, "seating.changed", {"table": age})
        rows(
            self.app, "UPDATE events SET fanned_out_at = now() WHERE id = :id RETURNING 1", id=event
        )
        given = {"endpoint": self.endpoint, "event": event, "state": state, "blocks": blocks}
        rows(self.app, _DELIVERY, delivery=delivery, **given)
        self.try_(delivery, 1, at)
        return delivery

    def try_(self, delivery: UUID, number: int, at: datetime) -> None:
        rows(self.app, _ATTEMPT, delivery=delivery, number=number, at=at)

    def tries(self, delivery: UUID) -> list[Row[Any]]:
        query = "SELECT * FROM delivery_attempts WHERE delivery_id = :id ORDER BY number"
        return rows(self.app, query, id=delivery)

    def forget(self) -> int:
        with self.app.app_context(), db.engine.begin() as connection:
            return retention.forget_attempts(connection)


@pytest.fixture
def sent(app: APIFlask, worker: Worker, organization: UUID, sink: Sink) -> Sent:
    """Nothing else is old; the next look begins at the first."""
    endpoint, _ = make_endpoint(app, organization, sink.url("/ok/kept"))
    rows(app, "DELETE FROM retention_marks WHERE name LIKE '%attempts' RETURNING 1")
    return Sent(app, organization, endpoint)


def planted(attempt: Row[Any]) -> bool:
    return any("planted" in str(value) for value in attempt)


def test_what_was_said_goes_after_thirty_days_and_that_it_was_tried_after_ninety(
    sent: Sent,
) -> None:
    young, old, oldest = sent.plant(29), sent.plant(31), sent.plant(91)
    sent.forget()
    assert [planted(each) for each in sent.tries(young)] == [True]
    (attempt,) = sent.tries(old)
    assert not planted(attempt)
    assert (attempt.status, attempt.outcome, attempt.url) == (200, "ok", "https://far.example/")
    assert sent.tries(oldest) == []
    assert len(deliveries_of(sent.app, sent.endpoint)) == 3


@pytest.mark.parametrize(
    ("state", "blocks"), [("due", False), ("in_flight", False), ("exhausted", True)]
)
def test_what_is_open_keeps_all_of_it(sent: Sent, state: str, blocks: bool) -> None:
    delivery = sent.plant(200, state, blocks=blocks)
    sent.forget()
    assert [planted(each) for each in sent.tries(delivery)] == [True]
    closed = "UPDATE deliveries SET state = 'cancelled', blocks_lane = false WHERE id = :id"
    rows(sent.app, f"{closed} RETURNING 1", id=delivery)
    sent.forget()
    assert sent.tries(delivery) == []  # it is looked at again


def test_what_was_sent_again_goes_by_its_own_age(sent: Sent) -> None:
    delivery = sent.plant(200)
    sent.try_(delivery, 2, clock.now() - 31 * DAYS)
    sent.try_(delivery, 3, clock.now() - 5 * DAYS)
    sent.forget()
    assert [(each.number, planted(each)) for each in sent.tries(delivery)] == [
        (2, False),
        (3, True),
    ]


def test_it_goes_in_portions_and_begins_again_behind_the_last(
    sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    made = [sent.plant(100 - n) for n in range(5)]
    for left in (3, 1, 0):
        assert sent.forget() <= 4  # two of each
        assert sum(bool(sent.tries(each)) for each in made) == left
    late = sent.plant(120)
    sent.forget()
    sent.forget()
    assert sent.tries(late) == []


def test_a_portion_reads_what_it_looks_at(sent: Sent) -> None:
    for n in range(30):
        sent.plant(95 + n, "due")
    given = {"reached": retention_marks.THE_FIRST, "before": ids.new_id(), "most": 5}
    with sent.app.app_context(), db.engine.connect() as connection:
        with along_an_index(connection):
            plan = plan_of(connection, retention._NEXT.text, **given)
        connection.rollback()
    read = [each for each in nodes_of(plan) if each.get("Relation Name") == "delivery_attempts"]
    assert sum(each["Actual Rows"] + each.get("Rows Removed by Filter", 0) for each in read) <= 5


def test_a_replay_and_the_books_know_what_arrived_long_ago(
    sent: Sent, worker: Worker, sink: Sink
) -> None:
    sink.forget()
    sent.plant(400)
    gave_up = sent.plant(300, "exhausted")
    sent.forget()
    with sent.app.app_context():
        kept = books.ledger(sent.organization_id)
        assert dict(kept.deliveries.places)["Arrived"] == 1
        replays.begin(sent.organization_id, sent.endpoint, Wish(THE_BEGINNING))
        db.session.commit()
    replaying.work(worker.engine, NEVER, lambda: None)
    worker.deliver()
    assert sink.paths() == {"/ok/kept": 1}
    assert one(sent.app, "SELECT attempts AS n FROM deliveries WHERE id = :id", id=gave_up).n == 2


def test_its_page_says_for_how_long_tries_are_kept(sent: Sent, owner: Persona) -> None:
    gave_up = sent.plant(300, "exhausted")
    sent.forget()
    page = owner.browser.get(f"/webhooks/deliveries?delivery={gave_up}").text
    assert "What came of each try is kept for 90 days. Nothing is lost" in page
    assert "Nothing came back" in page


def test_the_clock_does_it(sent: Sent) -> None:
    old = sent.plant(91)
    (job,) = [each for each in schedule.TABLE if each.name == "forget attempts"]
    rows(sent.app, "DELETE FROM schedule_slots WHERE name = :name RETURNING 1", name=job.name)
    with sent.app.app_context():
        schedule.run_due(db.engine, (job,))
    assert sent.tries(old) == []
