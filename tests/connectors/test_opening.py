"""Opening a connection: where it answers and what authorises it."""

from base64 import b64decode
from typing import Any

import pytest

from tests.connectors.carrying import CONNECTION
from wedsync.connectors.contract import Access
from wedsync.connectors.filling import NotFilled
from wedsync.connectors.manifest import Manifest
from wedsync.connectors.opening import opened


def open_with(
    auth: dict[str, Any],
    settings: dict[str, Any] | None = None,
    secrets: dict[str, str] | None = None,
    base_url: str = "https://api.example.com",
) -> Access:
    manifest = Manifest.model_validate(
        {
            "slug": "petal",
            "name": "Petal",
            "summary": "Flowers.",
            "icon": "flower",
            "base_url": base_url,
            "auth": auth,
        }
    )
    return opened(
        manifest,
        CONNECTION,
        settings or {},
        secrets or {},
        sandbox_url="http://127.0.0.1:8001/",
        generation=3,
    )


def test_oauth_sends_its_access_token_unless_the_manifest_says_otherwise() -> None:
    oauth = {"authorize_url": "https://p.example/a", "token_url": "https://p.example/t"}
    auth = {"kind": "oauth2_code", "oauth": oauth}
    access = open_with(auth, secrets={"access_token": "at"})
    assert access.headers == {"Authorization": "Bearer at"}
    own = {**auth, "headers": {"X-Token": "{secret.access_token}"}}
    assert open_with(own, secrets={"access_token": "at"}).headers == {"X-Token": "at"}
    assert access.generation == 3


def test_basic_joins_the_two_fields() -> None:
    fields = [
        {"name": "username", "title": "Name"},
        {"name": "password", "title": "Password", "kind": "secret"},
    ]
    access = open_with(
        {"kind": "basic", "fields": fields}, {"username": "ines"}, {"password": "pä:ss"}
    )
    kind, _, encoded = access.headers["Authorization"].partition(" ")
    assert (kind, b64decode(encoded).decode()) == ("Basic", "ines:pä:ss")


def test_a_default_stands_where_nothing_was_typed() -> None:
    fields = [{"name": "address", "title": "Address", "default": "https://eu.example.com/"}]
    auth = {"kind": "none", "fields": fields}
    for settings in ({}, {"address": ""}, {"address": None}):
        assert open_with(auth, settings, base_url="{settings.address}").base_url == (
            "https://eu.example.com"
        )
    typed = {"address": "https://us.example.com"}
    assert open_with(auth, typed, base_url="{settings.address}").base_url == typed["address"]


def test_an_optional_field_left_empty_puts_nothing_before_a_key() -> None:
    fields = [
        {"name": "word", "title": "Word", "required": False},
        {"name": "api_key", "title": "Key", "kind": "secret"},
    ]
    headers = {"Authorization": "{settings.word} {secret.api_key}"}
    auth = {"kind": "api_key", "fields": fields, "headers": headers}
    assert open_with(auth, {}, {"api_key": "k"}).headers == {"Authorization": "k"}
    assert open_with(auth, {"word": "Token"}, {"api_key": "k"}).headers == {
        "Authorization": "Token k"
    }


def test_the_practice_partner_answers_where_this_installation_has_it() -> None:
    assert open_with({"kind": "none"}, base_url="{sandbox}/api/v1").base_url == (
        "http://127.0.0.1:8001/api/v1"
    )


@pytest.mark.parametrize(
    ("auth", "secrets"),
    [
        ({"kind": "oauth2_code"}, {}),
        ({"kind": "basic"}, {"password": "p"}),
        ({"kind": "api_key", "headers": {"X-Key": "{secret.api_key}"}}, {}),
    ],
)
def test_without_its_secret_nothing_is_opened(
    auth: dict[str, Any], secrets: dict[str, str]
) -> None:
    with pytest.raises(NotFilled):
        open_with(auth, secrets=secrets)


def test_nothing_of_it_shows_a_secret() -> None:
    fields = [{"name": "api_key", "title": "Key", "kind": "secret"}]
    auth = {"kind": "api_key", "fields": fields, "headers": {"X-Key": "{secret.api_key}"}}
    access = open_with(auth, secrets={"api_key": "canary-77"})
    assert "canary-77" not in repr(access)
    assert "canary-77" not in str(access)
