"""Runs keep to how often a service may be called: they wait in line, and go on by themselves."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import text

from tests.far_ends.limited import LimitedFarEnd, limited_far_end
from tests.far_ends.rest_service import RestService
from tests.personas import Persona
from tests.workers.passing_time import let_pass
from tests.workers.scene import (
    Hook,
    Worker,
    one,
    retrying,
    rows,
    run_of,
    states_of,
    steps_of,
    tries_of,
    worker_of,
)
from tests.workflows.connected import connect, release, seating
from tests.workflows.running.beginning import begin
from wedsync.connections.limits import queries
from wedsync.connections.limits.lines import line_of
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.workflows.running import budget_lines, once_slots

TEN_A_SECOND = {"connection": {"calls": 10, "seconds": 1}}
TWO_A_DAY = {"connection": {"calls": 2, "seconds": 86_400}}


def limited(
    app: APIFlask, hook: Hook, service: RestService | LimitedFarEnd, slug: str, limits: Any
) -> UUID:
    """A connection to this service, whose manifest says how often it may be called."""
    manifest = seating(service, slug, limits=limits)  # type: ignore[arg-type]
    return connect(app, hook.organization_id, manifest)


def waiting_in_line(app: APIFlask, connection: UUID) -> list[Any]:
    found = rows(
        app,
        "SELECT id, due_at, waiting_for FROM runs WHERE state = 'waiting'"
        " AND waiting_for ->> 'id' = :line ORDER BY id",
        line=line_of(connection),
    )
    return list(found)


def guests(service: RestService) -> list[str]:
    return [asked.json()["guest"] for asked in service.asked]


def told(headers: dict[str, str], status: int = 200) -> dict[str, Any]:
    return {"status": status, "headers": headers}


# --- in line


def test_runs_wait_in_line_and_leave_in_their_order_never_too_many_at_a_time(
    app: APIFlask, worker: Worker, hook: Hook, slug: str
) -> None:
    with limited_far_end(10, 1.0, turns_away_every=25) as service:
        connection = limited(app, hook, service, slug, TEN_A_SECOND)
        step = release("seat", connection, slug, **retrying(1))
        workflow = begin(app, worker, hook, step, events=40)
        worker.run()
        counted = service.counted()
    assert counted.violations == 0
    assert counted.served == [f"g_{number}" for number in range(40)]
    assert states_of(app, workflow) == {"succeeded": 40}


def test_who_waits_says_for_what_and_until_when_and_has_used_no_try(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str, editor: Persona
) -> None:
    connection = limited(app, hook, seats, slug, TWO_A_DAY)
    begin(app, worker, hook, release("seat", connection, slug), events=3)
    worker.run()
    assert guests(seats) == ["g_0"]
    first, second = waiting_in_line(app, connection)
    assert first.waiting_for["connection_id"] == str(connection)
    untils = [each.waiting_for["until"] for each in (first, second)]
    assert untils[0] < untils[1]
    assert second.due_at is None
    half_a_day = clock.now() + timedelta(hours=12)
    assert abs(first.due_at - half_a_day) < timedelta(minutes=1)
    step = steps_of(app, first.id)["seat"]
    assert (step.state, step.attempts, tries_of(app, first.id, "seat")) == ("waiting", 0, [])
    page = editor.browser.get(f"/runs/{second.id}").get_data(as_text=True)
    assert "Our seating takes only so many calls at a time: 1 action before this one" in page
    let_pass(app, 43_300)
    worker.run()
    assert guests(seats) == ["g_0", "g_1"]


def test_nobody_overtakes_who_waits_nor_does_a_paused_workflow_hold_anybody_up(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = limited(app, hook, seats, slug, TWO_A_DAY)
    older = begin(app, worker, hook, release("seat", connection, slug), events=3)
    worker.run()
    younger = begin(app, worker, hook, release("seat", connection, slug, key="pay"))
    change_state(app, older, "paused")
    worker.run()
    assert guests(seats) == ["g_0"]
    assert len(waiting_in_line(app, connection)) == 3
    let_pass(app, 43_300)
    with worker.engine.begin() as database:
        budget_lines.sweep(database)
    worker.run()
    assert [asked.path for asked in seats.asked] == ["/seats/release", "/pay"]
    assert states_of(app, younger)["succeeded"] == 1
    change_state(app, older, "on")
    let_pass(app, 43_300)
    with worker.engine.begin() as database:
        budget_lines.sweep(database)
    worker.run()
    assert guests(seats)[2:] == ["g_1"]


def test_all_connections_of_a_connector_share_what_its_client_may_do(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    limits = {"connector": {"calls": 2, "seconds": 86_400}}
    one_of_them = limited(app, hook, seats, slug, limits)
    version = one(app, "SELECT * FROM connections WHERE id = :id", id=one_of_them)
    begin(app, worker, hook, release("seat", one_of_them, slug))
    worker.run()
    with app.app_context():
        shared = one(app, "SELECT * FROM rate_buckets WHERE key = :id", id=version.listing_id)
    assert (shared.calls, shared.organization_id) == (2, None)
    begin(app, worker, hook, release("seat", one_of_them, slug))
    worker.run()
    assert len(seats.asked) == 1
    first, _ = waiting_in_line(app, one_of_them)
    assert first.due_at is not None


def test_who_waits_for_its_turn_at_what_happens_once_uses_no_call_up(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = limited(app, hook, seats, slug, {"connection": {"calls": 100, "seconds": 86_400}})
    begin(app, worker, hook, release("pay", connection, slug, key="pay"), events=6)
    worker.run()
    with app.app_context():
        budget = queries.budget_of(hook.organization_id, connection)
    assert len(seats.asked) == 6
    assert budget is not None
    assert budget.remaining == 10 - 6


def test_what_happens_once_and_finds_no_call_leaves_its_turn_to_others(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = limited(app, hook, seats, slug, TWO_A_DAY)
    begin(app, worker, hook, release("pay", connection, slug, key="pay"), events=3)
    for already in range(1, 4):
        worker.run()
        assert guests(seats) == [f"g_{number}" for number in range(already)]
        assert rows(app, "SELECT FROM once_slots") == []
        let_pass(app, 43_300)
        with worker.engine.begin() as database:
            budget_lines.sweep(database)
            once_slots.sweep(database)


def test_two_workers_give_nobody_more_than_there_is(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = limited(app, hook, seats, slug, TWO_A_DAY)
    begin(app, worker, hook, release("seat", connection, slug), events=2)
    with worker_of(app) as other:
        taken = other.begin_runs()
        worker.run()
        assert len(taken) == 1
        assert seats.asked == []
        assert len(waiting_in_line(app, connection)) == 1


def test_a_death_between_taking_a_call_and_sending_loses_the_call_and_no_run(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = limited(app, hook, seats, slug, TWO_A_DAY)
    workflow = begin(app, worker, hook, release("seat", connection, slug))
    with worker_of(app) as doomed:
        assert len(doomed.begin_runs()) == 1
        doomed.die()
    worker.sweep()
    worker.run()
    assert seats.asked == []
    assert len(waiting_in_line(app, connection)) == 1
    let_pass(app, 43_300)
    worker.run()
    assert guests(seats) == ["g_0"]
    assert states_of(app, workflow) == {"succeeded": 1}


def test_an_effect_whose_call_is_too_old_does_not_leave_and_has_its_turn_again(
    app: APIFlask,
    worker: Worker,
    hook: Hook,
    seats: RestService,
    slug: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection = limited(app, hook, seats, slug, TEN_A_SECOND)
    workflow = begin(app, worker, hook, release("seat", connection, slug, **retrying(1)))
    stalls = iter([True])
    monkeypatch.setattr(budget_lines, "is_too_late", lambda _: next(stalls, False))
    worker.run()
    run = run_of(app, workflow)
    assert (run.state, len(seats.asked)) == ("succeeded", 1)
    assert tries_of(app, run.id, "seat") == ["not_sent", "ok"]


# --- what the far end says


@pytest.mark.parametrize("status", [429, 503])
def test_who_is_told_when_to_come_back_comes_back_then_and_never_fails_of_it(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str, status: int
) -> None:
    connection = connect(app, hook.organization_id, seating(seats, slug))
    seats.answers("POST", "/seats/release", {}, **told({"Retry-After": "100"}, status))
    step = release("seat", connection, slug, **retrying(1))
    workflow = begin(app, worker, hook, step)
    for asked in range(1, 4):
        worker.run()
        assert len(seats.asked) == asked
        (waits,) = waiting_in_line(app, connection)
        assert timedelta(seconds=90) < waits.due_at - clock.now() < timedelta(seconds=101)
        let_pass(app, 101)
    seats.answers("POST", "/seats/release", {"released": None})
    worker.run()
    assert states_of(app, workflow) == {"succeeded": 1}
    assert len({asked.headers["idempotency-key"] for asked in seats.asked}) == 1


def test_what_may_happen_once_is_not_repeated_because_a_503_says_when(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(seats, slug))
    seats.answers("POST", "/pay", {}, **told({"Retry-After": "100"}, 503))
    workflow = begin(app, worker, hook, release("pay", connection, slug, key="pay"))
    worker.run()
    assert run_of(app, workflow).state == "needs_attention"


def test_too_many_requests_holds_everybody_on_that_connection_and_nobody_else(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(seats, slug))
    seats.answers("POST", "/seats/release", {}, **told({"Retry-After": "100"}, 429))
    begin(app, worker, hook, release("seat", connection, slug))
    worker.run()
    seats.answers("POST", "/seats/release", {"released": None})
    begin(app, worker, hook, release("pay", connection, slug, key="pay"))
    with limited_far_end(10, 1.0) as elsewhere:
        other = limited(app, hook, elsewhere, f"{slug}-b", TEN_A_SECOND)
        workflow = begin(app, worker, hook, release("seat", other, f"{slug}-b"))
        worker.run()
        assert states_of(app, workflow)["succeeded"] == 1
    assert len(seats.asked) == 1
    in_line = waiting_in_line(app, connection)
    let_pass(app, 101)
    worker.run()
    assert len(in_line) >= 2
    assert waiting_in_line(app, connection) == []


def test_what_they_say_is_left_is_kept_to_also_when_all_is_well(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(seats, slug))
    said = {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "600"}
    seats.answers("POST", "/seats/release", {"released": None}, headers=said)
    begin(app, worker, hook, release("seat", connection, slug))
    worker.run()
    with app.app_context():
        budget = queries.budget_of(hook.organization_id, connection)
    assert budget is not None
    assert (budget.limit, budget.remaining, budget.waiting) == (100, 1, 0)
    assert budget.resets_at is not None
    begin(app, worker, hook, release("seat", connection, slug))
    worker.run()
    assert len(seats.asked) == 2
    begin(app, worker, hook, release("seat", connection, slug))
    worker.run()
    assert len(seats.asked) == 2
    assert len(waiting_in_line(app, connection)) >= 1
    let_pass(app, 601)
    worker.run()
    assert len(seats.asked) >= 3


def test_too_many_requests_without_a_time_is_tried_again_as_the_step_says(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(seats, slug))
    seats.answers("POST", "/seats/release", {}, status=429)
    workflow = begin(app, worker, hook, release("seat", connection, slug, **retrying(1)))
    worker.run()
    assert run_of(app, workflow).state == "failed"


# --- shown


def test_how_much_is_left_how_many_wait_and_when_they_go_on_is_known(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str, editor: Persona
) -> None:
    connection = limited(app, hook, seats, slug, TWO_A_DAY)
    begin(app, worker, hook, release("seat", connection, slug), events=4)
    worker.run()
    with app.app_context():
        budget = queries.budget_of(hook.organization_id, connection)
    assert budget is not None
    assert (budget.limit, budget.seconds, budget.remaining, budget.waiting) == (2, 86_400, 0, 3)
    assert budget.goes_on_at is not None
    assert budget.done_at is not None
    assert budget.done_at - budget.goes_on_at == pytest.approx(
        timedelta(days=1), abs=timedelta(minutes=1)
    )
    page = editor.browser.get(f"/connections/{connection}").get_data(as_text=True)
    assert "Up to 2 calls a day. 3 actions wait for a turn. The next goes on" in page


def test_of_what_nobody_limits_nothing_is_said(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(seats, slug))
    begin(app, worker, hook, release("seat", connection, slug))
    worker.run()
    with app.app_context():
        assert queries.budget_of(hook.organization_id, connection) is None


# --- what it costs


def test_a_connection_that_nothing_limits_costs_not_one_statement(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = connect(app, hook.organization_id, seating(seats, slug))
    begin(app, worker, hook, release("seat", connection, slug), events=5)
    statements = statements_of(worker)
    assert len(seats.asked) == 5
    assert not [each for each in statements if each.lstrip().startswith(_OF_BUDGETS)]
    assert rows(app, "SELECT FROM rate_buckets WHERE key = :id", id=connection) == []


def test_a_tick_costs_as_much_with_many_in_line_as_with_few(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str
) -> None:
    connection = limited(app, hook, seats, slug, TWO_A_DAY)
    begin(app, worker, hook, release("seat", connection, slug), events=3)
    worker.run()
    let_pass(app, 43_300)
    few = len(statements_of(worker))
    begin(app, worker, hook, release("pay", connection, slug, key="pay"), events=40)
    worker.run()
    before = len(seats.asked)
    let_pass(app, 43_300)
    many = len(statements_of(worker))
    assert len(seats.asked) == before + 1
    assert many <= few


_OF_BUDGETS = ("INSERT INTO rate_buckets", "WITH asked", "UPDATE rate_buckets", "SELECT t.line")


def statements_of(worker: Worker) -> list[str]:
    """What the worker says to the database until nothing is due."""
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    sqlalchemy_event.listen(worker.engine, "before_cursor_execute", note)
    try:
        worker.run()
    finally:
        sqlalchemy_event.remove(worker.engine, "before_cursor_execute", note)
    return said


def change_state(app: APIFlask, workflow: UUID, state: str) -> None:
    with app.app_context(), db.engine.begin() as database:
        given = {"id": workflow, "state": state}
        database.execute(text("UPDATE workflows SET state = :state WHERE id = :id"), given)
