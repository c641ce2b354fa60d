"""What may be sent to couples: the settings page and the API."""

import pytest
from apiflask import APIFlask

from tests.page_words import words_of
from tests.personas import Persona, Script
from tests.workers.scene import one
from wedsync.accounts import api_keys
from wedsync.platform.db import db

DEFAULTS = {
    "messages_a_day": 3,
    "quiet_from": "21:00",
    "quiet_until": "08:00",
    "on_the_day": False,
}
OTHERS = {"messages_a_day": 5, "quiet_from": "22:30", "quiet_until": "07:00", "on_the_day": True}


def test_an_owner_chooses_on_the_page_and_the_api_tells(owner: Persona) -> None:
    assert owner.api.get("/message-rules").json == DEFAULTS
    shown = owner.browser.get("/settings/messages")
    assert "Messages to couples" in words_of(shown)
    assert 'value="21:00"' in shown.text
    form = {**OTHERS, "on_the_day": "y"}
    done = owner.browser.post("/settings/messages", data=form, follow_redirects=True)
    assert "This holds from the next message on." in words_of(done)
    assert owner.api.get("/message-rules").json == OTHERS


def test_the_api_chooses_too(app: APIFlask, owner: Persona) -> None:
    assert owner.api.put("/message-rules", json=OTHERS).json == OTHERS
    noted = one(
        app,
        "SELECT action FROM audit_entries WHERE organization_id = :id"
        " AND object_kind = 'organization' ORDER BY id DESC LIMIT 1",
        id=owner.organization_id,
    )
    assert noted.action == "message_rules.changed"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("messages_a_day", 0),
        ("messages_a_day", 51),
        ("messages_a_day", "three"),
        ("quiet_from", "25:00"),
        ("quiet_from", "late"),
        ("quiet_until", ""),
    ],
)
def test_what_makes_no_sense_is_refused(owner: Persona, field: str, value: object) -> None:
    assert owner.api.put("/message-rules", json={**OTHERS, field: value}).status_code == 422
    page = owner.browser.post("/settings/messages", data={**OTHERS, field: value})
    assert page.status_code == 422
    assert owner.api.get("/message-rules").json == DEFAULTS


def test_it_is_for_owners(editor: Persona, viewer: Persona) -> None:
    for who in (editor, viewer):
        assert who.browser.get("/settings/messages").status_code == 403
        assert "Messages to couples" not in words_of(who.browser.get("/settings"))


def test_a_key_changes_them_only_when_an_owner_gave_it_that_by_name(
    app: APIFlask, owner: Persona
) -> None:
    for scopes, may in (
        (["*"], False),
        (["message-rules:read"], False),
        (["message-rules:read", "message-rules:write"], True),
        (["*", "message-rules:write"], True),
    ):
        with app.app_context():
            _key, raw = api_keys.create(owner.organization_id, "A script", scopes)
            db.session.commit()
        script = Script(app, raw)
        assert script.get("/message-rules").status_code == 200
        answer = script.put("/message-rules", json=OTHERS)
        assert answer.status_code == (200 if may else 403), scopes
        assert may or answer.json["code"] == "scope_missing"


def test_one_organization_s_rules_are_its_own(owner: Persona, stranger: Persona) -> None:
    owner.api.put("/message-rules", json=OTHERS)
    assert stranger.api.get("/message-rules").json == DEFAULTS
