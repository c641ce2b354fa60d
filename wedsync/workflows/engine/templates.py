"""A `values` or `input`: objects and lists as written, in which calculations are filled in.

A template is laid out here and only its calculations are handed to datalogic, one by one, so that
what they give is weighed before the next one starts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from datalogic_py import DataHandle

from wedsync.workflows.engine.calculation import (
    Calculation,
    EvaluationFailed,
    Path,
    Reads,
    Sight,
    compile_leaf,
    merged,
)
from wedsync.workflows.engine.limits import EXPRESSION_BYTES, STEP_BYTES
from wedsync.workflows.engine.operators import operator_call, unescape_key
from wedsync.workflows.engine.shape import quotes_sealed, weight

_TOO_MUCH = f"One value is larger than {EXPRESSION_BYTES // 1024} kB."
_TOO_MUCH_ALTOGETHER = f"The values together are larger than {STEP_BYTES // 1024} kB."


@dataclass(frozen=True, slots=True)
class _Fields:
    parts: tuple[tuple[str, "_Node"], ...]


@dataclass(frozen=True, slots=True)
class _Items:
    parts: tuple["_Node", ...]


@dataclass(frozen=True, slots=True)
class _Fixed:
    value: str | int | float | bool | None


_Node: TypeAlias = "_Fields | _Items | _Fixed | Calculation"


@dataclass(frozen=True, slots=True)
class Template:
    """A `values` or `input`, ready to be filled in. `reads`: what all of it looks at."""

    root: _Node
    reads: Reads | None

    @property
    def wedding_paths(self) -> frozenset[Path]:
        """What its calculations read of the wedding; see `Calculation`."""
        return frozenset(path for each in _leaves(self.root) for path in each.wedding_paths)

    def fill(self, sight: Sight) -> dict[str, Any]:
        """The finished object; raises `EvaluationFailed` when it cannot be made or is too big."""
        filled = _fill(self.root, sight.handle(self.reads), _Scale())
        if not isinstance(filled, dict):
            raise EvaluationFailed("The result is not a set of named values.")
        size = weight(filled)
        if size is None:
            raise EvaluationFailed("The result is nested too deeply, or holds what cannot be kept.")
        if size > STEP_BYTES:
            raise EvaluationFailed(_TOO_MUCH_ALTOGETHER)
        return filled


def compile_template(values: Mapping[str, Any]) -> Template:
    """The template of an examined `values` or `input`."""
    root = _plant(values)
    return Template(root, merged(_leaves(root)))


def _plant(value: Any) -> _Node:
    if operator_call(value) is not None:
        return compile_leaf(value)
    if isinstance(value, dict):
        return _Fields(tuple((unescape_key(key), _plant(part)) for key, part in value.items()))
    if isinstance(value, list):
        return _Items(tuple(_plant(part) for part in value))
    return _Fixed(value)


def _leaves(node: _Node) -> Iterator[Calculation]:
    if isinstance(node, Calculation):
        yield node
    elif isinstance(node, _Fields):
        for _, part in node.parts:
            yield from _leaves(part)
    elif isinstance(node, _Items):
        for part in node.parts:
            yield from _leaves(part)


class _Scale:
    """Weighs what the calculations of one template give, and stops them when it is too much."""

    def __init__(self) -> None:
        self._total = 0

    def weigh(self, value: Any) -> Any:
        if isinstance(value, dict | list | str):
            size = weight(value)
            if size is None:
                raise EvaluationFailed("A calculated value is nested too deeply.")
            if quotes_sealed(value):
                raise EvaluationFailed(
                    "A value that is kept sealed cannot become part of a text. Pass it on whole."
                )
            if size > EXPRESSION_BYTES:
                raise EvaluationFailed(_TOO_MUCH)
            self._total += size
            if self._total > STEP_BYTES:
                raise EvaluationFailed(_TOO_MUCH_ALTOGETHER)
        return value


def _fill(node: _Node, handle: DataHandle, scale: _Scale) -> Any:
    if isinstance(node, Calculation):
        return scale.weigh(node.value_of(handle))
    if isinstance(node, _Fields):
        return {key: _fill(part, handle, scale) for key, part in node.parts}
    if isinstance(node, _Items):
        return [_fill(part, handle, scale) for part in node.parts]
    return node.value
