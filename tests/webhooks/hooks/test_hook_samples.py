"""A sample: made as the sender would, judged as the front judges, kept and passed on to nobody."""

import base64
import shlex
from collections.abc import Iterator
from datetime import timedelta

import pytest
from apiflask import APIFlask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.personas import Persona
from tests.webhooks import senders
from tests.workers.scene import Worker
from wedsync.audit.models import AuditEntry
from wedsync.errors import Conflict, Invalid, NotFound
from wedsync.events.models import Event
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.platform.vault import MASK, place
from wedsync.webhooks import schemes
from wedsync.webhooks.hooks import incoming
from wedsync.webhooks.hooks import samples as hook_samples
from wedsync.webhooks.hooks import service as hooks
from wedsync.webhooks.models import Hook
from wedsync.workflows.run_models import Run

OPTIONS = {
    "hmac": {
        "header": "X-Sign",
        "algorithm": "sha512",
        "encoding": "base64",
        "prefix": "v9=",
        "timestamp_header": "X-At",
        "id_header": "X-Id",
    },
    "bearer": {"header": "X-Token"},
}
SECRETS = {
    "standard_webhooks": senders.SECRET,
    "stripe": "whsec_1234567890abcdef",
    "basic": "petal:a-shared-secret",
}
SIGNED = sorted(set(schemes.SCHEMES) - {"standard_webhooks_v1a"})


@pytest.fixture
def in_app(app: APIFlask) -> Iterator[None]:
    with app.app_context():
        yield
        db.session.rollback()


def made(owner: Persona, scheme: str, **fields: object) -> tuple[Hook, str]:
    secret = SECRETS.get(scheme, "a-shared-secret-of-theirs")
    wanted: hooks.HookFields = {
        "name": "Petal",
        "scheme": scheme,
        "secret": secret,
        "event_type": "form.sent",
        "options": OPTIONS.get(scheme, {}),
        **fields,  # type: ignore[typeddict-item]
    }
    return hooks.create(owner.organization_id, wanted)[0], secret


@pytest.mark.usefixtures("in_app")
@pytest.mark.parametrize("scheme", SIGNED)
def test_an_example_of_every_sender_arrives(app: APIFlask, owner: Persona, scheme: str) -> None:
    hook, secret = made(owner, scheme)
    arrived = hook_samples.send(owner.identity, hook.id)
    assert arrived.status == schemes.named(scheme).SUCCESS_STATUS
    assert arrived.event is not None
    assert (str(arrived.event.id) in arrived.answer) is not schemes.named(scheme).ANSWERED_BARE
    db.session.refresh(arrived.event)
    assert arrived.event.fanned_out_at is not None
    assert arrived.event.headers["verdict"] == "sample"
    where = place("events", arrived.event.id, incoming.RAW_BODY)
    vault = app.extensions["wedsync"].vault
    raw = vault.open(db.session, hook.organization_id, where, arrived.event.raw_body)
    assert incoming.data_of_raw(scheme, bytes(raw)) == arrived.event.data
    encoded = base64.b64encode(secret.encode()).decode()
    for text in (str(arrived), str(arrived.event.headers), str(arrived.event.data)):
        assert secret not in text
        assert encoded not in text


@pytest.mark.usefixtures("in_app")
def test_a_command_holds_the_whole_request(owner: Persona) -> None:
    hook, _ = made(owner, "standard_webhooks")
    body = """{"type":"a.b","data":"it's $HOME `here`"}"""
    arrived = hook_samples.send(owner.identity, hook.id, body)
    words = shlex.split(arrived.command.replace("\\\n", " "))
    assert words[:2] == ["curl", hooks.url_of(hook)]
    assert words[-2:] == ["--data-binary", body]
    headers = dict(word.split(": ", 1) for word in words[3:-2:2])
    assert headers == arrived.headers
    assert senders.standardwebhooks_takes(senders.request_of(headers, body), senders.SECRET)


@pytest.mark.usefixtures("in_app")
@pytest.mark.parametrize("scheme", ["bearer", "basic", "graph"])
def test_a_secret_that_is_shown_to_us_is_masked(owner: Persona, scheme: str) -> None:
    hook, _ = made(owner, scheme)
    arrived = hook_samples.send(owner.identity, hook.id)
    assert MASK in str(arrived.headers) + arrived.body
    assert "YOUR-SECRET" in arrived.command


@pytest.mark.usefixtures("in_app")
@pytest.mark.parametrize("scheme", ["bearer", "graph"])
def test_a_secret_that_has_to_be_quoted_is_masked_too(owner: Persona, scheme: str) -> None:
    secret = r"""it's-"theirs"\too"""
    hook, _ = made(owner, scheme, secret=secret)
    arrived = hook_samples.send(owner.identity, hook.id)
    assert arrived.status == 202
    for shown in (*arrived.headers.values(), arrived.body, arrived.command):
        assert "theirs" not in shown
    assert MASK in str(arrived.headers) + arrived.body
    assert "YOUR-SECRET" in arrived.command


@pytest.mark.usefixtures("in_app")
@pytest.mark.parametrize(
    ("scheme", "body", "status", "code"),
    [
        ("standard_webhooks", "{", 400, "body_invalid"),
        ("stripe", "[]", 400, "body_invalid"),
        ("graph", "{}", 401, "signature_missing"),
        ("xero", "{}", 400, "body_invalid"),
    ],
)
def test_what_is_not_taken_is_told_and_not_kept(
    owner: Persona, scheme: str, body: str, status: int, code: str
) -> None:
    hook, _ = made(owner, scheme)
    arrived = hook_samples.send(owner.identity, hook.id, body)
    assert (arrived.status, arrived.event) == (status, None)
    assert code in arrived.answer


@pytest.mark.usefixtures("in_app")
def test_an_echo_is_given_only_while_one_is_awaited(owner: Persona) -> None:
    hook, _ = made(owner, "slack")
    body = '{"type":"url_verification","challenge":"say this"}'
    given = hook_samples.send(owner.identity, hook.id, body)
    assert (given.status, given.answer, given.event) == (200, "say this", None)
    hook.handshake_until = clock.now() - timedelta(seconds=1)
    refused = hook_samples.send(owner.identity, hook.id, body)
    assert (refused.status, refused.event) == (400, None)
    assert "handshake_unexpected" in refused.answer


@pytest.mark.usefixtures("in_app")
def test_what_nobody_is_to_see_is_sealed(owner: Persona) -> None:
    hook, _ = made(owner, "hmac", options={**OPTIONS["hmac"], "sensitive": ["guest.diet"]})
    arrived = hook_samples.send(owner.identity, hook.id, '{"guest":{"diet":"nuts","n":1}}')
    assert arrived.event is not None
    assert arrived.event.data["guest"]["n"] == 1
    assert "nuts" not in str(arrived.event.data)


@pytest.mark.usefixtures("in_app")
def test_without_anything_to_sign_with_there_is_no_sample(owner: Persona) -> None:
    for fields in (
        {"scheme": "standard_webhooks_v1a", "secret": senders.PUBLIC},
        {"scheme": "slack"},
    ):
        hook, _ = hooks.create(owner.organization_id, {"name": "x", **fields})  # type: ignore[typeddict-item]
        with pytest.raises(Conflict) as refused:
            hook_samples.send(owner.identity, hook.id)
        assert refused.value.code == "no_sample"


@pytest.mark.usefixtures("in_app")
def test_a_hook_that_is_off_takes_no_sample(owner: Persona) -> None:
    hook, _ = made(owner, "github")
    hooks.update(owner.identity, hook.id, {"state": "off"})
    with pytest.raises(Conflict) as refused:
        hook_samples.send(owner.identity, hook.id)
    assert refused.value.code == "hook_off"


@pytest.mark.usefixtures("in_app")
@pytest.mark.parametrize("body", ["x" * 65_537, "é" * 40_000])
def test_a_sample_is_not_large(owner: Persona, body: str) -> None:
    hook, _ = made(owner, "github")
    with pytest.raises(Invalid, match="64 kB"):
        hook_samples.send(owner.identity, hook.id, body)


@pytest.mark.usefixtures("in_app")
def test_a_stranger_has_nothing_to_try(owner: Persona, stranger: Persona) -> None:
    hook, _ = made(owner, "github")
    with pytest.raises(NotFound):
        hook_samples.send(stranger.identity, hook.id)


def test_a_sample_begins_no_workflow(
    app: APIFlask, worker: Worker, owner: Persona, database: Session
) -> None:
    with app.app_context():
        hook, _ = made(owner, "github")
        db.session.commit()
        hook_samples.send(owner.identity, hook.id)
        db.session.commit()
        hook_id = hook.id
    worker.fan_out()
    kept = database.scalars(select(Event).where(Event.source == f"hook:{hook_id}")).one()
    assert kept.position is None
    runs = select(Run).where(Run.organization_id == owner.organization_id)
    assert database.scalars(runs).all() == []
    audited = select(AuditEntry.action).where(AuditEntry.object_id == hook_id)
    assert "hook.tested" in database.scalars(audited).all()
