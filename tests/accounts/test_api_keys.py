"""API keys: made by an owner, shown once, scoped, revoked at once."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.accounts.ways import audited
from tests.personas import Persona, Script
from wedsync.accounts import api_keys, tokens
from wedsync.accounts.models import ApiKey
from wedsync.cli import cli
from wedsync.errors import Invalid
from wedsync.platform import clock
from wedsync.settings import Settings


def _make(by: Persona, **form: Any) -> str:
    """Make a key on the page; the key that was shown."""
    data = {"name": "Guest count", "reach": "all", "lasts": "90", **form}
    answer = by.browser.post("/settings/api-keys", data=data)
    found = re.search(r"wsk_\w{46}", answer.text)
    assert found, answer.text
    return found.group()


def _row(database: Session, raw: str) -> ApiKey:
    database.expire_all()
    return database.scalars(select(ApiKey).where(ApiKey.key_hash == tokens.hashed(raw))).one()


def _status(persona: Persona, raw: str, path: str = "/workflows") -> int:
    return Script(persona.api.app, raw).get(path).status_code


# --- works


def test_a_key_made_on_the_page_opens_the_api(owner: Persona, database: Session) -> None:
    raw = _make(owner)
    assert _status(owner, raw) != 401
    key = _row(database, raw)
    assert (key.organization_id, key.name) == (owner.organization_id, "Guest count")
    assert audited(database, owner.organization_id, key.id) == ["api_key.created"]


def test_the_key_is_shown_once_and_kept_as_a_hash_only(owner: Persona) -> None:
    raw = _make(owner)
    page = owner.browser.get("/settings/api-keys").text
    assert raw not in page
    assert raw[: len("wsk_") + 6] in page


def test_a_key_opens_what_was_chosen_and_the_page_says_it_in_words(
    owner: Persona, database: Session
) -> None:
    raw = _make(owner, reach="chosen", scopes=["workflows:read", "runs:read", "events:write"])
    assert _row(database, raw).scopes == ["events:write", "runs:read", "workflows:read"]
    page = owner.browser.get("/settings/api-keys").text
    assert "May see workflows and what happened; may change events." in page
    refused = Script(owner.api.app, raw).get("/endpoints")
    assert (refused.status_code, refused.json["code"]) == (403, "scope_missing")


@pytest.mark.parametrize(
    ("scopes", "words"),
    [
        (["*"], "May see everything and change everything but rules for messages to couples."),
        (["*", "message-rules:write", "runs:read"], "May see and change everything."),
    ],
)
def test_a_key_for_everything_says_what_it_does_not_open(scopes: list[str], words: str) -> None:
    assert api_keys.in_words(api_keys.checked_scopes(scopes)) == words


def test_use_is_noted_once_a_minute_though_the_request_only_read(
    owner: Persona, database: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = _make(owner)
    assert _row(database, raw).last_used_at is None
    _status(owner, raw)
    first = _row(database, raw).last_used_at
    _status(owner, raw)
    assert first is not None
    assert _row(database, raw).last_used_at == first
    later = datetime.now(UTC) + timedelta(minutes=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    _status(owner, raw)
    assert _row(database, raw).last_used_at == later


def test_the_command_makes_a_key_and_prints_it_alone(
    owner: Persona, settings: Settings, database: Session
) -> None:
    done = _command(settings, owner.organization_slug, "*")
    raw = done.stdout.strip()
    assert done.exit_code == 0
    assert _row(database, raw).organization_id == owner.organization_id
    assert _status(owner, raw) != 401


# --- refused


def test_a_revoked_key_opens_nothing_at_once(owner: Persona, database: Session) -> None:
    raw = _make(owner)
    path = f"/settings/api-keys/{_row(database, raw).id}/revoke"
    assert owner.browser.post(path).status_code == 303
    refused = Script(owner.api.app, raw).get("/workflows")
    assert (refused.status_code, refused.json["code"]) == (401, "api_key_revoked")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert owner.browser.post(path).status_code == 404


def test_an_expired_key_opens_nothing(owner: Persona, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = _make(owner, lasts="30")
    later = datetime.now(UTC) + timedelta(days=30, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    refused = Script(owner.api.app, raw).get("/workflows")
    assert (refused.status_code, refused.json["code"]) == (401, "api_key_expired")


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer  ", "Basic dXNlcjpwYXNz", "Bearer wsk_made_up", "Bearer wsk_é", "\x7f"],
)
def test_anything_but_a_key_of_ours_is_a_401_problem(owner: Persona, header: str) -> None:
    refused = owner.api.get("/workflows", headers={"Authorization": header})
    assert refused.status_code == 401
    assert refused.content_type == "application/problem+json"


def test_a_key_with_one_letter_wrong_is_refused_before_the_database_is_asked(
    owner: Persona,
) -> None:
    wrong = owner.key[:-1] + ("A" if owner.key[-1] != "A" else "B")
    assert not tokens.is_well_formed(wrong, api_keys.PREFIX)
    assert _status(owner, wrong) == 401


def test_a_key_never_opens_a_page(owner: Persona) -> None:
    bearer = {"Authorization": f"Bearer {owner.key}"}
    browser = owner.browser.application.test_client()
    assert browser.get("/settings", headers=bearer).status_code == 303


def test_a_form_without_name_or_scope_makes_no_key(owner: Persona) -> None:
    for form in ({"name": "", "reach": "all"}, {"name": "Nothing chosen", "reach": "chosen"}):
        answer = owner.browser.post("/settings/api-keys", data={**form, "lasts": "90"})
        assert answer.status_code == 422
        assert "wsk_" not in answer.text.partition("Your keys")[0]


@pytest.mark.parametrize("scopes", [[], ["workflows"], ["workflows:own"], ["people:read"], ["**"]])
def test_a_scope_that_does_not_exist_is_refused(scopes: list[str]) -> None:
    with pytest.raises(Invalid):
        api_keys.checked_scopes(scopes)


def test_only_owners_see_and_make_keys(editor: Persona, viewer: Persona) -> None:
    for persona in (editor, viewer):
        assert persona.browser.get("/settings/api-keys").status_code == 403
        form = {"name": "Mine", "reach": "all", "lasts": "never"}
        assert persona.browser.post("/settings/api-keys", data=form).status_code == 403


def test_a_stranger_neither_sees_nor_revokes_a_key(
    owner: Persona, stranger: Persona, database: Session
) -> None:
    raw = _make(owner)
    assert "Guest count" not in stranger.browser.get("/settings/api-keys").text
    path = f"/settings/api-keys/{_row(database, raw).id}/revoke"
    assert stranger.browser.post(path).status_code == 404
    assert _status(owner, raw) != 401


@pytest.mark.parametrize(
    ("slug", "scopes", "words"),
    [("nobody-here", "*", "no organization"), (None, "weather:read", "no scope weather:read")],
)
def test_the_command_says_in_one_sentence_what_is_wrong(
    owner: Persona, settings: Settings, slug: str | None, scopes: str, words: str
) -> None:
    done = _command(settings, slug or owner.organization_slug, scopes)
    assert done.exit_code == 2
    assert words in done.stderr
    assert done.stdout == ""


def _command(settings: Settings, slug: str, scopes: str) -> Any:
    arguments = ["api-key", "create", "--organization", slug, "--scopes", scopes]
    environment = {
        "WEDSYNC_HOME": str(settings.home),
        "DATABASE_URL": settings.libpq_url,
        "REDIS_URL": settings.redis_url,
    }
    return CliRunner().invoke(cli, arguments, env=environment)
