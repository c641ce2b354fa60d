"""`filter`: the run goes on only when the condition fits; else it ends quietly, saying why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from wedsync.workflows.engine.checks import check_condition
from wedsync.workflows.engine.clauses import condition_words
from wedsync.workflows.engine.conditions import Condition
from wedsync.workflows.engine.expressions import EvaluationFailed
from wedsync.workflows.engine.problems import Field
from wedsync.workflows.engine.reading import Path, condition_reads
from wedsync.workflows.engine.steps.kind import Actions, Compiler, Kind, title_of
from wedsync.workflows.engine.walk import Walk, expression_error


@dataclass(frozen=True, slots=True)
class Filter:
    id: str
    title: str
    next: str | None
    condition: Condition

    def enter(self, walk: Walk) -> None:
        try:
            verdict = self.condition.judge(walk.view)
        except EvaluationFailed as failure:
            walk.fail(self, expression_error(str(failure)))
            return
        walk.succeed(self, None, {"fits": verdict.fits, "why": verdict.why})
        if verdict.fits:
            walk.go_on(self.next)
        else:
            walk.finish("filtered", verdict.why, self.id)


def _compile(step: Mapping[str, Any], then: str | None, compiler: Compiler) -> Filter:
    return Filter(step["id"], title_of(step), then, Condition(step["when"]))


def _check(field: Field, actions: Actions | None) -> None:
    check_condition(field.at("when", field.value["when"]))


def _phrase(step: Mapping[str, Any], actions: Actions) -> str:
    return f"go on only if {condition_words(step.get('when'))}"


def _reads(step: Mapping[str, Any]) -> Iterable[Path]:
    return condition_reads(step["when"])


KIND = Kind(
    name="filter",
    required=frozenset(("when",)),
    fields=frozenset(("when",)),
    check=_check,
    compile=_compile,
    phrase=_phrase,
    reads=_reads,
)
