"""Any web service by OAuth2: requests carry the connection's access token."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.connectors.carrying import Carried, carrying
from tests.far_ends.practice_partner import PracticePartner
from tests.far_ends.rest_service import RestService, started_rest_service
from wedsync import connectors
from wedsync.connections.grants import Grant, Provider, provider_of
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


def provider_with(
    settings: dict[str, str], client: tuple[str, str] = ("rosewood", "s")
) -> Provider:
    manifest = connectors.manifests()["rest-oauth"]
    assert manifest.auth.oauth is not None
    return provider_of(
        manifest,
        manifest.auth.oauth,
        client,
        settings,
        public_url="https://wedsync.example",
        sandbox_url="http://127.0.0.1:9",
    )


@pytest.mark.parametrize(
    ("typed", "asked"), [({}, None), ({"scope": "guests:read notes"}, ["guests:read notes"])]
)
def test_people_are_sent_where_the_vendor_says_for_what_the_vendor_says(
    carried: Carried, service: RestService, typed: dict[str, str], asked: list[str] | None
) -> None:
    provider = provider_with({**carried.access.settings, **typed})
    url = urlsplit(provider.authorize_url("state-1", "verifier-" + "x" * 40))
    assert url._replace(query="").geturl() == f"{service.url}/authorize"
    query = parse_qs(url.query)
    assert query.get("scope") == asked
    assert query["client_id"] == ["rosewood"]
    assert query["redirect_uri"] == ["https://wedsync.example/oauth/callback/rest-oauth/127.0.0.1"]
    assert query["code_challenge_method"] == ["S256"]


def test_the_test_of_a_connection_asks_for_the_named_path(
    carried: Carried, service: RestService
) -> None:
    assert carried.account()[0] == f"{service.url}/v1"
    assert service.asked[-1].path == "/v1/me"


def test_the_practice_partner_can_be_connected_as_any_service(
    practice_partner: PracticePartner,
) -> None:
    host = urlsplit(practice_partner.url).hostname
    practice_partner.accept(f"https://wedsync.example/oauth/callback/rest-oauth/{host}")
    settings = {
        "address": f"{practice_partner.url}/api/v1",
        "authorize_url": f"{practice_partner.url}/oauth/authorize",
        "token_url": f"{practice_partner.url}/oauth/token",
        "scope": "guests:read guests:write",
        "check_path": "/me",
    }
    provider = provider_with(settings, practice_partner.client)
    verifier = "verifier-" + "x" * 40
    came_back = practice_partner.allow(
        provider.authorize_url("state-1", verifier), scopes=["guests:read", "guests:write"]
    )
    grant = provider.exchange(parse_qs(urlsplit(came_back).query)["code"][0], verifier, 10.0)
    assert isinstance(grant, Grant)
    assert grant.scopes == ("guests:read", "guests:write")

    carried = carrying("rest-oauth", settings, {"access_token": grant.access_token})
    assert carried.account()[0] == settings["address"]
    ben = carried.out("request", {"method": "GET", "path": "/guests/g_ben"})
    assert isinstance(ben, Succeeded)
    assert ben.output["name"] == "Ben Carter"
    released = carried.out(
        "request",
        {
            "method": "POST",
            "path": "/seats/release",
            "json": {"guest_id": "g_ben"},
            "key_header": "Idempotency-Key",
        },
    )
    assert isinstance(released, Succeeded)
    practice_partner.faults(revoke_grants=True)
    refused = carried.out("request", {"method": "GET", "path": "/me"})
    assert isinstance(refused, Failed)
    assert refused.kind == "auth"
