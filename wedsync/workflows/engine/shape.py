"""What may be kept as JSON at all, asked without recursion, so that nothing hostile can hurt."""

from math import isfinite
from typing import Any

import orjson

from wedsync.workflows.engine.limits import (
    MAX_DEFINITION_CHARACTERS,
    MAX_DEPTH,
    MAX_NODES,
    MAX_TEXT,
    SEALED,
)

_SMALLEST, _LARGEST = -(2**63), 2**64 - 1


def refusal(value: object) -> str | None:
    """Why this value cannot be a definition, as a sentence; None when it can be looked at."""
    characters = nodes = 0
    waiting: list[tuple[object, int]] = [(value, 1)]
    while waiting:
        current, depth = waiting.pop()
        nodes += 1
        if isinstance(current, dict | list):
            if depth > MAX_DEPTH:
                return f"It is nested more than {MAX_DEPTH} levels deep."
            if nodes + len(waiting) + len(current) > MAX_NODES:
                return f"It has more than {MAX_NODES:,} parts."
            waiting.extend((part, depth + 1) for part in _inside(current))
            continue
        characters += len(current) if isinstance(current, str) else 0
        if characters > MAX_DEFINITION_CHARACTERS:
            return f"It holds more than {MAX_DEFINITION_CHARACTERS:,} characters."
        if problem := _scalar_refusal(current):
            return problem
    return None


def _inside(container: dict[Any, Any] | list[Any]) -> list[object]:
    """Its parts; of an object the names too, which must be text like any other."""
    if isinstance(container, list):
        return container
    names = (name if isinstance(name, str) else _NotText() for name in container)
    return [*names, *container.values()]


class _NotText:
    """Stands for a name that is not text, which is refused as anything else that is not JSON."""


def _text_refusal(text: str) -> str | None:
    if len(text) > MAX_TEXT:
        return f"A text in it is longer than {MAX_TEXT:,} characters."
    if "\x00" in text:
        return "A text in it holds a NUL character, which cannot be stored."
    try:
        text.encode()
    except UnicodeEncodeError:
        return "A text in it holds half a character (a lone surrogate)."
    return None


def _scalar_refusal(value: object) -> str | None:
    if isinstance(value, str):
        return _text_refusal(value)
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int):
        fits = _SMALLEST <= value <= _LARGEST
        return None if fits else "A number in it is too large to be exact."
    if isinstance(value, float):
        return None if isfinite(value) else "A number in it is not one anybody can write down."
    return "It holds something that is not JSON."


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
