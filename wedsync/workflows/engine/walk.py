"""One advance in progress: the steps entered so far and what was decided on the way."""

from collections.abc import Mapping
from typing import Any, Protocol

from wedsync.workflows.engine.protocol import (
    Action,
    Decision,
    EngineEvent,
    Finish,
    NeedsAttention,
    Outcome,
    Perform,
    Record,
    State,
    StepState,
    WaitUntil,
)
from wedsync.workflows.engine.state import Position, over, standing
from wedsync.workflows.engine.view import View


class CompiledStep(Protocol):
    """One step, ready to be entered. Where the flow goes on is known in advance, so the id of a
    step is a complete position: nothing has to be remembered about the branches around it."""

    @property
    def id(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def next(self) -> str | None: ...

    def enter(self, walk: "Walk") -> None: ...


class Walk:
    """Goes from step to step until an effect, a wait, a person or the end.

    A step ends its turn with exactly one of `go_on`, `stand`, `finish` and `fail`.
    """

    def __init__(
        self, steps: Mapping[str, CompiledStep], event: EngineEvent, item: int | None = None
    ) -> None:
        self.event = event
        self.item = item
        self.view = View(event.scope, event.now)
        self._steps = steps
        self._actions: list[Action] = []
        self._next: str | None = None
        self._state: State | None = None

    def decide(self) -> Decision:
        """Enter steps until something ends the walk, and say what was decided."""
        while self._state is None:
            if self._next is None:
                self.finish("succeeded")
            else:
                self._steps[self._next].enter(self)
        return Decision(self._state, tuple(self._actions))

    def go_on(self, step: str | None) -> None:
        """Enter this step next; None is the end of the workflow."""
        self._next = step

    def record(
        self,
        step: CompiledStep,
        state: StepState,
        *,
        given: Any = None,
        output: Any = None,
        error: Mapping[str, Any] | None = None,
        explanation: Mapping[str, Any] | None = None,
    ) -> None:
        self._actions.append(Record(step.id, self.item, state, given, output, error, explanation))

    def succeed(
        self, step: CompiledStep, output: Any, explanation: Mapping[str, Any] | None = None
    ) -> None:
        """Record what a step gave, and let later steps of this advance read it."""
        self.record(step, "succeeded", output=output, explanation=explanation)
        self.view.learn(step.id, output)

    def stand(self, position: Position, action: Perform | WaitUntil | NeedsAttention) -> None:
        """Stop here until this was done, came due, or was answered."""
        self._actions.append(action)
        self._state = standing(position)

    def finish(self, outcome: Outcome, reason: str | None = None, step: str | None = None) -> None:
        self._actions.append(Finish(outcome, reason, step))
        self._state = over(outcome)

    def fail(self, step: CompiledStep, error: Mapping[str, Any]) -> None:
        """Record that a step did not work, and end the run as failed."""
        self.record(step, "failed", error=error)
        self.finish("failed", f"“{step.title}” did not work: {error['message']}", step.id)


def expression_error(message: str) -> dict[str, Any]:
    """The error of a step whose values could not be worked out: trying again would not help."""
    return {"class": "permanent", "code": "expression_failed", "message": message}
