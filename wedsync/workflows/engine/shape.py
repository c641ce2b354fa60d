"""What may be kept as JSON at all, asked without recursion, so that nothing hostile can hurt."""

from collections.abc import Mapping
from math import isfinite
from typing import Any, NewType

import orjson

from wedsync.workflows.engine.limits import (
    MAX_DEFINITION_CHARACTERS,
    MAX_DEPTH,
    MAX_NODES,
    MAX_TEXT,
    SEALED,
)

Readable = NewType("Readable", Mapping[str, Any])
"""A definition that was asked about (`readable`): it can be gone through without asking again."""

_SMALLEST, _LARGEST = -(2**63), 2**64 - 1
_NOT_JSON = "It holds something that is not JSON."


def refusal(value: object) -> str | None:
    """Why this value cannot be a definition, as a sentence; None when it can be looked at.

    A draft is asked about again and again, so it is gone through a level at a time.
    """
    level, nodes = [value], 1
    texts: list[Any] = []
    for depth in range(1, MAX_DEPTH + 2):
        containers: list[dict[Any, Any] | list[Any]] = []
        if problem := _sort_out(level, texts, containers):
            return problem
        if not containers:
            break
        if depth > MAX_DEPTH:
            return f"It is nested more than {MAX_DEPTH} levels deep."
        nodes += sum(2 * len(each) if isinstance(each, dict) else len(each) for each in containers)
        if nodes > MAX_NODES:
            return f"It has more than {MAX_NODES:,} parts."
        level = _inside(containers, texts)
    return _text_refusal(texts)


def readable(definition: object) -> Readable:
    """A definition as far as it can be gone through: nothing of what is refused, or is none."""
    return looked_through(definition)[0]


def looked_through(definition: object) -> tuple[Readable, str | None]:
    """The same, with the sentence that refuses it."""
    if problem := refusal(definition):
        return Readable({}), problem
    return Readable(definition if isinstance(definition, dict) else {}), None


def _sort_out(
    level: list[object], texts: list[Any], containers: list[dict[Any, Any] | list[Any]]
) -> str | None:
    for each in level:
        if isinstance(each, str):
            texts.append(each)
        elif isinstance(each, dict | list):
            containers.append(each)
        elif problem := _scalar_refusal(each):
            return problem
    return None


def _inside(containers: list[dict[Any, Any] | list[Any]], texts: list[Any]) -> list[object]:
    """What is in them; names are texts like any other."""
    inside: list[object] = []
    for each in containers:
        if isinstance(each, dict):
            texts.extend(each)
            inside.extend(each.values())
        else:
            inside.extend(each)
    return inside


def _text_refusal(texts: list[Any]) -> str | None:
    """Of all texts and names at once; a name may be anything where it is not JSON."""
    try:
        if sum(map(len, texts)) > MAX_DEFINITION_CHARACTERS:
            return f"It holds more than {MAX_DEFINITION_CHARACTERS:,} characters."
        joined = "".join(texts)
    except TypeError:
        return _NOT_JSON
    if max(map(len, texts), default=0) > MAX_TEXT:
        return f"A text in it is longer than {MAX_TEXT:,} characters."
    if "\x00" in joined:
        return "A text in it holds a NUL character, which cannot be stored."
    try:
        joined.encode()
    except UnicodeEncodeError:
        return "A text in it holds half a character (a lone surrogate)."
    return None


def _scalar_refusal(value: object) -> str | None:
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int):
        fits = _SMALLEST <= value <= _LARGEST
        return None if fits else "A number in it is too large to be exact."
    if isinstance(value, float):
        return None if isfinite(value) else "A number in it is not one anybody can write down."
    return _NOT_JSON


def weight(value: Any) -> int | None:
    """How many bytes `value` takes as JSON; None when it cannot be written as JSON we keep."""
    try:
        written = orjson.dumps(value)
    except (TypeError, RecursionError):
        return None
    if rb"\u0000" in written and _holds_nul(value):
        return None
    brackets = written.count(b"{") + written.count(b"[")
    if brackets > MAX_DEPTH and _deeper_than(value, MAX_DEPTH):
        return None
    return len(written)


def quotes_sealed(value: Any) -> bool:
    """Whether a text in `value` was made of a sealed value, which only stays one whole."""
    if isinstance(value, str):
        return f'"{SEALED}"' in value
    return rf"\"{SEALED}\"".encode() in orjson.dumps(value)


def _holds_nul(value: object) -> bool:
    if isinstance(value, dict):
        return any("\x00" in name or _holds_nul(part) for name, part in value.items())
    if isinstance(value, list | tuple):
        return any(map(_holds_nul, value))
    return isinstance(value, str) and "\x00" in value


def _deeper_than(value: object, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [part for outer in level for part in _parts(outer)]
        if not level:
            return False
    return True


def _parts(value: object) -> list[object]:
    if isinstance(value, dict):
        return [part for part in value.values() if isinstance(part, dict | list)]
    if isinstance(value, list):
        return [part for part in value if isinstance(part, dict | list)]
    return []
