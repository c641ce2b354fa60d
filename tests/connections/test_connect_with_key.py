"""Connecting with what the vendor types: an address and a key, checked before they are kept."""

import threading
from collections.abc import Iterator
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.connections.ways import change, engine_of, events_of, keeper_of, means_of, only, row_of
from tests.far_ends.rest_service import RestService, started_rest_service
from tests.page_words import words_of
from tests.personas import Persona
from wedsync.connections.access import open_for_work, refused
from wedsync.connections.connecting import attempts
from wedsync.connectors.contract import Access
from wedsync.platform.vault import MASK

KEY = "canary-key-7f31"
CONNECT = "/connect/rest-api"


@pytest.fixture
def service() -> Iterator[RestService]:
    with started_rest_service() as started:
        started.answers("GET", "/me", {"id": "1"})
        yield started


def typed(service: RestService, **more: str) -> dict[str, str]:
    return {
        "address": service.url,
        "api_key": KEY,
        "header": "Authorization",
        "word": "Bearer",
        "check_path": "/me",
        **more,
    }


@pytest.fixture
def connection_id(app: APIFlask, editor: Persona, service: RestService) -> UUID:
    sent = editor.browser.post(CONNECT, data=typed(service))
    assert sent.status_code == 303, words_of(sent)
    row = only(app, editor)
    assert row.state == "active", row.reason
    found: UUID = row.id
    return found


def opened(app: APIFlask, connection_id: UUID) -> object:
    means, row = means_of(app), row_of(app, connection_id)
    with means.engine.begin() as database:
        return open_for_work(
            database, means.vault, means.settings, row.organization_id, connection_id
        )


# --- works


def test_a_key_that_works_is_kept_sealed(
    app: APIFlask, editor: Persona, service: RestService
) -> None:
    sent = editor.browser.post(f"{CONNECT}?next=/workflows", data=typed(service))
    assert (sent.status_code, sent.location) == (303, "/workflows")
    row = only(app, editor)
    assert row.state == "active"
    assert row.settings["address"] == f"{service.url}/"
    assert "api_key" not in row.settings
    assert KEY.encode() not in row.secret
    assert service.asked[-1].headers["authorization"] == f"Bearer {KEY}"
    access = opened(app, row.id)
    assert isinstance(access, Access)
    assert access.headers == {"Authorization": f"Bearer {KEY}"}
    assert KEY not in repr(access)
    assert events_of(app, editor) == ["connection.connected"]


def test_the_key_is_shown_nowhere_afterwards(
    app: APIFlask, editor: Persona, connection_id: UUID
) -> None:
    for page in ("", "/reconnect", "/disconnect"):
        shown = editor.browser.get(f"/connections/{connection_id}{page}").get_data(as_text=True)
        assert KEY not in shown
    assert MASK in editor.browser.get(f"/connections/{connection_id}/reconnect").text
    with engine_of(app).connect() as database:
        for table in ("connections", "authorizations", "events", "audit_entries"):
            rows = database.execute(text(f"SELECT t::text FROM {table} t")).scalars()
            assert KEY not in " ".join(rows)


def test_a_mask_posted_back_keeps_the_key(
    app: APIFlask, editor: Persona, service: RestService, connection_id: UUID
) -> None:
    again = f"/connections/{connection_id}/reconnect"
    sent = editor.browser.post(again, data=typed(service, api_key=MASK, word="Token"))
    assert sent.status_code == 303
    assert service.asked[-1].headers["authorization"] == f"Token {KEY}"
    assert row_of(app, connection_id).settings["word"] == "Token"


# --- validation


def test_what_is_missing_is_named_beside_its_field(editor: Persona, service: RestService) -> None:
    sent = editor.browser.post(CONNECT, data=typed(service, api_key=""))
    assert sent.status_code == 422
    assert "Key is needed." in words_of(sent)


@pytest.mark.parametrize(
    "address", ["ftp://example.com", "http://10.0.0.1/", "http://169.254.169.254/", "nonsense"]
)
def test_an_address_that_is_never_called_is_refused(
    app: APIFlask, editor: Persona, service: RestService, address: str
) -> None:
    sent = editor.browser.post(CONNECT, data=typed(service, address=address))
    assert sent.status_code == 422
    assert KEY not in sent.text
    with engine_of(app).connect() as database:
        query = text("SELECT count(*) FROM connections WHERE organization_id = :id")
        assert database.scalar(query, {"id": editor.organization_id}) == 0


@pytest.mark.parametrize("header", ["X Api Key", "X-Api-Key:", "X-Schlüssel"])
def test_what_no_header_can_be_called_is_refused_beside_its_field(
    app: APIFlask, editor: Persona, service: RestService, header: str
) -> None:
    sent = editor.browser.post(CONNECT, data=typed(service, header=header))
    assert sent.status_code == 422
    assert "The name of a header has letters, digits and hyphens only." in words_of(sent)
    assert KEY not in sent.text
    assert service.asked == []


def test_a_key_that_is_kept_is_never_sent_to_another_address(
    app: APIFlask, editor: Persona, service: RestService, connection_id: UUID
) -> None:
    again = f"/connections/{connection_id}/reconnect"
    with started_rest_service() as theirs:
        theirs.answers("GET", "/me", {"id": "1"})
        for not_typed in (MASK, ""):
            sent = editor.browser.post(again, data=typed(theirs, api_key=not_typed))
            assert sent.status_code == 422
            assert "Fill this in again" in words_of(sent)
        assert theirs.asked == []
        assert row_of(app, connection_id).settings["address"] == f"{service.url}/"
        assert editor.browser.post(again, data=typed(theirs)).status_code == 303
        assert theirs.asked[-1].headers["authorization"] == f"Bearer {KEY}"


# --- negatives


def test_a_key_that_is_not_accepted_says_so_and_can_be_entered_again(
    app: APIFlask, editor: Persona, service: RestService
) -> None:
    service.answers("GET", "/me", {"error": "no"}, status=401)
    sent = editor.browser.post(CONNECT, data=typed(service))
    row = only(app, editor)
    assert (row.state, row.reason["code"]) == ("pending", "credentials_wrong")
    assert sent.location == f"/connections/{row.id}"
    page = words_of(editor.browser.get(sent.location))
    assert "does not accept what you entered" in page
    service.answers("GET", "/me", {"id": "1"})
    again = editor.browser.post(f"{sent.location}/reconnect", data=typed(service))
    assert again.status_code == 303
    assert only(app, editor).state == "active"


def test_keys_are_not_tried_out_from_here(
    app: APIFlask, editor: Persona, service: RestService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "MOST", 2)
    service.answers("GET", "/me", {"error": "no"}, status=401)
    for number in range(2):
        editor.browser.post(CONNECT, data=typed(service, api_key=f"guess-{number}"))
    asked = len(service.asked)
    sent = editor.browser.post(CONNECT, data=typed(service, api_key="guess-3"))
    assert sent.status_code == 429
    assert sent.headers["Retry-After"] == "900"
    assert "Wait a quarter of an hour" in words_of(sent)
    assert len(service.asked) == asked


def test_a_wrong_new_key_leaves_the_working_one(
    app: APIFlask, editor: Persona, service: RestService, connection_id: UUID
) -> None:
    service.answers("GET", "/me", {"error": "no"}, status=401)
    again = f"/connections/{connection_id}/reconnect"
    sent = editor.browser.post(again, data=typed(service, api_key="wrong"))
    page = words_of(editor.browser.get(sent.location))
    assert "Connecting again did not work" in page
    access = opened(app, connection_id)
    assert isinstance(access, Access)
    assert access.credentials["api_key"] == KEY


def test_nobody_at_the_address_is_said_after_the_drain_tried_too(
    app: APIFlask, editor: Persona, service: RestService
) -> None:
    with started_rest_service() as gone:
        nowhere = gone.url
    editor.browser.post(CONNECT, data=typed(service, address=nowhere))
    assert only(app, editor).state == "pending"
    keeper_of(app).work()
    assert only(app, editor).reason["code"] == "unreachable"


# --- afterwards


def test_a_refused_key_is_checked_and_then_needs_a_person(
    app: APIFlask, editor: Persona, service: RestService, connection_id: UUID
) -> None:
    service.answers("GET", "/me", {"error": "no"}, status=401)
    row = row_of(app, connection_id)
    with engine_of(app).begin() as database:
        refused(database, row.organization_id, connection_id, row.generation)
    keeper_of(app).work()
    row = row_of(app, connection_id)
    assert (row.state, row.reason["code"]) == ("needs_reauth", "credentials_refused")


def test_a_refusal_that_does_not_last_goes_on(
    app: APIFlask, editor: Persona, connection_id: UUID
) -> None:
    row = row_of(app, connection_id)
    with engine_of(app).begin() as database:
        refused(database, row.organization_id, connection_id, row.generation)
    kept = keeper_of(app)
    kept.work()
    row = row_of(app, connection_id)
    assert (row.state, row.reason) == ("active", None)
    assert connection_id in kept.told
    with engine_of(app).begin() as database:
        refused(database, row.organization_id, connection_id, row.generation)
    kept.work()
    assert row_of(app, connection_id).reason["code"] == "credentials_refused"


def test_a_look_now_and_then_says_what_it_found(
    app: APIFlask, editor: Persona, service: RestService, connection_id: UUID
) -> None:
    assert row_of(app, connection_id).check_due_at is not None
    service.answers("GET", "/me", {"oh": "no"}, status=503)
    change(app, connection_id, "check_due_at = now() - interval '1 second'")
    keeper_of(app).work()
    row = row_of(app, connection_id)
    assert (row.state, row.check_result["well"]) == ("active", False)
    service.answers("GET", "/me", {"id": "1"})
    sent = editor.browser.post(f"/connections/{connection_id}/check", follow_redirects=True)
    assert "It answered as" in words_of(sent) or "It let us in" in words_of(sent)
    assert row_of(app, connection_id).check_result["well"]


def test_a_look_finds_that_the_key_was_withdrawn(
    app: APIFlask, editor: Persona, service: RestService, connection_id: UUID
) -> None:
    service.answers("GET", "/me", {"error": "no"}, status=401)
    editor.browser.post(f"/connections/{connection_id}/check")
    assert row_of(app, connection_id).state == "needs_reauth"
    assert events_of(app, editor)[-1] == "connection.needs_reauth"


# --- concurrency


def test_two_processes_look_once(app: APIFlask, service: RestService, connection_id: UUID) -> None:
    change(app, connection_id, "check_due_at = now() - interval '1 second'")
    before = len(service.asked)
    keepers = [keeper_of(app), keeper_of(app)]
    threads = [threading.Thread(target=each.work) for each in keepers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(service.asked) - before == 1
    assert row_of(app, connection_id).check_result["well"]
