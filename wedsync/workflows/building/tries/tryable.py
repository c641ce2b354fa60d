"""What of a draft can be tried: the program of its finished part, and what the rest still needs.

A step that is not finished holds nothing else back: it is passed over, and the try says so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wedsync.workflows.engine import DefinitionInvalid, Problem, Program, compile_definition
from wedsync.workflows.engine import validate as problems_of_itself
from wedsync.workflows.engine.outline import children
from wedsync.workflows.engine.shape import refusal
from wedsync.workflows.engine.steps.kind import mapping, sequence

_ANY_START: Mapping[str, Any] = {"kind": "manual"}


@dataclass(frozen=True, slots=True)
class Tryable:
    """`program` is None where nothing can be tried. `unfinished` says by step, in sentences, what
    it still needs; those that are `passed_over` are not in the program. `problems` are of no
    step."""

    program: Program | None
    unfinished: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    passed_over: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()


def tryable(definition: Any, problems: Iterable[Problem]) -> Tryable:
    """What can be tried of a draft, of which these are all the problems. Never raises."""
    errors = [each for each in problems if each.severity == "error"]
    unfinished: dict[str, tuple[str, ...]] = {}
    for each in errors:
        if each.step is not None:
            unfinished[each.step] = (*unfinished.get(each.step, ()), each.message)
    of_none = tuple(each.message for each in errors if each.step is None)
    if refusal(definition) is not None or not isinstance(definition, dict):
        return Tryable(None, unfinished, problems=of_none)
    unreadable = [each for each in problems_of_itself(definition) if each.severity == "error"]
    passed_over = frozenset(each.step for each in unreadable if each.step is not None)
    try:
        program = compile_definition(_finished(definition, unreadable, passed_over))
    except DefinitionInvalid:
        return Tryable(None, unfinished, problems=of_none)
    return Tryable(program, unfinished, passed_over, of_none)


def _finished(
    definition: Mapping[str, Any], unreadable: Iterable[Problem], passed_over: frozenset[str]
) -> dict[str, Any]:
    """The draft with what cannot be read turned off, started by hand where its start cannot be."""
    startless = any(each.step is None and each.field.startswith("trigger") for each in unreadable)
    trigger = dict(_ANY_START) if startless else definition.get("trigger")
    return {
        **definition,
        "trigger": trigger,
        "steps": _turned_off(definition.get("steps"), passed_over),
    }


def _turned_off(steps: Any, passed_over: frozenset[str]) -> Any:
    if not isinstance(steps, list):
        return steps
    return [_step(step, passed_over) for step in steps]


def _step(step: Any, passed_over: frozenset[str]) -> Any:
    if not isinstance(step, dict):
        return step
    if step.get("id") in passed_over:
        return {**step, "off": True}
    for child in children(step):
        step = _with(step, child.field.split("."), _turned_off(child.steps, passed_over))
    return step


def _with(document: Any, path: list[str], value: Any) -> Any:
    """The document with `value` at a path that is known to lead somewhere."""
    if not path:
        return value
    first, rest = path[0], path[1:]
    if isinstance(document, list):
        place = int(first)
        inside = _with(document[place], rest, value)
        return [*document[:place], inside, *document[place + 1 :]]
    return {**mapping(document), first: _with(mapping(document).get(first), rest, value)}


def steps_by_id(definition: Any) -> dict[str, Mapping[str, Any]]:
    """Every step that has an id, in reading order, those inside others too."""
    found: dict[str, Mapping[str, Any]] = {}
    if refusal(definition) is None:
        _gather(mapping(definition).get("steps"), found)
    return found


def _gather(steps: Any, found: dict[str, Mapping[str, Any]]) -> None:
    for step in sequence(steps):
        if isinstance(step, dict):
            if isinstance(step.get("id"), str):
                found.setdefault(step["id"], step)
            for child in children(step):
                _gather(child.steps, found)
