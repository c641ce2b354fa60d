"""A definition as a list of steps in the order people read it; drafts may hold anything."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wedsync.workflows.engine.shape import Readable, readable
from wedsync.workflows.engine.steps import KINDS
from wedsync.workflows.engine.steps.kind import Child, is_off, sequence


@dataclass(frozen=True, slots=True)
class Placed:
    """One step where it stands. `path` are the labels of the branches around it, `depth` their
    number; `branches` the labels of its own branches, also of empty ones. It is `off` when it, or
    a step around it, is turned off."""

    step: Mapping[str, Any]
    depth: int
    path: tuple[str, ...]
    branches: tuple[str, ...] = ()
    off: bool = False


def steps_in_order(definition: Any) -> Iterator[Placed]:
    """Every step, a step before the steps inside it. What is no step is passed over."""
    return steps_of(readable(definition))


def steps_of(definition: Readable) -> Iterator[Placed]:
    """The same of a definition that was asked about before."""
    return _placed(definition.get("steps"), ())


def turned_off(definition: Any) -> frozenset[str]:
    """The ids of all steps that are passed over, those inside a step that is off among them."""
    return off_among(steps_in_order(definition))


def off_among(steps: Iterable[Placed]) -> frozenset[str]:
    """The same among steps that were placed before."""
    found = (each.step.get("id") for each in steps if each.off)
    return frozenset(name for name in found if isinstance(name, str))


def _placed(steps: Any, path: tuple[str, ...], around_off: bool = False) -> Iterator[Placed]:
    for step in sequence(steps):
        if not isinstance(step, dict):
            continue
        inside = children(step)
        off = around_off or is_off(step)
        yield Placed(step, len(path), path, tuple(child.label for child in inside), off)
        for child in inside:
            yield from _placed(child.steps, (*path, child.label), off)


def children(step: Mapping[str, Any]) -> list[Child]:
    """The lists of steps inside a step; none for a kind that cannot be run yet."""
    name = step.get("kind")
    kind = KINDS.get(name) if isinstance(name, str) else None
    return list(kind.children(step)) if kind else []
