"""Any web service by OAuth2: requests carry the connection's access token."""

from collections.abc import Iterator

import pytest

from tests.connectors.carrying import Carried, carrying
from tests.far_ends.rest_service import RestService, started_rest_service
from wedsync import connectors
from wedsync.connectors import filling
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


def test_its_addresses_are_those_the_vendor_typed(carried: Carried, service: RestService) -> None:
    oauth = connectors.manifests()["rest-oauth"].auth.oauth
    assert oauth is not None
    roots = {"settings": carried.access.settings}
    assert filling.url(oauth.authorize_url, roots) == f"{service.url}/authorize"
    assert filling.url(oauth.token_url, roots) == f"{service.url}/token"
    assert filling.value(oauth.authorize_parameters, roots) == {}


def test_the_test_of_a_connection_asks_for_the_named_path(
    carried: Carried, service: RestService
) -> None:
    assert carried.account()[0] == f"{service.url}/v1"
    assert service.asked[-1].path == "/v1/me"
