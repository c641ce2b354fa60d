"""Named values as rows that people type, and back: the data of a message, what a step notes.

A record inside another is told by its way: `guest.name`; a dot that belongs to a name is `\\.`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wedsync.workflows.building.panel.field import Row
from wedsync.workflows.building.panel.typed_values import read_any, shown_any
from wedsync.workflows.building.typed.not_readable import NotReadable
from wedsync.workflows.building.typed.texts_with_data import Vocabulary
from wedsync.workflows.engine.limits import MAX_DEPTH
from wedsync.workflows.engine.operators import escape_key, operator_call, unescape_key
from wedsync.workflows.engine.steps.kind import mapping, sequence

_SIGN = re.compile(r"\\([.\\])|(\.)|(.)", re.DOTALL)
_DEEPEST = MAX_DEPTH // 4
_TYPES = {
    "text": "string",
    "number": "number",
    "whole number": "integer",
    "yes or no": "boolean",
    "list": "array",
    "record": "object",
}
_TYPE_WORDS = {name: words for words, name in _TYPES.items()}
_REQUIRED = ", needed"


class RowRefused(NotReadable):
    """What is wrong with one row; `side` is `name` or `value`."""

    def __init__(self, number: int, side: str, message: str) -> None:
        super().__init__(message)
        self.number, self.side = number, side


def is_rows(value: Any) -> bool:
    """Whether a value is told by rows: named values, and no calculation."""
    return value is None or (isinstance(value, dict) and operator_call(value) is None)


def shown_rows(values: Any, vocabulary: Vocabulary, *, flat: bool = False) -> tuple[Row, ...]:
    """The rows of named values; `flat` where a name is a path already and nothing lies inside."""
    if not is_rows(values):
        return ()
    found = _flattened(mapping(values), (), flat)
    return tuple(Row(_joined(path, flat), shown_any(value, vocabulary)) for path, value in found)


def _flattened(
    values: Mapping[str, Any], path: tuple[str, ...], flat: bool
) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in values.items():
        here = (*path, name if flat else unescape_key(name))
        is_record = isinstance(value, dict) and value and operator_call(value) is None
        if is_record and not flat and len(here) < _DEEPEST:
            yield from _flattened(value, here, flat)
        else:
            yield here, value


def _joined(path: Sequence[str], flat: bool) -> str:
    if flat:
        return path[0]
    return ".".join(part.replace("\\", "\\\\").replace(".", "\\.") for part in path)


def read_rows(
    rows: Sequence[Row], before: Any, vocabulary: Vocabulary, *, flat: bool = False
) -> dict[str, Any]:
    """The named values of rows, those unchanged as they were. Raises RowRefused."""
    old = dict(_flattened(mapping(before) if is_rows(before) else {}, (), flat))
    read: dict[tuple[str, ...], Any] = {}
    for number, row in enumerate(rows):
        if not row.name.strip() and not row.typed.strip():
            continue
        path = _path(row.name, number, flat)
        _refuse_clash(path, read, number)
        read[path] = _value(row, number, old.get(path), vocabulary)
    return _nested(read, flat)


def _path(name: str, number: int, flat: bool) -> tuple[str, ...]:
    if not name.strip():
        raise RowRefused(number, "name", "Give this value a name.")
    if flat:
        return (name.strip(),)
    path = _split(name)
    if not all(part.strip() for part in path) or len(path) > _DEEPEST:
        raise RowRefused(number, "name", "Write a name, or names with dots between them.")
    return path


def _split(name: str) -> tuple[str, ...]:
    parts = [""]
    for kept, dot, sign in _SIGN.findall(name):
        if dot:
            parts.append("")
        else:
            parts[-1] += kept or sign
    return tuple(parts)


def _refuse_clash(path: tuple[str, ...], read: Mapping[tuple[str, ...], Any], number: int) -> None:
    for other in read:
        if path == other:
            raise RowRefused(number, "name", "There are two values of this name.")
        shorter = min(len(path), len(other))
        if path[:shorter] == other[:shorter]:
            raise RowRefused(number, "name", "This name is already a single value above.")


def _value(row: Row, number: int, before: Any, vocabulary: Vocabulary) -> Any:
    if row.typed == shown_any(before, vocabulary):
        return before
    try:
        return read_any(row.typed, vocabulary, before)
    except NotReadable as refused:
        raise RowRefused(number, "value", str(refused)) from None


def _nested(read: Mapping[tuple[str, ...], Any], flat: bool) -> dict[str, Any]:
    if flat:
        return {path[0]: value for path, value in read.items()}
    inside: dict[str, dict[tuple[str, ...], Any]] = {}
    plain: dict[str, Any] = {}
    for path, value in read.items():
        if len(path) > 1:
            inside.setdefault(path[0], {})[path[1:]] = value
            plain.setdefault(path[0], None)
        else:
            plain[path[0]] = value
    for name, values in inside.items():
        plain[name] = _nested(values, flat)
    return with_escapes(plain)


def with_escapes(values: Mapping[str, Any]) -> dict[str, Any]:
    """Named values as templates write them; what lies inside is left as it is."""
    alone = len(values) == 1
    return {escape_key(name, alone=alone): value for name, value in values.items()}


def shown_inputs(schema: Any) -> tuple[Row, ...]:
    """What a workflow asks for, from its JSON Schema: `guests`, `whole number, needed`."""
    required = {each for each in sequence(mapping(schema).get("required")) if isinstance(each, str)}
    return tuple(
        Row(name, _type_words(part) + (_REQUIRED if name in required else ""))
        for name, part in mapping(mapping(schema).get("properties")).items()
    )


def _type_words(part: Any) -> str:
    kind = mapping(part).get("type")
    return _TYPE_WORDS.get(kind, "anything") if isinstance(kind, str) else "anything"


def read_inputs(rows: Sequence[Row], before: Any) -> dict[str, Any] | None:
    """The JSON Schema of rows; what the one before says beyond them is kept. Raises RowRefused."""
    old = mapping(mapping(before).get("properties"))
    properties: dict[str, Any] = {}
    required: list[str] = []
    for number, row in enumerate(rows):
        name, typed = row.name.strip(), row.typed.strip()
        if not name and not typed:
            continue
        if not name or name in properties:
            problem = "There are two values of this name." if name else "Give this value a name."
            raise RowRefused(number, "name", problem)
        properties[name] = _property(typed.removesuffix(_REQUIRED), old.get(name), number)
        required += [name] if typed.endswith(_REQUIRED) else []
    if not properties:
        return None
    kept = {key: value for key, value in mapping(before).items() if key != "required"}
    told = {"type": "object", **kept, "properties": properties}
    return {**told, "required": required} if required else told


def _property(words: str, before: Any, number: int) -> Any:
    if before is not None and words == _type_words(before):
        return before
    if words in ("", "anything"):
        return {}
    if words not in _TYPES:
        raise RowRefused(number, "value", "Choose what kind of value it is.")
    return {**mapping(before), "type": _TYPES[words]}


INPUT_KINDS = ("anything", *_TYPES)
"""The words for what kind of value is asked for, each of which may be followed by `NEEDED`."""

NEEDED = _REQUIRED
