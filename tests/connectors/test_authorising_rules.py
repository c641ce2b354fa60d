"""What a manifest may say of how a provider authorises, and what is said where it cannot be."""

from typing import Any

import pytest

from tests.connectors.test_checks import changed, found
from wedsync.platform import outbound

REVOKE = {"method": "DELETE"}
LONG = {"grant_type": "exchange", "token_parameter": "token"}


@pytest.fixture(autouse=True)
def closed_door() -> None:
    """As in production: this machine is no place to connect to."""
    outbound.allow_loopback(False)


@pytest.mark.parametrize(
    "oauth",
    [
        {"from_answer": {"instance": "instance_url"}, "expires_in_s": 7200},
        {"from_callback": {"company": "realmId"}},
        {"callback_matches": {"shop": "{settings.shop}.petal.example"}},
        {"token_url": "https://{settings.shop}.petal.example/token"},
        {"scope_parameter": "user_scope", "scope_separator": ","},
        {"optional_scope_parameter": "optional_scope"},
        {"long_lived": LONG, "rotation": False},
        {"long_lived": LONG, "renewal": LONG, "rotation": False},
        {"token_body": "json", "token_headers": {"Petal-Version": "2"}},
        {
            "revoke_url": "https://petal.example/tokens/{secret.refresh_token}",
            "revoke": REVOKE,
        },
        {
            "revoke_url": "https://petal.example/revoke",
            "revokes": "access_token",
            "revoke": {"headers": {"Authorization": "Bearer {secret.access_token}"}},
        },
    ],
    ids=",".join,
)
def test_what_providers_really_do_can_be_said(oauth: dict[str, Any]) -> None:
    document = changed("auth.kind", "oauth2_code")
    document["auth"]["oauth"] |= oauth
    assert found(document) == []


@pytest.mark.parametrize(
    ("oauth", "where", "said"),
    [
        ({"scope_separator": ""}, "scope_separator", "a space, a comma"),
        ({"scope_separator": "x"}, "scope_separator", "a space, a comma"),
        ({"scope_parameter": "state"}, "scope_parameter", "is said by WedSync"),
        ({"scope_parameter": "a b"}, "scope_parameter", "not the name of a parameter"),
        ({"optional_scope_parameter": "scope"}, "optional_scope_parameter", "of their own"),
        ({"authorize_parameters": {"scope": "x"}}, "authorize_parameters", "the permissions"),
        ({"authorize_parameters": {"State": "x"}}, "authorize_parameters", "said by WedSync"),
        ({"access_token_path": ""}, "access_token_path", "a place in their answer"),
        ({"scopes_path": "a..b"}, "scopes_path", "a place in their answer"),
        ({"expires_at_path": " "}, "expires_at_path", "a place in their answer"),
        ({"expires_in_s": 0}, "expires_in_s", "how many seconds"),
        ({"expires_in_s": 10**12}, "expires_in_s", "how many seconds"),
        ({"from_answer": {"shop": "shop"}}, "from_answer", "“shop” is a field already"),
        ({"from_callback": {"shop": "shop"}}, "from_callback", "“shop” is a field already"),
        ({"from_callback": {"code": "code"}}, "from_callback", "is read by WedSync"),
        ({"from_callback": {"x": "a b"}}, "from_callback", "not the name of a parameter"),
        ({"callback_matches": {"iss": "x"}}, "callback_matches", "is read by WedSync"),
        ({"callback_matches": {"s": "{settings.no}"}}, "callback_matches", "names nothing"),
        ({"from_answer": {"x": "a..b"}}, "from_answer.x", "A place in the answer"),
        (
            {"from_answer": {"x": "a"}, "from_callback": {"x": "b"}},
            "from_callback",
            "there twice",
        ),
        (
            {"from_callback": {f"n{n}": "p" for n in range(11)}},
            "from_callback",
            "at most 10",
        ),
        (
            {"from_callback": {"host": "host"}, "token_url": "https://{settings.host}/token"},
            "token_url",
            "a host of their own",
        ),
        (
            {"from_answer": {"host": "host"}, "token_url": "https://petal.example/{settings.host}"},
            "token_url",
            "names nothing",
        ),
        ({"authorize_url": "https://petal.example/{secret.x}"}, "authorize_url", "secret"),
        ({"long_lived": LONG}, "rotation", "not spent"),
        ({"renewal": LONG}, "renewal", "long_lived"),
        (
            {"long_lived": {**LONG, "token_parameter": "client_secret"}, "rotation": False},
            "long_lived.token_parameter",
            "said by WedSync",
        ),
        (
            {"long_lived": {**LONG, "url": "http://10.0.0.7/x"}, "rotation": False},
            "long_lived.url",
            "",
        ),
        ({"revoke": REVOKE}, "revoke_url", "taken back"),
        (
            {"revoke": REVOKE, "revoke_url": "https://petal.example/revoke"},
            "revoke",
            "{secret.refresh_token}",
        ),
        ({"token_headers": {"Authorization": "x"}}, "token_headers", "set by WedSync"),
        ({"token_headers": {"X": "{secret.access_token}"}}, "token_headers", "secret"),
        (
            {"scopes": [{"name": "orders", "words": "Order", "granted_as": ["orders"]}]},
            "scopes.0.granted_as",
            "anyway",
        ),
    ],
)
def test_what_cannot_be_is_said_where_it_stands(
    oauth: dict[str, Any], where: str, said: str
) -> None:
    document = changed("auth.kind", "oauth2_code")
    document["auth"]["oauth"] |= oauth
    problems = [each for each in found(document) if each.path == f"auth.oauth.{where}"]
    assert problems, found(document)
    assert any(said in each.sentence for each in problems), problems


def test_a_host_that_led_back_is_never_where_the_account_answers() -> None:
    document = changed("base_url", "https://{settings.host}/v1")
    document["auth"]["oauth"]["from_callback"] = {"host": "host"}
    assert [each.path for each in found(document)] == ["base_url"]
    document["base_url"] = "https://{settings.host}.petal.example/v1"
    assert found(document) == []
    document["base_url"] = "{settings.host}"
    assert [each.path for each in found(document)] == ["base_url"]


def by_key(**auth: Any) -> dict[str, Any]:
    key = {"name": "key", "title": "Key", "kind": "secret"}
    document = changed("auth", {"kind": "api_key", "fields": [key], **auth})
    for action in document["actions"]:
        action["scopes"] = []
    return document


@pytest.mark.parametrize(
    "auth",
    [
        {"headers": {"X-Key": "{secret.key}"}},
        {"query": {"api_key": "{secret.key}"}},
        {"basic": {"username": "{secret.key}"}},
        {"basic": {"username": "anystring", "password": "{secret.key}"}},
        {"headers": {"X-Key": "{secret.key}", "X-Account": "{account.id}"}},
    ],
)
def test_a_key_goes_where_the_provider_wants_it(auth: dict[str, Any]) -> None:
    assert [each for each in found(by_key(**auth)) if each.path.startswith("auth")] == []


@pytest.mark.parametrize(
    ("auth", "where", "said"),
    [
        ({}, "auth.headers", "in which header"),
        ({"query": {"a b": "{secret.key}"}}, "auth.query", "name of a parameter"),
        ({"query": {"k": "{secret.other}"}}, "auth.query", "names nothing"),
        ({"query": {"k": "{account.id}"}}, "auth.query", "not known here"),
        ({"basic": {}}, "auth.basic", "which field"),
        ({"basic": {"username": "fixed"}}, "auth.basic", "which field"),
        (
            {"basic": {"username": "{secret.key}"}, "headers": {"authorization": "x"}},
            "auth.basic",
            "there already",
        ),
    ],
)
def test_a_key_that_goes_nowhere_is_said(auth: dict[str, Any], where: str, said: str) -> None:
    problems = [each for each in found(by_key(**auth)) if each.path == where]
    assert any(said in each.sentence for each in problems), found(by_key(**auth))


def test_an_account_in_a_header_has_to_be_asked_for() -> None:
    document = by_key(headers={"X-Key": "{secret.key}", "X-Account": "{account.id}"})
    del document["account"]
    assert "account" in [each.path for each in found(document)]
