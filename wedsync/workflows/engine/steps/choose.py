"""`choose`: the first branch that fits is taken, `otherwise` when none does."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from wedsync.workflows.engine.checks import check_condition, check_fields, check_text
from wedsync.workflows.engine.clauses import condition_words
from wedsync.workflows.engine.conditions import Condition
from wedsync.workflows.engine.expressions import EvaluationFailed
from wedsync.workflows.engine.limits import MAX_BRANCHES, MAX_LABEL
from wedsync.workflows.engine.problems import Field
from wedsync.workflows.engine.reading import Path, condition_reads
from wedsync.workflows.engine.steps.kind import (
    Actions,
    Child,
    Compiler,
    Kind,
    mapping,
    sequence,
    text,
    title_of,
)
from wedsync.workflows.engine.walk import Walk, expression_error

_NOT_NEEDED = "not needed, an earlier branch fitted"
_BRANCH_FIELDS = frozenset(("label", "when", "steps"))


@dataclass(frozen=True, slots=True)
class _Branch:
    label: str
    condition: Condition
    first: str | None


@dataclass(frozen=True, slots=True)
class Choose:
    """Gives `{"branch": <label or null>}` and why each branch did or did not fit."""

    id: str
    title: str
    next: str | None
    branches: tuple[_Branch, ...]
    otherwise: str | None

    def enter(self, walk: Walk) -> None:
        taken: _Branch | None = None
        told: list[dict[str, Any]] = []
        for branch in self.branches:
            if taken is not None:
                told.append({"label": branch.label, "fits": None, "why": _NOT_NEEDED})
                continue
            try:
                verdict = branch.condition.judge(walk.view)
            except EvaluationFailed as failure:
                message = f"“{branch.label}” could not be decided. {failure}"
                walk.fail(self, expression_error(message))
                return
            told.append({"label": branch.label, "fits": verdict.fits, "why": verdict.why})
            if verdict.fits:
                taken = branch
        label = taken.label if taken else None
        walk.succeed(self, {"branch": label}, {"taken": label, "branches": told})
        walk.go_on(taken.first if taken else self.otherwise)


def _compile(step: Mapping[str, Any], then: str | None, compiler: Compiler) -> Choose:
    branches = tuple(
        _Branch(branch["label"], Condition(branch["when"]), compiler.steps(branch["steps"], then))
        for branch in step["branches"]
    )
    otherwise = compiler.steps(step.get("otherwise") or [], then)
    return Choose(step["id"], title_of(step), then, branches, otherwise)


def _check(field: Field, actions: Actions | None) -> None:
    branches = field.at("branches", field.value["branches"])
    if not isinstance(branches.value, list) or not branches.value:
        branches.error("There is no branch to take.", "Add a branch with a condition.")
        return
    if len(branches.value) > MAX_BRANCHES:
        branches.error("There are too many branches.", f"Use at most {MAX_BRANCHES}.")
        return
    labels: set[str] = set()
    for number, branch in enumerate(branches.value):
        _check_branch(branches.at(number, branch), labels)


def _check_branch(field: Field, labels: set[str]) -> None:
    if not isinstance(field.value, dict):
        field.error("This is not a branch.", "Give it a label, a condition and steps.")
        return
    if not check_fields(field, _BRANCH_FIELDS, _BRANCH_FIELDS):
        return
    label = field.at("label", field.value["label"])
    check_text(label, MAX_LABEL, optional=False)
    if isinstance(label.value, str):
        if label.value in labels:
            label.error("Two branches have the same name.", "Give each branch a name of its own.")
        labels.add(label.value)
    check_condition(field.at("when", field.value["when"]))


def _children(step: Mapping[str, Any]) -> Iterator[Child]:
    for number, branch in enumerate(sequence(step.get("branches"))):
        written = mapping(branch)
        told = partial(_lead, written.get("when"))
        label = text(written.get("label"), f"Branch {number + 1}")
        yield Child(label, told, f"branches.{number}.steps", written.get("steps"))
    otherwise = step.get("otherwise")
    steps = [] if otherwise is None else otherwise
    yield Child("Otherwise", lambda: "otherwise", "otherwise", steps)


def _lead(when: Any) -> str:
    return f"if {condition_words(when)}"


def _phrase(step: Mapping[str, Any], actions: Actions) -> str:
    told = []
    for branch in map(mapping, sequence(step.get("branches"))[:5]):
        label = text(branch.get("label"), "a branch")
        told.append(f"“{label}” when {condition_words(branch.get('when'))}")
    return f"take the first that fits: {'; '.join([*told, 'otherwise go on'])}"


def _reads(step: Mapping[str, Any]) -> Iterable[Path]:
    return (path for branch in step["branches"] for path in condition_reads(branch["when"]))


KIND = Kind(
    name="choose",
    required=frozenset(("branches",)),
    fields=frozenset(("branches", "otherwise")),
    check=_check,
    compile=_compile,
    phrase=_phrase,
    reads=_reads,
    children=_children,
    splits=True,
)
