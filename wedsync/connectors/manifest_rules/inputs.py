"""The input of actions: a part of JSON Schema that is always quick to check, and its words."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from wedsync.connectors.manifest import ActionEntry, Manifest
from wedsync.connectors.manifest_rules.problem import Problem

KEYWORDS = frozenset(
    {"type", "title", "description", "enum", "const", "default", "examples", "format"}
    | {"properties", "required", "additionalProperties", "items"}
    | {"minItems", "maxItems", "minLength", "maxLength"}
    | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
)
_OF_ACTIONS = frozenset({"recipient"})
"""`recipient = true`: who gets the message is named here, so that a try can go to oneself."""

# A stranger's pattern can take for ever on a short text (catastrophic backtracking).
_OURS_ONLY = frozenset({"pattern"})
_SLOT = re.compile(r"\{([^{}]*)\}")


def problems(manifest: Manifest, built_in: bool) -> Iterator[Problem]:
    for index, entry in enumerate(manifest.actions):
        path = f"actions.{index}"
        allowed = KEYWORDS | _OF_ACTIONS | (_OURS_ONLY if built_in else set())
        yield from _schema(entry, f"{path}.input", allowed)
        yield from _recipients(entry, f"{path}.input.properties")
        yield from _slots(entry, path)
    for index, trigger in enumerate(manifest.triggers):
        if _SLOT.search(trigger.sentence):
            yield Problem(f"triggers.{index}.sentence", "A trigger's sentence has no gaps to fill.")


def properties(entry: ActionEntry) -> Mapping[str, Any]:
    """The fields an action's input has; empty where its schema is not one."""
    found = entry.input.get("properties")
    return found if isinstance(found, dict) else {}


def recipient(schema: Any) -> str | None:
    """The field of an action's input that names who gets its message; None without one."""
    fields = schema.get("properties") if isinstance(schema, dict) else None
    named = fields.items() if isinstance(fields, dict) else ()
    found = (name for name, said in named if isinstance(said, dict) and said.get("recipient"))
    return next(found, None)


def _recipients(entry: ActionEntry, path: str) -> Iterator[Problem]:
    marked = {
        name: field["recipient"]
        for name, field in properties(entry).items()
        if isinstance(field, dict) and "recipient" in field
    }
    for name, said in marked.items():
        where = f"{path}.{name}.recipient"
        if said is not True:
            yield Problem(where, "Write true here, or leave it out.")
        elif not entry.message or properties(entry)[name].get("type") != "string":
            yield Problem(where, "Only a text of an action that sends a message names who gets it.")
    if len(marked) > 1:
        yield Problem(path, "Only one field names who gets the message.")


def _schema(entry: ActionEntry, path: str, keywords: frozenset[str]) -> Iterator[Problem]:
    if entry.input.get("type") != "object":
        yield Problem(f"{path}.type", "An action's input is an object.")
    yield from _keywords(entry.input, path, keywords)
    try:
        Draft202012Validator.check_schema(entry.input)
    except SchemaError as error:
        where = ".".join([path, *(str(part) for part in error.absolute_path)])
        yield Problem(where, "This is not written as JSON Schema (draft 2020-12) wants it.")
    else:
        yield from _required(entry, path)


def _keywords(schema: Any, path: str, allowed: frozenset[str]) -> Iterator[Problem]:
    """Looks into `properties` and `items`; the document's depth is bounded before."""
    if not isinstance(schema, dict):
        return
    for name in schema:
        if name not in allowed:
            yield Problem(f"{path}.{name}", "This keyword is not among those inputs may use.")
    inner = schema.get("properties")
    for name, part in inner.items() if isinstance(inner, dict) else ():
        yield from _keywords(part, f"{path}.properties.{name}", allowed)
    for keyword in ("items", "additionalProperties"):
        yield from _keywords(schema.get(keyword), f"{path}.{keyword}", allowed)


def _required(entry: ActionEntry, path: str) -> Iterator[Problem]:
    for name in entry.input.get("required", ()):
        if name not in properties(entry):
            yield Problem(f"{path}.required", f"“{name}” is not among the fields.")
    for name, field in properties(entry).items():
        if not (isinstance(field, dict) and str(field.get("title", "")).strip()):
            yield Problem(f"{path}.properties.{name}", "Give this field a title people read.")


def _slots(entry: ActionEntry, path: str) -> Iterator[Problem]:
    for part, sentence in (("sentence", entry.sentence), ("done", entry.done)):
        for slot in _SLOT.findall(sentence):
            if slot not in properties(entry) and not (slot == "told" and entry.told):
                yield Problem(f"{path}.{part}", f"“{{{slot}}}” is not a field of the input.")
    for name in entry.told:
        if name not in properties(entry):
            yield Problem(f"{path}.told.{name}", f"“{name}” is not a field of the input.")
