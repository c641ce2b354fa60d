"""Workflows start at set times: each occurrence once, also when the clocks change."""

from datetime import timedelta
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.page_words import words_of
from tests.personas import Persona
from tests.workers.scene import Worker, beside, make_workflow, note, one, run_of, steps_of
from tests.workflows.clockwork.ticking import (
    MovedClock,
    causes_of,
    publish_again,
    schedule,
    tick,
    timers_of,
)
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.workflows.clockwork.timers import Clock

pytestmark = pytest.mark.usefixtures("empty_database")

NOTE = note("note", local={"var": "trigger.data.local"}, type={"var": "trigger.type"})


def due(app: APIFlask, workflow_id: UUID) -> str | None:
    at = timers_of(app, workflow_id)["schedule"].due_at
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def test_a_schedule_starts_a_run_that_knows_its_moment(
    app: APIFlask, organization: UUID, worker: Worker, moved_clock: MovedClock
) -> None:
    moved_clock.set("2026-01-05T08:00:00Z")  # the runs it starts are due by the real clock
    workflow = make_workflow(app, organization, schedule("30 9 * * 1", "Europe/Paris"), NOTE)
    assert due(app, workflow) == "2026-01-05T08:30:00Z"
    tick(app)
    assert causes_of(app, workflow) == []
    moved_clock.set("2026-01-05T08:30:00Z")
    tick(app)
    assert causes_of(app, workflow) == ["schedule:2026-01-05T08:30:00Z"]
    assert due(app, workflow) == "2026-01-12T08:30:00Z"
    worker.run()
    run = run_of(app, workflow)
    assert run.state == "succeeded"
    assert run.input == {
        "scheduled_for": "2026-01-05T08:30:00.000Z",
        "local": "2026-01-05T09:30:00+01:00",
    }
    output = steps_of(app, run.id)["note"].output
    assert output == {"local": "2026-01-05T09:30:00+01:00", "type": "schedule"}


def test_occurrences_up_to_ten_minutes_late_are_done_each(
    app: APIFlask, organization: UUID, moved_clock: MovedClock
) -> None:
    moved_clock.set("2027-01-05T08:00:30Z")
    workflow = make_workflow(app, organization, schedule("*/5 * * * *"), NOTE)
    moved_clock.set("2027-01-05T08:15:00Z")
    tick(app)
    assert causes_of(app, workflow) == [
        f"schedule:2027-01-05T08:{minute}:00Z" for minute in ("05", "10", "15")
    ]


@pytest.mark.parametrize(
    ("missed", "done"),
    [
        ("skip", ["schedule:2027-01-05T12:00:00Z"]),
        ("once", ["schedule:2027-01-05T11:00:00Z", "schedule:2027-01-05T12:00:00Z"]),
    ],
)
def test_of_those_missed_the_latest_is_done_or_none(
    app: APIFlask, organization: UUID, moved_clock: MovedClock, missed: str, done: list[str]
) -> None:
    moved_clock.set("2027-01-05T08:30:00Z")
    workflow = make_workflow(app, organization, schedule("0 * * * *", missed=missed), NOTE)
    moved_clock.set("2027-01-05T12:10:00Z")
    tick(app)
    assert causes_of(app, workflow) == done
    tick(app)
    assert causes_of(app, workflow) == done


def test_the_latest_of_two_years_of_minutes_is_found_at_once(
    app: APIFlask, organization: UUID, moved_clock: MovedClock
) -> None:
    moved_clock.set("2027-01-05T08:30:00Z")
    trigger = schedule("* 9 * 1-6 *", "America/New_York", "once")
    workflow = make_workflow(app, organization, trigger, NOTE)
    moved_clock.set("2028-12-24T17:00:00Z")
    tick(app)
    assert causes_of(app, workflow) == ["schedule:2028-06-30T13:59:00Z"]
    assert due(app, workflow) == "2029-01-01T14:00:00Z"


def test_publishing_the_same_schedule_again_keeps_its_moment(
    app: APIFlask, organization: UUID, moved_clock: MovedClock
) -> None:
    moved_clock.set("2027-01-05T08:59:00Z")
    workflow = make_workflow(app, organization, schedule("0 9 * * *"), NOTE)
    moved_clock.set("2027-01-05T09:01:00Z")
    publish_again(app, organization, workflow, schedule("0 9 * * *", missed="once"), words="new")
    tick(app)
    assert causes_of(app, workflow) == ["schedule:2027-01-05T09:00:00Z"]
    assert run_of(app, workflow).version_id == timers_version(app, workflow)


def timers_version(app: APIFlask, workflow_id: UUID) -> UUID:
    query = "SELECT live_version_id AS id FROM workflows WHERE id = :id"
    return one(app, query, id=workflow_id).id


def test_another_schedule_is_planned_anew_and_another_kind_plans_none(
    app: APIFlask, organization: UUID, moved_clock: MovedClock
) -> None:
    moved_clock.set("2027-01-05T08:59:00Z")
    workflow = make_workflow(app, organization, schedule("0 9 * * *"), NOTE)
    moved_clock.set("2027-01-05T09:01:00Z")
    publish_again(app, organization, workflow, schedule("0 18 * * *"))
    tick(app)
    assert (causes_of(app, workflow), due(app, workflow)) == ([], "2027-01-05T18:00:00Z")
    publish_again(app, organization, workflow, {"kind": "manual"})
    assert timers_of(app, workflow) == {}


@pytest.mark.parametrize("action", ["pause", "turn-off"])
@pytest.mark.parametrize(
    ("missed", "done"), [("skip", []), ("once", ["schedule:2027-01-06T09:00:00Z"])]
)
def test_what_came_round_while_it_was_not_on_was_missed(
    app: APIFlask,
    owner: Persona,
    organization: UUID,
    moved_clock: MovedClock,
    action: str,
    missed: str,
    done: list[str],
) -> None:
    moved_clock.set("2027-01-05T08:00:00Z")
    workflow = make_workflow(app, organization, schedule("0 9 * * *", missed=missed), NOTE)
    assert owner.api.post(f"/workflows/{workflow}/{action}").status_code == 200
    moved_clock.set("2027-01-06T09:05:00Z")
    tick(app)
    assert (causes_of(app, workflow), due(app, workflow)) == ([], None)
    assert owner.api.post(f"/workflows/{workflow}/resume").status_code == 200
    tick(app)
    assert (causes_of(app, workflow), due(app, workflow)) == (done, "2027-01-07T09:00:00Z")


# --- concurrency


def test_a_death_while_starting_loses_nothing_and_doubles_nothing(
    app: APIFlask, organization: UUID, moved_clock: MovedClock
) -> None:
    moved_clock.set("2027-01-05T08:59:00Z")
    workflow = make_workflow(app, organization, schedule("0 9 * * *"), NOTE)
    moved_clock.set("2027-01-05T09:00:00Z")
    with pytest.raises(Died), app.app_context():
        Clock(Dying(db.engine), lambda: None)._batch()  # type: ignore[arg-type]
    assert (causes_of(app, workflow), due(app, workflow)) == ([], "2027-01-05T09:00:00Z")
    tick(app)
    tick(app)
    assert causes_of(app, workflow) == ["schedule:2027-01-05T09:00:00Z"]


def test_many_workers_start_each_occurrence_once(
    app: APIFlask, organization: UUID, moved_clock: MovedClock
) -> None:
    moved_clock.set("2027-01-05T08:59:00Z")
    every = schedule("* * * * *")
    made = [make_workflow(app, organization, every, NOTE) for _ in range(20)]
    for _ in range(10):
        moved_clock.move(minutes=1)
        with beside(lambda: tick(app)) as one_worker, beside(lambda: tick(app)) as another:
            one_worker.result()
            another.result()
    tick(app)
    for workflow in made:
        assert causes_of(app, workflow) == [
            f"schedule:2027-01-05T09:{minute:02}:00Z" for minute in range(10)
        ]


def test_a_publisher_and_a_worker_do_not_wait_for_each_other(
    app: APIFlask, organization: UUID, moved_clock: MovedClock
) -> None:
    """A workflow that is being changed is passed over and looked at in a moment."""
    moved_clock.set("2027-01-05T08:59:00Z")
    workflow = make_workflow(app, organization, schedule("0 9 * * *"), NOTE)
    moved_clock.set("2027-01-05T09:00:00Z")
    with app.app_context(), db.engine.begin() as publisher:
        locked = "SELECT 1 FROM workflows WHERE id = :id FOR UPDATE"
        publisher.exec_driver_sql(locked.replace(":id", f"'{workflow}'"))
        tick(app)
        assert causes_of(app, workflow) == []
    tick(app)
    assert causes_of(app, workflow) == ["schedule:2027-01-05T09:00:00Z"]


class Died(Exception):
    """What a test throws where a process would be killed."""


class Dying:
    """A database whose process is killed before its transaction is committed."""

    def __init__(self, engine: object) -> None:
        self._engine = engine

    def begin(self) -> "Dying":
        self._transaction = self._engine.begin()  # type: ignore[attr-defined]
        return self

    def __enter__(self) -> object:
        return self._transaction.__enter__()

    def __exit__(self, *_: object) -> None:
        self._transaction.__exit__(Died, Died(), None)
        raise Died


def test_a_timer_that_cannot_be_taken_is_put_off_and_keeps_nobody_else_waiting(
    app: APIFlask, organization: UUID, moved_clock: MovedClock
) -> None:
    moved_clock.set("2027-01-05T08:59:00Z")
    broken, sound = (make_workflow(app, organization, schedule("0 9 * * *"), NOTE) for _ in "ab")
    damage = (
        "UPDATE workflow_versions SET definition = definition #- '{trigger,cron}'"
        " WHERE workflow_id = :id RETURNING id"
    )
    one(app, damage, id=broken)
    moved_clock.set("2027-01-05T09:00:00Z")
    tick(app)
    assert causes_of(app, sound) == ["schedule:2027-01-05T09:00:00Z"]
    assert (due(app, broken), due(app, sound)) == ("2027-01-05T10:00:00Z", "2027-01-06T09:00:00Z")
    assert timers_of(app, broken)["schedule"].error["code"] == "timer_failed"


# --- on the page


def test_the_workflows_page_says_when_it_starts_next(
    app: APIFlask, owner: Persona, organization: UUID
) -> None:
    far = clock.now() + timedelta(days=180)
    trigger = schedule(f"0 9 1 {far.month} *", "UTC")
    workflow = make_workflow(app, organization, trigger, NOTE)
    page = words_of(owner.browser.get(f"/workflows/{workflow}"))
    assert "It starts next on " in page
    assert f"1 {far:%B}" in page
    owner.api.post(f"/workflows/{workflow}/pause")
    assert "It starts next" not in words_of(owner.browser.get(f"/workflows/{workflow}"))
