"""Compiled versions, and which outputs of a loop's steps the steps after it read."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, text

from wedsync.workflows.engine import Program, compile_definition

_KEPT = 500

_VERSIONS = text("SELECT id, definition FROM workflow_versions WHERE id = ANY(:ids)")

Inner = Mapping[str, tuple[str, ...]]
"""By loop: the steps inside it, at any depth, that are spoken of outside it."""


@dataclass(frozen=True, slots=True)
class _Kept:
    program: Program
    read_outside: Inner


class Programs:
    """Compiled versions, the most recently used kept."""

    def __init__(self) -> None:
        self._kept: OrderedDict[UUID, _Kept] = OrderedDict()

    def load(self, connection: Connection, version_ids: set[UUID]) -> Mapping[UUID, Program]:
        """The programs of these versions, compiling those not seen before."""
        missing = [version for version in version_ids if version not in self._kept]
        if missing:
            for row in connection.execute(_VERSIONS, {"ids": missing}):
                program = compile_definition(row.definition)
                self._kept[row.id] = _Kept(program, _read_outside(row.definition, program))
        found = {version: self._kept[version].program for version in version_ids}
        for version in version_ids:
            self._kept.move_to_end(version)
        while len(self._kept) > max(_KEPT, len(version_ids)):
            self._kept.popitem(last=False)
        return found

    def read_outside(self, version_id: UUID) -> Inner:
        """For a version loaded just now, the inner steps whose outputs are read after the loop."""
        return self._kept[version_id].read_outside


def _read_outside(definition: Mapping[str, Any], program: Program) -> Inner:
    """Any mention counts: a step too many costs a read, one too few would be a wrong answer."""
    found: dict[str, tuple[str, ...]] = {}
    for loop in {each for around in program.loops.values() for each in around}:
        outside = orjson.dumps(_without(definition, loop)).decode()
        inside = (step for step, around in program.loops.items() if loop in around)
        spoken_of = sorted(step for step in inside if _is_named(step, outside))
        if spoken_of:
            found[loop] = tuple(spoken_of)
    return found


def _is_named(step: str, written: str) -> bool:
    return f"steps.{step}" in written or f'"{step}"' in written


def _without(part: Any, loop: str) -> Any:
    """The definition without what is done inside a loop."""
    if isinstance(part, Mapping):
        is_loop = part.get("kind") == "for_each" and part.get("id") == loop
        return {key: _without(each, loop) for key, each in _parts(part, is_loop)}
    if isinstance(part, list):
        return [_without(each, loop) for each in part]
    return part


def _parts(part: Mapping[str, Any], is_loop: bool) -> Iterator[tuple[str, Any]]:
    return ((key, each) for key, each in part.items() if not (is_loop and key == "steps"))
