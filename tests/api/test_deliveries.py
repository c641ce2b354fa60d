"""Deliveries as the API lists them: the filters of the pages, a page after the other."""

from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask

from tests.personas import Persona
from tests.webhooks.deliveries_in_bulk import RARE_ERROR, RARE_TYPE, TYPES, many
from wedsync.platform import clock

MANY = 300


def listed(persona: Persona, **query: Any) -> list[dict[str, Any]]:
    answer = persona.api.get("/deliveries", query_string={"limit": 100, **query})
    assert answer.status_code == 200, answer.json
    found: list[dict[str, Any]] = answer.json["data"]
    return found


# --- works


def test_every_filter_narrows_the_list(app: APIFlask, owner: Persona) -> None:
    bulk = many(app, owner.organization_id, MANY)
    (rare,) = listed(owner, type=RARE_TYPE)
    assert rare["event_type"] == RARE_TYPE
    (failed,) = listed(owner, error=RARE_ERROR)
    assert failed["last_error"] == RARE_ERROR
    assert {each["state"] for each in listed(owner, state="exhausted")} == {"exhausted"}
    assert len(listed(owner, state="exhausted", error="http_503")) == MANY // 50 - 1
    assert len(listed(owner, endpoint=bulk.endpoint_id)) == 100
    assert [each["id"] for each in listed(owner, event=rare["event_id"])] == [rare["id"]]
    soon = (clock.now() + timedelta(hours=1)).isoformat()
    assert listed(owner, **{"from": soon}) == []
    assert len(listed(owner, to=soon, type=RARE_TYPE)) == 1


def test_words_find_couples_events_and_numbers(app: APIFlask, owner: Persona) -> None:
    many(app, owner.organization_id, MANY)
    assert {each["event_type"] for each in listed(owner, search="meals")} == {TYPES[1]}
    latest = listed(owner)[0]
    assert [each["id"] for each in listed(owner, search=latest["event_id"])] == [latest["id"]]
    assert listed(owner, search="couple 3")
    assert listed(owner, search="nobody at all") == []


def test_pages_follow_each_other_to_the_end(app: APIFlask, owner: Persona) -> None:
    many(app, owner.organization_id, MANY)
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 100, "state": "delivered"}
    while query:
        answer = owner.api.get("/deliveries", query_string=query).json
        seen += [each["id"] for each in answer["data"]]
        cursor = answer["next_cursor"]
        query = {**query, "cursor": cursor} if cursor else {}
    assert len(seen) == MANY - MANY // 50 - 1
    assert seen == sorted(set(seen), reverse=True)


# --- negatives


@pytest.mark.parametrize(
    "query", [{"since": "2026-01-01"}, {"from": "yesterday"}, {"search": "x" * 101}, {"error": ""}]
)
def test_a_filter_that_is_none_is_refused_or_finds_nothing(
    owner: Persona, query: dict[str, str]
) -> None:
    answer = owner.api.get("/deliveries", query_string=query)
    assert answer.status_code == 422 if "error" not in query else 200
    assert "error" not in query or answer.json["data"] == []


def test_a_stranger_finds_none_of_them(app: APIFlask, owner: Persona, stranger: Persona) -> None:
    bulk = many(app, owner.organization_id, 5)
    for query in ({}, {"endpoint": bulk.endpoint_id}, {"search": "guest"}, {"type": RARE_TYPE}):
        assert listed(stranger, **query) == []
