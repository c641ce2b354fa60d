"""Runs that wait for a day of a wedding go along wherever that day moves."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.page_words import words_of
from tests.personas import Persona
from tests.weddings.couples import change, marry
from tests.workers.scene import Worker, beside, make_workflow, one, run_of, steps_of
from tests.workers.trouble import one_that_waits_only_then
from tests.workflows.clockwork.dated_waits import ON_EVENT, THEN, Work, wait, waits_until
from tests.workflows.clockwork.ticking import MovedClock, around, come_round
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.platform.shares import Shares
from wedsync.workflows.clockwork import replanning
from wedsync.workflows.running import claims, recording

pytestmark = pytest.mark.usefixtures("empty_database", "june")


# --- going along


def test_a_wait_of_two_years_whose_date_moves_twice_ends_once_at_the_right_local_time(
    app: APIFlask, owner: Persona, organization: UUID, moved_clock: MovedClock, work: Work
) -> None:
    """The second move comes a minute before it would have ended."""
    workflow = make_workflow(app, organization, ON_EVENT, wait(), THEN)
    wedding = marry(app, owner, date=date(2029, 6, 15), zone="America/New_York")
    work()
    assert waits_until(app, workflow) == "2029-06-01T13:00:00Z"
    moved_clock.set("2028-03-01T12:00:00Z")
    change(app, owner, wedding, date=date(2029, 3, 25))
    work()
    assert waits_until(app, workflow) == "2029-03-11T13:00:00Z"  # the night the clocks change
    moved_clock.set("2029-03-11T12:59:00Z")
    work()
    change(app, owner, wedding, date=date(2029, 11, 18))
    work()
    assert waits_until(app, workflow) == "2029-11-04T14:00:00Z"  # and change back
    for moment in ("2029-03-11T13:00:00Z", "2029-06-01T13:00:00Z", "2029-11-04T13:59:59Z"):
        moved_clock.set(moment)
        work()
        assert run_of(app, workflow).state == "waiting"
    moved_clock.set("2029-11-04T14:00:00Z")
    work()
    run = run_of(app, workflow)
    assert run.state == "succeeded"
    assert steps_of(app, run.id)["wait"].output == {"until": "2029-11-04T14:00:00.000Z"}
    moved_clock.set("2030-01-01T00:00:00Z")
    work()
    assert run_of(app, workflow).revision == run.revision


@pytest.mark.parametrize(
    ("late", "state"), [("run", "succeeded"), ("skip", "filtered"), ("ask", "needs_attention")]
)
def test_a_date_that_moves_before_today_follows_the_policy_of_the_wait(
    app: APIFlask,
    owner: Persona,
    organization: UUID,
    moved_clock: MovedClock,
    work: Work,
    late: str,
    state: str,
) -> None:
    workflow = make_workflow(app, organization, ON_EVENT, wait(late=late), THEN)
    wedding = marry(app, owner, date=date(2027, 9, 1))
    work()
    change(app, owner, wedding, date=date(2027, 6, 10))
    work()
    assert run_of(app, workflow).state == state


def test_a_turn_that_wrote_an_older_date_is_found_by_the_sweep(
    app: APIFlask, owner: Persona, organization: UUID, moved_clock: MovedClock, work: Work
) -> None:
    workflow = make_workflow(app, organization, ON_EVENT, wait(), THEN)
    wedding = marry(app, owner, date=date(2027, 9, 1))
    work()
    change(app, owner, wedding, date=date(2027, 8, 1))
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE events SET fanned_out_at = now()"))
        assert replanning.sweep(connection, clock.now()) == 1
    work()
    assert waits_until(app, workflow) == "2027-07-18T07:00:00Z"
    with app.app_context(), db.engine.begin() as connection:
        assert replanning.sweep(connection, clock.now()) == 0


def test_who_begins_to_wait_while_a_date_moves_is_due_in_no_lane_that_was_not_told(
    app: APIFlask, owner: Persona, organization: UUID, worker: Worker, work: Work
) -> None:
    first, second = (make_workflow(app, organization, ON_EVENT, wait(), THEN) for _ in range(2))
    wedding = marry(app, owner, date=date(2027, 9, 1))
    work()
    before = run_of(app, second).due_at
    change(app, owner, wedding, date=date(2027, 8, 1))
    held_up = one_that_waits_only_then(app, worker, waking=first, beginning=second)
    with held_up as let_go, beside(worker.fan_out) as telling:
        let_go()
        telling.result()
    assert run_of(app, second).due_at == before
    with worker.engine.begin() as connection:
        assert replanning.sweep(connection, clock.now()) == 2
    work()
    assert {waits_until(app, each) for each in (first, second)} == {"2027-07-18T07:00:00Z"}


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("cancelled", "The wedding was cancelled."),
        ("archived", "The wedding was put away."),
    ],
)
def test_what_waits_for_a_day_of_a_wedding_that_is_over_is_stopped(
    app: APIFlask,
    owner: Persona,
    organization: UUID,
    moved_clock: MovedClock,
    work: Work,
    status: str,
    words: str,
) -> None:
    workflow = make_workflow(app, organization, ON_EVENT, wait(), THEN)
    wedding = marry(app, owner, date=date(2027, 9, 1))
    other = marry(app, owner, date=date(2027, 9, 1))
    work()
    change(app, owner, wedding, status=status)
    work()
    ended = one(app, "SELECT state, reason FROM runs WHERE wedding_id = :id", id=wedding)
    assert (ended.state, ended.reason["message"]) == ("stopped", words)
    assert one(app, "SELECT state FROM runs WHERE wedding_id = :id", id=other).state == "waiting"
    assert workflow


# --- a start that is asked about


@pytest.mark.parametrize(("choice", "state"), [("go_on", "succeeded"), ("end", "filtered")])
def test_a_late_start_begins_or_is_left_out_as_somebody_decides(
    app: APIFlask,
    owner: Persona,
    organization: UUID,
    moved_clock: MovedClock,
    work: Work,
    choice: str,
    state: str,
) -> None:
    marry(app, owner, date=date(2027, 6, 12))
    workflow = make_workflow(app, organization, around(-14, late="ask"), THEN)
    work()
    run = run_of(app, workflow)
    assert run.state == "needs_attention"
    page = words_of(owner.browser.get(f"/runs/{run.id}"))
    assert "Should this start?" in page
    assert "29 May 2027 at 09:00" in page
    refused = owner.api.post(f"/runs/{run.id}/decide", json={"decision": "send_again"})
    assert refused.status_code == 409
    answer = owner.api.post(f"/runs/{run.id}/decide", json={"decision": choice})
    assert answer.status_code == 200
    work()
    assert run_of(app, workflow).state == state


# --- between a turn's look at the wedding and its commit


class Crossing:
    """A turn that plans a wait, while somebody changes the wedding and that is told to all."""

    def __init__(self, app: APIFlask, owner: Persona, organization: UUID, worker: Worker) -> None:
        self.app, self.by, self.worker = app, owner, worker
        self.workflow = make_workflow(app, organization, ON_EVENT, wait(), THEN)

    def changed(self, first: dict[str, Any], **given: Any) -> None:
        wedding = marry(self.app, self.by, **first)
        self.worker.fan_out()
        come_round(self.app, clock.now())
        source, worker = self.worker.run_source, self.worker
        me = worker.owner.id
        assert me is not None
        with worker.engine.begin() as connection:
            claimed = claims.claim(connection, Shares(200).allotment(200))
            planned = source._take_up(connection, source._reach(connection), claimed.rows)
            change(self.app, self.by, wedding, **given)
            worker.fan_out()
            recording.prepare(connection, me, planned)
            recording.write(connection, me, planned)
            claims.served(connection, claimed)
        come_round(self.app, clock.now())
        worker.run()


@pytest.fixture
def crossing(app: APIFlask, owner: Persona, organization: UUID, worker: Worker) -> Crossing:
    return Crossing(app, owner, organization, worker)


def test_a_day_that_moves_before_a_wait_is_committed_is_waited_for(
    app: APIFlask, crossing: Crossing
) -> None:
    crossing.changed({"date": date(2027, 9, 1)}, date=date(2027, 8, 1))
    assert waits_until(app, crossing.workflow) == "2027-07-18T07:00:00Z"


def test_a_day_that_becomes_known_before_a_wait_for_it_is_committed_is_waited_for(
    app: APIFlask, crossing: Crossing
) -> None:
    crossing.changed({"date": None}, date=date(2027, 8, 1))
    assert waits_until(app, crossing.workflow) == "2027-07-18T07:00:00Z"


def test_a_wedding_cancelled_before_a_wait_is_committed_stops_it(
    app: APIFlask, crossing: Crossing
) -> None:
    crossing.changed({"date": date(2027, 9, 1)}, status="cancelled")
    run = run_of(app, crossing.workflow)
    assert (run.state, run.reason["message"]) == ("stopped", "The wedding was cancelled.")


def test_a_wedding_somebody_is_changing_just_then_is_looked_at_in_a_moment(
    app: APIFlask, owner: Persona, organization: UUID, worker: Worker
) -> None:
    workflow = make_workflow(app, organization, ON_EVENT, wait(), THEN)
    wedding = marry(app, owner, date=date(2027, 9, 1))
    worker.fan_out()
    come_round(app, clock.now())
    with worker.engine.begin() as connection:
        held = text("SELECT FROM weddings WHERE id = :id FOR UPDATE")
        connection.execute(held, {"id": wedding})
        worker.begin_runs()
    run = run_of(app, workflow)
    assert run.state == "waiting"
    assert run.due_at < datetime.fromisoformat(run.waiting_for["until"])


def test_a_wait_that_ends_while_somebody_changes_its_wedding_holds_nobody_up(
    app: APIFlask, owner: Persona, organization: UUID, moved_clock: MovedClock, work: Work
) -> None:
    """Two workers, each changing the wedding that a wait of the other's goes by, are no ring."""
    waiting = make_workflow(app, organization, ON_EVENT, wait(), THEN)
    wedding = marry(app, owner, date=date(2027, 9, 1))
    work()
    moved_clock.set("2027-08-18T07:00:00Z")
    another = make_workflow(app, organization, ON_EVENT, THEN)
    marry(app, owner)
    with app.app_context(), db.engine.begin() as connection:
        held = text("SELECT FROM weddings WHERE id = :id FOR NO KEY UPDATE")
        connection.execute(held, {"id": wedding})
        work()
        assert run_of(app, another).state == "succeeded"
        run = one(
            app,
            "SELECT * FROM runs WHERE workflow_id = :id AND wedding_id = :wedding",
            id=waiting,
            wedding=wedding,
        )
        assert (run.state, run.due_at) == ("waiting", clock.now() + timedelta(seconds=1))
    moved_clock.move(seconds=1)
    work()
    assert one(app, "SELECT * FROM runs WHERE id = :id", id=run.id).state == "succeeded"


def test_a_wait_for_a_day_nobody_knows_yet_goes_on_when_it_is_known(
    app: APIFlask, owner: Persona, organization: UUID, moved_clock: MovedClock, work: Work
) -> None:
    workflow = make_workflow(app, organization, ON_EVENT, wait(), THEN)
    wedding = marry(app, owner, date=None)
    work()
    run = run_of(app, workflow)
    assert (run.state, run.due_at, run.waiting_for["until"]) == ("waiting", None, None)
    change(app, owner, wedding, date=date(2027, 8, 1))
    work()
    assert waits_until(app, workflow) == "2027-07-18T07:00:00Z"
    moved_clock.set("2027-07-18T07:00:00Z")
    work()
    assert run_of(app, workflow).state == "succeeded"
