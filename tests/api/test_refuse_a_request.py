"""A request that cannot be used is refused with a code, a sentence and where it went wrong."""

from typing import Any
from uuid import uuid4

import pytest
from apiflask import APIFlask

from tests.personas import Persona, Script
from wedsync import api
from wedsync.accounts import api_keys
from wedsync.platform.db import db

# Parameters name tests, so they are the same in every process that collects them.
_NOWHERE = "0197a6c2-8f3e-7b1a-9c55-5d1f6a0b3c4e"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b'{"type": "a.b", "data": "\\u0000"}',
        b'{"type": "a.b", "data": "\\ud800"}',
        b'{"type": "a.b", "data": ' + b"[" * 70 + b"]" * 70 + b"}",
        b"[" * 100_000,
        b'{"type": "a.b", "data": "\xff"}',
        b'{"type": "a.b", "data": NaN}',
    ],
)
def test_what_is_not_json_we_take_is_malformed(owner: Persona, body: bytes) -> None:
    refused = owner.api.post("/events", data=body)
    assert (refused.status_code, refused.json["code"]) == (400, "body_invalid")
    assert refused.content_type == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([], {("", "wrong_type")}),
        ("text", {("", "wrong_type")}),
        ({}, {("/type", "missing"), ("/data", "missing")}),
        ({"type": 5, "data": 1}, {("/type", "wrong_type")}),
        ({"type": "a.b", "data": 1, "x/y~z": 1}, {("/x~1y~0z", "unknown_field")}),
        ({"type": "a.b", "data": 1, "wedding_id": "nobody"}, {("/wedding_id", "wrong_type")}),
        ({"type": "a" * 200, "data": 1}, {("/type", "wrong_value")}),
    ],
)
def test_every_field_that_is_wrong_is_pointed_at(
    owner: Persona, body: Any, expected: set[tuple[str, str]]
) -> None:
    refused = owner.api.post("/events", json=body)
    assert (refused.status_code, refused.json["code"]) == (422, "invalid")
    assert {(each["pointer"], each["code"]) for each in refused.json["errors"]} == expected
    assert all(each["message"].endswith(".") for each in refused.json["errors"])


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "/query/limit"),
        ("limit=101", "/query/limit"),
        ("limit=ten", "/query/limit"),
        ("cursor=", "/query/cursor"),
        ("cursor=AAAA", "/query/cursor"),
        ("cursor=%C3%A9", "/query/cursor"),
        ("cursor=" + "A" * 101, "/query/cursor"),
        ("state=unheard_of", "/query/state"),
        ("workflow=nobody", "/query/workflow"),
        ("worklow=" + _NOWHERE, "/query/worklow"),
    ],
)
def test_a_query_is_refused_rather_than_guessed_at(
    owner: Persona, query: str, pointer: str
) -> None:
    refused = owner.api.get(f"/runs?{query}")
    assert refused.status_code == 422
    assert [each["pointer"] for each in refused.json["errors"]] == [pointer]


def test_a_nul_in_a_query_is_refused(owner: Persona) -> None:
    refused = owner.api.get("/events?type=a%00b")
    assert refused.status_code == 422


def test_a_body_over_a_megabyte_is_refused(owner: Persona) -> None:
    refused = owner.api.post("/events", data=b" " * (1024 * 1024 + 1))
    assert (refused.status_code, refused.json["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("identifier", ["nobody", "1", "0197a6c2-8f3e-7b1a-9c55", _NOWHERE])
def test_what_does_not_exist_is_not_found(owner: Persona, identifier: str) -> None:
    missing = owner.api.get(f"/runs/{identifier}")
    assert (missing.status_code, missing.json["code"]) == (404, "not_found")


def test_a_method_an_address_does_not_take_is_refused(owner: Persona) -> None:
    refused = owner.api.delete("/events")
    assert (refused.status_code, refused.json["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "api_key_missing"),
        ("Basic YTpi", "api_key_missing"),
        ("Bearer", "api_key_missing"),
        ("Bearer nonsense", "api_key_unknown"),
    ],
)
def test_without_a_key_nothing_is_told(app: APIFlask, header: str | None, code: str) -> None:
    headers = {"Authorization": header} if header else {}
    refused = app.test_client().get(f"{api.BASE_PATH}/runs", headers=headers)
    assert (refused.status_code, refused.json["code"]) == (401, code)
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_key_reaches_what_its_scopes_name(app: APIFlask, owner: Persona) -> None:
    with app.app_context():
        _key, raw = api_keys.create(owner.organization_id, "reader", ["runs:read"])
        db.session.commit()
    script = Script(app, raw)
    assert script.get("/runs").status_code == 200
    assert script.get("/events").json["code"] == "scope_missing"
    assert script.post(f"/runs/{uuid4()}/stop").json["code"] == "scope_missing"


def test_a_problem_names_its_request(owner: Persona) -> None:
    refused = owner.api.get(f"/runs/{uuid4()}")
    assert refused.json["request_id"] == refused.headers["X-Request-Id"]
    assert (refused.json["type"], refused.json["status"]) == ("about:blank", 404)
