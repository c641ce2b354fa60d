"""Filling a manifest's texts: each place keeps its shape, whatever was typed."""

import re
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedsync.connectors import filling
from wedsync.connectors.filling import NotFilled

ROOTS: dict[str, Any] = {
    "input": {"id": "g_1", "party": 3, "coming": True, "meal": None, "tags": ["a", "b"], "of": {}},
    "settings": {"shop": "rosewood", "address": "https://api.example.com/v1/"},
    "sandbox": "http://127.0.0.1:8001",
    "hook": {"url": "https://wedsync.example/hooks/abc?x=1"},
}


# --- values


def test_a_placeholder_alone_keeps_the_type() -> None:
    template = {"party": "{input.party}", "coming": "{input.coming}", "tags": "{input.tags}"}
    assert filling.value(template, ROOTS) == {"party": 3, "coming": True, "tags": ["a", "b"]}


def test_within_a_text_it_is_written() -> None:
    assert filling.value("{input.id}: {input.party}, {input.coming}", ROOTS) == "g_1: 3, true"


def test_what_is_absent_is_left_out() -> None:
    template = {
        "meal": "{input.meal}",
        "no": "{input.no}",
        "in": ["{input.no}", "x"],
        "t": "a{input.no}",
    }
    assert filling.value(template, ROOTS) == {"in": ["x"]}


def test_lists_and_objects_are_reached_into() -> None:
    assert filling.value("{input.tags.1}", ROOTS) == "b"
    assert filling.value("{input.tags.2}", ROOTS) is None
    assert filling.value("{input.id.x}", ROOTS) is None


def test_braces_that_name_no_root_stay_as_they_are() -> None:
    assert filling.value("{x} {} {{input}} {input id}", {**ROOTS, "input": "i"}) == (
        "{x} {} {i} {input id}"
    )


def test_what_is_put_in_is_not_filled_again() -> None:
    roots = {"input": {"id": "{secret.api_key}"}, "secret": {"api_key": "s"}}
    assert filling.value("{input.id}", roots) == "{secret.api_key}"
    assert filling.text("a {input.id}", roots) == "a {secret.api_key}"


def test_a_secret_is_absent_unless_it_is_handed_in() -> None:
    assert filling.value({"key": "{secret.api_key}"}, ROOTS) == {}


# --- paths and addresses


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("g 1", "g%201"),
        ("a/b", "a%2Fb"),
        ("a?b#c", "a%3Fb%23c"),
        ("é", "%C3%A9"),
        ("a%2Fb", "a%252Fb"),
        ("..a", "..a"),
        ("a\r\nb", "a%0D%0Ab"),
    ],
)
def test_a_value_stays_within_its_segment(typed: str, sent: str) -> None:
    roots = {"input": {"id": typed}}
    assert filling.path("/guests/{input.id}/notes", roots) == f"/guests/{sent}/notes"


@pytest.mark.parametrize(
    "typed", ["", ".", "..", "../x", "a/../b", "..\\x", None, [], {}, "\ud800"]
)
def test_a_value_cannot_climb(typed: Any) -> None:
    with pytest.raises(NotFilled):
        filling.path("/guests/{input.id}", {"input": {"id": typed}})


def test_two_values_cannot_climb_together() -> None:
    with pytest.raises(NotFilled):
        filling.path("/a/{input.a}{input.b}", {"input": {"a": ".", "b": "."}})


@given(st.text())
def test_no_value_changes_the_shape_of_an_address(typed: str) -> None:
    try:
        url = filling.url("https://api.example.com/v1/{input.id}/x", {"input": {"id": typed}})
    except NotFilled:
        return
    parts = urlsplit(url)
    assert (parts.netloc, parts.query, parts.fragment) == ("api.example.com", "", "")
    assert re.fullmatch(r"/v1/[^/]+/x", parts.path)
    assert unquote(parts.path) == f"/v1/{typed}/x"


def test_an_address_may_begin_with_what_was_typed() -> None:
    assert filling.url("{settings.address}", ROOTS) == "https://api.example.com/v1"
    assert filling.url("{settings.address}/x", ROOTS) == "https://api.example.com/v1/x"
    assert filling.url("{sandbox}/api/v1", ROOTS) == "http://127.0.0.1:8001/api/v1"


def test_a_part_of_a_host_stays_one() -> None:
    template = "https://{settings.shop}.example.com/api"
    assert filling.url(template, ROOTS) == "https://rosewood.example.com/api"


@pytest.mark.parametrize(
    "typed",
    ["evil.com/", "evil.com#", "evil.com?", "a@evil.com", "a:80", "", "a..b", ".a", "a b", "é"],
)
def test_a_part_of_a_host_cannot_become_another(typed: str) -> None:
    with pytest.raises(NotFilled):
        filling.url("https://{settings.shop}.example.com/api", {"settings": {"shop": typed}})


# --- headers


def test_a_header_with_an_absent_value_is_left_out() -> None:
    templates = {"X-Shop": "{settings.shop}", "X-None": "{settings.none}"}
    assert filling.headers(templates, ROOTS) == {"X-Shop": "rosewood"}


def test_a_request_is_never_sent_without_its_secret() -> None:
    with pytest.raises(NotFilled, match="connect again"):
        filling.headers({"Authorization": "Bearer {secret.access_token}"}, {"secret": {}})


@pytest.mark.parametrize("typed", ["a\r\nX-Admin: 1", "a\nb", "a\rb", "a\x00b", "a\x7f"])
def test_a_header_stays_one_line(typed: str) -> None:
    with pytest.raises(NotFilled):
        filling.headers({"X-Shop": "{input.id}"}, {"input": {"id": typed}})
    with pytest.raises(NotFilled):
        filling.headers({"X-{input.id}": "1"}, {"input": {"id": typed}})


# --- names


def test_every_placeholder_is_found() -> None:
    template = {"{settings.a}": ["{input.b.c}", {"x": "1 {hook.url} {no.root}"}], "n": 1}
    assert sorted(filling.names(template)) == ["hook.url", "input.b.c", "settings.a"]
