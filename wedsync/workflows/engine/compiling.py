"""Turning a definition into a program, once per version."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from wedsync.workflows.engine.conditions import Condition
from wedsync.workflows.engine.problems import DefinitionInvalid
from wedsync.workflows.engine.program import Program
from wedsync.workflows.engine.reading import Path
from wedsync.workflows.engine.steps import KINDS
from wedsync.workflows.engine.steps.kind import is_off
from wedsync.workflows.engine.triggers import TRIGGERS
from wedsync.workflows.engine.validation import validate
from wedsync.workflows.engine.walk import CompiledStep


def compile_definition(definition: Mapping[str, Any]) -> Program:
    """The program of a valid definition; raises `DefinitionInvalid` with its errors."""
    errors = [each for each in validate(definition) if each.severity == "error"]
    if errors:
        raise DefinitionInvalid(errors)
    compiler = _Compiler()
    first = compiler.steps(definition["steps"], None)
    trigger = definition["trigger"]
    filters = "filter" in TRIGGERS[trigger["kind"]].fields
    wanted = trigger.get("filter") if filters else None
    return Program(
        trigger=MappingProxyType(dict(trigger)),
        steps=MappingProxyType(compiler.compiled),
        first=first,
        trigger_filter=None if wanted is None else Condition(wanted),
        loops=MappingProxyType(compiler.loops),
        reads=MappingProxyType(compiler.reads),
    )


class _Compiler:
    """Compiles from the last step to the first, so each knows where the flow goes after it.

    What is turned off is passed over here, once and for all: the program does not hold it.
    """

    def __init__(self) -> None:
        self.compiled: dict[str, CompiledStep] = {}
        self.loops: dict[str, tuple[str, ...]] = {}
        self.reads: dict[str, tuple[Path, ...]] = {}
        self._around: tuple[str, ...] = ()

    def steps(self, steps: list[Mapping[str, Any]], then: str | None) -> str | None:
        """Compile a list of steps after which the flow goes on at `then`; gives its first id."""
        for step in reversed(steps):
            if not is_off(step):
                self._step(step, then)
                then = step["id"]
        return then

    def body(self, loop: str, steps: list[Mapping[str, Any]]) -> str | None:
        """Compile the steps inside a loop, after which the item is over; gives the first id, None
        when all of them are turned off."""
        outside, self._around = self._around, (*self._around, loop)
        first = self.steps(steps, None)
        self._around = outside
        return first

    def inside(self, loop: str) -> tuple[str, ...]:
        """The steps inside a loop that is compiled, in no order."""
        return tuple(step for step, around in self.loops.items() if loop in around)

    def compiled_step(self, step: str) -> CompiledStep:
        return self.compiled[step]

    def _step(self, step: Mapping[str, Any], then: str | None) -> None:
        kind = KINDS[step["kind"]]
        self.compiled[step["id"]] = kind.compile(step, then, self)
        if self._around:
            self.loops[step["id"]] = self._around
        if reads := tuple(dict.fromkeys(kind.reads(step))):
            self.reads[step["id"]] = reads
