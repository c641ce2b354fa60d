"""Hooks are made, changed, given new secrets and taken away."""

import base64
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.personas import Persona
from wedsync.audit.models import AuditEntry
from wedsync.errors import Invalid, NotFound
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.platform.vault import MASK, place
from wedsync.webhooks import queries, secrets
from wedsync.webhooks.hooks import service as hooks
from wedsync.webhooks.models import Hook

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
STANDARD: hooks.HookFields = {"name": "Seating chart", "scheme": "standard_webhooks"}
HMAC: hooks.HookFields = {
    "name": "RSVP form",
    "scheme": "hmac",
    "event_type": "rsvp.received",
    "options": {"header": "X-Signature", "algorithm": "sha256", "encoding": "hex"},
}


@pytest.fixture
def in_app(app: APIFlask) -> Iterator[None]:
    with app.app_context():
        yield
        db.session.rollback()


def opened(app: APIFlask, hook: Hook, field: str) -> str:
    sealed = getattr(hook, field)
    vault = app.extensions["wedsync"].vault
    where = place("hooks", hook.id, field)
    return str(vault.open(db.session, hook.organization_id, where, sealed).decode())


def pointers(make: Callable[[], object]) -> set[str]:
    with pytest.raises(Invalid) as refused:
        make()
    assert all(error.message.endswith(".") for error in refused.value.errors)
    return {error.pointer for error in refused.value.errors}


@pytest.mark.usefixtures("in_app")
def test_a_hook_has_an_address_nobody_can_guess_and_a_secret_shown_once(
    app: APIFlask, organization: UUID
) -> None:
    hook, secret = hooks.create(organization, STANDARD)
    assert hook.state == "on"
    assert len(base64.urlsafe_b64decode(hook.token + "=")) == 32
    assert hooks.url_of(hook) == f"http://localhost:8000/hooks/{hook.token}"
    assert secret is not None
    assert secret.startswith("whsec_")
    assert secret.encode() not in (hook.secret or b"")
    assert opened(app, hook, "secret") == secret
    assert secrets.masked(hook) == MASK


@pytest.mark.usefixtures("in_app")
def test_a_stripe_hook_waits_for_stripes_secret(organization: UUID, editor: Persona) -> None:
    hook, secret = hooks.create(organization, {"name": "Payments", "scheme": "stripe"})
    assert (hook.state, secret, secrets.masked(hook)) == ("needs_secret", None, None)
    hooks.update(editor.identity, hook.id, {"secret": "whsec_1234567890abcdef"})
    assert (hook.state, secrets.masked(hook)) == ("on", MASK)


@pytest.mark.usefixtures("in_app")
def test_turning_a_hook_on_without_a_secret_leaves_it_waiting(
    organization: UUID, editor: Persona
) -> None:
    hook, _ = hooks.create(organization, {"name": "Payments", "scheme": "stripe"})
    assert hooks.update(editor.identity, hook.id, {"state": "off"}).state == "off"
    assert hooks.update(editor.identity, hook.id, {"name": "Paid"}).state == "off"
    assert hooks.update(editor.identity, hook.id, {"state": "on"}).state == "needs_secret"


@pytest.mark.usefixtures("in_app")
def test_a_new_secret_stands_beside_the_old_one_for_a_day(
    app: APIFlask, organization: UUID, editor: Persona
) -> None:
    hook, first = hooks.create(organization, STANDARD)
    _, second = hooks.rotate_secret(editor.identity, hook.id)
    assert opened(app, hook, "secret") == second != first
    assert opened(app, hook, "previous_secret") == first
    until = secrets.overlap_until(hook)
    assert until is not None
    assert timedelta(hours=23) < until - clock.now() <= timedelta(hours=24)


@pytest.mark.usefixtures("in_app")
def test_a_mask_sent_back_keeps_the_secret(
    app: APIFlask, organization: UUID, editor: Persona
) -> None:
    hook, secret = hooks.create(organization, {**STANDARD, "secret": SECRET})
    assert secret == SECRET
    hooks.update(editor.identity, hook.id, {"secret": MASK, "name": "Tables"})
    assert (opened(app, hook, "secret"), hook.previous_secret, hook.name) == (
        SECRET, None, "Tables",
    )  # fmt: skip


@pytest.mark.usefixtures("in_app")
def test_what_cannot_be_used_is_named_all_at_once(organization: UUID, editor: Persona) -> None:
    assert pointers(lambda: hooks.create(organization, {"name": "x", "scheme": "magic"})) == {
        "/scheme"
    }
    wrong: hooks.HookFields = {"name": " ", "scheme": "hmac", "secret": "short", "options": {}}
    assert pointers(lambda: hooks.create(organization, wrong)) == {
        "/name", "/secret", "/event_type", "/options/header", "/options/algorithm",
        "/options/encoding",
    }  # fmt: skip
    hook, _ = hooks.create(organization, HMAC)
    by = editor.identity
    assert pointers(lambda: hooks.update(by, hook.id, {"event_type": "Not A Name"})) == {
        "/event_type"
    }
    assert pointers(lambda: hooks.update(by, hook.id, {"scheme": "stripe"})) == {"/scheme"}
    assert pointers(lambda: hooks.update(by, hook.id, {"state": "maybe"})) == {"/state"}


@pytest.mark.usefixtures("in_app")
def test_only_stripe_makes_the_secrets_of_stripe(organization: UUID, editor: Persona) -> None:
    hook, _ = hooks.create(organization, {"name": "Payments", "scheme": "stripe"})
    assert pointers(lambda: hooks.rotate_secret(editor.identity, hook.id)) == {"/secret"}


@pytest.mark.usefixtures("in_app")
def test_every_change_is_in_the_audit_record_without_a_secret(
    organization: UUID, editor: Persona
) -> None:
    hook, secret = hooks.create(organization, STANDARD, by=editor.identity)
    hooks.update(editor.identity, hook.id, {"name": "Tables", "secret": SECRET})
    hooks.rotate_secret(editor.identity, hook.id)
    hooks.delete(editor.identity, hook.id)
    entries = db.session.scalars(
        select(AuditEntry).where(AuditEntry.object_id == hook.id).order_by(AuditEntry.id)
    ).all()
    assert [entry.action for entry in entries] == [
        "hook.created", "hook.changed", "hook.secret_rotated", "hook.deleted",
    ]  # fmt: skip
    assert {entry.actor_id for entry in entries} == {editor.user_id}
    told = str([entry.facts for entry in entries])
    assert SECRET not in told
    assert str(secret) not in told


def test_a_strangers_hook_is_not_there(
    app: APIFlask, database: Session, organization: UUID, stranger: Persona
) -> None:
    with app.app_context():
        hook, _ = hooks.create(organization, STANDARD)
        db.session.commit()
        hook_id = hook.id
        for change in (
            lambda: hooks.update(stranger.identity, hook_id, {"name": "Mine"}),
            lambda: hooks.rotate_secret(stranger.identity, hook_id),
            lambda: hooks.delete(stranger.identity, hook_id),
            lambda: queries.get_hook(stranger.organization_id, hook_id),
        ):
            with pytest.raises(NotFound):
                change()
        assert queries.list_hooks(stranger.organization_id) == []
        assert queries.rejections(stranger.organization_id, hook_id).counts == []
    assert database.get_one(Hook, hook_id).name == "Seating chart"


@pytest.mark.usefixtures("in_app")
def test_hooks_are_listed_in_pages_newest_first(organization: UUID) -> None:
    made = [hooks.create(organization, {**STANDARD, "name": str(n)})[0].id for n in range(5)]
    first = queries.list_hooks(organization, limit=3)
    rest = queries.list_hooks(organization, limit=3, after=first[-1].id)
    assert [hook.id for hook in (*first, *rest)] == made[::-1]
