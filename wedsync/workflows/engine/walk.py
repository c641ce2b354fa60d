"""One advance in progress: the steps entered so far and what was decided on the way."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, TypeGuard

from wedsync.workflows.engine.limits import RECOVERIES_BEFORE_PARKING, STEP_BYTES
from wedsync.workflows.engine.protocol import (
    Action,
    Choice,
    Decision,
    EngineEvent,
    Finish,
    Outcome,
    Record,
    Standing,
    State,
    StepState,
)
from wedsync.workflows.engine.reading import Reads, values_read
from wedsync.workflows.engine.shape import weight
from wedsync.workflows.engine.state import Phase, Position, over, standing
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


class StandingStep(ABC):
    """A step the run may stand at: in which `phases`, and which `choices` a person has there."""

    __slots__ = ()
    phases: ClassVar[frozenset[Phase]]
    choices: ClassVar[frozenset[Choice]] = frozenset()

    @abstractmethod
    def follow(self, walk: "Walk", position: Position) -> None:
        """Go on from where the run stands, with an event that fits it."""

    @abstractmethod
    def leave(self, walk: "Walk", position: Position) -> None:
        """Record what becomes of the step when the run is stopped here."""


def stands(step: CompiledStep | None) -> TypeGuard[StandingStep]:
    return isinstance(step, StandingStep)


class Walk:
    """Goes from step to step until an effect, a wait, a person or the end.

    A step ends its turn with exactly one of `go_on`, `stand`, `finish` and `fail`.
    """

    def __init__(
        self,
        steps: Mapping[str, CompiledStep],
        reads: Reads,
        event: EngineEvent,
        item: int | None = None,
        parked_at: int = RECOVERIES_BEFORE_PARKING,
    ) -> None:
        self.event = event
        self.item = item
        self.parked_at = parked_at
        self.view = View(event.scope, event.now)
        self._steps = steps
        self._reads = reads
        self._reading: Mapping[str, Any] | None = None
        self._actions: list[Action] = []
        self._next: str | None = None
        self._state: State | None = None

    def decide(self) -> Decision:
        """Enter steps until something ends the walk, and say what was decided."""
        while self._state is None:
            if self._next is None:
                self.finish("succeeded")
            else:
                self.reading(self._next)
                self._steps[self._next].enter(self)
        return Decision(self._state, tuple(self._actions))

    def go_on(self, step: str | None) -> None:
        """Enter this step next; None is the end of the workflow."""
        self._next = step

    def reading(self, step: str) -> None:
        """A step is about to be worked out: its next record says what it read of the wedding."""
        paths = self._reads.get(step)
        self._reading = values_read(paths, self.event.scope.get("wedding")) if paths else None

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
        reads, self._reading = self._reading, None
        self._actions.append(
            Record(step.id, self.item, state, given, output, error, explanation, reads)
        )

    def succeed(
        self, step: CompiledStep, output: Any, explanation: Mapping[str, Any] | None = None
    ) -> None:
        """Record what a step gave, and let later steps of this advance read it."""
        self.record(step, "succeeded", output=output, explanation=explanation)
        self.view.learn(step.id, output)

    def keep(self, step: CompiledStep, output: Any) -> bool:
        """Record what a step was given from outside; False when it cannot be kept, and the run
        ended as failed."""
        refused = refused_output(output)
        if refused is not None:
            self.fail(step, refused)
            return False
        self.succeed(step, output)
        return True

    def stand(self, position: Position, action: Standing) -> None:
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


def refused_output(output: Any) -> dict[str, Any] | None:
    """The error of a step whose answer cannot be kept; None when it can."""
    size = weight(output)
    if size is not None and size <= STEP_BYTES:
        return None
    what = "cannot be kept" if size is None else f"is larger than {STEP_BYTES // 1024} kB"
    message = f"It was done, but what came back {what}."
    return {"class": "permanent", "code": "output_refused", "message": message}


def told_error(error: Mapping[str, Any]) -> dict[str, Any]:
    """An error as it is recorded: with a message in any case."""
    message = error.get("message")
    said = message if isinstance(message, str) and message else "It failed without saying why."
    return {**error, "message": said}


def expression_error(message: str) -> dict[str, Any]:
    """The error of a step whose values could not be worked out: trying again would not help."""
    return {"class": "permanent", "code": "expression_failed", "message": message}
