"""What validation finds, as sentences with a way out."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from wedsync.workflows.engine.limits import MAX_PROBLEMS
from wedsync.workflows.engine.words import clip

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend. `step` is None for the workflow and its trigger; `field` is a dotted path
    inside it (`branches.0.when`). Errors block publishing, warnings do not."""

    step: str | None
    field: str
    message: str
    fix: str
    severity: Severity = "error"


class DefinitionInvalid(ValueError):
    """A definition that cannot be run; `problems` says why."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(problem.message for problem in self.problems[:3]))


@dataclass(slots=True)
class Findings:
    """Collects problems, up to a number a person can still read."""

    problems: list[Problem] = field(default_factory=list)

    def error(self, step: str | None, where: str, message: str, fix: str) -> None:
        self._add(Problem(step, where, message, fix))

    def warn(self, step: str | None, where: str, message: str, fix: str) -> None:
        self._add(Problem(step, where, message, fix, "warning"))

    def _add(self, problem: Problem) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)
        elif problem.severity == "error" and not self.blocked:
            # A hundred warnings must not hide that there is an error too.
            self.problems[-1] = problem

    @property
    def full(self) -> bool:
        """Whether nothing that could still be found would be told."""
        return len(self.problems) >= MAX_PROBLEMS and self.blocked

    @property
    def blocked(self) -> bool:
        return any(problem.severity == "error" for problem in self.problems)


@dataclass(frozen=True, slots=True)
class Sees:
    """What is around one place. An expression there may read: the first words of its paths, and of
    the steps those that have `certainly` happened, those that `perhaps` have, and all there are;
    `lists` are those of loops that are over. `loops` is the number of loops around it, `trigger`
    the kind of what starts the workflow, `own_id` its id, where it is known. `off` are all steps
    that are passed over; in one of them (`is_off`) nothing is wrong enough to block publishing."""

    roots: frozenset[str]
    certainly: frozenset[str] = frozenset()
    perhaps: frozenset[str] = frozenset()
    every: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    loops: int = 0
    trigger: str | None = None
    own_id: str | None = None
    off: frozenset[str] = frozenset()
    is_off: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One field of one step (or of the trigger), where checks say what they find about it."""

    findings: Findings
    step: str | None
    name: str
    value: Any
    sees: Sees

    def at(self, name: str | int, value: Any) -> "Field":
        """A part of this field."""
        path = f"{self.name}.{name}" if self.name else str(name)
        return Field(self.findings, self.step, clip(path, 120), value, self.sees)

    def error(self, message: str, fix: str) -> None:
        say = self.findings.warn if self.sees.is_off else self.findings.error
        say(self.step, self.name, message, fix)

    def warn(self, message: str, fix: str) -> None:
        self.findings.warn(self.step, self.name, message, fix)
