"""Any web service by OAuth2: requests carry the connection's access token."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.connectors.carrying import Carried, carrying
from tests.far_ends.rest_service import RestService, started_rest_service
from wedsync.connections.grants import provider_of
from wedsync.connectors.contract import Failed, Succeeded


@pytest.fixture
def service() -> Iterator[RestService]:
    with started_rest_service() as running:
        running.answers("GET", "/v1/me", {"sub": "u_1"})
        yield running


@pytest.fixture
def carried(service: RestService) -> Carried:
    settings = {
        "address": f"{service.url}/v1",
        "authorize_url": f"{service.url}/authorize",
        "token_url": f"{service.url}/token",
        "client_id": "rosewood",
        "check_path": "/me",
    }
    return carrying("rest-oauth", settings, {"client_secret": "s", "access_token": "at_1"})


def test_a_request_carries_the_access_token(carried: Carried, service: RestService) -> None:
    assert carried.out("request", {"method": "GET", "path": "/me"}) == Succeeded({"sub": "u_1"})
    assert service.asked[-1].headers["authorization"] == "Bearer at_1"


def test_a_token_they_no_longer_accept_is_said_to_be_one(
    carried: Carried, service: RestService
) -> None:
    service.answers("POST", "/v1/notes", {"error": "invalid_token at_1"}, status=401)
    failed = carried.out("request", {"method": "POST", "path": "/notes", "json": {}})
    assert isinstance(failed, Failed)
    assert failed.kind == "auth"
    assert "at_1" not in failed.message


@pytest.mark.parametrize(
    ("typed", "asked"), [({}, None), ({"scope": "guests:read notes"}, ["guests:read notes"])]
)
def test_people_are_sent_where_the_vendor_says_for_what_the_vendor_says(
    carried: Carried, service: RestService, typed: dict[str, str], asked: list[str] | None
) -> None:
    oauth = carried.manifest.auth.oauth
    assert oauth is not None
    provider = provider_of(
        carried.manifest,
        oauth,
        ("rosewood", "s"),
        {**carried.access.settings, **typed},
        public_url="https://wedsync.example",
        sandbox_url="http://127.0.0.1:9",
    )
    url = urlsplit(provider.authorize_url("state-1", "verifier-" + "x" * 40))
    assert url._replace(query="").geturl() == f"{service.url}/authorize"
    query = parse_qs(url.query)
    assert query.get("scope") == asked
    assert query["client_id"] == ["rosewood"]
    assert query["redirect_uri"] == ["https://wedsync.example/oauth/callback/rest-oauth"]
    assert query["code_challenge_method"] == ["S256"]


def test_the_test_of_a_connection_asks_for_the_named_path(
    carried: Carried, service: RestService
) -> None:
    assert carried.account()[0] == f"{service.url}/v1"
    assert service.asked[-1].path == "/v1/me"
