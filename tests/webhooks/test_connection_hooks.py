"""Connections' hooks: made with the connection, arranged with its partner, ended with it."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import Row

from tests.far_ends.rest_service import RestService, started_rest_service
from tests.personas import Persona
from tests.workers.scene import (
    Worker,
    make_workflow,
    note,
    on_event,
    one,
    rows,
    run_of,
    wait_for_a_lock,
)
from tests.workflows.connected import change, connect, mend, seating, tell
from wedsync.events.types import stored_event_type
from wedsync.listings import manifests
from wedsync.platform import clock, ids, leaves, outbound
from wedsync.platform.db import db
from wedsync.platform.vault import place
from wedsync.webhooks import connection_hooks, subscribing
from wedsync.webhooks.deliveries import FannedEvent
from wedsync.webhooks.schemes.signatures import new_standard_secret
from wedsync.webhooks.subscribing import Subscribing

AUTOMATIC = {
    "scheme": "standard_webhooks",
    "setup": "automatic",
    "sensitive": ["guest.allergy"],
    "secret_path": "signing.secret",
    "subscribe": {
        "method": "POST",
        "path": "/webhooks",
        "json": {"url": "{hook.url}"},
        "key_header": "Idempotency-Key",
    },
    "unsubscribe": {"method": "DELETE", "path": "/webhooks/{subscription.id}"},
}
BY_HAND = {
    "scheme": "stripe",
    "setup": "by_hand",
    "instructions": "Open Developers.\nAdd the address.",
}
NEVER = threading.Event()


@pytest.fixture
def service() -> Iterator[RestService]:
    with started_rest_service() as started:
        started.answers("DELETE", "/webhooks/sub_1", status=204, body=b"")
        yield started


@pytest.fixture
def subscribe(app: APIFlask, worker: Worker) -> Callable[[], None]:
    """One round of the drain."""
    runtime = worker.runtime
    drain = Subscribing(worker.engine, runtime.vault, runtime.settings)
    return lambda: drain.work(NEVER)


def agrees(service: RestService, name: str = "sub_1") -> str:
    """The partner takes the next subscription; the secret it gives."""
    secret = new_standard_secret()
    answer = {"id": name, "signing": {"secret": secret}}
    service.answers("POST", "/webhooks", answer, status=201)
    return secret


def connected(
    app: APIFlask, worker: Worker, owner: Persona, service: RestService, hooks: Any = AUTOMATIC
) -> UUID:
    """A connection whose manifest has these hooks, and the fan-out knows of it."""
    manifest = seating(service, f"seating-{ids.new_id().hex[-8:]}", hooks=hooks)
    connection = connect(app, owner.organization_id, manifest)
    tell(app, connection, "connection.connected")
    worker.fan_out()
    return connection


def news(owner: Persona, connection: UUID, event_type: str) -> FannedEvent:
    return FannedEvent(
        id=ids.new_id(),
        organization_id=owner.organization_id,
        type=event_type,
        source="ours",
        occurred_at=clock.now(),
        data={"connection_id": str(connection)},
        wedding_id=None,
        causation={},
    )


def hook_of(app: APIFlask, connection: UUID) -> Row[Any]:
    return one(app, "SELECT * FROM hooks WHERE connection_id = :id", id=connection)


def secret_of(app: APIFlask, hook: Row[Any], field: str = "secret") -> str:
    with app.app_context():
        vault = app.extensions["wedsync"].vault
        where = place("hooks", hook.id, field)
        sealed = getattr(hook, field)
        return str(vault.open(db.session, hook.organization_id, where, sealed).decode())


def pass_time(app: APIFlask) -> None:
    """Make what waits for its next try due."""
    rows(
        app,
        "UPDATE hooks SET subscription_due_at = clock_timestamp()"
        " WHERE subscription_due_at IS NOT NULL RETURNING 1",
    )


def manifest_of(app: APIFlask, connection: UUID, document: Any) -> list[Any]:
    """Let the connection's manifest be this document; the one before."""
    before = rows(
        app,
        "SELECT v.id, v.manifest FROM listing_versions v JOIN connections c"
        " ON c.listing_version_id = v.id WHERE c.id = :id",
        id=connection,
    )
    written = "UPDATE listing_versions SET manifest = CAST(:to AS jsonb) WHERE id = :id RETURNING 1"
    rows(app, written, id=before[0].id, to=json.dumps(document))
    return [row.manifest for row in before]


def receive(app: APIFlask, hook: Row[Any], event_type: str, data: Any) -> UUID:
    """An event as the front stores what came to a connection's hook."""
    event_id = ids.new_id()
    source = f"connection:{hook.connection_id}"
    with app.app_context(), db.engine.begin() as database:
        vault = app.extensions["wedsync"].vault
        body = json.dumps({"type": event_type, "data": data}).encode()
        where = place("events", event_id, "raw_body")
        sealed = vault.seal(database, hook.organization_id, where, body)
    rows(
        app,
        "INSERT INTO events (id, organization_id, type, source, occurred_at, raw_body, causation)"
        " VALUES (:id, :organization_id, :type, :source, :now, :raw_body, jsonb_build_object("
        "'root', CAST(:id AS text), 'depth', 0, 'chain', jsonb_build_array())) RETURNING 1",
        id=event_id,
        organization_id=hook.organization_id,
        type=stored_event_type(event_type, source),
        source=source,
        now=clock.now(),
        raw_body=sealed,
    )
    return event_id


# --- arranged by itself


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


# --- its end


def test_a_disconnected_connections_hook_takes_nothing_more(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    service: RestService,
    subscribe: Callable[[], None],
) -> None:
    agrees(service)
    connection = connected(app, worker, owner, service)
    subscribe()
    change(app, connection, state="deleted")
    tell(app, connection, "connection.disconnected")
    worker.fan_out()
    hook = hook_of(app, connection)
    assert (hook.state, hook.subscription, hook.subscription_due_at) == ("off", "gone", None)


def test_what_two_workers_hear_at_once_leaves_no_hook_of_a_connection_that_is_gone(
    app: APIFlask, worker: Worker, owner: Persona, service: RestService
) -> None:
    manifest = seating(service, f"seating-{ids.new_id().hex[-8:]}", hooks=AUTOMATIC)
    connection = connect(app, owner.organization_id, manifest)
    hears = connection_hooks.connection_changed

    def hear_the_end() -> None:
        with worker.engine.begin() as database:
            hears(database, [news(owner, connection, "connection.disconnected")])

    with worker.engine.begin() as database:
        hears(database, [news(owner, connection, "connection.connected")])
        change(app, connection, state="deleted")
        other = ThreadPoolExecutor(1)
        end = other.submit(hear_the_end)
        wait_for_a_lock(app)
    end.result()
    other.shutdown()
    assert hook_of(app, connection).subscription == "gone"


def test_news_that_come_late_do_not_bring_back_the_hook_of_a_connection_that_is_gone(
    app: APIFlask, worker: Worker, owner: Persona, service: RestService
) -> None:
    connection = connected(app, worker, owner, service)
    change(app, connection, state="deleted")
    tell(app, connection, "connection.reconnected")
    worker.fan_out()
    assert hook_of(app, connection).subscription == "gone"


def test_an_answer_that_comes_after_the_end_revives_nothing(
    app: APIFlask, worker: Worker, owner: Persona, service: RestService
) -> None:
    agrees(service)
    connection = connected(app, worker, owner, service)
    runtime = worker.runtime
    drain = Subscribing(worker.engine, runtime.vault, runtime.settings)
    errands = drain._take()
    change(app, connection, state="deleted")
    tell(app, connection, "connection.disconnected")
    worker.fan_out()
    for errand in errands:
        assert errand.request is not None
        over = drain._record(errand, outbound.request(errand.request))
        assert over is not None
        drain._end([over])
    assert hook_of(app, connection).state == "off"
    assert [asked.method for asked in service.asked] == ["POST", "DELETE"]


def test_an_answer_that_comes_after_another_workers_ends_nothing(
    app: APIFlask, worker: Worker, owner: Persona, service: RestService
) -> None:
    agrees(service)
    connection = connected(app, worker, owner, service)
    runtime = worker.runtime
    drain = Subscribing(worker.engine, runtime.vault, runtime.settings)
    (slow,) = drain._take()
    pass_time(app)
    drain.work(NEVER)
    assert slow.request is not None
    assert drain._record(slow, outbound.request(slow.request)) is None
    assert hook_of(app, connection).subscription == "on"


# --- by hand, and the pages


def test_by_hand_the_page_says_what_to_do_and_takes_the_secret(
    app: APIFlask, worker: Worker, owner: Persona, service: RestService
) -> None:
    connection = connected(app, worker, owner, service, hooks=BY_HAND)
    hook = hook_of(app, connection)
    assert (hook.state, hook.subscription) == ("needs_secret", "by_hand")
    path = f"/webhooks/of-connection/{connection}"
    page = owner.browser.get(path).text
    assert "Needs its secret" in page
    assert "Add the address." in page
    assert hook.token in page
    wrong = owner.browser.post(f"{path}/secret", data={"secret": "nonsense with spaces"})
    assert wrong.status_code == 422
    kept = owner.browser.post(f"{path}/secret", data={"secret": "whsec_1234567890abcdef"})
    assert kept.status_code == 303
    hook = hook_of(app, connection)
    assert (hook.state, secret_of(app, hook)) == ("on", "whsec_1234567890abcdef")
    assert "whsec_1234567890abcdef" not in owner.browser.get(path).text


def test_a_viewer_sees_neither_address_nor_secret(
    app: APIFlask, worker: Worker, owner: Persona, viewer: Persona, service: RestService
) -> None:
    connection = connected(app, worker, owner, service, hooks=BY_HAND)
    page = viewer.browser.get(f"/webhooks/of-connection/{connection}")
    assert page.status_code == 200
    assert hook_of(app, connection).token not in page.text
    refused = viewer.browser.post(f"/webhooks/of-connection/{connection}/again")
    assert refused.status_code == 403


def test_as_a_fragment_it_is_only_the_part(
    app: APIFlask, worker: Worker, owner: Persona, service: RestService
) -> None:
    connection = connected(app, worker, owner, service)
    part = owner.browser.get(f"/webhooks/of-connection/{connection}", fragment=True).text
    assert "<html" not in part
    assert "Asking Our seating to tell us" in part


def test_without_permission_nobody_claims_that_they_tell_us(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    service: RestService,
    subscribe: Callable[[], None],
) -> None:
    agrees(service)
    connection = connected(app, worker, owner, service)
    subscribe()
    path = f"/webhooks/of-connection/{connection}"
    assert "nothing for you to do" in owner.browser.get(path).text
    change(app, connection, state="needs_reauth")
    said = owner.browser.get(path).text
    assert "may not tell us anything until it is connected again" in said
    assert "nothing for you to do" not in said


def test_a_connections_hook_is_not_among_the_hooks_people_make(
    app: APIFlask, worker: Worker, owner: Persona, service: RestService
) -> None:
    connection = connected(app, worker, owner, service)
    hook = hook_of(app, connection)
    assert owner.browser.get(f"/webhooks/hooks/{hook.id}").status_code == 404
    assert owner.browser.post(f"/webhooks/hooks/{hook.id}/remove").status_code == 404
    assert owner.api.get(f"/hooks/{hook.id}").status_code == 404
    assert owner.api.get("/hooks").json["data"] == []


def test_a_strangers_connection_is_not_found(
    app: APIFlask, worker: Worker, owner: Persona, stranger: Persona, service: RestService
) -> None:
    connection = connected(app, worker, owner, service)
    for path in ("", "/secret", "/again"):
        ask = stranger.browser.post if path else stranger.browser.get
        answer = ask(
            f"/webhooks/of-connection/{connection}{path}", data={"secret": "whsec_12345678"}
        )
        assert answer.status_code == 404
