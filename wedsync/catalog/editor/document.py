"""Reading and writing places of a document that may hold anything: it is somebody's draft."""

from collections.abc import Mapping
from typing import Any


def at(document: Any, path: str) -> Any:
    """What stands at a dotted path (`shelf.description`); None where nothing does."""
    for name in path.split("."):
        if not isinstance(document, Mapping):
            return None
        document = document.get(name)
    return document


def text_at(document: Any, path: str) -> str:
    """The text at a path; empty where something else stands."""
    found = at(document, path)
    return found if isinstance(found, str) else ""


def texts_at(document: Any, path: str) -> list[str]:
    """The texts in the list at a path."""
    return [each for each in _list(at(document, path)) if isinstance(each, str)]


def parts_at(document: Any, path: str) -> list[dict[str, Any]]:
    """The objects in the list at a path."""
    return [each for each in _list(at(document, path)) if isinstance(each, dict)]


def put(document: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with `value` at the path; None and emptiness take the place away."""
    name, _, rest = path.partition(".")
    copy = dict(document)
    if rest:
        inner = copy.get(name)
        value = put(inner if isinstance(inner, dict) else {}, rest, value)
    if value is None or value == "" or value == {} or value == []:
        copy.pop(name, None)
    else:
        copy[name] = value
    return copy


def put_all(document: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with every value at its path."""
    copy = dict(document)
    for path, value in values.items():
        copy = put(copy, path, value)
    return copy


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
