"""Whether what a step was given fits an action's input, said in words.

Inputs are described in a part of JSON Schema (draft 2020-12) in which checking is always quick and
reads nothing from elsewhere: no references, and no patterns outside our own connectors.
"""

from collections.abc import Mapping
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from referencing import Registry

_NOWHERE: Registry[Any] = Registry()

_TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "yes or no",
    "array": "a list",
    "object": "a set of named values",
    "null": "empty",
}


def problem_with(given: Any, schema: Mapping[str, Any]) -> str | None:
    """What is wrong with `given` in one sentence; None when it fits."""
    validator = Draft202012Validator(schema, registry=_NOWHERE)
    error = best_match(validator.iter_errors(given))
    return _sentence(error, schema) if error else None


def problems_with(given: Any, schema: Mapping[str, Any], most: int) -> list[str]:
    """The first `most` things that are wrong with `given`, each in one sentence."""
    errors = Draft202012Validator(schema, registry=_NOWHERE).iter_errors(given)
    return [_sentence(error, schema) for error in islice(errors, most)]


def title_of(schema: Mapping[str, Any], path: list[str | int]) -> str:
    """What people call the field at `path`."""
    here: Any = schema
    title = str(path[-1]) if path else "This"
    for part in path:
        inner = here.get("items") if isinstance(part, int) else here.get("properties", {}).get(part)
        if not isinstance(inner, Mapping):
            return title
        here = inner
        title = here.get("title", title)
    return str(title)


def _sentence(error: ValidationError, schema: Mapping[str, Any]) -> str:
    path = list(error.absolute_path)
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        return f"“{title_of(schema, [*path, missing])}” is missing."
    if error.validator == "additionalProperties":
        return _unknown(error)
    return f"“{title_of(schema, path)}” {_should(error)}."


def _unknown(error: ValidationError) -> str:
    known = error.schema.get("properties", {})
    extra = next((name for name in error.instance if name not in known), "")
    return f"“{str(extra)[:60]}” is not something this step knows."


def _should(error: ValidationError) -> str:
    wanted = error.validator_value
    match error.validator:
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else list(wanted)
            return f"should be {' or '.join(_TYPES.get(kind, kind) for kind in kinds)}"
        case "enum":
            return f"should be one of {', '.join(str(choice) for choice in wanted)}"
        case "minLength" | "minItems":
            return "should not be empty" if wanted == 1 else f"should have at least {wanted}"
        case "maxLength" | "maxItems":
            return f"should have at most {wanted}"
        case "minimum":
            return f"should be {wanted} or more"
        case "maximum":
            return f"should be {wanted} or less"
        case "exclusiveMinimum":
            return f"should be more than {wanted}"
        case "exclusiveMaximum":
            return f"should be less than {wanted}"
        case "const":
            return f"should be {wanted}"
    return "is not in the form that is expected here"
