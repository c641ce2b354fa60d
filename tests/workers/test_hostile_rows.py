"""Rows that could keep a whole worker from its work: parked where somebody sees them."""

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import Engine, Row, create_engine, text
from sqlalchemy.exc import InternalError, OperationalError

from tests.personas import make_organization
from tests.workers.scene import (
    Definition,
    Hook,
    Sink,
    Worker,
    accept,
    call,
    make_endpoint,
    make_hook,
    make_workflow,
    note,
    on_hook,
    one,
    publish,
    rows,
    run_of,
    states_of,
    worker_of,
)
from tests.workers.trouble import doing_before_a_row, ending_who_writes
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.workflows import queries
from wedsync.workflows.clockwork.timers import Clock
from wedsync.workflows.running import runs
from workers.fan_out import FanOut

_ADDRESS = f"https://{secrets.token_hex(3_000)}.example/"
_TOO_LONG_TO_INDEX = {
    "a wait for an event": {
        "id": "hear",
        "kind": "wait",
        "event": {
            "event_type": "external.contract.signed",
            "match": {
                "data." + ".".join(secrets.token_urlsafe(70) for _ in range(10)): "Ana"
                for _ in range(9)
            },
        },
    },
    "a host": call("post", {"var": "trigger.data.address"}, key=False),
}


@pytest.mark.parametrize("step", _TOO_LONG_TO_INDEX.values(), ids=_TOO_LONG_TO_INDEX)
def test_what_no_index_can_hold_parks_its_own_run_and_keeps_no_other_from_going_on(
    app: APIFlask, worker: Worker, hook: Hook, step: Definition
) -> None:
    hostile = make_workflow(app, hook.organization_id, on_hook(hook), step)
    another = make_hook(app, hook.organization_id)
    harmless = make_workflow(app, hook.organization_id, on_hook(another), note("after", a=1))
    accept(app, hook, {"guest": "Ana", "address": _ADDRESS})
    accept(app, another, {"guest": "Bo"})
    worker.fan_out()
    worker.run()
    assert run_of(app, harmless).state == "succeeded"
    assert run_of(app, hostile).state in ("needs_attention", "failed")


def test_a_run_that_kills_whoever_takes_it_up_is_parked_and_the_others_go_on(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    deadly = make_workflow(app, hook.organization_id, on_hook(hook), note("deadly", a=1))
    another = make_hook(app, hook.organization_id)
    harmless = make_workflow(app, hook.organization_id, on_hook(another), note("after", a=1))
    accept(app, hook, {"guest": "Ana"})
    for _ in range(20):
        accept(app, another, {"guest": "Bo"})
    worker.fan_out()
    deaths = 0
    with ending_who_writes(app, "run_steps", "NEW.step_id = 'deadly'"):
        while deaths < 10 and run_of(app, deadly).state == "queued":
            with worker_of(app) as victim:
                try:
                    victim.run()
                except OperationalError:
                    victim.die()
                    deaths += 1
            worker.sweep()
    run = run_of(app, deadly)
    assert (run.state, run.reason["code"]) == ("needs_attention", "internal")
    assert run.reason["message"].startswith("We were interrupted each time")
    assert deaths == 3
    worker.run()
    assert states_of(app, harmless) == {"succeeded": 20}
    with app.app_context():
        runs.stop(hook.organization_id, run.id)
        db.session.commit()
    assert run_of(app, deadly).state == "stopped"


def test_an_event_that_kills_whoever_passes_it_on_is_parked_and_the_others_go_on(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    deadly = make_workflow(app, hook.organization_id, on_hook(hook), note("after", a=1))
    another = make_hook(app, hook.organization_id)
    harmless = make_workflow(app, hook.organization_id, on_hook(another), note("after", a=1))
    for _ in range(20):
        accept(app, another, {"guest": "Bo"})
    event = accept(app, hook, {"guest": "Ana"})
    deaths = 0
    with ending_who_writes(app, "runs", f"NEW.workflow_id = '{deadly}'"):
        while deaths < 10 and not event_of(app, event).parked_at:
            with worker_of(app) as victim:
                try:
                    victim.fan_out()
                except OperationalError:
                    victim.die()
                    deaths += 1
            worker.sweep()
    assert deaths == 3
    assert event_of(app, event).parked_reason.startswith("We were interrupted each time")
    assert books(app, hook.organization_id)["parked"] == 1
    worker.work()
    assert states_of(app, harmless) == {"succeeded": 20}


def test_what_was_beside_a_death_in_the_fan_out_is_passed_on_the_next_time(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), note("after", a=1))
    for _ in range(3):
        accept(app, hook, {})
    with ending_who_writes(app, "runs"), worker_of(app) as victim:
        with pytest.raises(OperationalError):
            victim.fan_out()
        victim.die()
    worker.sweep()
    assert {row.deaths for row in rows(app, "SELECT deaths FROM events")} == {1}
    worker.work()
    assert states_of(app, workflow) == {"succeeded": 3}


def test_what_came_home_before_a_death_is_not_held_against_anybody(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    event = accept(app, hook, {})
    with worker_of(app) as victim:
        victim.fan_out()
        victim.die()
    worker.sweep()
    assert event_of(app, event).deaths == 0


def event_of(app: APIFlask, event_id: UUID) -> Row[Any]:
    return one(app, "SELECT * FROM events WHERE id = :id", id=event_id)


def books(app: APIFlask, organization_id: UUID) -> Mapping[str, int]:
    """The events of the books."""
    with app.app_context():
        return queries.books(organization_id).events


def test_an_item_that_kills_whoever_takes_it_up_asks_through_the_run_people_see(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    loop = {"id": "all", "kind": "for_each", "items": [1, 2], "steps": [note("deadly", a=1)]}
    make_workflow(app, hook.organization_id, on_hook(hook), loop)
    accept(app, hook, {})
    worker.fan_out()
    with ending_who_writes(app, "run_steps", "NEW.step_id = 'deadly'"):
        for _ in range(8):
            with worker_of(app) as victim:
                try:
                    victim.run()
                except OperationalError:
                    victim.die()
            worker.sweep()
    found = rows(app, "SELECT state, reason, item FROM runs ORDER BY id")
    assert [row.state for row in found] == ["needs_attention"] * 3
    assert found[0].reason["item_run_id"]


def test_whoever_was_beside_a_death_is_clear_with_its_first_move(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    nap = {"id": "nap", "kind": "wait", "seconds": 600}
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), nap)
    accept(app, hook, {})
    worker.fan_out()
    with ending_who_writes(app, "run_steps", "NEW.step_id = 'nap'"), worker_of(app) as victim:
        with pytest.raises(OperationalError):
            victim.run()
        victim.die()
    worker.sweep()
    assert run_of(app, workflow).deaths == 1
    worker.run()
    assert (run_of(app, workflow).state, run_of(app, workflow).deaths) == ("waiting", 0)


@pytest.mark.parametrize("when", ["NEW.state = 'started'", "NEW.state = 'succeeded'"])
def test_a_run_that_takes_too_long_to_write_is_parked_after_a_few_tries_and_the_others_go_on(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink, when: str
) -> None:
    slow = make_workflow(app, hook.organization_id, on_hook(hook), call("slow", sink.url("/ok/a")))
    another = make_hook(app, hook.organization_id)
    harmless = make_workflow(app, hook.organization_id, on_hook(another), note("after", a=1))
    accept(app, hook, {"guest": "Ana"})
    for _ in range(5):
        accept(app, another, {"guest": "Bo"})
    worker.fan_out()
    with timing_out(app, "run_steps", f"NEW.step_id = 'slow' AND {when}"):
        assert tries_until_it_works(worker.run) == 3
    run = run_of(app, slow)
    assert (run.state, run.reason["code"]) == ("needs_attention", "internal")
    assert "took too long" in run.reason["message"]
    assert states_of(app, harmless) == {"succeeded": 5}


def test_a_run_that_took_too_long_once_goes_on(app: APIFlask, worker: Worker, hook: Hook) -> None:
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), note("slow", a=1))
    accept(app, hook, {})
    worker.fan_out()
    with timing_out(app, "run_steps"), pytest.raises(OperationalError):
        worker.run()
    worker.run()
    assert run_of(app, workflow).state == "succeeded"


def test_an_event_that_takes_too_long_to_pass_on_is_parked_after_a_few_tries(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    slow = make_workflow(app, hook.organization_id, on_hook(hook), note("n", a=1))
    another = make_hook(app, hook.organization_id)
    harmless = make_workflow(app, hook.organization_id, on_hook(another), note("n", a=1))
    event = accept(app, hook, {})
    accept(app, another, {})
    with timing_out(app, "runs", f"NEW.workflow_id = '{slow}'"):
        assert tries_until_it_works(worker.fan_out) == 3
    assert event_of(app, event).parked_reason.startswith("Passing this on took too long")
    worker.run()
    assert states_of(app, harmless) == {"succeeded": 1}


def test_an_event_that_takes_too_long_to_look_at_is_parked_after_a_few_tries(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    """What is looked at for too long between two statements ends the session with them."""
    asks_all = {"some": [{"var": "trigger.data"}, {"==": [{"var": "n"}, 1]}]}
    for number in range(100):  # far longer than the session's patience, on any machine
        url = f"http://127.0.0.1:8999/{number}"
        make_endpoint(app, hook.organization_id, url, filter=asks_all)
    event = accept(app, hook, [{"m": n} for n in range(60_000)])
    harmless = publish(app, make_organization(app), "seating.changed", {"table": 4})
    with impatient_engine(worker.engine, milliseconds=100) as engine:
        hurried = FanOut(engine, worker.runtime.vault, worker.owner, deaths_before_parking=4)
        assert tries_until_it_works(lambda: all(iter(hurried.batch, 0))) == 3
    assert event_of(app, event).parked_reason.startswith("Passing this on took too long")
    assert event_of(app, harmless).fanned_out_at is not None


def test_a_start_by_the_clock_that_takes_too_long_is_put_off_after_a_few_tries(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    every_hour = {"kind": "schedule", "cron": "0 * * * *", "zone": "UTC", "missed": "once"}
    workflow = make_workflow(app, hook.organization_id, every_hour, note("n", a=1))
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE workflow_timers SET due_at = now() - interval '1 hour'"))
    timers = Clock(worker.engine, lambda: None)
    with timing_out(app, "runs", f"NEW.workflow_id = '{workflow}'"):
        assert tries_until_it_works(lambda: timers.work(threading.Event())) == 3
    timer = one(app, "SELECT * FROM workflow_timers")
    assert timer.error["code"] == "timer_failed"
    assert timer.due_at > clock.now()


def tries_until_it_works(work: Callable[[], object]) -> int:
    """How many rounds it takes a drain until one ends well."""
    for number in range(1, 10):
        try:
            work()
        except (OperationalError, InternalError):
            continue
        return number
    raise AssertionError("it is tried for ever")


@contextmanager
def impatient_engine(like: Engine, *, milliseconds: int) -> Iterator[Engine]:
    """To the same database, which ends who does nothing in a transaction for so long."""
    options = f"-c idle_in_transaction_session_timeout={milliseconds} -c timezone=UTC"
    engine = create_engine(like.url, connect_args={"options": options})
    yield engine
    engine.dispose()


@contextmanager
def timing_out(app: APIFlask, table: str, condition: str = "true") -> Iterator[None]:
    """A database where writing such a row takes longer than a statement may."""
    told = "RAISE EXCEPTION ''canceling statement'' USING ERRCODE = ''query_canceled''"
    with doing_before_a_row(app, table, condition, told):
        yield
