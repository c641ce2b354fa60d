"""What steps read of each other, by their ids, and the same under other ids.

A step reads another by a path (`{"var": "steps.shape.seats"}`, `{"val": ["steps", "shape"]}`) or
inside a body (`{{ steps.shape.seats }}`).
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from wedsync.workflows.editing.draft_operations import located
from wedsync.workflows.engine.bodies import BODY
from wedsync.workflows.engine.operators import operator_call
from wedsync.workflows.engine.outline import children
from wedsync.workflows.engine.steps.kind import mapping

_READING = frozenset(("var", "val", "missing", "missing_some", "exists"))
_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_IN_TAG = re.compile(
    r"(?<![\w.-])(steps\s*(?:\.\s*|\[\s*(?P<quote>[\"'])))(?P<id>[A-Za-z0-9][\w-]*)"
)
_NUMBERED = re.compile(r"-\d{1,4}$")
_LONGEST_ID = 64

Rename = Callable[[str], str]


def ids_in(steps: Sequence[Any]) -> list[str]:
    """The ids of steps and of those inside them, in reading order, each once."""
    found = (each.step.get("id") for each in located({"steps": list(steps)}))
    return list(dict.fromkeys(each for each in found if isinstance(each, str)))


def read_by(steps: Sequence[Any]) -> list[str]:
    """The ids of the steps these read, each once, also of those among them."""
    found: dict[str, None] = {}

    def note(step_id: str) -> str:
        found[step_id] = None
        return step_id

    for step in steps:
        _linked(step, note)
    return list(found)


def reads_item(steps: Sequence[Any]) -> bool:
    """Whether one of these reads the item of a loop that is not among them."""
    return any(_reads_item(step) for step in steps)


def fresh_ids(ids: Sequence[str], taken: Collection[str]) -> dict[str, str]:
    """An id that is not taken for each: itself where it is free, else `shape-2`, `shape-3` …"""
    used, names = set(taken), {}
    for each in ids:
        names[each] = each if each not in used else _numbered(each, used | set(ids))
        used.add(names[each])
    return names


def renamed(steps: Sequence[Any], names: Mapping[str, str]) -> list[Any]:
    """The steps under other ids; what reads one of them by its old id reads it by the new."""
    return [_renamed(step, names) for step in steps]


def _numbered(step_id: str, used: Collection[str]) -> str:
    stem = _NUMBERED.sub("", step_id)[: _LONGEST_ID - 6]
    return next(
        name for number in range(2, len(used) + 3) if (name := f"{stem}-{number}") not in used
    )


def _renamed(step: Any, names: Mapping[str, str]) -> Any:
    changed = _linked(step, lambda each: names.get(each, each))
    for each in located({"steps": [changed]}):
        own = each.step.get("id")
        if isinstance(own, str) and own in names:
            each.step["id"] = names[own]
    return changed


def _linked(value: Any, rename: Rename) -> Any:
    """A copy of `value` in which every step that is read goes by another name."""
    call = operator_call(value)
    if call is not None and call[0] == BODY:
        return {BODY: _body(call[1], rename)}
    if call is not None and call[0] in _READING:
        return {call[0]: _paths(call[1], rename)}
    if isinstance(value, dict):
        return {name: _linked(part, rename) for name, part in value.items()}
    if isinstance(value, list):
        return [_linked(part, rename) for part in value]
    return value


def _paths(arguments: Any, rename: Rename) -> Any:
    if isinstance(arguments, str):
        return _path(arguments, rename)
    if not isinstance(arguments, list):
        return _linked(arguments, rename)
    changed = [_paths(part, rename) for part in arguments]
    for number, part in enumerate(arguments[:-1]):
        following = arguments[number + 1]
        if part == "steps" and isinstance(following, str):
            changed[number + 1] = rename(following)
    return changed


def _path(path: str, rename: Rename) -> str:
    root, dot, rest = path.partition(".")
    if root != "steps" or not dot:
        return path
    step_id, more, inner = rest.partition(".")
    return f"steps.{rename(step_id)}{more}{inner}"


def _body(body: Any, rename: Rename) -> Any:
    if isinstance(body, list):
        return [_body(part, rename) for part in body]
    if not isinstance(body, str):
        return body
    return _TAG.sub(lambda tag: _IN_TAG.sub(lambda at: f"{at[1]}{rename(at['id'])}", tag[0]), body)


def _reads_item(step: Any) -> bool:
    if not isinstance(step, dict):
        return False
    lists = children(step)
    looped = {child.field.split(".")[0] for child in lists if child.each}
    own = {name: part for name, part in step.items() if name not in looped}
    return any(path[0] in ("item", "index") for path in _every_path(own))


def _every_path(value: Any) -> Iterator[tuple[str, ...]]:
    """Paths that are read; a step inside answers for itself, since it may be a loop."""
    call = operator_call(value)
    if call is not None and call[0] in ("var", "val"):
        yield from _own_path(call[1])
    elif call is not None and call[0] == BODY:
        tags = _TAG.findall(call[1]) if isinstance(call[1], str) else ()
        if any(re.search(r"(?<![\w.-])(item|index)\b", tag) for tag in tags):
            yield ("item",)
    elif isinstance(value, list):
        for part in value:
            yield from _of_part(part)
    else:
        for part in mapping(value).values():
            yield from _of_part(part)


def _of_part(part: Any) -> Iterator[tuple[str, ...]]:
    if isinstance(part, dict) and part.get("kind") == "for_each":
        if _reads_item(part):
            yield ("item",)
    else:
        yield from _every_path(part)


def _own_path(arguments: Any) -> Iterator[tuple[str, ...]]:
    first = arguments[0] if isinstance(arguments, list) and arguments else arguments
    if isinstance(first, str) and first:
        yield tuple(first.split("."))
    if isinstance(arguments, list):
        for part in arguments[1:]:
            yield from _every_path(part)
