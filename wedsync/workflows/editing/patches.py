"""What changed between two documents, kept so that it can be taken back and done again.

A patch is two lists of parts of the same length, JSON like the documents: what was there, and
what is there instead.

    {"path": ["trigger", "filter"], "value": 7}       this value stands there
    {"path": ["trigger", "filter"]}                   nothing stands there
    {"path": ["steps"], "at": 2, "items": [{…}]}      from the third on, the list holds these

Parts do not overlap, and a path leads to the same place in both documents.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Part = dict[str, Any]
Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Patch:
    """The parts of a document that differ, as they were `before` and are `after`."""

    before: Sequence[Part]
    after: Sequence[Part]


def between(old: Any, new: Any) -> Patch:
    """The smallest parts in which the documents differ; none when they are the same."""
    found: list[tuple[Part, Part]] = []
    _compare([], old, new, found)
    return Patch([before for before, _ in found], [after for _, after in found])


def apply(document: Any, patch: Patch) -> Any:
    """The document after the change; `document` itself is left as it is."""
    for before, after in zip(patch.before, patch.after, strict=True):
        document = _replaced(document, after["path"], before, after)
    return document


def revert(document: Any, patch: Patch) -> Any:
    """The document before the change."""
    for before, after in zip(reversed(patch.before), reversed(patch.after), strict=True):
        document = _replaced(document, after["path"], after, before)
    return document


def same(one: Any, other: Any) -> bool:
    """Whether two documents are the same JSON: 1, 1.0 and true are three values."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def _compare(path: list[Any], old: Any, new: Any, found: list[tuple[Part, Part]]) -> None:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            if name in old and name in new:
                _compare([*path, name], old[name], new[name], found)
            else:
                found.append((_value([*path, name], old), _value([*path, name], new)))
    elif isinstance(old, list) and isinstance(new, list):
        _compare_lists(path, old, new, found)
    elif not same(old, new):
        found.append(({"path": path, "value": old}, {"path": path, "value": new}))


def _value(path: list[Any], holder: dict[str, Any]) -> Part:
    name = path[-1]
    return {"path": path, "value": holder[name]} if name in holder else {"path": path}


def _compare_lists(
    path: list[Any], old: list[Any], new: list[Any], found: list[tuple[Part, Part]]
) -> None:
    if len(old) == len(new):
        for number, (before, after) in enumerate(zip(old, new, strict=True)):
            _compare([*path, number], before, after, found)
        return
    shorter = min(len(old), len(new))
    head = next((n for n in range(shorter) if not same(old[n], new[n])), shorter)
    left = shorter - head
    tail = next((n for n in range(left) if not same(old[-1 - n], new[-1 - n])), left)
    before = {"path": path, "at": head, "items": old[head : len(old) - tail]}
    after = {"path": path, "at": head, "items": new[head : len(new) - tail]}
    found.append((before, after))


def _replaced(document: Any, path: Sequence[Any], gone: Part, come: Part) -> Any:
    """A copy of the document in which `come` stands at `path` instead of `gone`."""
    if "at" in come:
        start, items = come["at"], read(document, path)
        changed = [*items[:start], *come["items"], *items[start + len(gone["items"]) :]]
        return written(document, path, changed)
    return written(document, path, come["value"]) if "value" in come else removed(document, path)


def read(document: Any, path: Sequence[Any]) -> Any:
    """What stands at a path; None where nothing does."""
    for name in path:
        if not _has(document, name):
            return None
        document = document[name]
    return document


def written(document: Any, path: Sequence[Any], value: Any) -> Any:
    """A copy with `value` at `path`; objects on the way are made, and a list may grow by one.

    Raises LookupError where the path leads through something else.
    """
    if not path:
        return value
    name, *rest = path
    inside = document[name] if _has(document, name) else None
    if isinstance(document, list) and name == len(document):
        return [*document, written(None, rest, value)]
    if document is None and isinstance(name, str):
        return {name: written(None, rest, value)}
    if not (isinstance(document, dict) and isinstance(name, str)) and not _has(document, name):
        raise LookupError(name)
    copy = document.copy()
    copy[name] = written(inside, rest, value)
    return copy


def removed(document: Any, path: Sequence[Any]) -> Any:
    """A copy without what stands at `path`. Raises LookupError where nothing does."""
    name, *rest = path
    if not _has(document, name):
        raise LookupError(name)
    copy = document.copy()
    if rest:
        copy[name] = removed(document[name], rest)
    else:
        del copy[name]
    return copy


def _has(document: Any, name: Any) -> bool:
    if isinstance(document, dict):
        return isinstance(name, str) and name in document
    return isinstance(document, list) and isinstance(name, int) and 0 <= name < len(document)
