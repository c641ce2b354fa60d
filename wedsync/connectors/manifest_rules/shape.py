"""Whether a document has the form of a manifest at all, in plain words."""

import re
from typing import Any

from pydantic import ValidationError

from wedsync.connectors.manifest_rules.problem import Problem

MOST_VALUES = 20_000
MOST_CHARACTERS = 200_000
DEEPEST = 20
MOST_PROBLEMS = 50

# Controls and halves of characters, and what turns the direction of the words after it: a name
# could look like another one.
_NOT_WRITTEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)

_FORMS = {
    "slug": "small letters, digits and hyphens, beginning with a letter (2 to 40 characters)",
    "key": "small letters, digits and underscores, beginning with a letter (at most 60)",
    "name": "small letters, digits and underscores, beginning with a letter (at most 60)",
    "icon": "the name of an icon, in small letters with hyphens",
}


def too_large(document: Any) -> Problem | None:
    """Why a document is not even read; walked without recursion, so that depth costs nothing."""
    if not isinstance(document, dict):
        return Problem("", "A manifest is an object with names and values.")
    level: list[Any] = [document]
    values = characters = depth = 0
    while level:
        depth += 1
        values += len(level)
        characters += sum(len(item) for item in level if isinstance(item, str))
        if values > MOST_VALUES or characters > MOST_CHARACTERS or depth > DEEPEST:
            return Problem("", "This is larger, or nested deeper, than any manifest needs to be.")
        if any(_unreadable(item) for item in level):
            return Problem("", "This contains a value or a character that cannot be kept.")
        level = [inner for item in level for inner in _within(item)]
    return None


def wrong_shape(error: ValidationError) -> list[Problem]:
    """Pydantic's findings as problems."""
    found = error.errors(include_url=False, include_input=False)[:MOST_PROBLEMS]
    return [_problem(finding) for finding in found]


def _within(item: Any) -> list[Any]:
    if isinstance(item, dict):
        return [*item.keys(), *item.values()]
    return list(item) if isinstance(item, list | tuple) else []


def _unreadable(item: Any) -> bool:
    if isinstance(item, str):
        return _NOT_WRITTEN.search(item) is not None
    if isinstance(item, float):
        return item != item or item in (float("inf"), float("-inf"))
    if isinstance(item, int):
        return abs(item) >= 2**63
    return not (item is None or isinstance(item, dict | list | tuple))


def _problem(finding: Any) -> Problem:
    path = [str(part) for part in finding["loc"]]
    kind, context = finding["type"], finding.get("ctx", {})
    return Problem(".".join(path), _sentence(kind, context, path[-1] if path else ""))


def _sentence(kind: str, context: dict[str, Any], name: str) -> str:
    """What Pydantic found (its error types), said to somebody who never heard of it."""
    match kind:
        case "missing":
            return "This is missing."
        case "extra_forbidden":
            return "A manifest has nothing of this name here."
        case "literal_error":
            return f"This should be one of {context.get('expected', 'the known words')}."
        case "string_too_short" | "too_short":
            return "This is empty."
        case "string_too_long":
            return f"This should have at most {context.get('max_length')} characters."
        case "string_pattern_mismatch":
            return f"This should be {_FORMS.get(name, 'in another form')}."
        case "bool_type" | "bool_parsing":
            return "This should be true or false."
    return _type_sentence(kind)


def _type_sentence(kind: str) -> str:
    for begin, wanted in (
        ("string", "a text"),
        ("int", "a whole number"),
        ("tuple", "a list"),
        ("list", "a list"),
        ("dict", "a table of names and values"),
        ("model", "a table of names and values"),
    ):
        if kind.startswith(begin):
            return f"This should be {wanted}."
    return "This cannot be used here."
