"""A draft as far as it can be worked out for an example: what each step would give.

Nothing is done and nobody is asked: an action gives the sample of its manifest, an approval a yes.
What cannot be worked out gives nothing.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias

from wedsync.workflows.building.known.reach import Reach, Reaches, is_same
from wedsync.workflows.catalogue import Entries
from wedsync.workflows.engine.expressions import (
    EvaluationFailed,
    compile_condition,
    compile_template,
    examine_condition,
    examine_template,
)
from wedsync.workflows.engine.shape import refusal
from wedsync.workflows.engine.steps.kind import mapping, sequence
from wedsync.workflows.engine.view import View, instant

LONGEST_S = 0.3

_RUN_ID = "0198c0de-0000-7000-8000-000000000002"
Sees: TypeAlias = Callable[[], View]
"""What a step sees, put together for those that look."""

_ANSWER = {"approved": True, "by": "Somebody of your team", "note": None}


@dataclass(slots=True)
class Outputs:
    """What steps give, each as the steps beside it read it, and what loops go through first."""

    steps: dict[str, Any] = field(default_factory=dict)
    items: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Before:
    """What was worked out of a draft that differs in few steps, for the same example."""

    placed: Reaches
    outputs: Outputs

    def gave(self, name: str, here: Reach, differing: set[str]) -> bool:
        """Whether a step was worked out before, and sees the same as then."""
        is_there = name in self.outputs.steps and here.is_as(self.placed.get(name))
        return is_there and differing.isdisjoint(here.before) and differing.isdisjoint(here.loops)

    def differs(self, name: str, here: Reach, found: Outputs) -> bool:
        """Whether what a step gives, or goes through, is not what others saw of it then."""
        then, outputs = self.placed.get(name), self.outputs
        if then is None or then.loops != here.loops:
            return True
        return not (
            is_same(found.steps.get(name), outputs.steps.get(name))
            and is_same(found.items.get(name), outputs.items.get(name))
        )


def value_of(expression: Any, view: View) -> Any:
    """What an expression gives; raises `EvaluationFailed` also for one that cannot be read."""
    _refuse_odd(expression)
    return _value(expression, view)


def fits(when: Any, view: View) -> bool:
    """Whether a condition is fulfilled; raises `EvaluationFailed`."""
    _refuse_odd(when)
    return _fits(when, view)


def _refuse_odd(expression: Any) -> None:
    """What a draft holds was looked at as a whole; this is for what was not."""
    if refusal(expression) is not None:
        raise EvaluationFailed("This is too much to be worked out.")


def _value(expression: Any, view: View) -> Any:
    if faults := examine_template(expression).faults:
        raise EvaluationFailed(faults[0])
    return compile_template({"value": expression}).fill(view)["value"]


def _fits(when: Any, view: View) -> bool:
    if faults := examine_condition(when).faults:
        raise EvaluationFailed(faults[0])
    return bool(compile_condition(when).value(view))


def view_of(
    scope: Mapping[str, Any], found: Outputs, here: Reach, placed: Reaches, now: datetime
) -> View:
    """What expressions of one step see."""
    return View(seen_by(scope, found, here, placed, now), now)


def seen_by(
    scope: Mapping[str, Any], found: Outputs, here: Reach, placed: Reaches, now: datetime
) -> dict[str, Any]:
    """The scope of one step: what came in, the wedding, and what the steps before it gave."""
    seen: dict[str, Any] = {
        "trigger": scope.get("trigger"),
        "wedding": scope.get("wedding"),
        "steps": {
            name: _listed(found.steps.get(name), placed[name].lists(here.loops))
            for name in here.before
            if name in placed
        },
        "run": {"id": _RUN_ID, "started_at": instant(now)},
    }
    if here.loops:
        seen |= {"item": found.items.get(here.loops[-1]), "index": 0}
    return seen


def _listed(output: Any, times: int) -> Any:
    for _ in range(times):
        output = [output]
    return output


def work_out(
    placed: Reaches,
    scope: Mapping[str, Any],
    known: Entries,
    now: datetime,
    tried: Mapping[str, Any],
    before: Before | None = None,
) -> Outputs:
    """What every step would give, in reading order; `tried` are the outputs of tries, by step.
    What is not worked out after `LONGEST_S` is left, so that no draft holds its page back; what
    was worked out `before`, with the same tries, is taken from there."""
    found = Outputs()
    differing: set[str] = set()
    until = time.monotonic() + LONGEST_S
    for name, here in placed.items():
        if before is not None and before.gave(name, here, differing):
            _take(name, before.outputs, found)
            continue
        if name in tried:
            found.steps[name] = tried[name]
        if time.monotonic() <= until:
            _work_out_step(
                name, here, partial(view_of, scope, found, here, placed, now), known, found
            )
        if before is not None and before.differs(name, here, found):
            differing.add(name)
    return found


def _take(name: str, given: Outputs, found: Outputs) -> None:
    found.steps[name] = given.steps[name]
    if name in given.items:
        found.items[name] = given.items[name]


def _work_out_step(name: str, here: Reach, sees: Sees, known: Entries, found: Outputs) -> None:
    if here.step.get("kind") == "for_each":
        found.items[name] = _first_item(here.step, sees)
    if name not in found.steps:
        with suppress(EvaluationFailed):
            found.steps[name] = _output(here.step, sees, known)


def _first_item(step: Mapping[str, Any], sees: Sees) -> Any:
    with suppress(EvaluationFailed):
        items = _value(step.get("items"), sees())
        size = step.get("batch_size")
        if isinstance(items, list) and items:
            return items[:size] if isinstance(size, int) and size > 1 else items[0]
    return None


def _output(step: Mapping[str, Any], sees: Sees, known: Entries) -> Any:
    kind = step.get("kind")
    if kind == "action":
        return _action(step, known)
    if kind == "set":
        return _value(mapping(step.get("values")), sees())
    if kind == "choose":
        return {"branch": _branch(step, sees())}
    if kind == "for_each":
        items = _value(step.get("items"), sees())
        total = len(items) if isinstance(items, list) else 0
        return {"total": total, "succeeded": total, "failed": 0}
    if kind == "wait":
        return _awaited(step)
    if kind == "approval":
        return dict(_ANSWER)
    if kind == "call":
        ended = {"outcome": "succeeded", "output": None} if step.get("wait") is True else {}
        return {"run_id": _RUN_ID, **ended}
    return None


def _action(step: Mapping[str, Any], known: Entries) -> Any:
    use = step.get("use")
    entry = known.get(use) if isinstance(use, str) else None
    return entry.output_sample if entry else None


def _branch(step: Mapping[str, Any], view: View) -> str | None:
    for branch in sequence(step.get("branches")):
        with suppress(EvaluationFailed):
            if isinstance(branch, dict) and _fits(branch.get("when"), view):
                label = branch.get("label")
                return label if isinstance(label, str) else None
    return None


def _awaited(step: Mapping[str, Any]) -> Any:
    """Of a wait for an event, that event without its data; else the moment it ended."""
    awaited = mapping(step.get("event"))
    if not awaited:
        return {"until": None}
    return {"type": str(awaited.get("event_type") or ""), "data": {}}
