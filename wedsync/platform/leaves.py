"""Sealing single values inside a document, where they stand (design `domain.md`, Field classes).

A sealed leaf is `{"$sealed": "<base64>"}`. It travels through events, run records and sends like
any other value, is opened only in the worker at the step that needs it, and is masked for people
and API clients. It is bound to its organization, not to one row, because it moves between rows.
"""

import base64
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import orjson

from wedsync.platform import crypto
from wedsync.platform.vault import OpenKey, open_with, seal_with

MARK = "$sealed"
MASKED = {MARK: "hidden"}
_PLACE = "sealed leaf"


class NothingHidden(ValueError):
    """A mask stands at `pointer` (RFC 6901) where nothing was sealed."""

    def __init__(self, pointer: str) -> None:
        super().__init__(pointer)
        self.pointer = pointer


def seal_at(document: Any, paths: Sequence[str], organization_id: UUID, key: OpenKey) -> Any:
    """The document with what stands at the dotted `paths` sealed; a list stands for its items."""

    def seal(value: Any) -> Any:
        if value is None or is_sealed(value):
            return value
        sealed = seal_with(key, organization_id, _PLACE, orjson.dumps(value))
        return {MARK: base64.b64encode(sealed).decode()}

    for path in paths:
        document = _change(document, path.split("."), seal)
    return document


def open_all(document: Any, organization_id: UUID, key: Callable[[], OpenKey]) -> Any:
    """The document with every sealed leaf opened; `key` is asked for only when there is one.

    What merely looks like a sealed leaf (a stranger may send anything) stays as it is.
    """

    def reveal(value: Any) -> Any:
        try:
            sealed = base64.b64decode(value[MARK], validate=True)
            return orjson.loads(open_with(key(), organization_id, _PLACE, sealed))
        except (ValueError, crypto.Unsealable):  # letters that are no ASCII are no base64 either
            return value

    return _each_sealed(document, reveal) if has_sealed(document) else document


def mask_all(document: Any) -> Any:
    """The document as people and API clients see it: that something is there, not what."""
    return _each_sealed(document, lambda _value: dict(MASKED))


def mask_at(document: Any, paths: Sequence[str]) -> Any:
    """The document as `mask_all` gives it once what stands at the dotted `paths` is sealed."""
    for path in paths:
        document = _change(document, path.split("."), _masked)
    return document


def _masked(value: Any) -> Any:
    return value if value is None else dict(MASKED)


def unmasked(document: Any, before: Any, pointer: str = "") -> Any:
    """A document that was shown masked and came back: each mask is the sealed leaf that stood at
    its place in `before`. Raises `NothingHidden` where none did."""
    if document == MASKED:
        if not is_sealed(before):
            raise NothingHidden(pointer)
        return before
    if isinstance(document, dict):
        known = before if isinstance(before, dict) else {}
        return {
            name: unmasked(part, known.get(name), f"{pointer}/{_pointed(name)}")
            for name, part in document.items()
        }
    if isinstance(document, list):
        old = before if isinstance(before, list) else []
        return [
            unmasked(part, old[index] if index < len(old) else None, f"{pointer}/{index}")
            for index, part in enumerate(document)
        ]
    return document


def _pointed(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def is_sealed(value: Any) -> bool:
    """Whether this value is a sealed leaf."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get(MARK), str)


def has_sealed(value: Any) -> bool:
    """Whether there is anything to open: nearly always there is not, and nothing is copied."""
    if is_sealed(value):
        return True
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(has_sealed(part) for part in parts if isinstance(part, dict | list))


def _change(value: Any, path: Sequence[str], change: Callable[[Any], Any]) -> Any:
    if isinstance(value, list):
        return [_change(item, path, change) for item in value]
    if not path:
        return change(value)
    if not isinstance(value, dict) or path[0] not in value:
        return value
    return {**value, path[0]: _change(value[path[0]], path[1:], change)}


def _each_sealed(value: Any, change: Callable[[Any], Any]) -> Any:
    """A copy only where something changes: most documents hold no sealed leaf at all."""
    if is_sealed(value):
        return change(value)
    if isinstance(value, dict):
        changed = {name: _each_sealed(item, change) for name, item in value.items()}
        return changed if any(changed[name] is not value[name] for name in value) else value
    if isinstance(value, list):
        items = [_each_sealed(item, change) for item in value]
        return (
            items if any(new is not old for new, old in zip(items, value, strict=True)) else value
        )
    return value
