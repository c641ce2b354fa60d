"""The fields that partners describe: each has one that is written and read back."""

from collections.abc import Iterator
from typing import Any

import pytest
from apiflask import APIFlask

from tests.workflows.building.panels import (
    KNOWN,
    NAME,
    NOBODY,
    draft,
)
from wedsync.workflows.building.panel.field_specs import Spec
from wedsync.workflows.building.panel.fields import vocabulary_of
from wedsync.workflows.building.panel.input_fields import input_specs
from wedsync.workflows.building.panel.typed_values import read_value, shown_value
from wedsync.workflows.building.typed.texts_with_data import Vocabulary


@pytest.fixture(autouse=True)
def _inside(app: APIFlask) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ({"type": "string"}, "text"),
        ({"type": "string", "maxLength": 5_000}, "long_text"),
        ({"type": ["string", "null"]}, "text"),
        ({"type": "integer", "minimum": 1}, "number"),
        ({"type": "boolean"}, "switch"),
        ({"type": "array", "items": {"type": "string"}}, "list"),
        ({"type": "object"}, "key_values"),
        ({"enum": [1, 2]}, "choice"),
        ({"enum": [True, None, "x"]}, "choice"),
        ({"const": 3, "examples": [3]}, "any"),
        ({}, "key_values"),
        (True, "key_values"),
        ({"type": 7, "title": [], "enum": "x", "examples": {}, "minimum": "a"}, "any"),
    ],
)
def test_every_property_a_manifest_may_describe_has_a_field(part: Any, kind: str) -> None:
    schema = {"type": "object", "required": ["b"], "properties": {"a": part, "b": part}}
    found = list(input_specs(schema))
    assert [(each.name, each.kind, each.required) for each in found] == [
        ("input.b", kind, True),
        ("input.a", kind, False),
    ]


@pytest.mark.parametrize("schema", [None, [], {"properties": []}, {"required": {}}, True])
def test_what_is_no_schema_has_no_fields(schema: Any) -> None:
    assert list(input_specs(schema)) == []


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ada\nBen\n", ["Ada", "Ben"]),
        ("[Guest’s name]", NAME),
        ("[Guest’s name]\n2", [NAME, 2]),
    ],
)
def test_a_list_is_typed_one_below_the_other(typed: str, kept: Any) -> None:
    spec = Spec("input.names", "Names", "list", takes_data=True)
    vocabulary = vocabulary_of(NOBODY, draft({"kind": "set"}), "s0", KNOWN)
    assert read_value(spec, typed, vocabulary) == kept
    assert shown_value(spec, kept, vocabulary) == typed.strip()


def test_a_choice_of_numbers_is_kept_as_a_number() -> None:
    schema = {"properties": {"size": {"enum": [1, 2]}}}
    (spec,) = input_specs(schema)
    vocabulary = Vocabulary()
    assert read_value(spec, "2", vocabulary) == 2
    assert shown_value(spec, 2, vocabulary) == "2"
