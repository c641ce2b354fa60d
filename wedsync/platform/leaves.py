"""Sealing single values inside a document, where they stand (design `domain.md`, Field classes).

A sealed leaf is `{"$sealed": "<base64>"}`. It travels through events, run records and sends like
any other value, is opened only in the worker at the step that needs it, and is masked for people
and API clients. It is sealed under its wedding's key where that is known, else under its
organization's, and bound to the organization, not to one row, because it moves between rows.
"""

import base64
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

import orjson

from wedsync.platform import crypto
from wedsync.platform.vault import Destroyed, Found, OpenKey, open_with, seal_with

MARK = "$sealed"
MASKED = {MARK: "hidden"}
PLACE = "sealed leaf"
"""What every leaf is bound to, beside its organization."""

Keys: TypeAlias = Callable[[Collection[UUID]], Mapping[UUID, Found]]
"""Gives an organization's keys by id; those it does not have are left out (`Vault.keys`)."""


class Erased(Exception):
    """What was sealed here is gone: its key was destroyed."""


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
        return _leaf(seal_with(key, organization_id, PLACE, orjson.dumps(value)))

    for path in paths:
        document = _change(document, path.split("."), seal)
    return document


def open_all(document: Any, organization_id: UUID, keys: Keys) -> Any:
    """The document with every sealed leaf opened; `keys` is asked only when there is one, and once.

    What merely looks like a sealed leaf (a stranger may send anything) stays as it is. Raises
    Erased where a key was destroyed, crypto.Unsealable where one cannot be had now.
    """

    def refuse() -> Any:
        raise Erased

    return _opened(document, organization_id, keys, refuse)


def open_what_is_left(document: Any, organization_id: UUID, keys: Keys) -> Any:
    """The same, with a mask where a key was destroyed."""
    return _opened(document, organization_id, keys, lambda: dict(MASKED))


def sealed_anew(document: Any, organization_id: UUID, keys: Keys, key: OpenKey) -> Any:
    """The document with what other keys sealed in it sealed under `key`; what does not open stays
    as it is. The same object where nothing changed."""
    found = _asked(document, keys)

    def change(value: Any) -> Any:
        sealed = _bytes_of(value)
        before = found.get(crypto.key_id_of(sealed)) if sealed is not None else None
        if sealed is None or not isinstance(before, OpenKey) or before.id == key.id:
            return value
        try:
            plain = open_with(before, organization_id, PLACE, sealed)
        except crypto.Unsealable:
            return value
        return _leaf(seal_with(key, organization_id, PLACE, plain))

    return _each_sealed(document, change) if found else document


def key_ids(document: Any) -> set[UUID]:
    """Which keys the leaves in it say they were sealed under; nearly always none."""
    return {crypto.key_id_of(sealed) for sealed in _sealed_in(document)}


def _opened(document: Any, organization_id: UUID, keys: Keys, erased: Callable[[], Any]) -> Any:
    found = _asked(document, keys)

    def reveal(value: Any) -> Any:
        sealed = _bytes_of(value)
        key = found.get(crypto.key_id_of(sealed)) if sealed is not None else None
        if sealed is None or key is None:
            return value
        if isinstance(key, Destroyed):
            return erased()
        if not isinstance(key, OpenKey):
            raise type(key)(str(key))
        try:
            return orjson.loads(open_with(key, organization_id, PLACE, sealed))
        except (ValueError, crypto.Unsealable):
            return value

    return _each_sealed(document, reveal) if found else document


def _asked(document: Any, keys: Keys) -> Mapping[UUID, Found]:
    wanted = key_ids(document)
    return keys(wanted) if wanted else {}


def _sealed_in(value: Any) -> Iterator[bytes]:
    if is_sealed(value):
        sealed = _bytes_of(value)
        if sealed is not None:
            yield sealed
        return
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        if isinstance(part, dict | list):
            yield from _sealed_in(part)


def _bytes_of(leaf: Any) -> bytes | None:
    """What stands in a leaf; None where it cannot have been sealed by us."""
    try:
        sealed = base64.b64decode(leaf[MARK], validate=True)
        crypto.key_id_of(sealed)
    except (ValueError, crypto.Unsealable):  # letters that are no ASCII are no base64 either
        return None
    return sealed


def _leaf(sealed: bytes) -> dict[str, str]:
    return {MARK: base64.b64encode(sealed).decode()}


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
