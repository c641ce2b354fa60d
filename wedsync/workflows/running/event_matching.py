"""When an event is the one somebody waits for: equality at a few paths, as one hash.

Pure. Values are found in an event as expressions see it (`data.guest.id`, `wedding_id`), and what
is missing, empty or sealed equals nothing: nobody may learn a sealed value by waiting for it, and
a wait whose wanted value turned out empty must not take the first event that comes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import orjson

from wedsync.platform import leaves

Paths: TypeAlias = tuple[str, ...]

_WHOLE = 2**53


def paths_of(match: Mapping[str, Any]) -> Paths:
    """Where a wait looks, in the order its hash is made."""
    return tuple(sorted(match))


def wanted_hash(match: Mapping[str, Any]) -> str | None:
    """The hash of the wanted values; None when no event can equal them."""
    return _hash([match[path] for path in paths_of(match)])


def hash_at(event: Mapping[str, Any], paths: Sequence[str]) -> str | None:
    """The hash of an event's values at these paths; None where it has none to compare."""
    return _hash([_value_at(event, path) for path in paths])


def _value_at(event: Mapping[str, Any], path: str) -> Any:
    value: Any = event
    for part in path.split("."):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isascii() and part.isdigit():
            value = value[int(part)] if int(part) < len(value) else None
        else:
            return None
    return value


def _hash(values: list[Any]) -> str | None:
    if any(value is None or leaves.has_sealed(value) for value in values):
        return None
    canonical = orjson.dumps(_same_numbers(values), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(canonical).hexdigest()


def _same_numbers(value: Any) -> Any:
    """One number, one way to write it: 2.0 equals 2."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _WHOLE:
        return int(value)
    if isinstance(value, dict):
        return {name: _same_numbers(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_same_numbers(item) for item in value]
    return value
