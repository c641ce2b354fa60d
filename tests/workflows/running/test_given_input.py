"""What a workflow asks for when it is started by hand is described, checked, and always quick."""

import time
from typing import Any

import pytest

from tests.personas import Persona
from tests.workflows.definitions import manual
from wedsync.workflows.running.given_input import is_quick, problems, schema_problem

GUEST = {
    "type": "object",
    "required": ["guest"],
    "properties": {
        "guest": {"type": "string", "title": "Guest", "minLength": 1},
        "seats": {"type": "integer", "minimum": 1, "maximum": 12},
        "code": {"type": "string", "pattern": "^[A-Z]{3}-\\d+$"},
    },
}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"guest": "Ana"}, []),
        ({"guest": "Ana", "seats": 2, "code": "ABC-12"}, []),
        (None, ["“Guest” is missing."]),
        ({}, ["“Guest” is missing."]),
        ({"guest": "", "seats": 1}, ["“Guest” should not be empty."]),
        ({"guest": "Ana", "seats": 0}, ["“seats” should be 1 or more."]),
        ({"guest": "Ana", "code": "x"}, ["“code” is not in the form that is expected here."]),
        ([], ["“This” should be a set of named values."]),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_in_sentences(value: Any, said: list[str]) -> None:
    assert problems(GUEST, value) == said


def test_a_trigger_that_asks_for_nothing_takes_anything() -> None:
    assert problems(None, {"any": "thing"}) == problems(True, [1]) == []
    assert problems(False, None) == []
    assert problems(False, 1) == ["This workflow takes no input."]


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "dance"}, "not JSON Schema"),
        ({"$ref": "https://elsewhere.example/schema"}, "“$ref” cannot be used"),
        ({"properties": {"a": {"$dynamicRef": "#a"}}}, "“$dynamicRef” cannot be used"),
        ({"patternProperties": {"(a+)+": {}}}, "“patternProperties” cannot be used"),
        ({"properties": {"a": {"pattern": "^(a+)+$"}}}, "could take too long"),
        ({"items": {"pattern": "a*b*c"}}, "could take too long"),
        ({"enum": list(range(201))}, "at most 200 choices"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "another draft"),
        ({"description": "x" * 40_000}, "larger than 32 kB"),
        ("object", "does not describe"),
    ],
)
def test_a_description_that_cannot_be_checked_quickly_is_refused(schema: Any, said: str) -> None:
    assert said in str(schema_problem(schema))


@pytest.mark.parametrize(
    "pattern", ["^[^@ ]+$", "^\\+?[0-9 ]{6,20}$", "^[A-Z]{2}\\d{4}$", "^a?b?c"]
)
def test_a_pattern_that_is_tried_in_one_pass_may_be_used(pattern: str) -> None:
    assert is_quick(pattern)
    begun = time.thread_time()
    problems({"pattern": pattern}, "a" * 60_000 + "!")
    assert time.thread_time() - begun < 1


@pytest.mark.parametrize(
    "pattern", ["a", "^(a|a)*$", "^a*a*$", "^.*.*x", "^(?=a)a", "^[", "^a{1,9}b+", "^" + "a?" * 30]
)
def test_any_other_pattern_may_not(pattern: str) -> None:
    assert not is_quick(pattern)


def test_such_a_description_blocks_publishing(owner: Persona) -> None:
    trigger = {"kind": "manual", "input": {"type": "object", "allOf": []}}
    made = owner.api.post(
        "/workflows", json={"name": "x", "definition": manual() | {"trigger": trigger}}
    ).json
    assert "trigger.input" in [each["field"] for each in made["problems"]]
    refused = owner.api.post(f"/workflows/{made['id']}/publish")
    assert (refused.status_code, refused.json["code"]) == (422, "workflow_invalid")
