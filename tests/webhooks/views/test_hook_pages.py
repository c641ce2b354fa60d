"""The pages of hooks: making one, its address and secret, what it took and what it refused."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.page_words import words_of
from tests.personas import Persona
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.webhooks import schemes
from wedsync.webhooks.hooks import service as hooks
from wedsync.webhooks.models import Hook, HookMinute
from wedsync.webhooks.views.scheme_words import WORDS

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


@pytest.mark.parametrize("scheme", WORDS)
def test_every_sender_can_be_chosen_and_says_whose_the_secret_is(
    editor: Persona, scheme: str
) -> None:
    chooser = editor.browser.get("/webhooks/hooks/new").get_data(as_text=True)
    assert f'href="/webhooks/hooks/new?scheme={scheme}"' in chooser
    form = editor.browser.get(f"/webhooks/hooks/new?scheme={scheme}")
    is_theirs = schemes.named(scheme).new_secret() is None
    assert ("You can also enter it later." in words_of(form)) is is_theirs
    assert ("Header with the signature" in words_of(form)) is (scheme in ("hmac", "bearer"))


@pytest.mark.parametrize("scheme", sorted(set(WORDS) - {"hmac"}))
def test_a_hook_of_every_kind_is_made_and_shown(
    editor: Persona, database: Session, scheme: str
) -> None:
    data = {"name": "Petal", "scheme": scheme, "quota_per_minute": "900"}
    made_page = words_of(editor.browser.post("/webhooks/hooks/new", data=data))
    hook = only_hook(database, editor)
    assert (hook.scheme, hook.quota_per_minute) == (scheme, 900)
    assert ("Enter the secret" in made_page) is (hook.state == "needs_secret")
    said = page(editor, hook)
    assert f"Signed {WORDS[scheme].signed}" in said
    assert "up to 900 requests a minute" in said
    assert ("every request counts as one" in said) is not schemes.named(scheme).names_events({})
    assert ("An echo is awaited until" in said) is schemes.named(scheme).HAS_HANDSHAKE


def test_a_quota_out_of_bounds_is_to_mend(editor: Persona) -> None:
    for wrong in ("0", "600001", "many", "9" * 400):
        data = {"name": "Petal", "scheme": "github", "quota_per_minute": wrong}
        answer = editor.browser.post("/webhooks/hooks/new", data=data)
        assert answer.status_code == 422
        assert "1 thing to mend" in words_of(answer)


def test_a_handshake_is_awaited_said_and_over(
    app: APIFlask, editor: Persona, database: Session
) -> None:
    hook = made(app, editor, name="Instagram", scheme="meta")
    database.get_one(Hook, hook.id).handshake_until = None
    database.commit()
    assert "None is awaited, so nobody gets one." in page(editor, hook)
    path = f"/webhooks/hooks/{hook.id}/await-handshake"
    answer = editor.browser.post(path, follow_redirects=True)
    assert "An echo is awaited for an hour." in words_of(answer)
    assert "An echo is awaited until" in page(editor, hook)
    database.get_one(Hook, hook.id).shaken_at = clock.now()
    database.commit()
    assert "The last was given" in page(editor, hook)
    other = made(app, editor, name="Petal", scheme="github")
    refused = editor.browser.post(
        f"/webhooks/hooks/{other.id}/await-handshake", follow_redirects=True
    )
    assert "This sender asks for no handshake." in words_of(refused)


def test_the_first_secret_begins_the_hour_anew(
    app: APIFlask, editor: Persona, database: Session
) -> None:
    hook = made(app, editor, name="Instagram", scheme="meta")
    database.get_one(Hook, hook.id).handshake_until = None
    database.commit()
    secret = {"secret": "a-shared-secret-of-theirs"}
    editor.browser.post(f"/webhooks/hooks/{hook.id}/secret", data=secret)
    assert "An echo is awaited until" in page(editor, hook)


def test_the_old_secret_is_ended_early(owner: Persona, hook: Hook) -> None:
    owner.browser.post(f"/webhooks/hooks/{hook.id}/rotate")
    assert "the one before it counts until" in page(owner, hook)
    answer = owner.browser.post(f"/webhooks/hooks/{hook.id}/end-overlap", follow_redirects=True)
    assert "Only the new secret counts now." in words_of(answer)
    assert "the one before it counts until" not in page(owner, hook)


def test_a_sample_is_sent_and_seen(owner: Persona, hook: Hook) -> None:
    path = f"/webhooks/hooks/{hook.id}/sample"
    assert "Zoë Marchetti" in owner.browser.get(path).get_data(as_text=True)
    answer = owner.browser.post(path, data={"body": '{"type":"seat.taken","data":{"n":7}}'})
    said = words_of(answer)
    assert "The sample arrived" in said
    assert "webhook-signature: v1," in said
    assert "curl http://localhost:8000/hooks/" in said
    assert "Nothing but samples of yours has come in yet." in page(owner, hook)
    refused = owner.browser.post(path, data={"body": "{"})
    assert "The sample was not taken" in words_of(refused)
    assert "body_invalid" in words_of(refused)


def test_a_sample_without_a_secret_says_what_is_missing(app: APIFlask, owner: Persona) -> None:
    hook = made(app, owner, name="Payments", scheme="stripe")
    answer = owner.browser.post(f"/webhooks/hooks/{hook.id}/sample", data={"body": "{}"})
    assert answer.status_code == 422
    assert "Enter the secret first" in words_of(answer)


def test_requests_are_shown_by_the_hour(owner: Persona, hook: Hook, database: Session) -> None:
    minute = clock.now().replace(second=0, microsecond=0)
    database.add(
        HookMinute(hook_id=hook.id, organization_id=hook.organization_id, minute=minute, taken=420)
    )
    database.commit()
    said = page(owner, hook)
    assert "Requests per hour 420 in the last day, repeats included" in said
    assert "420 requests in the busiest one" in said


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


def test_a_secret_that_cannot_replace_the_present_one_is_to_mend_on_the_page(
    app: APIFlask, owner: Persona
) -> None:
    hook = made(app, owner, name="Payments", scheme="stripe", secret=STRIPE_SECRET)
    path = f"/webhooks/hooks/{hook.id}"
    answer = owner.browser.post(f"{path}/secret", data={"secret": "no secret of theirs"})
    assert answer.status_code == 422
    assert "it begins with whsec_" in words_of(answer)
    assert answer.text.count('name="secret"') == 1
    assert 'id="replace"' not in answer.text  # a dialog, closed, where nobody would read it
    assert 'id="replace"' in owner.browser.get(path).text


def test_the_overview_counts_the_requests_of_a_day_by_hook(
    app: APIFlask, owner: Persona, stranger: Persona, hook: Hook, database: Session
) -> None:
    other = made(app, stranger, name="Theirs", scheme="standard_webhooks")
    minute = clock.now().replace(second=0, microsecond=0)
    for each, earlier, taken in ((hook, 0, 1_200), (hook, 2, 4), (hook, 1_600, 9), (other, 0, 7)):
        mine = {"hook_id": each.id, "organization_id": each.organization_id}
        at = minute - timedelta(minutes=earlier)
        database.add(HookMinute(**mine, minute=at, taken=taken))
    database.commit()
    assert "1,204 in the last day." in words_of(owner.browser.get("/webhooks"))
    assert "7 in the last day." in words_of(stranger.browser.get("/webhooks"))


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
