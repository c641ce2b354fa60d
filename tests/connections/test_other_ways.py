"""Connectors of other kinds and with other quirks, all of them data in a manifest."""

import secrets
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.connections.ways import change, keeper_of, means_of, only, row_of
from tests.far_ends.rest_service import RestService, started_rest_service
from tests.page_words import words_of
from tests.personas import Persona
from wedsync.connections import credentials
from wedsync.connections.access import open_for_work
from wedsync.connections.tokens import refreshing
from wedsync.connectors.contract import Access
from wedsync.connectors.manifest import Manifest
from wedsync.listings.manifests import content_hash, document_of
from wedsync.listings.models import Listing, ListingVersion
from wedsync.platform import clock, ids
from wedsync.platform.db import db

CLIENT = {"client_id": "fern", "client_secret": "canary-client-secret"}
CLIENT_FIELDS = [
    {"name": "client_id", "title": "Client id"},
    {"name": "client_secret", "title": "Client secret", "kind": "secret"},
]


@pytest.fixture
def service() -> Iterator[RestService]:
    with started_rest_service() as started:
        started.answers("GET", "/me", {"id": 17, "name": "Fern & Vale"})
        started.answers("POST", "/token", {"access_token": "first", "expires_in": "3600"})
        yield started


def publish(app: APIFlask, owner: Persona, service: RestService, **changes: Any) -> str:
    """Put a connector into the marketplace; its slug."""
    slug = f"fern-{secrets.token_hex(4)}"
    document = {
        "slug": slug,
        "name": "Fern & Vale",
        "summary": "Flowers.",
        "icon": "flower",
        "shelf": {
            "categories": ["build"],
            "description": "Flowers.",
            "tried_against": "a stand-in",
        },
        "base_url": service.url,
        "account": {
            "request": {"method": "GET", "path": "/me"},
            "id_path": "id",
            "name_path": "name",
        },
        **changes,
    }
    stored = document_of(Manifest.model_validate(document))
    with app.app_context():
        listing = Listing(id=ids.new_id(), organization_id=owner.organization_id, slug=slug)
        db.session.add(listing)
        db.session.flush()
        version = ListingVersion(
            id=ids.new_id(),
            organization_id=owner.organization_id,
            listing_id=listing.id,
            number=1,
            state="published",
            published_at=clock.now(),
            manifest=stored,
            content_hash=content_hash(stored),
        )
        db.session.add(version)
        db.session.flush()
        listing.published_version_id = version.id
        db.session.commit()
    return slug


def oauth(service: RestService, **changes: Any) -> dict[str, Any]:
    return {
        "authorize_url": f"{service.url}/authorize",
        "token_url": f"{service.url}/token",
        "client_from": "fields",
        "rotation": False,
        **changes,
    }


def secrets_of(app: APIFlask, connection_id: UUID) -> dict[str, str]:
    means, row = means_of(app), row_of(app, connection_id)
    with means.engine.connect() as database:
        return credentials.opened(database, means.vault, row.organization_id, row.id, row.secret)


def refresh(app: APIFlask, connection_id: UUID) -> bool:
    change(app, connection_id, "refresh_due_at = now() - interval '1 second'")
    row = row_of(app, connection_id)
    return refreshing.refresh(means_of(app), row.organization_id, connection_id)


# --- a token for the client itself


def test_a_client_gets_its_own_token_and_a_new_one_when_it_ends(
    app: APIFlask, editor: Persona, partner: Persona, service: RestService
) -> None:
    auth = {
        "kind": "oauth2_client_credentials",
        "oauth": oauth(service, client_auth="post"),
        "fields": CLIENT_FIELDS,
    }
    slug = publish(app, partner, service, auth=auth)
    sent = editor.browser.post(f"/connect/{slug}", data=CLIENT)
    assert sent.status_code == 303, words_of(sent)
    row = only(app, editor)
    assert (row.state, row.account_id, row.account_name) == ("active", "17", "Fern & Vale")
    asked = next(each for each in service.asked if each.path == "/token")
    assert asked.form() == {"grant_type": "client_credentials", **CLIENT}
    service.answers("POST", "/token", {"access_token": "second"})
    assert refresh(app, row.id)
    assert secrets_of(app, row.id)["access_token"] == "second"
    assert row_of(app, row.id).access_expires_at is None


# --- quirks


@pytest.fixture
def by_consent(app: APIFlask, editor: Persona, partner: Persona, service: RestService) -> UUID:
    """A connection whose provider does not rotate, made as if somebody had consented."""
    auth = {"kind": "oauth2_code", "oauth": oauth(service), "fields": CLIENT_FIELDS}
    slug = publish(app, partner, service, auth=auth)
    service.answers(
        "POST", "/token", {"access_token": "first", "refresh_token": "lasting", "expires_in": 60}
    )
    sent = editor.browser.post(f"/connect/{slug}", data=CLIENT)
    out = editor.browser.get(sent.location)
    state = out.text.split("state=")[1].split("&")[0]
    editor.browser.get(f"/oauth/callback/{slug}?state={state}&code=abc")
    row = only(app, editor)
    assert row.state == "active", row.reason
    connection_id: UUID = row.id
    return connection_id


def test_a_lost_answer_is_asked_for_again_where_nothing_rotates(
    app: APIFlask, service: RestService, by_consent: UUID
) -> None:
    service.answers("POST", "/token", body=b"<html>Back soon</html>")
    assert refresh(app, by_consent)
    row = row_of(app, by_consent)
    assert (row.state, row.refresh_failures) == ("active", 1)
    service.answers("POST", "/token", {"access_token": "second", "expires_in": 60})
    assert refresh(app, by_consent)
    assert secrets_of(app, by_consent)["refresh_token"] == "lasting"
    assert secrets_of(app, by_consent)["access_token"] == "second"


def test_a_death_inside_the_window_costs_nothing_where_nothing_rotates(
    app: APIFlask, service: RestService, by_consent: UUID
) -> None:
    change(
        app,
        by_consent,
        "refresh_started_at = now() - interval '2 minutes',"
        " refresh_until = now() - interval '1 second'",
    )
    service.answers("POST", "/token", {"access_token": "second", "expires_in": 60})
    assert refresh(app, by_consent)
    assert row_of(app, by_consent).state == "active"


def test_a_client_that_is_not_known_any_more_is_said_and_asked_about_again(
    app: APIFlask, service: RestService, by_consent: UUID
) -> None:
    service.answers("POST", "/token", {"error": "invalid_client"}, status=401)
    assert refresh(app, by_consent)
    row = row_of(app, by_consent)
    assert (row.state, row.reason["code"]) == ("degraded", "client_refused")
    service.answers("POST", "/token", {"access_token": "second"})
    assert refresh(app, by_consent)
    assert row_of(app, by_consent).state == "active"


def test_an_account_that_changes_behind_a_key_is_not_used_silently(
    app: APIFlask, service: RestService, by_consent: UUID
) -> None:
    service.answers("GET", "/me", {"id": 18, "name": "Somebody else"})
    change(app, by_consent, "check_due_at = now() - interval '1 second'")
    keeper_of(app).work()
    row = row_of(app, by_consent)
    assert (row.state, row.reason["code"]) == ("needs_reauth", "account_changed")


def test_a_token_that_stands_deeper_is_found(
    app: APIFlask, editor: Persona, partner: Persona, service: RestService
) -> None:
    said = {"data": {"access_token": "deep", "refresh_token": "r", "scope": "a,b"}}
    service.answers("POST", "/token", said)
    auth = {
        "kind": "oauth2_client_credentials",
        "oauth": oauth(
            service,
            access_token_path="data.access_token",
            scope_separator=",",
            scopes=[{"name": "a", "words": "See a"}, {"name": "b", "words": "See b"}],
        ),
        "fields": CLIENT_FIELDS,
    }
    slug = publish(app, partner, service, auth=auth)
    editor.browser.post(f"/connect/{slug}", data=CLIENT)
    row = only(app, editor)
    assert (row.state, row.scopes) == ("active", ["a", "b"])


# --- who answers


@pytest.mark.parametrize(
    ("typed", "said", "outcome"),
    [
        ("https://fern.example", "&iss=https://fern.example", None),
        ("https://fern.example", "&iss=https://fern.example/", "issuer_mismatch"),
        ("https://fern.example", "&iss=https://vale.example", "issuer_mismatch"),
        ("https://fern.example", "", "issuer_mismatch"),
        ("", "&iss=https://vale.example", None),
        ("", "", None),
    ],
)
def test_an_answer_is_of_the_issuer_that_was_typed_where_one_was(
    app: APIFlask,
    editor: Persona,
    service: RestService,
    typed: str,
    said: str,
    outcome: str | None,
) -> None:
    service.answers("GET", "/me", {"well": True})
    addresses = {
        "address": service.url,
        "authorize_url": f"{service.url}/authorize",
        "token_url": f"{service.url}/token",
    }
    form = {**CLIENT, **addresses, "check_path": "/me", "issuer": typed}
    sent = editor.browser.post("/connect/rest-oauth", data=form)
    assert sent.status_code == 303, words_of(sent)
    state = editor.browser.get(sent.location).text.split("state=")[1].split("&")[0]
    editor.browser.get(f"/oauth/callback/rest-oauth/127.0.0.1?state={state}&code=abc{said}")
    row = only(app, editor)
    assert (row.state == "active") is (outcome is None)
    assert (row.reason or {}).get("code") == outcome
    assert any(each.path == "/token" for each in service.asked) is (outcome is None)


# --- what to register there


def test_the_form_says_which_address_to_register_at_the_service(editor: Persona) -> None:
    empty = words_of(editor.browser.get("/connect/rest-oauth"))
    assert "Fill in the field above first." in empty
    where = "/connect/rest-oauth/callback"
    for typed, said in (
        ("https://id.fern.example/token", "/oauth/callback/rest-oauth/id.fern.example"),
        ("https://[::1]:99/token", "/oauth/callback/rest-oauth/%3A%3A1"),
        ("https://[", "Fill in the field above first."),
        ("", "Fill in the field above first."),
        ('https://"><script>/token', "/oauth/callback/rest-oauth/%22%3E%3Cscript%3E"),
    ):
        page = editor.browser.get(where, query_string={"token_url": typed})
        assert page.status_code == 200
        assert said in words_of(page)
        assert "<script>" not in page.text
    assert editor.browser.get("/connect/sandbox/callback").status_code == 204
    tried = editor.browser.post(
        "/connect/rest-oauth", data={"token_url": "https://id.fern.example"}
    )
    assert "/oauth/callback/rest-oauth/id.fern.example" in words_of(tried)


# --- nothing to ask


def test_what_nobody_can_be_asked_about_is_connected_as_it_is(
    app: APIFlask, editor: Persona, partner: Persona, service: RestService
) -> None:
    auth = {
        "kind": "api_key",
        "headers": {"X-Key": "{secret.key}"},
        "fields": [{"name": "key", "title": "Key", "kind": "secret"}],
    }
    slug = publish(app, partner, service, auth=auth, account=None)
    editor.browser.post(f"/connect/{slug}", data={"key": "canary"})
    row = only(app, editor)
    assert (row.state, row.account_id, row.check_due_at) == ("active", None, None)
    means = means_of(app)
    with means.engine.begin() as database:
        found = open_for_work(database, means.vault, means.settings, editor.organization_id, row.id)
    assert isinstance(found, Access)
    assert found.headers == {"X-Key": "canary"}
    page = words_of(editor.browser.get(f"/connections/{row.id}"))
    assert "Check now" not in page


def test_a_connector_without_a_client_here_is_refused_before_anybody_leaves(
    app: APIFlask, editor: Persona, partner: Persona, service: RestService
) -> None:
    auth = {"kind": "oauth2_code", "oauth": oauth(service, client_from="installation")}
    slug = publish(app, partner, service, auth=auth)
    sent = editor.browser.post(f"/connect/{slug}")
    assert sent.status_code == 422
    assert "does not know this installation" in words_of(sent)


def test_an_error_that_is_none_is_no_refusal(
    app: APIFlask, editor: Persona, partner: Persona, service: RestService
) -> None:
    service.answers("POST", "/token", {"access_token": "first", "error": None})
    auth = {
        "kind": "oauth2_client_credentials",
        "oauth": oauth(service),
        "fields": CLIENT_FIELDS,
    }
    slug = publish(app, partner, service, auth=auth)
    assert editor.browser.post(f"/connect/{slug}", data=CLIENT).status_code == 303
    assert only(app, editor).state == "active"


def test_a_token_in_a_list_is_not_understood(
    app: APIFlask, editor: Persona, partner: Persona, service: RestService
) -> None:
    service.answers("POST", "/token", ["first"])
    auth = {
        "kind": "oauth2_client_credentials",
        "oauth": oauth(service, access_token_path="0"),
        "fields": CLIENT_FIELDS,
    }
    slug = publish(app, partner, service, auth=auth)
    assert editor.browser.post(f"/connect/{slug}", data=CLIENT).status_code == 303
    row = only(app, editor)
    assert (row.state, row.reason["code"]) == ("pending", "not_understood")


def test_another_account_never_lives_on_what_renewed_the_one_before(
    app: APIFlask, editor: Persona, service: RestService, by_consent: UUID
) -> None:
    service.answers("GET", "/me", {"id": 18, "name": "Somebody else"})
    service.answers("POST", "/token", {"access_token": "theirs", "expires_in": 60})
    sent = editor.browser.post(f"/connections/{by_consent}/reconnect", data=CLIENT)
    out = editor.browser.get(sent.location)
    state = out.text.split("state=")[1].split("&")[0]
    slug = row_of(app, by_consent).slug
    editor.browser.get(f"/oauth/callback/{slug}?state={state}&code=abc")
    editor.browser.post(f"/connections/{by_consent}/account", data={"choice": "take"})
    assert row_of(app, by_consent).account_id == "18"
    kept = secrets_of(app, by_consent)
    assert kept["access_token"] == "theirs"
    assert "refresh_token" not in kept


def test_a_life_of_nearly_nothing_is_not_renewed_without_end(
    app: APIFlask, service: RestService, by_consent: UUID
) -> None:
    service.answers("POST", "/token", {"access_token": "second", "expires_in": 0.0001})
    refresh(app, by_consent)
    row = row_of(app, by_consent)
    assert (row.refresh_due_at - row.refreshed_at).total_seconds() > 0.5
