"""Workflows start so many days from a wedding's dates, wherever those move, once."""

from datetime import date
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.personas import Persona
from tests.weddings.couples import change, marry
from tests.workers.scene import Worker, beside, make_workflow, note, rows, run_of, steps_of
from tests.workflows.clockwork.dated_waits import Work
from tests.workflows.clockwork.ticking import (
    MovedClock,
    around,
    causes_of,
    publish_again,
    tick,
    timers_of,
)
from wedsync.platform.db import db
from wedsync.weddings import service as weddings

pytestmark = pytest.mark.usefixtures("empty_database")
NOTE = note("note", at={"var": "trigger.data.planned_for"}, of={"var": "wedding.title"})


def due(app: APIFlask, workflow_id: UUID) -> list[str]:
    found = [row.due_at for row in timers_of(app, workflow_id).values() if row.due_at]
    return sorted(at.strftime("%Y-%m-%dT%H:%M:%SZ") for at in found)


def states(app: APIFlask, workflow_id: UUID) -> list[tuple[str, str]]:
    query = "SELECT cause, state FROM runs WHERE workflow_id = :id ORDER BY id"
    return [(row.cause, row.state) for row in rows(app, query, id=workflow_id)]


def many_weddings(app: APIFlask, organization_id: UUID, count: int, dates: str) -> None:
    """Rows of weddings; `dates` is SQL over the number `n` of each."""
    made = (
        "INSERT INTO weddings (organization_id, title, date)"
        f" SELECT :organization, 'Wedding ' || n, {dates} FROM generate_series(1, :count) n"
    )
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text(made), {"organization": organization_id, "count": count})


# --- planning


def test_it_starts_for_each_wedding_at_its_own_time(
    app: APIFlask, owner: Persona, organization: UUID, moved_clock: MovedClock, at_work: Work
) -> None:
    moved_clock.set("2026-03-01T12:00:00Z")
    before = marry(app, owner, date=date(2026, 6, 12), zone="Europe/Rome")
    workflow = make_workflow(app, organization, around(-42), NOTE)
    at_work()
    after = marry(app, owner, date=date(2026, 7, 4), zone="America/New_York", title="Ann & Bo")
    marry(app, owner, date=None)
    at_work()
    assert due(app, workflow) == ["2026-05-01T07:00:00Z", "2026-05-23T13:00:00Z"]
    moved_clock.set("2026-05-01T07:00:00Z")
    at_work()
    assert causes_of(app, workflow) == [f"date:{before}:0"]
    moved_clock.set("2026-05-23T13:00:00Z")
    at_work()
    assert causes_of(app, workflow) == [f"date:{before}:0", f"date:{after}:0"]
    assert due(app, workflow) == []


def test_its_run_is_about_the_wedding_and_knows_what_was_planned(
    app: APIFlask,
    owner: Persona,
    organization: UUID,
    worker: Worker,
    moved_clock: MovedClock,
    at_work: Work,
) -> None:
    moved_clock.set("2026-03-01T12:00:00Z")
    wedding = marry(app, owner, date=date(2026, 6, 12), rsvp_deadline=date(2026, 4, 30))
    trigger = around(-1, anchor="rsvp_deadline", at="18:30")
    workflow = make_workflow(app, organization, trigger, NOTE)
    at_work()
    moved_clock.set("2026-04-29T16:30:00Z")
    at_work()
    worker.run()
    run = run_of(app, workflow)
    assert (run.state, run.wedding_id) == ("succeeded", wedding)
    assert run.input == {
        "wedding_id": str(wedding),
        "anchor": "rsvp_deadline",
        "planned_for": "2026-04-29T16:30:00.000Z",
    }
    output = steps_of(app, run.id)["note"].output
    assert output == {"at": "2026-04-29T16:30:00.000Z", "of": "Hannah & Josef"}


def test_five_thousand_weddings_are_planned_in_batches(
    app: APIFlask, organization: UUID, moved_clock: MovedClock
) -> None:
    moved_clock.set("2027-01-01T00:00:00Z")
    many_weddings(app, organization, 5000, "date '2027-06-01' + n % 300")
    workflow = make_workflow(app, organization, around(-14), NOTE)
    tick(app)
    planned = timers_of(app, workflow)
    assert len(planned) == 5000
    assert all(row.due_at > moved_clock.now for row in planned.values())


@pytest.mark.parametrize("status", ["inquiry", "cancelled", "archived"])
def test_nothing_starts_for_a_wedding_that_is_not_one(
    app: APIFlask,
    owner: Persona,
    organization: UUID,
    moved_clock: MovedClock,
    at_work: Work,
    status: str,
) -> None:
    moved_clock.set("2026-03-01T12:00:00Z")
    wedding = marry(app, owner, date=date(2026, 6, 12))
    workflow = make_workflow(app, organization, around(-42), NOTE)
    at_work()
    assert due(app, workflow) == ["2026-05-01T07:00:00Z"]
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE weddings SET status = :s"), {"s": status})
    moved_clock.set("2026-05-02T12:00:00Z")
    at_work()
    assert (causes_of(app, workflow), timers_of(app, workflow)) == ([], {})
    assert wedding


# --- dates that move


def test_a_wedding_that_moves_takes_its_moment_along(
    app: APIFlask, owner: Persona, organization: UUID, moved_clock: MovedClock, at_work: Work
) -> None:
    moved_clock.set("2026-03-01T12:00:00Z")
    wedding = marry(app, owner, date=date(2026, 6, 12))
    workflow = make_workflow(app, organization, around(-42), NOTE)
    at_work()
    change(app, owner, wedding, date=date(2026, 9, 12))
    at_work()
    assert due(app, workflow) == ["2026-08-01T07:00:00Z"]
    change(app, owner, wedding, date=None)
    at_work()
    assert timers_of(app, workflow) == {}


def test_a_moment_whose_wedding_moved_unheard_is_planned_anew_instead(
    app: APIFlask, owner: Persona, organization: UUID, moved_clock: MovedClock, at_work: Work
) -> None:
    """The date counts that the wedding has when its moment comes, not the one it was planned by."""
    moved_clock.set("2026-03-01T12:00:00Z")
    wedding = marry(app, owner, date=date(2026, 6, 12))
    workflow = make_workflow(app, organization, around(-42), NOTE)
    at_work()
    change(app, owner, wedding, date=date(2026, 6, 13))
    moved_clock.set("2026-05-01T07:00:00Z")
    tick(app)
    assert (causes_of(app, workflow), due(app, workflow)) == ([], ["2026-05-02T07:00:00Z"])


def test_a_wedding_that_is_being_changed_is_left_for_a_moment(
    app: APIFlask, owner: Persona, organization: UUID, moved_clock: MovedClock, at_work: Work
) -> None:
    moved_clock.set("2026-03-01T12:00:00Z")
    wedding = marry(app, owner, date=date(2026, 6, 12))
    workflow = make_workflow(app, organization, around(-42), NOTE)
    at_work()
    moved_clock.set("2026-05-01T07:00:00Z")
    with app.app_context(), db.engine.begin() as mover:
        moved = text("UPDATE weddings SET date = date '2026-08-12' WHERE id = :id")
        mover.execute(moved, {"id": wedding})
        tick(app)
        assert causes_of(app, workflow) == []
    tick(app)
    assert (causes_of(app, workflow), due(app, workflow)) == ([], ["2026-07-01T07:00:00Z"])


# --- moments that have passed


@pytest.mark.parametrize(
    ("late", "state"), [("run", "queued"), ("ask", "needs_attention"), ("skip", None)]
)
def test_a_moment_that_passed_before_publishing_follows_the_policy(
    app: APIFlask,
    owner: Persona,
    organization: UUID,
    moved_clock: MovedClock,
    at_work: Work,
    late: str,
    state: str | None,
) -> None:
    moved_clock.set("2026-05-11T12:00:00Z")
    marry(app, owner, date=date(2026, 6, 12))
    workflow = make_workflow(app, organization, around(-42, late=late), NOTE)
    at_work()
    found = states(app, workflow)
    assert [each for _, each in found] == ([state] if state else [])
    at_work()
    assert states(app, workflow) == found
    if late == "ask":
        reason = run_of(app, workflow).reason
        assert reason["code"] == "late"
        assert "1 May 2026 at 09:00" in reason["message"]


def test_a_moment_of_more_than_thirty_days_ago_is_never_taken(
    app: APIFlask, owner: Persona, organization: UUID, moved_clock: MovedClock, at_work: Work
) -> None:
    moved_clock.set("2026-06-01T12:00:00Z")
    wedding = marry(app, owner, date=date(2026, 6, 12))
    workflow = make_workflow(app, organization, around(-42, late="run"), NOTE)
    at_work()
    change(app, owner, wedding, title="Hannah and Josef")
    at_work()
    publish_again(app, organization, workflow, around(-50, late="run"))
    at_work()
    assert (causes_of(app, workflow), timers_of(app, workflow)) == ([], {})


def test_a_worker_that_is_behind_is_not_a_moment_that_passed(
    app: APIFlask, owner: Persona, organization: UUID, moved_clock: MovedClock, at_work: Work
) -> None:
    moved_clock.set("2026-03-01T12:00:00Z")
    wedding = marry(app, owner, date=date(2026, 6, 12))
    workflow = make_workflow(app, organization, around(-42, late="skip"), NOTE)
    at_work()
    moved_clock.set("2026-05-03T12:00:00Z")
    change(app, owner, wedding, title="Hannah and Josef")
    at_work()
    assert causes_of(app, workflow) == [f"date:{wedding}:0"]


def test_a_date_that_moves_into_the_past_follows_the_policy(
    app: APIFlask, owner: Persona, organization: UUID, moved_clock: MovedClock, at_work: Work
) -> None:
    moved_clock.set("2026-03-01T12:00:00Z")
    wedding = marry(app, owner, date=date(2026, 6, 12))
    asking = make_workflow(app, organization, around(-42, late="ask"), NOTE)
    skipping = make_workflow(app, organization, around(-42, late="skip"), NOTE)
    at_work()
    change(app, owner, wedding, date=date(2026, 4, 1))
    at_work()
    assert states(app, asking) == [(f"date:{wedding}:0", "needs_attention")]
    assert (states(app, skipping), timers_of(app, skipping)) == ([], {})


# --- again, after it fired


def fired(app: APIFlask, owner: Persona, organization: UUID, at_work: Work) -> tuple[UUID, UUID]:
    """A workflow whose moment has come for a wedding on 12 June 2026."""
    wedding = marry(app, owner, date=date(2026, 6, 12))
    workflow = make_workflow(app, organization, around(-42, late="run"), NOTE)
    at_work()
    assert causes_of(app, workflow) == [f"date:{wedding}:0"]
    return workflow, wedding


def test_a_small_move_asks_at_the_new_moment_whether_it_happens_again(
    app: APIFlask, owner: Persona, organization: UUID, moved_clock: MovedClock, at_work: Work
) -> None:
    moved_clock.set("2026-05-02T12:00:00Z")
    workflow, wedding = fired(app, owner, organization, at_work)
    change(app, owner, wedding, date=date(2026, 6, 22))
    at_work()
    assert (len(causes_of(app, workflow)), due(app, workflow)) == (1, ["2026-05-11T07:00:00Z"])
    moved_clock.set("2026-05-11T07:00:00Z")
    at_work()
    assert states(app, workflow)[1:] == [(f"date:{wedding}:1", "needs_attention")]
    (asked,) = rows(app, "SELECT reason FROM runs WHERE state = 'needs_attention'")
    assert asked.reason["message"] == (
        "This was done before the wedding moved by 10 days. Should it be done again?"
    )
    at_work()
    assert len(causes_of(app, workflow)) == 2


def test_a_move_back_to_the_old_day_asks_nothing(
    app: APIFlask, owner: Persona, organization: UUID, moved_clock: MovedClock, at_work: Work
) -> None:
    moved_clock.set("2026-05-02T12:00:00Z")
    workflow, wedding = fired(app, owner, organization, at_work)
    change(app, owner, wedding, date=date(2026, 6, 22))
    at_work()
    change(app, owner, wedding, date=date(2026, 6, 12))
    at_work()
    assert (len(causes_of(app, workflow)), due(app, workflow)) == (1, [])


def test_a_move_of_more_than_thirty_days_happens_again(
    app: APIFlask, owner: Persona, organization: UUID, moved_clock: MovedClock, at_work: Work
) -> None:
    moved_clock.set("2026-05-02T12:00:00Z")
    workflow, wedding = fired(app, owner, organization, at_work)
    change(app, owner, wedding, date=date(2026, 7, 13))
    at_work()
    moved_clock.set("2026-06-01T07:00:00Z")
    at_work()
    assert states(app, workflow)[1:] == [(f"date:{wedding}:1", "queued")]


def test_a_postponed_wedding_happens_again_however_little_it_moved(
    app: APIFlask, owner: Persona, organization: UUID, moved_clock: MovedClock, at_work: Work
) -> None:
    moved_clock.set("2026-05-02T12:00:00Z")
    workflow, wedding = fired(app, owner, organization, at_work)
    with app.app_context():
        weddings.postpone(owner.identity, wedding, {"date": date(2026, 6, 22)})
        db.session.commit()
    at_work()
    moved_clock.set("2026-05-11T07:00:00Z")
    at_work()
    at_work()
    assert states(app, workflow)[1:] == [(f"date:{wedding}:1", "queued")]


def test_what_fired_stays_so_through_publishing_and_other_kinds_of_trigger(
    app: APIFlask, owner: Persona, organization: UUID, moved_clock: MovedClock, at_work: Work
) -> None:
    moved_clock.set("2026-05-02T12:00:00Z")
    workflow, _ = fired(app, owner, organization, at_work)
    for trigger in (around(-43, late="run"), {"kind": "manual"}, around(-42, late="run")):
        publish_again(app, organization, workflow, trigger)
        at_work()
    publish_again(app, organization, workflow, around(0, anchor="delivery_date", late="run"))
    at_work()
    assert len(causes_of(app, workflow)) == 1


# --- held


@pytest.mark.parametrize(("action", "starts"), [("pause", True), ("turn-off", False)])
def test_what_comes_in_a_pause_comes_after_it_and_what_comes_while_off_is_late(
    app: APIFlask,
    owner: Persona,
    organization: UUID,
    moved_clock: MovedClock,
    at_work: Work,
    action: str,
    starts: bool,
) -> None:
    moved_clock.set("2026-03-01T12:00:00Z")
    marry(app, owner, date=date(2026, 6, 12))
    later = marry(app, owner, date=date(2026, 6, 20))
    workflow = make_workflow(app, organization, around(-42, late="skip"), NOTE)
    at_work()
    owner.api.post(f"/workflows/{workflow}/{action}")
    moved_clock.set("2026-05-02T12:00:00Z")
    change(app, owner, later, date=date(2026, 7, 20))
    at_work()
    assert (causes_of(app, workflow), due(app, workflow)) == ([], [])
    owner.api.post(f"/workflows/{workflow}/resume")
    at_work()
    assert len(causes_of(app, workflow)) == int(starts)
    assert due(app, workflow) == ["2026-06-08T07:00:00Z"]


# --- concurrency


def test_many_workers_plan_and_start_each_wedding_once(
    app: APIFlask, organization: UUID, moved_clock: MovedClock
) -> None:
    moved_clock.set("2026-01-01T00:00:00Z")
    many_weddings(app, organization, 600, "date '2026-06-01'")
    workflow = make_workflow(app, organization, around(0), NOTE)
    for moment in ("2026-01-01T00:00:00Z", "2026-06-01T08:00:00Z"):
        moved_clock.set(moment)
        with beside(lambda: tick(app)) as one_worker, beside(lambda: tick(app)) as another:
            one_worker.result()
            another.result()
        tick(app)
    causes = causes_of(app, workflow)
    assert (len(causes), len(set(causes))) == (600, 600)
