"""Connections' hooks: made with the connection, and arranged with its partner."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask

from tests.far_ends.rest_service import RestService
from tests.personas import Persona
from tests.webhooks.arranging import (
    AUTOMATIC,
    agrees,
    connected,
    hook_of,
    manifest_of,
    pass_time,
    receive,
    secret_of,
)
from tests.weddings.couples import marry
from tests.workers.scene import (
    Worker,
    make_workflow,
    note,
    on_event,
    one,
    rows,
    run_of,
)
from tests.workflows.connected import change, mend
from wedsync.listings import manifests
from wedsync.platform import clock, leaves
from wedsync.webhooks.hooks import subscribing
from wedsync.webhooks.schemes.signatures import new_standard_secret


def test_a_connection_gets_its_hook_and_the_partner_is_told_where_to_send(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    service: RestService,
    subscribe: Callable[[], None],
) -> None:
    secret = agrees(service)
    connection = connected(app, worker, owner, service)
    made = hook_of(app, connection)
    assert (made.state, made.subscription, made.secret) == ("needs_secret", "wanted", None)
    assert made.options == {"sensitive": ["guest.allergy"]}
    subscribe()
    hook = hook_of(app, connection)
    assert (hook.state, hook.subscription, hook.subscription_id) == ("on", "on", "sub_1")
    assert (hook.subscription_due_at, hook.subscription_attempts) == (None, 0)
    assert secret_of(app, hook) == secret
    (asked,) = service.asked
    assert asked.json() == {"url": f"http://localhost:8000/hooks/{hook.token}"}
    assert asked.headers["idempotency-key"]


def test_what_the_partner_tells_starts_runs_and_its_sensitive_parts_are_sealed(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    service: RestService,
    subscribe: Callable[[], None],
) -> None:
    agrees(service)
    connection = connected(app, worker, owner, service)
    subscribe()
    trigger = on_event("external.rsvp.received", f"connection:{connection}")
    workflow = make_workflow(app, owner.organization_id, trigger, note("noted", a=1))
    data = {"guest": {"name": "Ana", "allergy": "Peanuts"}}
    event_id = receive(app, hook_of(app, connection), "rsvp.received", data)
    worker.work()
    assert run_of(app, workflow).state == "succeeded"
    kept = one(app, "SELECT type, data FROM events WHERE id = :id", id=event_id)
    assert kept.type == "external.rsvp.received"
    assert kept.data["guest"]["name"] == "Ana"
    assert "Peanuts" not in json.dumps(kept.data)
    assert leaves.is_sealed(kept.data["guest"]["allergy"])


@pytest.mark.parametrize(
    ("said", "is_meant"),
    [
        ({"couple": "Josef and Hannah", "date": "2031-06-14"}, True),
        ({"couple": "Josef and Hannah", "date": "2031-06-15"}, False),
        ({"couple": "Josef and Hannah", "date": "soon"}, False),
        ({"couple": ["Josef", "Hannah"], "date": 20310614}, False),
        ("Josef and Hannah", False),
    ],
)
def test_what_a_partner_tells_is_about_the_wedding_of_its_couple_and_day(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    service: RestService,
    subscribe: Callable[[], None],
    said: Any,
    is_meant: bool,
) -> None:
    agrees(service)
    where = {"couple": "wedding.couple", "day": "wedding.date"}
    connection = connected(app, worker, owner, service, {**AUTOMATIC, "wedding": where})
    subscribe()
    wedding = marry(app, owner, title="Hannah & Josef", date="2031-06-14")
    event_id = receive(app, hook_of(app, connection), "rsvp.changed", {"wedding": said})
    worker.fan_out()
    kept = one(app, "SELECT wedding_id FROM events WHERE id = :id", id=event_id)
    assert kept.wedding_id == (wedding if is_meant else None)


def test_a_repeated_ask_carries_the_same_key_until_the_connection_is_made_anew(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    service: RestService,
    subscribe: Callable[[], None],
) -> None:
    service.answers("POST", "/webhooks", {}, status=503)
    connection = connected(app, worker, owner, service)
    subscribe()
    hook = hook_of(app, connection)
    assert (hook.subscription, hook.subscription_attempts) == ("wanted", 1)
    assert hook.subscription_due_at > clock.now()
    assert hook.subscription_error["code"] == "http_503"
    agrees(service)
    pass_time(app)
    subscribe()
    assert hook_of(app, connection).subscription == "on"
    first, second = service.asked
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


def test_after_a_reconnection_the_partner_is_told_anew_and_the_older_one_ends(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    service: RestService,
    subscribe: Callable[[], None],
) -> None:
    first = agrees(service)
    connection = connected(app, worker, owner, service)
    subscribe()
    change(app, connection, connected_at=clock.now())
    mend(app, connection)
    worker.fan_out()
    assert hook_of(app, connection).state == "on"
    second = agrees(service, "sub_2")
    subscribe()
    hook = hook_of(app, connection)
    assert (hook.subscription, hook.subscription_id) == ("on", "sub_2")
    assert (secret_of(app, hook), secret_of(app, hook, "previous_secret")) == (second, first)
    assert [(asked.method, asked.path) for asked in service.asked] == [
        ("POST", "/webhooks"),
        ("POST", "/webhooks"),
        ("DELETE", "/webhooks/sub_1"),
    ]
    keys = [asked.headers["idempotency-key"] for asked in service.asked[:2]]
    assert keys[0] != keys[1]


def test_a_connection_that_tells_nothing_gets_no_hook(
    app: APIFlask, worker: Worker, owner: Persona, service: RestService
) -> None:
    connection = connected(app, worker, owner, service, hooks=None)
    assert rows(app, "SELECT 1 FROM hooks WHERE connection_id = :id", id=connection) == []


# --- what can go wrong


@pytest.mark.parametrize(
    ("status", "answer", "code"),
    [
        (403, {"message": "Not allowed."}, "http_403"),
        (201, {"id": "sub_1"}, "secret_missing"),
        (201, {"id": "sub_1", "signing": {"secret": "short"}}, "secret_missing"),
        (201, {"signing": {"secret": new_standard_secret()}}, "id_missing"),
        (201, {"id": ["sub_1"], "signing": {"secret": new_standard_secret()}}, "id_missing"),
        (204, b"", "secret_missing"),
        (200, b"Thank you, that is noted.", "secret_missing"),
    ],
)
def test_what_cannot_be_arranged_is_said_and_can_be_tried_again_by_a_person(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    service: RestService,
    subscribe: Callable[[], None],
    status: int,
    answer: Any,
    code: str,
) -> None:
    body = answer if isinstance(answer, bytes) else None
    service.answers("POST", "/webhooks", answer if body is None else None, status=status, body=body)
    connection = connected(app, worker, owner, service)
    subscribe()
    hook = hook_of(app, connection)
    assert (hook.subscription, hook.subscription_due_at) == ("failed", None)
    assert hook.subscription_error["code"] == code
    page = owner.browser.get(f"/webhooks/of-connection/{connection}")
    assert "Not arranged" in page.text
    agrees(service)
    again = owner.browser.post(f"/webhooks/of-connection/{connection}/again")
    assert again.status_code == 303
    subscribe()
    assert hook_of(app, connection).subscription == "on"


def test_it_is_not_tried_for_ever(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    service: RestService,
    subscribe: Callable[[], None],
) -> None:
    service.answers("POST", "/webhooks", {}, status=500)
    connection = connected(app, worker, owner, service)
    for _ in range(subscribing.MOST_ATTEMPTS + 2):
        subscribe()
        pass_time(app)
    assert hook_of(app, connection).subscription == "failed"
    assert len(service.asked) == subscribing.MOST_ATTEMPTS


def test_a_hook_that_cannot_be_read_keeps_no_other_from_being_arranged_and_is_tried_again(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    service: RestService,
    subscribe: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = connected(app, worker, owner, service)
    (manifest,) = manifest_of(app, broken, {})
    agrees(service)
    well = connected(app, worker, owner, service)
    monkeypatch.setattr(manifests, "_kept", {})
    subscribe()
    assert hook_of(app, well).subscription == "on"
    hook = hook_of(app, broken)
    assert (hook.subscription, hook.subscription_attempts) == ("wanted", 1)
    assert clock.now() < hook.subscription_due_at < clock.now() + timedelta(seconds=10)
    assert hook.subscription_error["code"] == "bug"
    manifest_of(app, broken, manifest)
    pass_time(app)
    subscribe()
    assert hook_of(app, broken).subscription == "on"


def test_a_secret_that_cannot_be_opened_any_more_keeps_no_other_from_being_arranged(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    service: RestService,
    subscribe: Callable[[], None],
) -> None:
    broken, well = (connected(app, worker, owner, service) for _ in range(2))
    agrees(service)
    unreadable = "UPDATE hooks SET secret = :bytes WHERE connection_id = :id RETURNING 1"
    rows(app, unreadable, id=broken, bytes=b"of another key")
    subscribe()
    assert hook_of(app, well).subscription == "on"
    hook = hook_of(app, broken)
    assert (hook.subscription, hook.subscription_error["code"]) == ("wanted", "bug")


def test_a_refusal_of_the_key_is_told_to_the_connection(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    service: RestService,
    subscribe: Callable[[], None],
) -> None:
    service.answers("POST", "/webhooks", {}, status=401)
    connection = connected(app, worker, owner, service)
    subscribe()
    noted = one(app, "SELECT refused_at FROM connections WHERE id = :id", id=connection)
    assert noted.refused_at is not None
    assert hook_of(app, connection).subscription == "wanted"


def test_nobody_is_asked_while_the_connection_is_not_usable(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    service: RestService,
    subscribe: Callable[[], None],
) -> None:
    connection = connected(app, worker, owner, service)
    change(app, connection, state="needs_reauth")
    subscribe()
    hook = hook_of(app, connection)
    assert (service.asked, hook.subscription) == ([], "wanted")
