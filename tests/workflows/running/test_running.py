"""Runs from an accepted event to their end: branches, effects, events, and what is written down."""

from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.workers.scene import (
    Hook,
    Sink,
    Worker,
    accept,
    call,
    deliveries_of,
    make_endpoint,
    make_workflow,
    note,
    on_event,
    on_hook,
    one,
    publish,
    rows,
    run_of,
    states_of,
    steps_of,
    tell,
    tries_of,
)
from tests.workers.trouble import refusing
from wedsync.platform.db import db
from wedsync.workflows import queries
from wedsync.workflows.editing import service

SAID_YES = {"==": [{"var": "trigger.data.status"}, "accepted"]}
COMING = {"status": "accepted", "guest": "Ana", "party_size": 2}


def choose(*steps: Any) -> dict[str, Any]:
    return {
        "id": "coming",
        "kind": "choose",
        "branches": [{"label": "Yes", "when": SAID_YES, "steps": list(steps)}],
        "otherwise": [note("declined", said="no")],
    }


# --- works


def test_an_accepted_hook_goes_through_a_branch_to_a_partner_and_a_subscriber(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    shape = note(
        "shape", guest={"var": "trigger.data.guest"}, seats={"var": "trigger.data.party_size"}
    )
    announce = tell("tell", "seating.guest_added", {"guest": {"var": "steps.shape.guest"}})
    workflow = make_workflow(
        app,
        hook.organization_id,
        on_hook(hook),
        choose(shape, call("post", sink.url("/ok/seats")), announce),
    )
    endpoint, _secret = make_endpoint(app, hook.organization_id, sink.url("/ok/endpoint"))
    event_id = accept(app, hook, COMING)
    worker.work()

    run = run_of(app, workflow)
    assert (run.state, run.cause, run.reason) == ("succeeded", f"event:{event_id}", None)
    assert (run.owner, run.lease_until, run.due_at) == (None, None, None)
    steps = steps_of(app, run.id)
    assert list(steps) == ["coming", "shape", "post", "tell"]
    assert steps["coming"].output == {"branch": "Yes"}
    assert steps["shape"].output == {"guest": "Ana", "seats": 2}
    assert steps["post"].output["status"] == 200
    assert sink.keys()[f"{run.id}:post:-:0"] == 1
    assert tries_of(app, run.id, "post") == ["ok"]

    sent = one(app, "SELECT * FROM events WHERE id = :id", id=steps["tell"].output["event_id"])
    assert (sent.source, sent.data) == (f"workflow:{workflow}", {"guest": "Ana"})
    assert sent.causation == {"root": str(event_id), "depth": 1, "chain": [str(workflow)]}
    delivered = deliveries_of(app, endpoint)
    assert [(row.event_id, row.state) for row in delivered] == [
        (event_id, "delivered"),
        (sent.id, "delivered"),
    ]


def test_the_other_branch_is_taken_when_the_condition_does_not_hold(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), choose(note("yes", said=1)))
    accept(app, hook, COMING | {"status": "declined"})
    worker.work()
    run = run_of(app, workflow)
    steps = steps_of(app, run.id)
    assert (run.state, list(steps)) == ("succeeded", ["coming", "declined"])
    assert steps["coming"].output == {"branch": None}
    assert steps["coming"].explanation is not None


def test_a_filter_ends_a_run_quietly_and_says_why(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    only_yes = {"id": "only", "kind": "filter", "when": SAID_YES}
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), only_yes, note("after", a=1))
    accept(app, hook, COMING | {"status": "declined"})
    worker.work()
    run = run_of(app, workflow)
    assert run.state == "filtered"
    assert run.finished_at is not None
    assert list(steps_of(app, run.id)) == ["only"]


@pytest.mark.parametrize(("outcome", "state"), [("done", "succeeded"), ("failed", "failed")])
def test_a_stop_ends_a_run_as_it_says(
    app: APIFlask, worker: Worker, hook: Hook, outcome: str, state: str
) -> None:
    stop = {"id": "end", "kind": "stop", "outcome": outcome, "reason": "Enough for today."}
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), stop, note("after", a=1))
    accept(app, hook, COMING)
    worker.work()
    run = run_of(app, workflow)
    assert run.state == state
    assert "Enough for today." in str(run.reason)
    assert "after" not in steps_of(app, run.id)


def test_a_triggers_filter_and_source_choose_what_starts_a_run(
    app: APIFlask, worker: Worker, hook: Hook, organization: UUID
) -> None:
    large = {">": [{"var": "trigger.data.party_size"}, 3]}
    picky = make_workflow(
        app, organization, on_event("external.rsvp.received", filter=large), note("n", a=1)
    )
    theirs = make_workflow(
        app, organization, on_event("external.rsvp.received", f"hook:{hook.id}"), note("n", a=1)
    )
    for size in (2, 4):
        publish(app, organization, "rsvp.received", {"party_size": size})
    worker.work()
    assert run_of(app, picky).state == "succeeded"
    assert rows(app, "SELECT 1 FROM runs WHERE workflow_id = :id", id=theirs) == []


def test_many_runs_of_several_effects_all_come_home(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    """More than a window holds: next effects and new claims share one room."""
    sink.forget()
    workflow = make_workflow(
        app,
        hook.organization_id,
        on_hook(hook),
        call("first", sink.url("/ok/1")),
        call("second", sink.url("/ok/2")),
        call("third", sink.url("/ok/3")),
    )
    for _ in range(450):
        accept(app, hook, COMING)
    worker.work()
    assert states_of(app, workflow) == {"succeeded": 450}
    assert sink.paths() == {"/ok/1": 450, "/ok/2": 450, "/ok/3": 450}
    assert set(sink.keys().values()) == {1}


# --- one cause, one run


def test_an_event_fanned_out_twice_starts_one_run(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), note("n", a=1))
    endpoint, _ = make_endpoint(app, hook.organization_id, sink.url("/ok/once"))
    event_id = accept(app, hook, COMING)
    worker.fan_out()
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text("UPDATE events SET fanned_out_at = NULL WHERE id = :id"), {"id": event_id}
        )
    assert worker.fan_out() == 1
    assert len(rows(app, "SELECT 1 FROM runs WHERE workflow_id = :id", id=workflow)) == 1
    assert len(deliveries_of(app, endpoint)) == 1


def test_a_stopped_run_is_not_claimed_by_a_worker_that_saw_it_queued(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    """The claim passes over the row somebody is stopping, and leaves it alone afterwards."""
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), note("n", a=1))
    accept(app, hook, COMING)
    worker.fan_out()
    run = run_of(app, workflow)
    with worker.engine.connect() as stopping:
        stopping.execute(
            text("UPDATE runs SET state = 'stopped', fence = fence + 1 WHERE id = :id"),
            {"id": run.id},
        )
        worker.run()
        stopping.commit()
    worker.run()
    assert run_of(app, workflow).state == "stopped"


# --- going round in circles


def test_a_workflow_that_sets_itself_off_is_parked_as_a_loop(
    app: APIFlask, worker: Worker, organization: UUID
) -> None:
    workflow = make_workflow(
        app, organization, on_event("seating.changed"), tell("again", "seating.changed")
    )
    publish(app, organization, "seating.changed", {})
    worker.work()
    states = rows(
        app, "SELECT state, reason FROM runs WHERE workflow_id = :id ORDER BY id", id=workflow
    )
    typed = rows(app, "SELECT DISTINCT type FROM events")
    assert [row.state for row in states] == [*["succeeded"] * (len(states) - 1), "needs_attention"]
    assert len(states) == 4, typed
    assert states[-1].reason["code"] == "loop"
    assert "3 times" in states[-1].reason["message"]


def test_nine_workflows_in_a_row_are_parked_as_a_loop(
    app: APIFlask, worker: Worker, organization: UUID
) -> None:
    for number in range(10):
        make_workflow(
            app,
            organization,
            on_event(f"relay.step_{number}", "any" if number else "api"),
            tell("pass", f"relay.step_{number + 1}"),
        )
    publish(app, organization, "relay.step_0", {})
    worker.work()
    states = [row.state for row in rows(app, "SELECT state FROM runs ORDER BY id")]
    assert states == [*["succeeded"] * 9, "needs_attention"]


# --- pausing and switching off


def test_a_paused_workflow_keeps_what_is_due_and_goes_on_with_it(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), note("n", a=1))
    accept(app, hook, COMING)
    worker.fan_out()
    with app.app_context():
        service.pause(hook.organization_id, workflow)
        db.session.commit()
    accept(app, hook, COMING)
    worker.work()
    assert states_of(app, workflow) == {"queued": 2}
    with app.app_context():
        service.resume(hook.organization_id, workflow)
        db.session.commit()
    worker.work()
    assert states_of(app, workflow) == {"succeeded": 2}


def test_a_workflow_that_is_off_finishes_what_it_began_and_starts_nothing(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), note("n", a=1))
    accept(app, hook, COMING)
    worker.fan_out()
    with app.app_context():
        service.turn_off(hook.organization_id, workflow)
        db.session.commit()
    accept(app, hook, COMING)
    worker.work()
    assert run_of(app, workflow).state == "succeeded"


# --- what cannot be written is parked alone


def test_an_event_that_cannot_be_read_is_parked_and_the_rest_of_its_batch_goes_on(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), note("n", a=1))
    before = accept(app, hook, COMING)
    broken = accept(app, hook, None, body=b'{"type": "x", "data"')
    after = accept(app, hook, COMING)
    worker.work()
    events = {row.id: row for row in rows(app, "SELECT * FROM events")}
    assert events[broken].parked_reason == "BadDocument"
    assert events[broken].fanned_out_at is None
    assert all(events[event].fanned_out_at for event in (before, after))
    ran = rows(app, "SELECT event_id, state FROM runs WHERE workflow_id = :id", id=workflow)
    assert {(row.event_id, row.state) for row in ran} == {
        (before, "succeeded"),
        (after, "succeeded"),
    }
    assert worker.fan_out() == 0


def test_a_run_that_cannot_be_written_is_parked_and_the_others_go_on(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    workflow = make_workflow(
        app,
        hook.organization_id,
        on_hook(hook),
        call("post", sink.url("/ok/n")),
        note("shape", guest={"var": "trigger.data.guest"}),
    )
    for _ in range(3):
        accept(app, hook, COMING)
    refused = accept(app, hook, COMING | {"guest": "Nobody"})
    with refusing(app, "run_steps", "output ->> 'guest' IS DISTINCT FROM 'Nobody'"):
        worker.work()
    ran = {row.event_id: row for row in rows(app, "SELECT * FROM runs")}
    assert states_of(app, workflow) == {"needs_attention": 1, "succeeded": 3}
    parked = ran[refused]
    assert (parked.state, parked.reason["code"]) == ("needs_attention", "internal")
    assert parked.engine_state["positions"][0]["step"] == "post"
    assert tries_of(app, parked.id, "post") == ["lost"]
    assert sink.keys()[f"{parked.id}:post:-:0"] == 1


def test_a_version_that_does_not_compile_stops_only_its_own_runs(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    fine = make_workflow(app, hook.organization_id, on_hook(hook), note("n", a=1))
    broken = make_workflow(app, hook.organization_id, on_hook(hook), note("n", a=1))
    accept(app, hook, COMING)
    worker.fan_out()
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text("UPDATE workflow_versions SET definition = '{}' WHERE workflow_id = :id"),
            {"id": broken},
        )
    worker.run()
    assert run_of(app, fine).state == "succeeded"
    assert run_of(app, broken).state == "needs_attention"


def test_the_books_balance(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink, organization: UUID
) -> None:
    make_workflow(app, organization, on_hook(hook), choose(tell("tell", "seating.added")))
    make_endpoint(app, organization, sink.url("/ok/books"), event_types=["seating.added"])
    for status in ("accepted", "declined", "accepted"):
        accept(app, hook, COMING | {"status": status})
    accept(app, hook, None, body=b"not json")
    worker.work()
    with app.app_context():
        books = queries.books(organization)
    assert dict(books.events) == {"to_fan_out": 0, "fanned_out": 5, "parked": 1}
    assert (books.runs["succeeded"], books.started) == (3, 3)
    assert (books.deliveries["delivered"], books.made) == (2, 2)
