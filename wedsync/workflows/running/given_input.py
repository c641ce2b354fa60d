"""What a workflow asks for when it is started by hand or called: its trigger's `input` schema.

A part of JSON Schema 2020-12 in which checking is always quick and reads nothing from elsewhere:
no references, and only patterns that are tried in one pass over a text.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from wedsync.connectors import given
from wedsync.connectors.manifest_rules.inputs import KEYWORDS
from wedsync.workflows.engine.shape import refusal, weight
from wedsync.workflows.engine.words import clip

MAX_SCHEMA_BYTES = 32 * 1024
MAX_CHOICES = 200
MAX_PATTERN = 200
MAX_PROBLEMS = 10

_ALLOWED = KEYWORDS | {"$schema", "pattern"}
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_PART = re.compile(
    r"(?:\\[dDsSwW.^$*+?()\[\]{}|/\\-]|\[\^?(?:\\[dDsSwW\]\[^\\.$*+?(){}|/-]|[^\]\[\\])+\]"
    r"|[^\\\[\](){}|*+?^$])(\*|\+|\?|\{\d{1,3}(?:,\d{0,3})?\})?"
)
_FIXED = re.compile(r"\{\d+\}")
_MOST_OPTIONAL = 6


def problems(schema: Any, value: Any) -> list[str]:
    """What is wrong with an input, as sentences; none where the trigger asks for nothing.

    `schema` is the trigger's `input` of a published version, so it was checked before.
    """
    if schema is None or schema is True:
        return []
    if schema is False:
        return ["This workflow takes no input."] if value is not None else []
    return given.problems_with({} if value is None else value, schema, MAX_PROBLEMS)


def schema_problem(schema: Any) -> str | None:
    """Why this cannot describe an input, in one sentence; None when it can."""
    if schema is None or isinstance(schema, bool):
        return None
    if refusal(schema) is not None or (weight(schema) or MAX_SCHEMA_BYTES + 1) > MAX_SCHEMA_BYTES:
        return f"The description of the input is larger than {MAX_SCHEMA_BYTES // 1024} kB."
    if not isinstance(schema, dict):
        return "This does not describe an input."
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError:
        return "The description of the input is not JSON Schema (draft 2020-12)."
    return next(_refused(schema), None)


def _refused(schema: Any) -> Iterator[str]:
    """What a schema that is one may still not hold; its depth is bounded before."""
    if not isinstance(schema, dict):
        return
    for name in schema.keys() - _ALLOWED:
        yield f"“{clip(name, 40)}” cannot be used in the description of an input."
    if schema.get("$schema", _DRAFT).rstrip("#") != _DRAFT:
        yield "The description of the input is of another draft of JSON Schema than 2020-12."
    if len(schema.get("enum", ())) > MAX_CHOICES:
        yield f"An input has at most {MAX_CHOICES} choices."
    if "pattern" in schema and not is_quick(schema["pattern"]):
        yield f"The pattern “{clip(schema['pattern'], 40)}” could take too long to try."
    for inside in _inside(schema):
        yield from _refused(inside)


def _inside(schema: Mapping[str, Any]) -> Iterator[Any]:
    yield from schema.get("properties", {}).values()
    yield schema.get("items")
    yield schema.get("additionalProperties")


def is_quick(pattern: str) -> bool:
    """Whether a pattern is tried in one pass: it begins at the start of the text, has no groups
    and no alternatives, and at most one of its parts may be of any length."""
    if len(pattern) > MAX_PATTERN or not pattern.startswith("^"):
        return False
    body = pattern[1:]
    if body.endswith("$") and not body.endswith("\\$"):
        body = body[:-1]
    parts = list(_PART.finditer(body))
    if "".join(part[0] for part in parts) != body or not _compiles(pattern):
        return False
    counts = [part[1] for part in parts if part[1] and not _FIXED.fullmatch(part[1])]
    optional = counts.count("?")
    return len(counts) - optional <= 1 and optional <= _MOST_OPTIONAL


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
