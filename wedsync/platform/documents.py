"""Reading JSON that a stranger wrote.

Accepted documents can be stored in JSONB and walked recursively without surprises: no NUL, no
lone surrogate, at most 64 levels, numbers that a double can hold.
"""

import re
from typing import Any

import orjson

MAX_DEPTH = 64

_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_TO_ONE_BRACKET = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


class BadDocument(ValueError):
    """The bytes are not a JSON document we take; the message says why in a few plain words."""


def read(body: bytes) -> Any:
    """Parse `body` (UTF-8 JSON).

    Raises BadDocument for broken JSON, NUL, lone surrogates or more than `MAX_DEPTH` levels.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadDocument("It is not valid JSON.") from error
    if is_too_deep(body):
        raise BadDocument(f"It is nested deeper than {MAX_DEPTH} levels.")
    if b"\\u0000" in body and _contains_nul(document):
        raise BadDocument("It contains a NUL character.")
    return document


def write(document: Any) -> bytes:
    """The document as compact UTF-8 JSON."""
    return orjson.dumps(document)


def write_alike(document: Any) -> bytes:
    """The same bytes for documents that differ only in the order of their members."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def is_too_deep(body: bytes) -> bool:
    """Whether valid JSON nests deeper than `MAX_DEPTH`.

    Keeps only the brackets, then peels the innermost level once per pass, so that a megabyte of
    brackets costs milliseconds instead of a walk in Python.
    """
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    brackets = _STRINGS.sub(b"", body).translate(_TO_ONE_BRACKET, _NOT_BRACKETS)
    for _level in range(MAX_DEPTH):
        brackets = brackets.replace(b"[]", b"")
        if not brackets:
            return False
    return True


def _contains_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_contains_nul(key) or _contains_nul(item) for key, item in value.items())
    if isinstance(value, list):
        return any(_contains_nul(item) for item in value)
    return False
