"""`call`: a run of another workflow is started, and perhaps waited for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from wedsync.workflows.engine.checks import check_text, check_values
from wedsync.workflows.engine.expressions import EvaluationFailed, Template, compile_template
from wedsync.workflows.engine.limits import MAX_LABEL
from wedsync.workflows.engine.problems import Field
from wedsync.workflows.engine.protocol import StartRun
from wedsync.workflows.engine.reading import Path, template_reads
from wedsync.workflows.engine.state import Phase, Position
from wedsync.workflows.engine.steps.kind import Actions, Compiler, Kind, title_of
from wedsync.workflows.engine.walk import StandingStep, Walk, expression_error, told_error


@dataclass(frozen=True, slots=True)
class Call(StandingStep):
    """Gives `{"run_id": …}`, and when it `waits` also the `outcome` and `output` of that run.

    A run that could not be started fails the step; how a run ended that was waited for does not:
    later steps read its `outcome`.
    """

    phases: ClassVar[frozenset[Phase]] = frozenset(("calling",))

    id: str
    title: str
    next: str | None
    workflow: str
    input: Template
    waits: bool

    def enter(self, walk: Walk) -> None:
        try:
            given = self.input.fill(walk.view)
        except EvaluationFailed as failure:
            walk.fail(self, expression_error(f"What it passes on cannot be told. {failure}"))
            return
        walk.record(self, "waiting", given=given)
        walk.stand(
            Position(self.id, walk.item, "calling"),
            StartRun(self.id, walk.item, self.workflow, given, self.waits),
        )

    def follow(self, walk: Walk, position: Position) -> None:
        if walk.event.error is not None:
            walk.fail(self, told_error(walk.event.error))
        elif walk.keep(self, walk.event.output):
            walk.go_on(self.next)

    def leave(self, walk: Walk, position: Position) -> None:
        why = "It was stopped while the workflow it called was going on."
        walk.record(self, "skipped", explanation={"why": why})


def _compile(step: Mapping[str, Any], then: str | None, compiler: Compiler) -> Call:
    return Call(
        step["id"],
        title_of(step),
        then,
        step["workflow"],
        compile_template(step.get("input") or {}),
        bool(step.get("wait")),
    )


def _check(field: Field, actions: Actions | None) -> None:
    step = field.value
    workflow = field.at("workflow", step["workflow"])
    if not isinstance(workflow.value, str) or not workflow.value.strip():
        workflow.error("No workflow is chosen.", "Choose the workflow to start.")
    elif workflow.value.strip().lower() == (field.sees.own_id or "").lower():
        workflow.error(
            "This workflow would start itself, over and over.",
            "Choose another workflow, or use a loop.",
        )
    else:
        check_text(workflow, MAX_LABEL)
    check_values(field.at("input", {} if step.get("input") is None else step["input"]))
    if not isinstance(step.get("wait"), bool | None):
        field.at("wait", None).error("This is not a yes or a no.", "Choose whether it waits.")


def _phrase(step: Mapping[str, Any], actions: Actions) -> str:
    then = " and wait until it is done" if step.get("wait") is True else ""
    return f"start another workflow{then}"


def _reads(step: Mapping[str, Any]) -> Iterable[Path]:
    return template_reads(step.get("input"))


KIND = Kind(
    name="call",
    required=frozenset(("workflow",)),
    fields=frozenset(("workflow", "input", "wait")),
    check=_check,
    compile=_compile,
    phrase=_phrase,
    reads=_reads,
)
