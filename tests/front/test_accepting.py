"""A signed request is verified, kept once under the organization's key, and answered."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import stripe
from apiflask import APIFlask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from tests.far_ends.rest_service import started_rest_service
from tests.front.conftest import Answer, FrontServer, Sender, SenderMaker
from tests.personas import Persona
from tests.workers.scene import beside, wait_until
from tests.workflows.connected import connect, seating
from wedsync.events.models import Event
from wedsync.platform import clock, ids
from wedsync.platform.db import db
from wedsync.platform.vault import MASK, place
from wedsync.webhooks import queries
from wedsync.webhooks.hooks import incoming
from wedsync.webhooks.hooks import service as hooks
from wedsync.webhooks.models import Hook, HookReceipt
from wedsync.webhooks.schemes.signatures import new_standard_secret

BODY = (
    b'{"type":"rsvp.received","timestamp":"2026-05-30T12:00:00Z",'
    b'"data":{"guest":"Zo\xc3\xab","n":3}}'
)
STRIPE_SECRET = "whsec_1234567890abcdef"


def event_id(answer: Answer) -> UUID:
    assert answer.status == 202, answer.data
    assert answer.headers["content-type"] == "application/json"
    return UUID(answer.json()["event_id"])


def events_of(database: Session, sender: Sender) -> list[Event]:
    source = f"hook:{sender.hook_id}"
    return list(database.scalars(select(Event).where(Event.source == source)))


def opened(app: APIFlask, event: Event) -> bytes:
    where = place("events", event.id, incoming.RAW_BODY)
    with app.app_context():
        vault = app.extensions["wedsync"].vault
        return bytes(vault.open(db.session, event.organization_id, where, event.raw_body))


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.1)


def test_what_is_signed_is_kept_sealed_with_all_that_is_known_of_it(
    app: APIFlask, database: Session, sender: Sender
) -> None:
    found = event_id(sender.send(BODY, authorization="Bearer not-yours", x_colour="green"))
    event = database.get_one(Event, found)
    assert (event.organization_id, event.type) == (
        sender.organization_id, "external.rsvp.received",
    )  # fmt: skip
    assert event.occurred_at == datetime(2026, 5, 30, 12, tzinfo=UTC)
    assert (event.sender_event_id, event.data, event.fanned_out_at) == ("msg_1", None, None)
    assert event.causation == {"root": str(found), "depth": 0, "chain": []}
    assert b"guest" not in (event.raw_body or b"")
    assert opened(app, event) == BODY
    assert incoming.data_of_raw("standard_webhooks", BODY) == {"guest": "Zoë", "n": 3}
    assert (event.headers["scheme"], event.headers["verdict"]) == ("standard_webhooks", "verified")
    assert event.headers["headers"]["x-colour"] == "green"
    assert event.headers["headers"]["authorization"] == MASK
    assert event.headers["headers"]["webhook-signature"] == MASK


def test_a_repeat_is_answered_with_the_first_event(database: Session, sender: Sender) -> None:
    first = event_id(sender.send(BODY))
    assert [event_id(sender.send(BODY)) for _ in range(3)] == [first] * 3
    assert [event.id for event in events_of(database, sender)] == [first]


def test_the_same_id_with_another_body_keeps_the_first_and_is_counted(
    app: APIFlask, database: Session, sender: Sender
) -> None:
    first = event_id(sender.send(BODY))
    assert event_id(sender.send(BODY.replace(b"3", b"4"))) == first
    assert opened(app, events_of(database, sender)[0]) == BODY
    hook = database.get_one(Hook, sender.hook_id)
    until(lambda: database.refresh(hook) or hook.conflicts == 1)
    assert hook.last_seen_at is not None


def test_two_hundred_at_once_with_one_id_are_one_event(database: Session, sender: Sender) -> None:
    headers = sender.headers(BODY)

    def send(_: int) -> UUID:
        return event_id(sender.front.request("POST", sender.path, body=BODY, headers=headers))

    with ThreadPoolExecutor(40) as many:
        found = set(many.map(send, range(200)))
    assert len(found) == 1
    assert {event.id for event in events_of(database, sender)} == found


def test_two_hundred_at_once_with_ids_of_their_own_are_all_kept(
    database: Session, sender: Sender
) -> None:
    with ThreadPoolExecutor(40) as many:
        found = set(many.map(lambda n: event_id(sender.send(BODY, f"m{n}")), range(200)))
    assert len(found) == 200
    assert {event.id for event in events_of(database, sender)} == found


def test_one_id_at_two_hooks_is_two_events(make_sender: SenderMaker) -> None:
    assert event_id(make_sender().send(BODY)) != event_id(make_sender().send(BODY))


def test_a_payment_signed_by_stripes_library_is_taken(
    database: Session, make_sender: SenderMaker
) -> None:
    sender = make_sender(scheme="stripe", secret=STRIPE_SECRET)
    body = json.dumps(
        {"id": "evt_1", "type": "payment_intent.succeeded", "created": 1780142400,
         "data": {"object": {"amount": 125000}}}
    )  # fmt: skip

    def send() -> UUID:
        header = stripe.WebhookSignature.generate_signature_header(body, STRIPE_SECRET)
        headers = {"stripe-signature": header}
        return event_id(sender.front.request("POST", sender.path, body=body, headers=headers))

    first = send()
    assert send() == first
    event = database.get_one(Event, first)
    assert (event.type, event.sender_event_id) == ("payment_intent.succeeded", "evt_1")
    assert event.occurred_at == datetime.fromtimestamp(1780142400, UTC)
    assert event.headers["headers"]["stripe-signature"] == MASK


def test_an_hmac_sender_without_ids_is_taken_every_time(
    database: Session, make_sender: SenderMaker
) -> None:
    options = {"header": "X-Sign", "algorithm": "sha512", "encoding": "base64"}
    sender = make_sender(
        scheme="hmac", secret="a shared secret", options=options, event_type="form.sent"
    )
    digest = hmac.new(b"a shared secret", b'{"a":1}', hashlib.sha512).digest()
    headers = {"x-sign": base64.b64encode(digest).decode()}
    answers = [
        sender.front.request("POST", sender.path, body=b'{"a":1}', headers=headers)
        for _ in range(2)
    ]
    assert len({event_id(answer) for answer in answers}) == 2
    assert {event.type for event in events_of(database, sender)} == {"form.sent"}
    assert database.scalar(
        select(func.count()).where(HookReceipt.hook_id == sender.hook_id)
    ) == 0  # fmt: skip


def test_after_a_rotation_both_secrets_are_taken_for_a_day(
    app: APIFlask, database: Session, sender: Sender, editor: Persona
) -> None:
    with app.app_context():
        _, secret = hooks.rotate_secret(editor.identity, sender.hook_id)
        db.session.commit()
    time.sleep(1.1)  # the front looks once a second
    renewed = Sender(sender.front, sender.hook_id, sender.organization_id, sender.token, secret)
    event_id(renewed.send(BODY, "new"))
    event_id(sender.send(BODY, "old"))
    hook = database.get_one(Hook, sender.hook_id)
    hook.previous_secret_until = clock.now() - timedelta(seconds=1)
    database.commit()
    time.sleep(1.1)
    assert sender.send(BODY, "late").status == 401


def test_a_hook_turned_off_is_not_there(app: APIFlask, sender: Sender, editor: Persona) -> None:
    event_id(sender.send(BODY))
    with app.app_context():
        hooks.update(editor.identity, sender.hook_id, {"state": "off"})
        db.session.commit()
    time.sleep(1.1)
    assert sender.send(BODY, "later").json()["code"] == "hook_unknown"


def test_a_hook_deleted_a_moment_ago_is_not_there(
    app: APIFlask, database: Session, make_sender: SenderMaker, editor: Persona
) -> None:
    leaving, staying = make_sender(), make_sender()
    kept = database.get_one(Event, event_id(leaving.send(BODY)))
    kept.fanned_out_at = clock.now()
    database.commit()
    with app.app_context():
        hooks.delete(editor.identity, leaving.hook_id)
        db.session.commit()
    with ThreadPoolExecutor(8) as many:  # still remembered by the front; in one batch with others
        gone = [many.submit(leaving.send, BODY, f"m{n}") for n in range(4)]
        taken = [many.submit(staying.send, BODY, f"m{n}") for n in range(4)]
    assert {answer.result().json().get("code") for answer in gone} == {"hook_unknown"}
    assert {answer.result().status for answer in taken} == {202}
    assert len(events_of(database, staying)) == 4


def test_what_no_id_names_waits_for_a_hook_that_is_being_deleted(
    app: APIFlask, database: Session, make_sender: SenderMaker
) -> None:
    leaving = make_sender(scheme="bearer", secret="12345678")

    def send() -> Answer:
        shown = {"authorization": "Bearer 12345678"}
        return leaving.front.request("POST", leaving.path, body=BODY, headers=shown)

    with app.app_context():
        hook = queries.get_hook(leaving.organization_id, leaving.hook_id, for_delete=True)
        with beside(send) as sent:
            wait_until(lambda: _waits_for_a_lock(database))
            db.session.delete(hook)
            db.session.commit()
            assert sent.result().json()["code"] == "hook_unknown"
    assert events_of(database, leaving) == []


def _waits_for_a_lock(database: Session) -> bool:
    database.rollback()  # what is read of others is as it was when this transaction began
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = :who"
    waiting += " AND datname = current_database() AND wait_event_type = 'Lock'"
    return bool(database.scalar(text(waiting), {"who": "wedsync-front-store"}))


def test_a_wide_body_of_a_megabyte_is_taken(
    app: APIFlask, database: Session, sender: Sender
) -> None:
    body = b'{"type":"a.b","data":"' + b"x" * (1024 * 1024 - 24) + b'"}'
    assert len(body) == 1024 * 1024
    assert opened(app, database.get_one(Event, event_id(sender.send(body)))) == body


def test_a_body_sent_in_pieces_without_a_length_is_taken(sender: Sender) -> None:
    pieces = (BODY[:10], BODY[10:30], BODY[30:])
    answer = sender.front.request(
        "POST", sender.path, body=iter(pieces), headers=sender.headers(BODY), chunked=True
    )
    event_id(answer)


def test_the_address_of_a_hook_is_never_in_the_log(front: FrontServer, sender: Sender) -> None:
    event_id(sender.send(BODY))
    sender.send(BODY, webhook_signature="v1,AAAA")
    front.request("GET", sender.path)
    assert sender.token not in front.log
    assert sender.secret not in front.log


def test_what_comes_to_a_connections_hook_comes_from_the_connection(
    app: APIFlask, database: Session, front: FrontServer, owner: Persona
) -> None:
    with started_rest_service() as service:
        manifest = seating(service, f"seating-{ids.new_id().hex[-8:]}")
        connection = connect(app, owner.organization_id, manifest)
    secret = new_standard_secret()
    with app.app_context():
        hook, _ = hooks.create(
            owner.organization_id,
            {"name": "Petal", "scheme": "standard_webhooks", "secret": secret},
        )
        hook.connection_id = connection
        db.session.commit()
        sender = Sender(front, hook.id, owner.organization_id, hook.token, secret)
    kept = event_id(sender.send(BODY))
    assert event_id(sender.send(BODY)) == kept
    event = database.get_one(Event, kept)
    assert (event.source, event.type) == (f"connection:{connection}", "external.rsvp.received")
