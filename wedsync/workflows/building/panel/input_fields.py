"""The fields of an action's input, as its manifest describes it in JSON Schema."""

from collections.abc import Iterator, Mapping
from typing import Any

from wedsync.platform.wording import name_words
from wedsync.workflows.building.panel.field import Choice, FieldKind
from wedsync.workflows.building.panel.field_specs import Spec
from wedsync.workflows.engine.plain_words import clip
from wedsync.workflows.engine.steps.kind import mapping, sequence

_LONG = 1_000
_KINDS: Mapping[str, FieldKind] = {
    "integer": "number",
    "number": "number",
    "boolean": "switch",
    "object": "key_values",
    "array": "list",
    "string": "text",
}


def input_specs(schema: Any) -> Iterator[Spec]:
    """A field for each property, those that must be given first."""
    required = {each for each in sequence(mapping(schema).get("required")) if isinstance(each, str)}
    found = [
        _spec(name, mapping(part), name in required)
        for name, part in mapping(mapping(schema).get("properties")).items()
    ]
    yield from sorted(found, key=lambda spec: not spec.required)


def _spec(name: str, part: Mapping[str, Any], required: bool) -> Spec:
    kind = _kind(part)
    return Spec(
        f"input.{name}",
        clip(str(part.get("title") or name_words(name))),
        kind,
        help=str(part.get("description") or ""),
        required=required,
        choices=tuple(_choices(part)),
        default=part.get("default"),
        least=_bound(part, "minimum", "minLength"),
        most=_bound(part, "maximum", "maxLength"),
        whole=part.get("type") == "integer",
        takes_data=True,
        example=_example(part),
        enum=tuple(sequence(part.get("enum"))),
    )


def _kind(part: Mapping[str, Any]) -> FieldKind:
    if sequence(part.get("enum")):
        return "choice"
    kind = part.get("type")
    if kind == "string" or (isinstance(kind, list) and "string" in kind):
        longest = part.get("maxLength")
        is_long = isinstance(longest, int) and longest >= _LONG and _has_lines(part)
        return "long_text" if is_long else "text"
    if kind is None and not sequence(part.get("examples")):
        return "key_values"
    return _KINDS.get(kind, "any") if isinstance(kind, str) else "any"


def _has_lines(part: Mapping[str, Any]) -> bool:
    """Room for a text of several lines: nothing says that a thousand characters are an address."""
    examples = [each for each in sequence(part.get("examples")) if isinstance(each, str)]
    return not examples or any("\n" in each or " " in each for each in examples)


def _choices(part: Mapping[str, Any]) -> Iterator[Choice]:
    for value in sequence(part.get("enum")):
        if isinstance(value, str):
            yield Choice(value, value if value.isupper() else name_words(value))
        elif isinstance(value, bool):
            yield Choice(str(value), "Yes" if value else "No")
        elif isinstance(value, int | float):
            yield Choice(str(value), str(value))


def _bound(part: Mapping[str, Any], *names: str) -> float | None:
    found = (part.get(name) for name in names)
    return next((each for each in found if isinstance(each, int | float)), None)


def _example(part: Mapping[str, Any]) -> str:
    examples = sequence(part.get("examples"))
    shown = examples[0] if examples else None
    return clip(" ".join(str(shown).split())) if isinstance(shown, str | int | float) else ""
