"""The whole way with the practice partner: its consent, its webhooks, its bad days."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.connections.ways import begin as begin_connecting
from tests.connections.ways import come_back, connected, row_of
from tests.far_ends.practice_partner import PracticePartner
from tests.page_words import words_of
from tests.personas import Persona
from tests.workers.passing_time import let_pass
from tests.workers.scene import (
    Hook,
    Worker,
    make_workflow,
    note,
    one,
    retrying,
    rows,
    run_of,
    states_of,
    steps_of,
    tries_of,
)
from tests.workflows.clockwork.looking import look
from tests.workflows.running.beginning import begin
from wedsync.connections.keeping import Keeper
from wedsync.platform import clock
from wedsync.webhooks.hooks.subscribing import Subscribing
from wedsync.workflows.running import waiting_on

pytestmark = pytest.mark.usefixtures("empty_database", "built_in_listings")

NEVER = threading.Event()


@pytest.fixture
def everything(worker: Worker) -> Callable[[], None]:
    """A round of every drain there is, until nothing more comes of it."""
    runtime = worker.runtime

    def on_ready(connection: Any, ids: Any) -> None:
        waiting_on.connection_ready(connection, ids)

    keeper = Keeper(worker.engine, runtime.vault, runtime.settings, on_ready)
    subscribing = Subscribing(worker.engine, runtime.vault, runtime.settings)

    def work() -> None:
        for _ in range(4):
            worker.work()
            keeper.work(NEVER)
            subscribing.work(NEVER)
        worker.work()

    return work


@pytest.fixture
def connection(
    app: APIFlask, worker: Worker, owner: Persona, practice_partner: PracticePartner
) -> UUID:
    return connected(app, owner, practice_partner)


def release(connection: UUID, **fields: Any) -> Any:
    step = {"id": "seat", "kind": "action", "use": "sandbox.release_seat", "label": "Free the seat"}
    return {**step, "connection": str(connection), "input": {"guest_id": "g_ben"}, **fields}


def acted(partner: PracticePartner, request: str = "POST /api/v1/seats/release") -> int:
    return int(partner.seen()["requests"].get(request, 0))


def test_a_step_acts_at_the_partner_with_the_connections_token(
    app: APIFlask,
    worker: Worker,
    hook: Hook,
    connection: UUID,
    practice_partner: PracticePartner,
    everything: Callable[[], None],
) -> None:
    workflow = begin(app, worker, hook, release(connection), note("after", a=1))
    everything()
    run = run_of(app, workflow)
    assert run.state == "succeeded", steps_of(app, run.id)["seat"].error
    assert steps_of(app, run.id)["seat"].output["guest_id"] == "g_ben"
    (key,) = practice_partner.seen()["idempotency_keys"].keys() - _subscription_keys(app)
    assert key == f"{run.id}:seat:-:0"


def test_answers_are_looked_for_with_the_connections_token_and_allergies_sealed(
    app: APIFlask,
    worker: Worker,
    organization: UUID,
    connection: UUID,
    practice_partner: PracticePartner,
) -> None:
    looking = {"kind": "poll", "connection": str(connection), "stream": "answers", "every_s": 60}
    who = note("who", name={"var": "trigger.data.guest.name"})
    workflow = make_workflow(app, organization, looking, who)
    look(app, worker)
    practice_partner.answer("g_ben", "accepted", allergy="Peanuts")
    look_sooner = "UPDATE workflow_timers SET due_at = clock_timestamp() RETURNING key"
    one(app, look_sooner)
    look(app, worker)
    worker.fan_out()
    event = one(app, "SELECT type, data FROM events WHERE causation ->> 'polled_by' IS NOT NULL")
    assert event.type == "external.rsvp.received"
    assert "Peanuts" not in str(event.data)
    worker.run()
    run = run_of(app, workflow)
    assert (run.state, steps_of(app, run.id)["who"].output) == ("succeeded", {"name": "Ben Carter"})


def _subscription_keys(app: APIFlask) -> set[str]:
    made = rows(app, "SELECT 'POST:' || h.id AS key FROM hooks h WHERE connection_id IS NOT NULL")
    return {
        f"{row.key}:{connected.connected_at}"
        for row in made
        for connected in rows(app, "SELECT connected_at FROM connections")
    }


def test_a_revoked_permission_parks_runs_and_they_go_on_in_order_after_reconnecting(
    app: APIFlask,
    worker: Worker,
    hook: Hook,
    owner: Persona,
    connection: UUID,
    practice_partner: PracticePartner,
    everything: Callable[[], None],
) -> None:
    practice_partner.faults(revoke_grants=True)
    workflow = begin(app, worker, hook, release(connection), events=6)
    everything()
    assert states_of(app, workflow) == {"waiting": 6}
    assert row_of(app, connection).state == "needs_reauth"
    for row in rows(app, "SELECT waiting_for, due_at FROM runs"):
        assert row.waiting_for == {"kind": "connection", "id": str(connection)}
        assert row.due_at is None
    run = rows(app, "SELECT id FROM runs ORDER BY id")[0]
    page = words_of(owner.browser.get(f"/runs/{run.id}"))
    assert "it does not know us any more" in page
    assert "Reconnect it and this goes on by itself." in page
    location = begin_connecting(owner, f"/connections/{connection}/reconnect")
    assert come_back(owner, practice_partner.allow(location)).status_code == 303
    worker.fan_out()
    due = [run.due_at for run in rows(app, "SELECT due_at FROM runs ORDER BY id")]
    assert due == sorted(set(due))
    everything()
    assert states_of(app, workflow) == {"succeeded": 6}
    keys = practice_partner.seen()["idempotency_keys"]
    acted_once = [each["acted"] for key, each in keys.items() if ":seat:" in key]
    assert acted_once == [1] * 6


def test_a_token_that_ran_out_is_renewed_and_the_run_only_waits_for_that(
    app: APIFlask,
    worker: Worker,
    hook: Hook,
    connection: UUID,
    practice_partner: PracticePartner,
    everything: Callable[[], None],
) -> None:
    practice_partner.faults(expire_tokens=True)
    workflow = begin(app, worker, hook, release(connection))
    everything()
    run = run_of(app, workflow)
    assert (run.state, tries_of(app, run.id, "seat")) == ("succeeded", ["auth", "ok"])
    seen = practice_partner.seen()
    assert (seen["refreshes"], seen["reuse_attempts"]) == (1, 0)


def test_too_many_requests_waits_as_the_partner_asks(
    app: APIFlask,
    worker: Worker,
    hook: Hook,
    connection: UUID,
    practice_partner: PracticePartner,
    everything: Callable[[], None],
) -> None:
    practice_partner.faults(api_answers="429", api_times=1, api_path="/seats", retry_after_s=90)
    began = clock.now()
    workflow = begin(app, worker, hook, release(connection, **retrying(3, delay_s=1)))
    everything()
    run = run_of(app, workflow)
    assert (run.state, run.waiting_for["kind"]) == ("waiting", "limit")
    assert run.due_at - began > timedelta(seconds=85)
    let_pass(app, 120)
    everything()
    assert tries_of(app, run.id, "seat") == ["rate_limit", "ok"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("html", "They answered with a web page instead of data (200)."),
        ("500", "They answered 500"),
        ("drop", ""),
    ],
)
def test_a_bad_day_is_tried_again_under_the_same_key_and_happens_once(
    app: APIFlask,
    worker: Worker,
    hook: Hook,
    connection: UUID,
    practice_partner: PracticePartner,
    everything: Callable[[], None],
    fault: str,
    said: str,
) -> None:
    practice_partner.faults(api_answers=fault, api_times=1, api_path="/seats")
    workflow = begin(app, worker, hook, release(connection, **retrying(3, delay_s=30)))
    everything()
    run = run_of(app, workflow)
    step = steps_of(app, run.id)["seat"]
    assert (run.state, step.error["class"]) == ("waiting", "maybe")
    assert step.error["message"].startswith(said)
    let_pass(app, 60)
    everything()
    assert tries_of(app, run.id, "seat") == ["maybe", "ok"]
    key = practice_partner.seen()["idempotency_keys"][f"{run.id}:seat:-:0"]
    assert key["acted"] == 1


def test_the_partner_is_told_where_to_send_and_told_anew_after_a_reconnection(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    connection: UUID,
    practice_partner: PracticePartner,
    everything: Callable[[], None],
) -> None:
    everything()
    hook = one(app, "SELECT * FROM hooks WHERE connection_id = :id", id=connection)
    assert (hook.state, hook.subscription) == ("on", "on"), hook.subscription_error
    location = begin_connecting(owner, f"/connections/{connection}/reconnect")
    come_back(owner, practice_partner.allow(location))
    everything()
    again = one(app, "SELECT * FROM hooks WHERE connection_id = :id", id=connection)
    assert again.subscription == "on"
    assert again.subscription_id != hook.subscription_id
    seen = practice_partner.seen()["requests"]
    assert seen["POST /api/v1/webhooks"] == 2
    assert sum(n for request, n in seen.items() if request.startswith("DELETE /api/v1/web")) == 1


def test_disconnecting_ends_the_hook_and_deleting_the_runs_that_wait(
    app: APIFlask,
    worker: Worker,
    hook: Hook,
    owner: Persona,
    connection: UUID,
    practice_partner: PracticePartner,
    everything: Callable[[], None],
) -> None:
    everything()
    practice_partner.faults(revoke_grants=True)
    workflow = begin(app, worker, hook, release(connection))
    everything()
    assert states_of(app, workflow) == {"waiting": 1}
    assert owner.browser.post(f"/connections/{connection}/disconnect").status_code == 303
    everything()
    assert states_of(app, workflow) == {"waiting": 1}
    ended = one(app, "SELECT * FROM hooks WHERE connection_id = :id", id=connection)
    assert (ended.state, ended.subscription) == ("off", "gone")
    form = {"turn_off": "1"}
    assert owner.browser.post(f"/connections/{connection}/delete", data=form).status_code == 303
    everything()
    run = run_of(app, workflow)
    assert run.state == "failed"
    message = steps_of(app, run.id)["seat"].error["message"]
    assert message == "The connection this step used was removed."
