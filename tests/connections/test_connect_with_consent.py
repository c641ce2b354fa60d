"""Connecting where the vendor signs in at the provider: out, back, and everything in between."""

from urllib.parse import parse_qs, urlsplit

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.connections.ways import (
    SANDBOX,
    begin,
    change,
    come_back,
    connected,
    engine_of,
    events_of,
    keeper_of,
    only,
    row_of,
)
from tests.far_ends.practice_partner import HARBOUR, MEADOW, PracticePartner
from tests.page_words import words_of
from tests.personas import Persona, make_organization, make_persona
from wedsync.connections import credentials
from wedsync.connections.connecting import asking

# --- works


def test_the_vendor_allows_it_and_is_connected(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner
) -> None:
    form = words_of(editor.browser.get(SANDBOX))
    assert "See the guests and their answers" in form
    out = begin(editor, f"{SANDBOX}?next=/workflows")
    asked = parse_qs(urlsplit(out).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == ["http://localhost:8000/oauth/callback/sandbox"]
    assert set(asked["scope"][0].split()) == {
        "guests:read",
        "guests:write",
        "dates:write",
        "webhooks",
    }
    answer = come_back(editor, practice_partner.allow(out))
    assert (answer.status_code, answer.location) == (303, "/workflows")
    row = only(app, editor)
    assert (row.state, row.account_id, row.account_name) == (
        "active",
        MEADOW,
        "Meadow Weddings",
    )
    assert set(row.scopes) == set(asked["scope"][0].split())
    assert row.created_by == editor.user_id
    assert events_of(app, editor) == ["connection.connected"]
    said = words_of(editor.browser.get(f"/connections/{row.id}"))
    assert "Meadow Weddings" in said
    assert "lets us in" in said
    assert "It was connected just now and answered as Meadow Weddings." in said


def test_its_tokens_are_sealed_and_shown_nowhere(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner
) -> None:
    connection_id = connected(app, editor, practice_partner)
    row = row_of(app, connection_id)
    vault = app.extensions["wedsync"].vault
    with engine_of(app).connect() as database:
        secrets = credentials.opened(database, vault, row.organization_id, row.id, row.secret)
        assert set(secrets) == {"access_token", "refresh_token"}
        dump = " ".join(
            str(found)
            for table in ("connections", "authorizations", "events", "audit_entries")
            for found in database.execute(text(f"SELECT t::text FROM {table} t")).scalars()
        )
    pages = editor.browser.get(f"/connections/{row.id}").get_data(as_text=True)
    for secret in secrets.values():
        assert secret not in dump
        assert secret not in pages


def test_who_waits_is_told_once_that_it_is_usable(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner
) -> None:
    connection_id = connected(app, editor, practice_partner)
    kept = keeper_of(app)
    kept.work()
    assert kept.told.count(connection_id) == 1
    kept.work()
    assert kept.told.count(connection_id) == 1


def test_connecting_again_keeps_what_it_was(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner
) -> None:
    connection_id = connected(app, editor, practice_partner)
    before = row_of(app, connection_id)
    change(app, connection_id, "state = 'needs_reauth', refresh_due_at = NULL")
    out = begin(editor, f"/connections/{connection_id}/reconnect")
    come_back(editor, practice_partner.allow(out))
    after = row_of(app, connection_id)
    assert (after.state, after.reason, after.account_id) == ("active", None, MEADOW)
    assert after.generation == before.generation + 1
    assert events_of(app, editor) == ["connection.connected", "connection.reconnected"]


def test_beyond_four_at_once_the_page_says_that_we_are_still_asking(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner
) -> None:
    location = practice_partner.allow(begin(editor))
    taken = [asking._places.acquire(blocking=False) for _ in range(asking.AT_ONCE)]
    assert all(taken)
    try:
        answer = come_back(editor, location)
    finally:
        for _ in taken:
            asking._places.release()
    page = editor.browser.get(answer.location)
    assert "still asking" in words_of(page)
    assert 'hx-trigger="every 2s"' in page.get_data(as_text=True)
    keeper_of(app).work()
    assert only(app, editor).state == "active"
    assert "every 2s" not in editor.browser.get(answer.location).get_data(as_text=True)


# --- what goes wrong at the provider


def test_denied_consent_leads_back_with_words(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner
) -> None:
    answer = come_back(editor, practice_partner.deny(begin(editor)))
    row = only(app, editor)
    assert (row.state, row.reason["code"]) == ("pending", "consent_denied")
    page = words_of(editor.browser.get(answer.location))
    assert "it was not allowed" in page
    assert "Go on connecting" in page
    assert events_of(app, editor) == []


def test_a_missing_permission_is_named(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner
) -> None:
    out = begin(editor)
    come_back(editor, practice_partner.allow(out, scopes=["guests:read", "webhooks"]))
    row = only(app, editor)
    assert (row.state, row.reason["code"]) == ("pending", "scope_missing")
    assert "change answers, free seats" in row.reason["message"]


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        ({"token_answers": "html"}, "not_understood"),
        ({"token_answers": "500"}, "provider_failed"),
        ({"token_answers": "drop"}, "no_answer"),
    ],
    ids=["a page instead of a token", "a fault", "no answer"],
)
def test_a_provider_with_a_bad_day_leads_back_with_words(
    app: APIFlask,
    editor: Persona,
    practice_partner: PracticePartner,
    faults: dict[str, str],
    code: str,
) -> None:
    location = practice_partner.allow(begin(editor))
    practice_partner.faults(**faults)
    answer = come_back(editor, location)
    row = only(app, editor)
    assert (row.state, row.reason["code"]) == ("pending", code)
    assert row.reason["message"] in words_of(editor.browser.get(answer.location))


def test_a_provider_that_hangs_is_left_after_five_seconds(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner
) -> None:
    location = practice_partner.allow(begin(editor))
    practice_partner.faults(token_slow_s=8)
    come_back(editor, location)
    row = only(app, editor)
    assert (row.state, row.reason["code"]) == ("pending", "no_answer")


def test_an_account_that_answers_with_a_page_is_asked_again_and_then_said(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner
) -> None:
    location = practice_partner.allow(begin(editor))
    practice_partner.faults(api_answers="html", api_times=1)
    come_back(editor, location)
    assert only(app, editor).state == "pending"
    keeper_of(app).work()
    assert only(app, editor).state == "active"


def test_a_server_error_at_the_consent_page_leads_back_with_words(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner
) -> None:
    out = begin(editor)
    state = parse_qs(urlsplit(out).query)["state"][0]
    issuer = practice_partner.url
    back = f"/oauth/callback/sandbox?error=server_error&state={state}&iss={issuer}"
    come_back(editor, back)
    assert only(app, editor).reason["code"] == "consent_failed"


def test_a_closed_window_leaves_a_connection_that_says_how_to_go_on(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner
) -> None:
    begin(editor)
    row = only(app, editor)
    page = words_of(editor.browser.get(f"/connections/{row.id}"))
    assert "You were on the way to Petal Practice" in page
    again = come_back(
        editor, practice_partner.allow(begin(editor, f"/connections/{row.id}/reconnect"))
    )
    assert again.status_code == 303
    assert only(app, editor).state == "active"


# --- another account


def test_another_account_is_never_taken_silently(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner
) -> None:
    connection_id = connected(app, editor, practice_partner)
    out = begin(editor, f"/connections/{connection_id}/reconnect")
    answer = come_back(editor, practice_partner.allow(out, account=HARBOUR))
    row = row_of(app, connection_id)
    assert (row.account_id, row.state, row.generation) == (MEADOW, "active", 1)
    page = words_of(editor.browser.get(answer.location))
    assert "You signed in to Petal Practice as Harbour Events" in page
    assert "belongs to Meadow Weddings" in page


@pytest.mark.parametrize(("choice", "account"), [("take", HARBOUR), ("keep", MEADOW)])
def test_a_person_decides_about_another_account(
    app: APIFlask,
    editor: Persona,
    practice_partner: PracticePartner,
    choice: str,
    account: str,
) -> None:
    connection_id = connected(app, editor, practice_partner)
    out = begin(editor, f"/connections/{connection_id}/reconnect")
    come_back(editor, practice_partner.allow(out, account=HARBOUR))
    decide = f"/connections/{connection_id}/account"
    assert editor.browser.post(decide, data={"choice": choice}).status_code == 303
    assert row_of(app, connection_id).account_id == account
    page = words_of(editor.browser.get(f"/connections/{connection_id}"))
    assert "Which account is it" not in page
    again = editor.browser.post(decide, data={"choice": "take"}, follow_redirects=True)
    assert "nothing to decide any more" in words_of(again)
    assert row_of(app, connection_id).account_id == account


# --- who may


def test_a_viewer_sees_connections_and_connects_nothing(
    app: APIFlask, editor: Persona, viewer: Persona, practice_partner: PracticePartner
) -> None:
    connection_id = connected(app, editor, practice_partner)
    assert "Petal Practice" in words_of(viewer.browser.get("/connections"))
    page = words_of(viewer.browser.get(f"/connections/{connection_id}"))
    assert "Meadow Weddings" in page
    assert "Connect again" not in page
    assert viewer.browser.get(SANDBOX).status_code == 403
    assert viewer.browser.post(SANDBOX).status_code == 403


def test_nobody_is_sent_back_to_another_site(
    app: APIFlask, practice_partner: PracticePartner
) -> None:
    persona = make_persona(app, make_organization(app), "editor", name="Beth")
    out = begin(persona, f"{SANDBOX}?next=https://evil.example/")
    answer = come_back(persona, practice_partner.allow(out))
    assert answer.location == f"/connections/{only(app, persona).id}"
