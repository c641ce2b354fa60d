"""The way back from a provider: whatever comes of it is on the row, in the audit and on a page."""

import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.connections.lone_provider import CODE, Listed, Provider, listed
from tests.connections.ways import begin, engine_of, keeper_of, only
from tests.far_ends.rest_service import started_rest_service
from tests.page_words import words_of
from tests.personas import Persona, make_organization, signed_in_browser
from wedsync.accounts import organizations, sessions
from wedsync.accounts.models import SignIn
from wedsync.platform.db import db

HOSTILE = "<script>alert(1)</script> Your account was hacked; call us."


@pytest.fixture
def fern(app: APIFlask) -> Iterator[Listed]:
    with listed(app) as provider:
        yield provider


def attempt_of(app: APIFlask, persona: Persona) -> Any:
    query = text(
        "SELECT * FROM authorizations WHERE organization_id = :id ORDER BY id DESC LIMIT 1"
    )
    with engine_of(app).connect() as database:
        return database.execute(query, {"id": persona.organization_id}).one()


def noted(app: APIFlask, persona: Persona) -> list[str]:
    """What the audit says of attempts that came to nothing."""
    query = text(
        "SELECT coalesce(facts ->> 'reason', facts ->> 'code') FROM audit_entries"
        " WHERE organization_id = :id AND action IN"
        " ('connection.attempt_failed', 'connection.answer_refused') ORDER BY id"
    )
    with engine_of(app).connect() as database:
        return list(database.scalars(query, {"id": persona.organization_id}))


def came_to_nothing(app: APIFlask, persona: Persona, fern: Listed, code: str) -> str:
    """The row says why, the audit says it once; what its page says."""
    attempt, row = attempt_of(app, persona), only(app, persona)
    assert (attempt.outcome, attempt.reason["code"], attempt.held) == ("failed", code, None)
    assert (row.state, row.reason["code"]) == ("pending", code)
    assert noted(app, persona) == [code]
    page = words_of(persona.browser.get(f"/connections/{row.id}"))
    assert row.reason["message"] in page
    return page


# --- what a provider says


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("access_denied", "consent_denied"),
        ("consent_required", "consent_denied"),
        ("temporarily_unavailable", "consent_failed"),
        ("server_error", "consent_failed"),
        ("invalid_scope", "consent_refused"),
        ("unauthorized_client", "consent_refused"),
        ("something_of_their_own", "consent_failed"),
        ("<b>", "consent_failed"),
    ],
)
def test_a_refusal_is_told_in_our_words(
    app: APIFlask, editor: Persona, fern: Listed, error: str, code: str
) -> None:
    state = fern.leave(editor)["state"]
    answer = fern.back(editor, state=state, error=error, error_description=HOSTILE, error_uri="x")
    assert answer.status_code == 303
    page = came_to_nothing(app, editor, fern, code)
    assert "hacked" not in page
    assert "hacked" not in editor.browser.get(answer.location).text
    assert fern.provider.tokens_asked() == []


def test_a_code_beside_a_refusal_is_not_used(app: APIFlask, editor: Persona, fern: Listed) -> None:
    fern.back(editor, state=fern.leave(editor)["state"], error="access_denied", code=CODE)
    came_to_nothing(app, editor, fern, "consent_denied")
    assert fern.provider.tokens_asked() == []


def test_no_code_and_no_refusal_is_no_answer(app: APIFlask, editor: Persona, fern: Listed) -> None:
    fern.back(editor, state=fern.leave(editor)["state"])
    came_to_nothing(app, editor, fern, "consent_failed")


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, b"<!doctype html><h1>Sign in</h1>", "not_understood"),
        (400, b'{"error": "invalid_grant"}', "code_refused"),
        (401, b'{"error": "invalid_client"}', "client_refused"),
        (403, b"<h1>Forbidden</h1>", "not_understood"),
        (500, b"<h1>Oops</h1>", "provider_failed"),
        (200, b'{"access_token": "a", "scope": "other"}', "scope_missing"),
    ],
)
def test_what_a_provider_says_to_its_code_is_told(
    app: APIFlask, editor: Persona, fern: Listed, status: int, body: bytes, code: str
) -> None:
    fern.provider.answers("POST", "/token", body=body, status=status)
    fern.back(editor, state=fern.leave(editor)["state"], code=CODE)
    keeper_of(app).work()
    came_to_nothing(app, editor, fern, code)


def test_a_mix_up_is_seen(app: APIFlask, editor: Persona) -> None:
    with listed(app, issuer="https://fern.example") as fern:
        state = fern.leave(editor)["state"]
        fern.back(editor, state=state, code=CODE, iss="https://evil.example")
        came_to_nothing(app, editor, fern, "issuer_mismatch")
        assert fern.provider.tokens_asked() == []


# --- what is no answer to anything


@pytest.mark.parametrize(
    "query",
    [
        "state={state}&code=a&code=b",
        "state={state}&code=a&error=x&error=y",
        "state={state}&code=a&iss=a&iss=b",
        "state={state}&code=" + "c" * 10_000,
        "state={state}&code=a&realmId=" + "r" * 10_000,
        "state={state}&code=a&beside=1&beside=2",
        "state={state}&code=a%00b",
        "state={state}&code=a%0d%0aX-Admin:1",
        "state={state}&code=a&realmId=%00",
    ],
)
def test_an_answer_that_cannot_be_read_is_refused_and_spends_the_state(
    app: APIFlask, editor: Persona, fern: Listed, query: str
) -> None:
    state = fern.leave(editor)["state"]
    path = f"/oauth/callback/{fern.slug}"
    answer = editor.browser.get(f"{path}?{query.format(state=state)}")
    assert answer.status_code == 422
    assert "not an answer that can be read" in words_of(answer)
    came_to_nothing(app, editor, fern, "answer_malformed")
    assert fern.back(editor, state=state, code=CODE).status_code == 422
    assert fern.provider.tokens_asked() == []


def test_of_two_services_of_one_connector_neither_answers_for_the_other(
    app: APIFlask, editor: Persona
) -> None:
    """The code of an honest service never reaches the one that sent the person there."""
    with started_rest_service(Provider) as honest, started_rest_service(Provider) as other:
        there = other.url.replace("127.0.0.1", "localhost")
        typed = {
            "address": other.url,
            "authorize_url": f"{honest.url}/authorize",
            "token_url": f"{there}/token",
            "client_id": "fern",
            "client_secret": "s",
            "check_path": "/me",
        }
        out = begin(editor, "/connect/rest-oauth", **typed)
        asked = {name: values[0] for name, values in parse_qs(urlsplit(out).query).items()}
        assert asked["redirect_uri"] == "http://localhost:8000/oauth/callback/rest-oauth/localhost"
        for place in ("rest-oauth/127.0.0.1", "rest-oauth", "rest-oauth/localhost"):
            query = {"state": asked["state"], "code": CODE}
            answer = editor.browser.get(f"/oauth/callback/{place}", query_string=query)
            assert answer.status_code == 422
        assert other.tokens_asked() == []
    assert noted(app, editor) == ["state_foreign", "state_used", "state_used"]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "code=a",
        "state=",
        "state=%00&code=%00",
        "state=" + "s" * 10_000,
        "state[]=a&code[]=b",
        "state=a&state=b&code=c",
        "state=%ff%fe&code=%ed%a0%80",
        "error=access_denied",
        "state=x&error=%3Cscript%3E&error_description=%3Cb%3E",
    ],
)
def test_what_nobody_began_is_refused_in_words(
    app: APIFlask, editor: Persona, fern: Listed, query: str
) -> None:
    answer = editor.browser.get(f"/oauth/callback/{fern.slug}?{query}")
    assert answer.status_code == 422
    assert "Nothing was connected" in words_of(answer)
    assert "<script>" not in answer.text
    assert "<b>" not in answer.text
    assert len(noted(app, editor)) == 1


@pytest.mark.parametrize("code", ["a b+c/d==", "ключ", "'; DROP TABLE x; --", "%2e%2e"])
def test_any_code_goes_to_its_provider_as_it_came(
    app: APIFlask, editor: Persona, fern: Listed, code: str
) -> None:
    fern.back(editor, state=fern.leave(editor)["state"], code=code)
    assert only(app, editor).state == "active"
    assert fern.provider.tokens_asked()[0].form()["code"] == code


# --- who comes back, and when


def test_a_window_that_was_closed_is_told_once_it_is_too_late(
    app: APIFlask, editor: Persona, fern: Listed
) -> None:
    state = fern.leave(editor)["state"]
    late = text(
        "UPDATE authorizations SET expires_at = now() - interval '1 second'"
        " WHERE organization_id = :id"
    )
    with engine_of(app).begin() as database:
        database.execute(late, {"id": editor.organization_id})
    keeper_of(app).work()
    page = came_to_nothing(app, editor, fern, "window_closed")
    assert "did not come back within ten minutes" in page
    answer = fern.back(editor, state=state, code=CODE)
    assert "longer than ten minutes" in words_of(answer)
    assert noted(app, editor) == ["window_closed", "state_expired"]


def test_whoever_ends_attempts_waits_for_nobody_who_has_their_connection_in_hand(
    app: APIFlask, editor: Persona, fern: Listed
) -> None:
    fern.leave(editor)
    row = only(app, editor)
    outcomes = text("SELECT outcome FROM authorizations WHERE connection_id = :id FOR UPDATE")
    with engine_of(app).begin() as database:
        database.execute(text("UPDATE authorizations SET expires_at = now() - interval '1 second'"))
    with engine_of(app).begin() as holder:
        holder.execute(text("SELECT FROM connections WHERE id = :id FOR UPDATE"), {"id": row.id})
        keeper_of(app).work()
        # Neither ended nor locked: who has the connection goes on to its attempt.
        assert holder.execute(outcomes, {"id": row.id}).scalars().all() == [None]
    keeper_of(app).work()
    assert only(app, editor).reason["code"] == "window_closed"


def test_who_comes_back_to_another_team_of_theirs_is_told_and_can_change_back(
    app: APIFlask, editor: Persona, fern: Listed
) -> None:
    state = fern.leave(editor)["state"]
    other = make_organization(app, "Meadow Weddings")
    with app.app_context():
        organizations.join(other, editor.user_id, "editor")
        sessions.switch(db.session.get_one(SignIn, editor.sign_in_id), other)
        db.session.commit()
    answer = fern.back(editor, state=state, code=CODE)
    assert answer.status_code == 422
    assert "another team of yours" in words_of(answer)
    assert only(app, editor).state == "pending"
    with app.app_context():
        sessions.switch(db.session.get_one(SignIn, editor.sign_in_id), editor.organization_id)
        db.session.commit()
    assert fern.back(editor, state=state, code=CODE).status_code == 303
    assert only(app, editor).state == "active"


def test_of_two_tabs_the_later_one_counts(app: APIFlask, editor: Persona, fern: Listed) -> None:
    first = fern.leave(editor)["state"]
    connection = only(app, editor)
    again = editor.browser.post(
        f"/connections/{connection.id}/reconnect",
        data={"client_id": "fern", "client_secret": "another"},
    )
    page = editor.browser.get(again.location).text
    second = page.split("state=")[1].split("&")[0]
    assert fern.back(editor, state=first, code=CODE).status_code == 422
    assert fern.back(editor, state=second, code=CODE).status_code == 303
    assert only(app, editor).state == "active"


def test_one_answer_in_two_tabs_connects_once_and_says_where_to_look(
    app: APIFlask, editor: Persona, fern: Listed
) -> None:
    state = fern.leave(editor)["state"]
    assert fern.back(editor, state=state, code=CODE).status_code == 303
    twin = signed_in_browser(app, editor.sign_in_id)
    query = {"state": state, "code": CODE}
    answer = twin.get(f"/oauth/callback/{fern.slug}", query_string=query)
    assert answer.status_code == 422
    assert "it may be there already" in words_of(answer)
    assert len(fern.provider.tokens_asked()) == 1


# --- what is written down


def test_a_code_is_in_no_log_and_goes_to_no_other_page(
    app: APIFlask, editor: Persona, fern: Listed, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    code = "canary-of-a-code-8842"
    fern.provider.answers("POST", "/token", {"error": "invalid_grant"}, status=400)
    state = fern.leave(editor)["state"]
    answers = [fern.back(editor, state=state, code=code) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 422]
    for answer in answers:
        assert code not in answer.text
        assert answer.headers["Cache-Control"] == "no-store"
    assert answers[1].headers["Referrer-Policy"] in ("no-referrer", "strict-origin")
    assert code not in answers[0].location
    assert code not in caplog.text
    assert state not in caplog.text
    assert str(attempt_of(app, editor)).find(code) == -1
