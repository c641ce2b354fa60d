"""A run that waits for an event gets it, whenever it came since what started the run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.personas import make_organization
from tests.workers.scene import (
    Worker,
    accept,
    beside,
    make_hook,
    make_workflow,
    note,
    on_event,
    one,
    publish,
    rows,
)
from tests.workers.trouble import wait_for_a_lock
from tests.workflows.waiting import answer_of, listen, look_back, noting, sweep
from wedsync.platform import clock, leases
from wedsync.platform.db import db
from wedsync.workflows.running import listening, runs
from wedsync.workflows.running.journal import LANES

SIGNED = "external.contract.signed"
ANA = {"data.guest.id": "ana"}


@pytest.fixture
def mine(app: APIFlask, worker: Worker) -> UUID:
    return make_organization(app)


@pytest.fixture
def workflow(app: APIFlask, mine: UUID) -> UUID:
    return noting(app, mine)


def signed(app: APIFlask, organization: UUID, guest: Any = "ana", **more: Any) -> UUID:
    return publish(app, organization, "contract.signed", {"guest": {"id": guest}, **more})


def open_waits(app: APIFlask) -> int:
    return int(one(app, "SELECT count(*) AS n FROM event_waits WHERE closed_at IS NULL").n)


def test_an_event_that_comes_later_is_given_to_the_run_and_makes_it_due(
    app: APIFlask, worker: Worker, mine: UUID, workflow: UUID
) -> None:
    run, _ = listen(app, workflow, SIGNED, ANA)
    event = signed(app, mine)
    worker.fan_out()
    assert answer_of(app, run) == {"event_id": str(event)}
    row = one(app, "SELECT due_at <= clock_timestamp() AS due FROM runs WHERE id = :id", id=run)
    lane = one(app, "SELECT next_due_at FROM lanes WHERE key = :key", key=str(workflow))
    assert row.due
    assert lane.next_due_at <= clock.now()
    closed = one(app, "SELECT event_id, closed_at FROM event_waits WHERE run_id = :id", id=run)
    assert closed.event_id == event
    assert closed.closed_at is not None


def test_an_event_that_came_before_the_wait_is_found_by_looking_back(
    app: APIFlask, worker: Worker, mine: UUID, workflow: UUID
) -> None:
    began = clock.now()
    event = signed(app, mine)
    worker.fan_out()
    run, waits = listen(app, workflow, SIGNED, ANA, began=began)
    assert answer_of(app, run) is None
    assert look_back(app, waits) == 1
    assert answer_of(app, run) == {"event_id": str(event)}


def test_an_event_not_fanned_out_yet_is_given_by_the_fan_out(
    app: APIFlask, worker: Worker, mine: UUID, workflow: UUID
) -> None:
    event = signed(app, mine)
    run, waits = listen(app, workflow, SIGNED, ANA, began=clock.now() - timedelta(minutes=1))
    assert look_back(app, waits) == 0
    worker.fan_out()
    assert answer_of(app, run) == {"event_id": str(event)}


def test_the_first_event_wins(app: APIFlask, worker: Worker, mine: UUID, workflow: UUID) -> None:
    later, _ = listen(app, workflow, SIGNED, ANA)
    first = signed(app, mine)
    signed(app, mine)
    worker.fan_out()
    earlier, waits = listen(app, workflow, SIGNED, ANA, began=clock.now() - timedelta(minutes=1))
    look_back(app, waits)
    assert answer_of(app, later) == answer_of(app, earlier) == {"event_id": str(first)}


def test_one_event_answers_everybody_who_waits_for_it(
    app: APIFlask, worker: Worker, mine: UUID, workflow: UUID
) -> None:
    waiting = [listen(app, workflow, SIGNED, ANA)[0] for _ in range(20)]
    waiting += [listen(app, noting(app, mine), SIGNED, {})[0] for _ in range(5)]
    event = signed(app, mine)
    worker.fan_out()
    assert all(answer_of(app, run) == {"event_id": str(event)} for run in waiting)


def test_what_a_hook_took_in_whole_is_matched_by_what_it_holds(
    app: APIFlask, worker: Worker, mine: UUID, workflow: UUID
) -> None:
    hook = make_hook(app, mine)
    run, _ = listen(app, workflow, SIGNED, {**ANA, "source": f"hook:{hook.id}"})
    event = accept(app, hook, {"guest": {"id": "ana"}}, event_type="contract.signed")
    worker.fan_out()
    assert answer_of(app, run) == {"event_id": str(event)}


@pytest.mark.parametrize(
    ("match", "data"),
    [
        ({"data.n": 2}, {"n": 2.0}),
        ({"data.who": {"b": 1, "a": [1, 2]}}, {"who": {"a": [1.0, 2], "b": 1}}),
        ({"data.list.1.id": "x"}, {"list": [{}, {"id": "x"}]}),
        ({"type": SIGNED, "data.yes": True}, {"yes": True}),
        ({}, {"anything": "at all"}),
    ],
)
def test_values_are_equal_as_json_is(
    app: APIFlask, worker: Worker, mine: UUID, workflow: UUID, match: Any, data: Any
) -> None:
    run, _ = listen(app, workflow, SIGNED, match)
    publish(app, mine, "contract.signed", data)
    worker.fan_out()
    assert answer_of(app, run) is not None


@pytest.mark.parametrize(
    ("match", "data"),
    [
        (ANA, {"guest": {"id": "ben"}}),
        (ANA, {"guest": "ana"}),
        (ANA, {}),
        ({"data.guest.id": None}, {}),
        ({"data.guest.id": None}, {"guest": {"id": None}}),
        ({"data.n": "2"}, {"n": 2}),
        ({"data.yes": True}, {"yes": 1}),
        ({"data.guest.id": "ana", "data.city": "Lyon"}, {"guest": {"id": "ana"}}),
    ],
)
def test_another_value_or_none_is_not_what_was_waited_for(
    app: APIFlask, worker: Worker, mine: UUID, workflow: UUID, match: Any, data: Any
) -> None:
    run, waits = listen(app, workflow, SIGNED, match)
    publish(app, mine, "contract.signed", data)
    worker.fan_out()
    assert look_back(app, waits) == 0
    assert answer_of(app, run) is None


def test_a_sealed_value_equals_nothing(
    app: APIFlask, worker: Worker, mine: UUID, workflow: UUID
) -> None:
    hook = make_hook(app, mine)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text('UPDATE hooks SET options = \'{"sensitive": ["guest.id"]}\''))
    accept(app, hook, {"guest": {"id": "ana"}}, event_type="contract.signed")
    worker.fan_out()
    sealed = one(app, "SELECT data #> '{guest,id}' AS leaf FROM events").leaf
    assert "$sealed" in sealed
    for wanted in ("ana", sealed):
        run, waits = listen(
            app, workflow, SIGNED, {"data.guest.id": wanted}, began=clock.now() - timedelta(hours=1)
        )
        assert look_back(app, waits) == 0
        assert answer_of(app, run) is None


def test_another_organizations_event_another_type_and_an_older_one_are_none_of_its_business(
    app: APIFlask, worker: Worker, mine: UUID, workflow: UUID
) -> None:
    signed(app, mine)
    worker.fan_out()
    run, waits = listen(app, workflow, SIGNED, ANA)
    signed(app, make_organization(app, "Lumen Photography"))
    publish(app, mine, "contract.sent", {"guest": {"id": "ana"}})
    worker.fan_out()
    assert look_back(app, waits) == 0
    assert answer_of(app, run) is None


def test_the_event_that_started_a_run_is_not_the_one_it_waits_for(
    app: APIFlask, worker: Worker, mine: UUID, workflow: UUID
) -> None:
    started_by = signed(app, mine)
    worker.fan_out()
    run, waits = listen(app, workflow, SIGNED, ANA, event_id=started_by)
    assert look_back(app, waits) == 0
    event = signed(app, mine)
    worker.fan_out()
    assert answer_of(app, run) == {"event_id": str(event)}


def test_a_run_started_late_by_its_event_still_gets_what_came_after_that_event(
    app: APIFlask, worker: Worker, mine: UUID, workflow: UUID
) -> None:
    started_by = publish(app, mine, "contract.sent", {})
    event = signed(app, mine)
    worker.fan_out()
    run, waits = listen(app, workflow, SIGNED, ANA, event_id=started_by)
    assert look_back(app, waits) == 1
    assert answer_of(app, run) == {"event_id": str(event)}


def test_a_stopped_run_and_one_that_went_on_are_left_alone(
    app: APIFlask, worker: Worker, mine: UUID, workflow: UUID
) -> None:
    stopped, _ = listen(app, workflow, SIGNED, ANA)
    gone_on, _ = listen(app, workflow, SIGNED, ANA)
    with app.app_context():
        runs.stop(mine, stopped)
        listening.close(db.session.connection(), [gone_on])
        db.session.commit()
    signed(app, mine)
    worker.fan_out()
    assert answer_of(app, stopped) is None
    assert answer_of(app, gone_on) is None
    assert one(app, "SELECT state FROM runs WHERE id = :id", id=stopped).state == "stopped"


def test_a_paused_workflow_keeps_what_its_runs_were_given(
    app: APIFlask, worker: Worker, mine: UUID, workflow: UUID
) -> None:
    run, _ = listen(app, workflow, SIGNED, ANA)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE workflows SET state = 'paused'"))
    event = signed(app, mine)
    worker.fan_out()
    worker.run()
    found = one(app, "SELECT state, pending_decision AS given FROM runs WHERE id = :id", id=run)
    assert (found.state, found.given) == ("waiting", {"event_id": str(event)})


def test_the_sweep_looks_back_for_whom_a_death_left_out_and_only_once(
    app: APIFlask, worker: Worker, mine: UUID, workflow: UUID
) -> None:
    began = clock.now()
    event = signed(app, mine)
    worker.fan_out()
    run, _ = listen(app, workflow, SIGNED, ANA, began=began)
    other, _ = listen(app, workflow, SIGNED, {"data.guest.id": "ben"}, began=began)
    assert sweep(app) == 1
    assert answer_of(app, run) == {"event_id": str(event)}
    left = rows(app, "SELECT run_id FROM event_waits WHERE looked_back_at IS NULL")
    assert left == []
    assert sweep(app) == 0
    assert answer_of(app, other) is None


def test_looking_back_goes_through_more_events_than_one_reading_holds(
    app: APIFlask, worker: Worker, mine: UUID, workflow: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wedsync.workflows.running.looking_back.CHUNK", 3)
    began = clock.now()
    found = [signed(app, mine, f"guest {number}") for number in range(10)]
    worker.fan_out()
    wanted = {"data.guest.id": "guest 8"}
    run, waits = listen(app, workflow, SIGNED, wanted, began=began)
    assert look_back(app, waits) == 1
    assert answer_of(app, run) == {"event_id": str(found[8])}


def test_a_fan_out_under_way_while_the_wait_is_written_is_waited_for(
    app: APIFlask, worker: Worker, mine: UUID, workflow: UUID
) -> None:
    """The fan-out has read the waits and is not committed: it knows nothing of the new one, and
    looking back does not see its event yet."""
    began = clock.now()
    other = make_workflow(app, mine, on_event(SIGNED), note("n", a=1))
    event = signed(app, mine)
    with _lane_held(app, mine, other) as let_go, beside(worker.fan_out) as fanning_out:
        wait_for_a_lock(app)
        run, waits = listen(app, workflow, SIGNED, ANA, began=began)
        assert look_back(app, waits) == 0
        assert sweep(app) == 0
        assert answer_of(app, run) is None
        left = one(app, "SELECT looked_back_at FROM event_waits WHERE run_id = :id", id=run)
        assert left.looked_back_at is None
        let_go()
        fanning_out.result(10)
    assert sweep(app) == 1
    assert answer_of(app, run) == {"event_id": str(event)}


def test_whoever_comes_first_gives_the_event_and_the_other_gives_nothing(
    app: APIFlask, worker: Worker, mine: UUID, workflow: UUID
) -> None:
    began = clock.now()
    signed(app, mine)
    worker.fan_out()
    waiting = [listen(app, workflow, SIGNED, ANA, began=began) for _ in range(30)]
    signed(app, mine)
    with beside(
        lambda: look_back(app, [wait for _, waits in waiting for wait in waits])
    ) as looking:
        worker.fan_out()
        looking.result(10)
    sweep(app)
    given = [answer_of(app, run) for run, _ in waiting]
    assert all(given)
    assert open_waits(app) == 0
    recorded = {row.run_id: row.event_id for row in rows(app, "SELECT * FROM event_waits")}
    assert [answer["event_id"] for answer in given] == [str(recorded[run]) for run, _ in waiting]


@contextmanager
def _lane_held(app: APIFlask, organization: UUID, workflow: UUID) -> Iterator[Callable[[], None]]:
    """A fan-out that starts a run of this workflow stands before its commit until let go."""
    with app.app_context(), db.engine.connect() as connection:
        due = {str(workflow): clock.now()}
        leases.touch_lanes(connection, LANES, organization, due)
        yield connection.rollback
