"""A mask keeps a secret where it was given for: whoever may connect again never sees it, and does
not get it sent to another place, by page or by API."""

from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.connections.lone_provider import Listed, listed
from tests.connections.renewing import secrets_of
from tests.connections.ways import keeper_of, row_of
from tests.far_ends.rest_service import RestService, started_rest_service
from tests.page_words import words_of
from tests.personas import Persona
from tests.workflows.connected import connect_built_in
from wedsync.platform import ids, outbound
from wedsync.platform.vault import MASK

KEY = "canary-of-a-kept-secret"


def settings_at(service: RestService, slug: str) -> dict[str, str]:
    """What was typed for a connection to this service, as it is kept."""
    port, url = str(service.port), outbound.check_url(service.url)
    return {
        "rest-api": {"address": url, "header": "X-Key", "check_path": "/me"},
        "stripe": {"address": url},
        "smtp": {
            "host": "127.0.0.1",
            "port": port,
            "security": "None",
            "username": "imogen",
            "from_address": "hello@rosewood.example",
        },
        "rest-oauth": {
            "address": url,
            "authorize_url": f"{service.url}/authorize",
            "token_url": f"{service.url}/token",
            "client_id": "rosewood",
            "check_path": "/me",
        },
    }[slug]


SECRET = {
    "rest-api": "api_key",
    "stripe": "api_key",
    "smtp": "password",
    "rest-oauth": "client_secret",
}
WHERE = [
    ("rest-api", "address"),
    ("stripe", "address"),
    ("smtp", "host"),
    ("smtp", "port"),
    ("rest-oauth", "address"),
    ("rest-oauth", "token_url"),
]


@pytest.fixture(params=["page", "api"])
def by(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def again(persona: Persona, by: str, connection_id: UUID, typed: dict[str, str]) -> int:
    """Connect again with these fields; the status of the answer."""
    if by == "page":
        sent = persona.browser.post(f"/connections/{connection_id}/reconnect", data=typed)
    else:
        path = f"/connections/{connection_id}/reconnect"
        sent = persona.api.post(path, json={"fields": typed})
    assert sent.status_code < 500, words_of(sent)
    assert KEY not in sent.text
    return sent.status_code


@pytest.mark.parametrize(("slug", "field"), WHERE)
def test_a_kept_secret_is_not_sent_to_another_place(
    app: APIFlask, owner: Persona, by: str, slug: str, field: str
) -> None:
    with started_rest_service() as ours, started_rest_service() as theirs:
        typed = settings_at(ours, slug)
        # Whoever else is due is looked after too, and may have been connected to what was at this
        # port before: this key is only ours.
        key = f"{KEY}-{ids.new_id().hex}"
        secrets = {SECRET[slug]: key}
        connection_id = connect_built_in(app, owner.organization_id, slug, typed, secrets)
        elsewhere = {"host": "localhost"}.get(field) or settings_at(theirs, slug)[field]
        for mask in (MASK, "", f" {MASK} "):
            changed = {**typed, field: elsewhere, SECRET[slug]: mask}
            assert again(owner, by, connection_id, changed) == 422
        keeper_of(app).work()
        assert not [asked for asked in theirs.asked if asked.tells(key)]
        assert secrets_of(app, connection_id) == secrets
        assert row_of(app, connection_id).settings == typed


@pytest.mark.parametrize("mask", [MASK, ""])
def test_a_mask_put_back_keeps_the_secret(
    app: APIFlask, owner: Persona, by: str, service: RestService, mask: str
) -> None:
    service.answers("GET", "/me", {"id": 1})
    typed = settings_at(service, "rest-api")
    made = connect_built_in(app, owner.organization_id, "rest-api", typed, {"api_key": KEY})
    assert again(owner, by, made, {**typed, "api_key": mask}) in (202, 303)
    keeper_of(app).work()
    assert secrets_of(app, made) == {"api_key": KEY}
    assert {asked.headers["x-key"] for asked in service.asked} == {KEY}


@pytest.mark.parametrize("almost", [MASK[:-1], f"{MASK}•", f"x{MASK}", "••", "********"])
def test_what_only_looks_like_the_mask_is_a_secret_of_its_own(
    app: APIFlask, owner: Persona, by: str, service: RestService, almost: str
) -> None:
    service.answers("GET", "/me", {"id": 1})
    typed = settings_at(service, "rest-api")
    made = connect_built_in(app, owner.organization_id, "rest-api", typed, {"api_key": KEY})
    status = again(owner, by, made, {**typed, "api_key": almost})
    keeper_of(app).work()
    # A header carries it, or the page says that it cannot; never is the kept one sent instead.
    assert status in (202, 303, 422)
    assert all(asked.headers.get("x-key") != KEY for asked in service.asked)


def test_a_secret_does_not_follow_to_where_long_lived_tokens_are_made(
    app: APIFlask, owner: Persona, by: str
) -> None:
    shop = {"name": "shop", "title": "Shop"}
    with listed(app) as found:
        long_lived = {
            "grant_type": "exchange",
            "token_parameter": "token",
            "url": "https://{settings.shop}.example/long",
        }
        there = Listed(app, found.provider).publish(shop, long_lived=long_lived)
        typed = {"client_id": "fern", "shop": "ours"}
        secrets = {"client_secret": KEY}
        made = connect_built_in(app, owner.organization_id, there.slug, typed, secrets)
        changed = {**typed, "shop": "theirs", "client_secret": MASK}
        assert again(owner, by, made, changed) == 422
