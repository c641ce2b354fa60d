"""The pages of hooks: making one, its address and secret, what it took and what it refused."""

from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.page_words import words_of
from tests.personas import Persona
from wedsync.platform.db import db
from wedsync.webhooks import hooks
from wedsync.webhooks.models import Hook

STRIPE_SECRET = "whsec_" + "a" * 32


@pytest.fixture
def hook(app: APIFlask, owner: Persona) -> Hook:
    return made(app, owner, name="Petal's answers", scheme="standard_webhooks")


def made(app: APIFlask, persona: Persona, **fields: Any) -> Hook:
    with app.app_context():
        hook, _secret = hooks.create(persona.organization_id, fields)  # type: ignore[arg-type]
        db.session.commit()
        db.session.refresh(hook)
        db.session.expunge(hook)
        return hook


def page(persona: Persona, hook: Hook) -> str:
    answer = persona.browser.get(f"/webhooks/hooks/{hook.id}")
    assert answer.status_code == 200
    return words_of(answer)


def only_hook(database: Session, persona: Persona) -> Hook:
    database.expire_all()
    found = database.scalars(select(Hook).where(Hook.organization_id == persona.organization_id))
    return found.one()


# --- making one


def test_a_new_hook_shows_its_address_and_its_secret_once(
    editor: Persona, database: Session
) -> None:
    answer = editor.browser.post(
        "/webhooks/hooks/new", data={"name": "Petal's answers", "scheme": "standard_webhooks"}
    )
    hook = only_hook(database, editor)
    said = words_of(answer)
    assert "Petal's answers is ready" in said
    assert f"http://localhost:8000/hooks/{hook.token}" in said
    assert "whsec_" in said
    later = editor.browser.get(f"/webhooks/hooks/{hook.id}").get_data(as_text=True)
    assert "whsec_" not in later
    assert "••••••••" in later


def test_a_hook_of_another_signature_takes_its_options(editor: Persona, database: Session) -> None:
    answer = editor.browser.post(
        "/webhooks/hooks/new",
        data={
            "name": "Enquiries",
            "scheme": "hmac",
            "event_type": "enquiry.received",
            "header": "X-Signature",
            "algorithm": "sha256",
            "encoding": "hex",
            "prefix": "sha256=",
            "sensitive": "guest.diet\nguest.phone",
        },
    )
    assert answer.status_code == 200
    assert only_hook(database, editor).options == {
        "header": "X-Signature",
        "algorithm": "sha256",
        "encoding": "hex",
        "prefix": "sha256=",
        "sensitive": ["guest.diet", "guest.phone"],
    }


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"name": "", "scheme": "standard_webhooks"}, "Give it a name"),
        ({"name": "Petal", "scheme": "hmac", "header": "X-S"}, "Say what its events are called"),
        ({"name": "Petal", "scheme": "hmac", "event_type": "a.b"}, "Name the header that carries"),
        ({"name": "Petal", "scheme": "stripe", "secret": "guess"}, "it begins with whsec_"),
        ({"name": "Petal", "scheme": "carrier pigeon"}, "to mend"),
    ],
)
def test_what_is_to_mend_is_said_and_the_rest_is_kept(
    editor: Persona, data: dict[str, str], said: str
) -> None:
    answer = editor.browser.post("/webhooks/hooks/new", data=data)
    assert answer.status_code == 422
    assert said in words_of(answer)
    assert f'value="{data["name"]}"' in answer.get_data(as_text=True)


# --- one hook


def test_a_stripe_hook_asks_for_the_secret_stripe_made(
    app: APIFlask, editor: Persona, database: Session
) -> None:
    hook = made(app, editor, name="Payments", scheme="stripe")
    assert "Needs its secret" in page(editor, hook)
    wrong = editor.browser.post(f"/webhooks/hooks/{hook.id}/secret", data={"secret": "nonsense"})
    assert wrong.status_code == 422
    assert "it begins with whsec_" in words_of(wrong)
    right = editor.browser.post(
        f"/webhooks/hooks/{hook.id}/secret",
        data={"secret": STRIPE_SECRET},
        follow_redirects=True,
    )
    assert "The secret is kept." in words_of(right)
    assert STRIPE_SECRET not in right.get_data(as_text=True)
    assert only_hook(database, editor).state == "on"


def test_a_new_secret_is_shown_once_and_the_old_one_counts_for_a_day(
    owner: Persona, hook: Hook
) -> None:
    answer = owner.browser.post(f"/webhooks/hooks/{hook.id}/rotate")
    assert "Petal's answers has a new secret" in words_of(answer)
    assert "whsec_" in words_of(answer)
    said = page(owner, hook)
    assert "whsec_" not in said
    assert "the one before it counts until" in said


def test_a_hook_is_turned_off_and_on(owner: Persona, hook: Hook) -> None:
    off = owner.browser.post(f"/webhooks/hooks/{hook.id}/off", follow_redirects=True)
    assert "It is off: whoever posts here is told that there is nothing" in words_of(off)
    on = owner.browser.post(f"/webhooks/hooks/{hook.id}/on", follow_redirects=True)
    assert "“Petal's answers” is on." in words_of(on)


def test_a_hook_is_renamed_and_keeps_its_secret(
    owner: Persona, hook: Hook, database: Session
) -> None:
    form = owner.browser.get(f"/webhooks/hooks/{hook.id}/edit").get_data(as_text=True)
    assert 'value="Petal&#39;s answers"' in form
    before = only_hook(database, owner).secret
    owner.browser.post(f"/webhooks/hooks/{hook.id}/edit", data={"name": "Petal RSVP"})
    after = only_hook(database, owner)
    assert (after.name, after.secret) == ("Petal RSVP", before)


def test_a_hook_is_removed(owner: Persona, hook: Hook) -> None:
    answer = owner.browser.post(f"/webhooks/hooks/{hook.id}/remove", follow_redirects=True)
    assert "The hook is gone. What it took stays." in words_of(answer)
    assert owner.browser.get(f"/webhooks/hooks/{hook.id}").status_code == 404


def test_refusals_are_told_with_their_reasons(app: APIFlask, owner: Persona, hook: Hook) -> None:
    refuse(app, hook, "signature_invalid", 14)
    said = page(owner, hook)
    assert "The signature did not fit the secret last today" in said
    assert "14" in said
    assert "webhook-id: msg_1" in said
    assert "14 refused" in words_of(owner.browser.get("/webhooks"))


def refuse(app: APIFlask, hook: Hook, code: str, count: int) -> None:
    with app.app_context(), db.engine.begin() as connection:
        values = {"hook": hook.id, "id": hook.organization_id, "code": code, "count": count}
        connection.execute(
            text(
                "INSERT INTO hook_rejections (hook_id, organization_id, code, count, last_at)"
                " VALUES (:hook, :id, :code, :count, clock_timestamp())"
            ),
            values,
        )
        connection.execute(
            text(
                "INSERT INTO hook_rejection_samples (hook_id, organization_id, code, headers, size)"
                " VALUES (:hook, :id, :code, jsonb_build_object('webhook-id', 'msg_1'), 812)"
            ),
            values,
        )


# --- who may


def test_a_viewer_sees_the_hook_but_neither_its_address_nor_a_button(
    app: APIFlask, viewer: Persona
) -> None:
    hook = made(app, viewer, name="Petal's answers", scheme="standard_webhooks")
    for path in (f"/webhooks/hooks/{hook.id}", "/webhooks"):
        html = viewer.browser.get(path).get_data(as_text=True)
        assert "Petal&#39;s answers" in html
        assert hook.token not in html
        assert "New secret" not in html
    assert viewer.browser.get("/webhooks/hooks/new").status_code == 403
    assert viewer.browser.post(f"/webhooks/hooks/{hook.id}/rotate").status_code == 403


def test_the_overview_begins_with_what_hooks_are_for(owner: Persona) -> None:
    said = words_of(owner.browser.get("/webhooks"))
    assert "Let others tell you things" in said
    assert "Tell others what happens" in said


def test_a_hook_id_that_never_was_is_not_found(owner: Persona) -> None:
    assert owner.browser.get(f"/webhooks/hooks/{UUID(int=7)}").status_code == 404
