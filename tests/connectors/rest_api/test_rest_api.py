"""Any web service by key, against a service that answers what a test tells it to."""

import pytest

from tests.connectors.carrying import KEY, Carried, carrying
from tests.far_ends.rest_service import RestService
from wedsync.connectors.contract import Failed, Succeeded
from wedsync.connectors.filling import NotFilled

SECRET = "key-of-rosewood"


@pytest.fixture
def carried(service: RestService) -> Carried:
    return connected(service)


def connected(service: RestService, **settings: str) -> Carried:
    typed = {"address": f"{service.url}/v1", "word": "Bearer", "check_path": "/me", **settings}
    return carrying("rest-api", typed, {"api_key": SECRET})


def test_a_request_goes_below_the_address_with_the_key(
    carried: Carried, service: RestService
) -> None:
    service.answers("GET", "/v1/guests", [{"id": 7}])
    given = {"method": "GET", "path": "/guests", "query": {"status": "coming", "meal": [1, 2]}}
    assert carried.out("request", given) == Succeeded([{"id": 7}])
    asked = service.asked[-1]
    assert asked.target == "/v1/guests?status=coming&meal=1&meal=2"
    assert asked.headers["authorization"] == f"Bearer {SECRET}"


def test_content_is_sent_as_it_is_with_our_key_where_asked(
    carried: Carried, service: RestService
) -> None:
    service.answers("POST", "/v1/notes", {"id": "n_1"}, status=201)
    given = {
        "method": "POST",
        "path": "notes",
        "json": {"text": "Window seat", "n": 1.5, "to": None},
        "key_header": "Idempotency-Key",
    }
    assert carried.out("request", given) == Succeeded({"id": "n_1"})
    assert service.asked[-1].json() == given["json"]
    assert service.asked[-1].headers["idempotency-key"] == KEY


@pytest.mark.parametrize(
    ("settings", "name", "line"),
    [
        ({"word": ""}, "authorization", SECRET),
        ({"word": "Token"}, "authorization", f"Token {SECRET}"),
        ({"header": "X-Api-Key", "word": ""}, "x-api-key", SECRET),
    ],
)
def test_the_key_is_sent_as_the_vendor_says(
    service: RestService, settings: dict[str, str], name: str, line: str
) -> None:
    service.answers("GET", "/v1/me", {})
    connected(service, **settings).out("request", {"method": "GET", "path": "/me"})
    assert service.asked[-1].headers[name] == line


@pytest.mark.parametrize(
    ("method", "more", "effect"),
    [
        ("GET", {}, "none"),
        ("HEAD", {}, "none"),
        ("PUT", {}, "idempotent"),
        ("DELETE", {}, "idempotent"),
        ("POST", {}, "once"),
        ("PATCH", {}, "once"),
        ("POST", {"key_header": "Idempotency-Key"}, "idempotent"),
    ],
)
def test_its_effect_follows_from_the_method(
    carried: Carried, method: str, more: dict[str, str], effect: str
) -> None:
    assert carried.effect("request", {"method": method, "path": "/x", **more}) == effect


def test_the_test_of_a_connection_asks_for_the_named_path(
    carried: Carried, service: RestService
) -> None:
    service.answers("GET", "/v1/me", {"hello": "you"})
    assert carried.account() == (f"{service.url}/v1", f"127.0.0.1:{service.port}/v1")
    service.answers("GET", "/v1/me", {}, status=401)
    refused = carried.checked()
    assert isinstance(refused, Failed)
    assert refused.kind == "auth"


@pytest.mark.parametrize(
    "path",
    [
        "../admin",
        "/guests/../../admin",
        "/%2e%2e/admin",
        "/guests/..%2f..%2fadmin",
        "/guests\\..\\admin",
        "/guests?admin=true",
        "/guests#x",
        "\ud800",
        "",
    ],
)
def test_a_path_that_would_leave_is_refused(
    carried: Carried, service: RestService, path: str
) -> None:
    failed = carried.out("request", {"method": "GET", "path": path})
    assert isinstance(failed, Failed)
    assert (failed.kind, failed.code) == ("permanent", "input_invalid")
    assert service.asked == []


@pytest.mark.parametrize(
    "path", ["//elsewhere.example/x", "@elsewhere.example", "https://elsewhere.example/x", ":80/x"]
)
def test_another_host_in_a_path_is_only_a_path(
    carried: Carried, service: RestService, path: str
) -> None:
    carried.out("request", {"method": "GET", "path": path})
    assert service.asked[-1].headers["host"] == f"127.0.0.1:{service.port}"
    assert service.asked[-1].path.startswith("/v1/")


def test_a_setting_cannot_smuggle_a_second_header(service: RestService) -> None:
    for settings in ({"word": "x\r\nX-Admin: 1"}, {"header": "X-Key: a\r\nX-Admin"}):
        with pytest.raises(NotFilled):
            connected(service, **settings)
