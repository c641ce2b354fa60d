"""`stop`: the run ends here, as done or as failed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from wedsync.workflows.engine.checks import check_text, check_word
from wedsync.workflows.engine.limits import MAX_NOTE
from wedsync.workflows.engine.problems import Field
from wedsync.workflows.engine.steps.kind import Actions, Compiler, Kind, text, title_of
from wedsync.workflows.engine.walk import Walk


@dataclass(frozen=True, slots=True)
class Stop:
    id: str
    title: str
    next: str | None
    outcome: Literal["succeeded", "failed"]
    reason: str | None

    def enter(self, walk: Walk) -> None:
        walk.succeed(self, None)
        walk.finish(self.outcome, self.reason, self.id)


def _compile(step: Mapping[str, Any], then: str | None, compiler: Compiler) -> Stop:
    outcome: Literal["succeeded", "failed"] = "succeeded" if step["outcome"] == "done" else "failed"
    return Stop(step["id"], title_of(step), then, outcome, step.get("reason"))


def _check(field: Field, actions: Actions | None) -> None:
    check_word(field.at("outcome", field.value["outcome"]), ("done", "failed"))
    check_text(field.at("reason", field.value.get("reason")), MAX_NOTE)


def _phrase(step: Mapping[str, Any], actions: Actions) -> str:
    said = "stop as failed" if step.get("outcome") == "failed" else "stop"
    reason = text(step.get("reason"))
    return f"{said} ({reason.rstrip('.')})" if reason else said


KIND = Kind(
    name="stop",
    required=frozenset(("outcome",)),
    fields=frozenset(("outcome", "reason")),
    check=_check,
    compile=_compile,
    phrase=_phrase,
    ends=True,
)
