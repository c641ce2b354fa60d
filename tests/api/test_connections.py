"""Connections by API: made, read, mended, ended; secrets masked, and people where people agree."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.connections.test_other_ways import CLIENT, CLIENT_FIELDS, oauth, publish, secrets_of
from tests.connections.ways import change, connected, engine_of, keeper_of, only, row_of, way_out
from tests.far_ends.practice_partner import MEADOW, PracticePartner
from tests.far_ends.rest_service import RestService, started_rest_service
from tests.page_words import words_of
from tests.personas import Persona, Script
from wedsync.accounts import api_keys
from wedsync.platform.db import db
from wedsync.platform.vault import MASK

KEY = "canary-key-51f2"
BY_KEY: dict[str, Any] = {
    "kind": "api_key",
    "headers": {"X-Key": "{secret.key}"},
    "fields": [
        {"name": "key", "title": "Key", "kind": "secret"},
        {"name": "region", "title": "Region", "kind": "choice", "choices": ["eu", "us"],
         "default": "eu"},
        {"name": "address", "title": "Address", "kind": "url", "required": False},
        {"name": "port", "title": "Port", "kind": "number", "required": False},
        {"name": "mail", "title": "E-mail", "kind": "email", "required": False},
        {"name": "quiet", "title": "Quiet", "kind": "switch", "required": False},
    ],
}  # fmt: skip


@pytest.fixture(autouse=True)
def marketplace(built_in_listings: None) -> None:
    """The marketplace holds what is built in."""


@pytest.fixture
def service() -> Iterator[RestService]:
    with started_rest_service() as started:
        started.answers("GET", "/me", {"id": 17, "name": "Fern & Vale"})
        started.answers("POST", "/token", {"access_token": "first", "expires_in": 3600})
        yield started


@pytest.fixture
def fern(app: APIFlask, partner: Persona, service: RestService) -> str:
    """A connector that takes a key."""
    return publish(app, partner, service, auth=BY_KEY)


def make(editor: Persona, connector: str, **fields: Any) -> Any:
    answer = editor.api.post("/connections", json={"connector": connector, "fields": fields})
    assert answer.status_code == 202, answer.json
    return answer.json


def read(editor: Persona, connection_id: str) -> Any:
    answer = editor.api.get(f"/connections/{connection_id}")
    assert answer.status_code == 200, answer.json
    return answer.json


def made_with_key(app: APIFlask, editor: Persona, fern: str) -> Any:
    made = make(editor, fern, key=KEY)
    keeper_of(app).work()
    return read(editor, made["id"])


# --- with a key


def test_a_connection_with_a_key_is_made_while_nobody_waits(
    app: APIFlask, editor: Persona, fern: str, service: RestService
) -> None:
    made = make(editor, fern, key=KEY, port=587, quiet=True)
    assert (made["state"], made["attempt"]["state"]) == ("pending", "asking")
    assert service.asked == []
    keeper_of(app).work()
    found = read(editor, made["id"])
    assert (found["state"], found["account"]) == ("active", {"id": "17", "name": "Fern & Vale"})
    assert found["attempt"]["state"] == "connected"
    assert found["fields"]["key"] == MASK
    assert (found["fields"]["port"], found["fields"]["quiet"]) == ("587", True)
    assert KEY not in editor.api.get("/connections").text
    assert service.asked[0].headers["x-key"] == KEY


def test_a_key_that_is_refused_says_so(
    app: APIFlask, editor: Persona, fern: str, service: RestService
) -> None:
    service.answers("GET", "/me", {"no": True}, status=401)
    found = made_with_key(app, editor, fern)
    assert (found["state"], found["reason"]["code"]) == ("pending", "credentials_wrong")
    assert found["attempt"]["state"] == "failed"


def test_the_same_request_again_makes_no_second_connection(editor: Persona, fern: str) -> None:
    body = {"connector": fern, "fields": {"key": KEY}}
    headers = {"Idempotency-Key": secrets.token_hex(8)}
    answers = [editor.api.post("/connections", json=body, headers=headers) for _ in range(2)]
    assert answers[0].json == answers[1].json
    assert len(editor.api.get("/connections").json["data"]) == 1


def test_who_connects_again_names_only_what_changes_and_a_mask_keeps(
    app: APIFlask, editor: Persona, fern: str
) -> None:
    found = made_with_key(app, editor, fern)
    path = f"/connections/{found['id']}/reconnect"
    for fields in ({"key": MASK, "region": "us"}, {}):
        answer = editor.api.post(path, json={"fields": fields})
        assert answer.status_code == 202, answer.json
        keeper_of(app).work()
        assert read(editor, found["id"])["fields"]["region"] == "us"
        row = only(app, editor)
        assert secrets_of(app, row.id) == {"key": KEY}
    answer = editor.api.post(path, json={"fields": {"key": "another"}})
    keeper_of(app).work()
    assert secrets_of(app, only(app, editor).id) == {"key": "another"}


def test_a_kept_key_does_not_go_to_another_address(
    app: APIFlask, editor: Persona, fern: str
) -> None:
    found = made_with_key(app, editor, fern)
    answer = editor.api.post(
        f"/connections/{found['id']}/reconnect",
        json={"fields": {"key": MASK, "address": "https://elsewhere.example"}},
    )
    assert answer.status_code == 422
    assert [(each["pointer"], each["code"]) for each in answer.json["errors"]] == [
        ("/fields/key", "secret_needed")
    ]


# --- with consent


def test_a_person_agrees_to_what_a_script_began(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner
) -> None:
    made = make(editor, "sandbox")
    assert made["attempt"]["state"] == "waits_for_person"
    path = f"/connections/{made['id']}/authorize"
    assert made["authorize_url"] == f"http://localhost:8000{path}"
    page = editor.browser.get(path)
    assert "Only a person can agree to it" in words_of(page)
    sent = editor.browser.post(path)
    assert (sent.status_code, sent.location) == (303, f"/connections/{made['id']}/continue")
    assert read(editor, made["id"])["attempt"]["state"] == "at_provider"
    location = practice_partner.allow(way_out(editor.browser.get(sent.location)))
    editor.browser.get(location.removeprefix("http://localhost:8000"))
    found = read(editor, made["id"])
    assert (found["state"], found["account"]["id"]) == ("active", MEADOW)
    assert all(each["given"] for each in found["permissions"])
    assert found["authorize_url"] is None
    assert found["next_refresh_at"] is not None
    again = editor.browser.post(path, follow_redirects=True)
    assert "nothing to go on with" in words_of(again)


def test_only_one_of_two_people_goes_on_with_it(
    app: APIFlask, editor: Persona, owner: Persona
) -> None:
    made = make(editor, "sandbox")
    path = f"/connections/{made['id']}/authorize"
    assert owner.browser.post(path).location == f"/connections/{made['id']}/continue"
    assert editor.browser.post(path).location == f"/connections/{made['id']}"
    assert editor.browser.get(f"/connections/{made['id']}/continue").location == (
        f"/connections/{made['id']}"
    )


def test_nobody_of_another_team_and_no_viewer_goes_on_with_it(
    editor: Persona, viewer: Persona, stranger: Persona
) -> None:
    path = f"/connections/{make(editor, 'sandbox')['id']}/authorize"
    assert stranger.browser.post(path).status_code == 404
    assert viewer.browser.post(path).status_code == 403
    assert viewer.browser.get(path).status_code == 403


def test_what_waits_for_a_person_is_too_late_after_a_day(app: APIFlask, editor: Persona) -> None:
    made = make(editor, "sandbox")
    with engine_of(app).begin() as database:
        late = text("UPDATE authorizations SET expires_at = now() WHERE organization_id = :id")
        database.execute(late, {"id": editor.organization_id})
    found = read(editor, made["id"])
    assert (found["attempt"]["state"], found["authorize_url"]) == ("too_late", None)
    path = f"/connections/{made['id']}/authorize"
    assert editor.browser.get(path).location == f"/connections/{made['id']}"


def test_a_token_for_the_client_itself_needs_no_person(
    app: APIFlask, editor: Persona, partner: Persona, service: RestService
) -> None:
    auth = {
        "kind": "oauth2_client_credentials",
        "oauth": oauth(service, client_auth="post"),
        "fields": CLIENT_FIELDS,
    }
    made = make(editor, publish(app, partner, service, auth=auth), **CLIENT)
    keeper_of(app).work()
    found = read(editor, made["id"])
    assert (found["state"], found["fields"]["client_secret"]) == ("active", MASK)


# --- afterwards


def test_it_is_called_something_else_unless_somebody_was_first(
    app: APIFlask, editor: Persona, fern: str
) -> None:
    made = made_with_key(app, editor, fern)
    path = f"/connections/{made['id']}"
    tag = editor.api.get(path).headers["ETag"]
    named = editor.api.patch(path, json={"name": "The office"}, headers={"If-Match": tag})
    assert (named.status_code, named.json["name"]) == (200, "The office")
    late = editor.api.patch(path, json={"name": "Mine"}, headers={"If-Match": tag})
    assert (late.status_code, late.json["code"]) == (412, "stale")
    assert late.json["current"]["name"] == "The office"
    empty = editor.api.patch(path, json={"name": " "})
    assert (empty.status_code, empty.json["errors"][0]["pointer"]) == (422, "/name")


def test_a_look_changes_no_tag(app: APIFlask, editor: Persona, fern: str) -> None:
    made = made_with_key(app, editor, fern)
    path = f"/connections/{made['id']}"
    tag = editor.api.get(path).headers["ETag"]
    looked = editor.api.post(f"{path}/check")
    assert looked.status_code == 202
    keeper_of(app).work()
    found = editor.api.get(path)
    assert found.json["last_check"]["words"] == "It answered as Fern & Vale."
    assert found.headers["ETag"] == tag


def test_it_is_paused_resumed_disconnected_and_deleted(
    app: APIFlask, editor: Persona, fern: str
) -> None:
    path = f"/connections/{made_with_key(app, editor, fern)['id']}"
    for way, state in (("pause", "paused"), ("resume", "active"), ("disconnect", "revoked")):
        answer = editor.api.post(f"{path}/{way}")
        assert (answer.status_code, answer.json["state"]) == (200, state)
    assert answer.json["fields"]["key"] is None
    assert editor.api.post(f"{path}/check").json["code"] == "connection_not_usable"
    assert editor.api.delete(path).json["deleted"] is True
    assert editor.api.get(path).status_code == 404
    assert editor.api.get("/connections").json["data"] == []


def test_who_uses_it_is_said_and_keeps_it_from_being_deleted(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner
) -> None:
    connection_id = connected(app, editor, practice_partner)
    step = {
        "id": "seat",
        "kind": "action",
        "use": "sandbox.add_guest_note",
        "connection": str(connection_id),
        "input": {},
    }
    definition = {"format": 1, "trigger": {"kind": "manual"}, "steps": [step]}
    editor.api.post("/workflows", json={"name": "Seat everybody", "definition": definition})
    uses = editor.api.get(f"/connections/{connection_id}/uses").json
    assert [(each["name"], each["is_live"]) for each in uses["data"]] == [("Seat everybody", False)]
    assert (uses["waiting_runs"], uses["data"][0]["stops_without"]) == (0, False)


def test_how_often_it_may_be_called_is_told_with_what_is_left(
    app: APIFlask, editor: Persona, partner: Persona, service: RestService
) -> None:
    limits = {"connection": {"calls": 20, "seconds": 3600}}
    made = make(editor, publish(app, partner, service, auth=BY_KEY, limits=limits), key=KEY)
    keeper_of(app).work()
    assert editor.api.post(f"/connections/{made['id']}/check").status_code == 202
    keeper_of(app).work()
    budget = editor.api.get(f"/connections/{made['id']}/budget").json
    assert (budget["limit"], budget["seconds"], budget["waiting"]) == (20, 3600, 0)
    assert budget["remaining"] < 20
    assert budget["held_until"] is None


def test_what_nobody_limits_has_no_budget(editor: Persona, fern: str) -> None:
    made = make(editor, fern, key=KEY)
    budget = editor.api.get(f"/connections/{made['id']}/budget").json
    assert set(budget.values()) == {None, 0}


def test_a_reason_stands_in_a_code_and_a_sentence(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner
) -> None:
    connection_id = connected(app, editor, practice_partner)
    said = '{"code": "credentials_refused", "message": "Connect again."}'
    change(app, connection_id, f"state = 'needs_reauth', reason = '{said}'")
    found = read(editor, str(connection_id))
    assert (found["state"], found["reason"]["code"]) == ("needs_reauth", "credentials_refused")


def test_connections_are_listed_a_page_at_a_time_and_filtered(
    app: APIFlask, editor: Persona, fern: str
) -> None:
    made = [make(editor, fern, key=KEY)["id"] for _ in range(3)]
    make(editor, "sandbox")
    keeper_of(app).work()
    assert len(editor.api.get("/connections").json["data"]) == 4
    first = editor.api.get(f"/connections?connector={fern}&limit=2").json
    rest = editor.api.get(f"/connections?connector={fern}&cursor={first['next_cursor']}").json
    assert [each["id"] for each in [*first["data"], *rest["data"]]] == made[::-1]
    assert rest["next_cursor"] is None
    pending = editor.api.get("/connections?state=pending").json["data"]
    assert [each["connector"] for each in pending] == ["sandbox"]
    assert editor.api.get("/connections?state=asleep").status_code == 422
    assert editor.api.get("/connections?connectr=x").status_code == 422


# --- what is refused


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({}, "/fields/key", "missing"),
        ({"key": ""}, "/fields/key", "missing"),
        ({"key": MASK}, "/fields/key", "missing"),
        ({"key": 7}, "/fields/key", "wrong_type"),
        ({"key": "a\0b"}, "/fields/key", None),
        ({"key": "x" * 4_001}, "/fields/key", "wrong_value"),
        ({"key": KEY, "region": "mars"}, "/fields/region", "wrong_value"),
        ({"key": KEY, "port": "eighty"}, "/fields/port", "wrong_value"),
        ({"key": KEY, "port": -1}, "/fields/port", "wrong_value"),
        ({"key": KEY, "port": True}, "/fields/port", "wrong_type"),
        ({"key": KEY, "quiet": "yes"}, "/fields/quiet", "wrong_type"),
        ({"key": KEY, "mail": "nobody"}, "/fields/mail", "wrong_value"),
        ({"key": KEY, "address": "file:///etc/passwd"}, "/fields/address", None),
        ({"key": KEY, "address": "http://10.0.0.7"}, "/fields/address", "address_refused"),
        ({"key": KEY, "client_secret": "x"}, "/fields/client_secret", "unknown_field"),
        ({"key": ["a"]}, None, None),
        ({"key": {"a": 1}}, None, None),
    ],
)
def test_a_field_that_cannot_be_used_is_pointed_at(
    editor: Persona, fern: str, fields: Any, pointer: str | None, code: str | None
) -> None:
    answer = editor.api.post("/connections", json={"connector": fern, "fields": fields})
    assert answer.status_code in (400, 422), answer.json
    if answer.status_code == 422 and pointer is not None:
        found = [(each["pointer"], each["code"]) for each in answer.json["errors"]]
        assert found == [(pointer, code or found[0][1])]
    assert editor.api.get("/connections").json["data"] == []


@pytest.mark.parametrize("connector", ["nothing-of-this-name", "", "../sandbox", "a" * 61, 7, None])
def test_a_connector_that_is_none_is_pointed_at(editor: Persona, connector: object) -> None:
    answer = editor.api.post("/connections", json={"connector": connector})
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "/connector"


def test_a_key_needs_the_right_to_change_and_to_read_connections(
    app: APIFlask, editor: Persona, fern: str
) -> None:
    with app.app_context():
        scopes = (["connections:read"], ["workflows:write"])
        raw = [api_keys.create(editor.organization_id, "k", each)[1] for each in scopes]
        db.session.commit()
    reader, other = (Script(app, each) for each in raw)
    assert reader.get("/connections").status_code == 200
    assert reader.post("/connections", json={"connector": fern}).json["code"] == "scope_missing"
    assert other.get("/connections").json["code"] == "scope_missing"


def test_a_team_does_not_try_without_end(app: APIFlask, editor: Persona, fern: str) -> None:
    made = make(editor, fern, key=KEY)
    with engine_of(app).begin() as database:
        many = text(
            "INSERT INTO authorizations (id, organization_id, connection_id, api_key_id,"
            " expires_at, outcome) SELECT uuidv7(), organization_id, connection_id, api_key_id,"
            " now(), 'failed' FROM authorizations, generate_series(1, 60)"
            " WHERE connection_id = :id"
        )
        database.execute(many, {"id": made["id"]})
    answer = editor.api.post("/connections", json={"connector": fern, "fields": {"key": KEY}})
    assert (answer.status_code, answer.json["code"]) == (429, "too_many")
    assert int(answer.headers["Retry-After"]) > 0


def test_the_work_of_a_key_is_noted_as_the_key_s(app: APIFlask, editor: Persona, fern: str) -> None:
    made = make(editor, fern, key=KEY)
    query = text("SELECT actor_kind FROM audit_entries WHERE object_id = :id ORDER BY id")
    with engine_of(app).connect() as database:
        assert "api_key" in set(database.scalars(query, {"id": made["id"]}))
    assert row_of(app, made["id"]).created_by is None
