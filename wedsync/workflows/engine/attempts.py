"""An action step while it is being done: the attempt, what came of it, and what follows.

| what came of it | effect none, local, idempotent | effect lookup | effect once |
|---|---|---|---|
| `not_sent`, `rate_limit` | tried again | tried again | tried again |
| `maybe` | tried again, same key | looked up | `unsure`, as `on_unsure` says |
| death after `started` | again at once, same key | looked up | `unsure`, as `on_unsure` says |
| `auth`, `permanent` | failed | failed | failed |
| `unwanted` | left out | left out | left out |

A class we do not know is a `maybe`. Failed, or tried to the end: `on_error.then`. Looking up what
became of a lost attempt (`looking_up`) waits as long as a next try would and is an attempt itself:

| what a look found | then |
|---|---|
| it happened | succeeded, with what was found |
| `absent` | tried again, same key |
| nothing, for now | looked up again while there are tries, then `unsure`, as `on_unsure` says |
| `auth`, `permanent` | `unsure`, as `on_unsure` says |

An `auth` of a step with a connection never comes here: its run waits until the connection is
mended, and then resumes; so does one whose connection cannot be used before anything started.
Nor does work that never got its turn, whose run waits for room, nor what a far end asked to be sent
later and said when: a `rate_limit`, or a `maybe` that may be repeated. Its run stands in line.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from wedsync.workflows.engine.expressions import EvaluationFailed, Template
from wedsync.workflows.engine.protocol import (
    Choice,
    NeedsAttention,
    OnUnsure,
    Perform,
    StepState,
    WaitUntil,
)
from wedsync.workflows.engine.retry import RetryPolicy, asked_delay
from wedsync.workflows.engine.state import Phase, Position
from wedsync.workflows.engine.view import instant
from wedsync.workflows.engine.walk import (
    StandingStep,
    Walk,
    expression_error,
    refused_output,
    told_error,
)

REPEATABLE_EFFECTS = ("none", "local", "idempotent")

_LOOKS_UP: Mapping[str, Any] = {"looks_up": True}
"""The plan of a position whose next attempt, or the one on its way, is a look."""

_NEVER_ARRIVED = ("not_sent", "rate_limit")
_USELESS_TO_REPEAT = ("auth", "permanent")


@dataclass(frozen=True, slots=True)
class ActionStep(StandingStep):
    """Gives what the action answered. After the last failure the flow goes to `after_failure`
    when `then` is `steps`, past the step when `continue`, and ends when `stop`."""

    phases: ClassVar[frozenset[Phase]] = frozenset(("performing", "retrying", "asking"))
    choices: ClassVar[frozenset[Choice]] = frozenset(("send_again", "treat_as_done", "skip"))

    id: str
    title: str
    next: str | None
    use: str
    connection: str | None
    input: Template
    timeout_s: float
    on_unsure: OnUnsure
    retry: RetryPolicy
    then: Literal["stop", "continue", "steps"]
    after_failure: str | None

    def enter(self, walk: Walk) -> None:
        perform(walk, self, Position(self.id, walk.item), None)

    def follow(self, walk: Walk, position: Position) -> None:
        event = walk.event
        if event.kind == "resume":
            perform(walk, self, position, event.input)
        elif event.kind == "recovered":
            died(walk, self, position)
        elif event.kind == "decide":
            _decided(walk, self, position)
        elif event.error is None:
            succeeded(walk, self, event.output)
        else:
            failed(walk, self, position, event.error)

    def leave(self, walk: Walk, position: Position) -> None:
        if position.phase == "retrying" and is_looking_up(position):
            walk.record(self, "unsure", explanation={"why": _NOT_LOOKED_UP})
        elif position.phase in _LEFT_BEHIND:
            left, why = _LEFT_BEHIND[position.phase]
            walk.record(self, left, explanation={"why": why})


_LEFT_BEHIND: Mapping[str, tuple[StepState, str]] = {
    # What is under way cannot be called back.
    "performing": ("unsure", "It was stopped while this was going on."),
    "retrying": ("skipped", "It was stopped before the next try."),
}


def perform(
    walk: Walk, step: ActionStep, position: Position, given: Mapping[str, Any] | None
) -> None:
    """Start the next attempt with what was recorded; the first time, with what is worked out."""
    if given is None:
        walk.reading(step.id)
    try:
        values = step.input.fill(walk.view) if given is None else given
    except EvaluationFailed as failure:
        message = f"What it needs could not be worked out. {failure}"
        _fail(walk, step, expression_error(message))
        return
    attempt = position.attempt + 1
    walk.record(step, "started", given=values)
    walk.stand(
        replace(position, phase="performing", attempt=attempt),
        Perform(
            step.id,
            position.item,
            step.use,
            step.connection,
            values,
            step.timeout_s,
            attempt,
            position.generation,
            step.on_unsure,
            is_looking_up(position),
        ),
    )


def is_looking_up(position: Position) -> bool:
    """Whether its attempt asks what became of an earlier one."""
    return bool((position.plan or {}).get("looks_up"))


def looking_up(position: Position) -> Position:
    """This position with a look for its next attempt."""
    return replace(position, plan=_LOOKS_UP)


def succeeded(walk: Walk, step: ActionStep, output: Any) -> None:
    """An attempt was answered. What it answered must be something that can be kept."""
    refused = refused_output(output)
    if refused is not None:
        _fail(walk, step, refused)
        return
    walk.succeed(step, output)
    walk.go_on(step.next)


def failed(walk: Walk, step: ActionStep, position: Position, error: Mapping[str, Any]) -> None:
    """An attempt ended with an error."""
    kind = error.get("class")
    told = told_error(error)
    if is_looking_up(position):
        _not_found(walk, step, position, told)
    elif kind in _USELESS_TO_REPEAT:
        _fail(walk, step, told)
    elif kind == "unwanted":
        _leave_out(walk, step, {"why": told["message"]})
    elif kind in _NEVER_ARRIVED or walk.event.effect in REPEATABLE_EFFECTS:
        _try_later(walk, step, position, told)
    elif walk.event.effect == "lookup":
        _look_later(walk, step, replace(position, tries=position.tries + 1), told)
    else:
        _unsure(walk, step, position, told)


def _not_found(walk: Walk, step: ActionStep, position: Position, error: Mapping[str, Any]) -> None:
    """A look did not find that it happened: because it did not, or because nobody could say."""
    kind, had_all_tries = error.get("class"), position.tries >= step.retry.attempts
    known = replace(position, plan=None)
    if kind == "absent" and had_all_tries:
        _fail(walk, step, error)
    elif kind == "absent":
        perform(walk, step, known, walk.event.input)
    elif kind in _USELESS_TO_REPEAT or had_all_tries:
        _unsure(walk, step, known, error)
    else:
        _look_later(walk, step, replace(position, tries=position.tries + 1), error)


def died(walk: Walk, step: ActionStep, position: Position) -> None:
    """The process that made the attempt is gone, and nobody knows how far it came."""
    position = replace(position, recoveries=position.recoveries + 1)
    if position.recoveries >= walk.parked_at:
        _park_poison(walk, step, position)
    elif is_looking_up(position) or walk.event.effect in REPEATABLE_EFFECTS:
        perform(walk, step, position, walk.event.input)
    elif walk.event.effect == "lookup":
        _look_later(walk, step, position, _DEATH)
    elif step.on_unsure == "retry":
        perform(walk, step, position, walk.event.input)
    else:
        _unsure(walk, step, position, _DEATH)


def _try_later(walk: Walk, step: ActionStep, position: Position, error: Mapping[str, Any]) -> None:
    tries = position.tries + 1
    if tries >= step.retry.attempts:
        _fail(walk, step, error)
        return
    walk.record(step, "waiting", error=error)
    _wait(walk, step, replace(position, tries=tries), error)


def _look_later(walk: Walk, step: ActionStep, position: Position, error: Mapping[str, Any]) -> None:
    """Look up what became of it, not at once: what is still on its way cannot be found yet."""
    walk.record(step, "unsure", error=error, explanation={"why": _UNSURE_LOOKED_UP})
    _wait(walk, step, looking_up(position), error)


def _wait(walk: Walk, step: ActionStep, position: Position, error: Mapping[str, Any]) -> None:
    event, tries = walk.event, max(1, position.tries)
    due_at = step.retry.due_at(event.now, tries, event.random, asked_delay(error))
    waiting_for = {"kind": "retry", "id": step.id, "until": instant(due_at)}
    walk.stand(
        replace(position, phase="retrying"),
        WaitUntil(step.id, position.item, due_at, waiting_for),
    )


def _unsure(walk: Walk, step: ActionStep, position: Position, error: Mapping[str, Any]) -> None:
    if step.on_unsure == "retry":
        _try_later(walk, step, position, error)
    elif step.on_unsure == "skip":
        walk.record(step, "unsure", error=error, explanation={"why": _UNSURE_SKIPPED})
        walk.view.learn(step.id, None)
        walk.go_on(step.next)
    else:
        walk.record(step, "unsure", error=error, explanation={"why": _UNSURE_ASKED})
        reason = f"“{step.title}” may have happened. {_UNSURE_ASKED}"
        _ask(walk, position, reason, "unsure")


def _park_poison(walk: Walk, step: ActionStep, position: Position) -> None:
    why = f"We were interrupted {position.recoveries} times while doing it and have stopped trying."
    walk.record(step, "unsure", error=_DEATH, explanation={"why": why})
    reason = f"“{step.title}” may have happened. {why}"
    _ask(walk, position, reason, "poison")


def _ask(walk: Walk, position: Position, reason: str, code: Literal["unsure", "poison"]) -> None:
    question = NeedsAttention(position.step, position.item, reason, code)
    walk.stand(replace(position, phase="asking"), question)


def _fail(walk: Walk, step: ActionStep, error: Mapping[str, Any]) -> None:
    if step.then == "stop":
        walk.fail(step, error)
        return
    walk.record(step, "failed", error=error)
    walk.view.learn(step.id, None)
    walk.go_on(step.after_failure if step.then == "steps" else step.next)


def _decided(walk: Walk, step: ActionStep, position: Position) -> None:
    if walk.event.decision == "send_again":
        send_again(walk, step, position)
    elif walk.event.decision == "treat_as_done":
        treat_as_done(walk, step)
    else:
        skip(walk, step)


def send_again(walk: Walk, step: ActionStep, position: Position) -> None:
    """A person wants it done once more, under a new key and with all its tries."""
    generation = position.generation + 1
    renewed = replace(position, generation=generation, tries=0, recoveries=0, plan=None)
    perform(walk, step, renewed, walk.event.input)


def treat_as_done(walk: Walk, step: ActionStep) -> None:
    """A person says it happened; `output` of the event is what they know of the answer."""
    known = walk.event.output if refused_output(walk.event.output) is None else None
    walk.succeed(step, known, {"decision": "treat_as_done", "why": "Somebody said it was done."})
    walk.go_on(step.next)


def skip(walk: Walk, step: ActionStep) -> None:
    """A person lets it be."""
    _leave_out(walk, step, {"decision": "skip", "why": "Somebody chose to leave it out."})


def _leave_out(walk: Walk, step: ActionStep, explanation: Mapping[str, Any]) -> None:
    walk.record(step, "skipped", explanation=explanation)
    walk.view.learn(step.id, None)
    walk.go_on(step.next)


_DEATH: Mapping[str, Any] = {
    "class": "maybe",
    "code": "interrupted",
    "message": "We were interrupted while doing it.",
}
_UNSURE_ASKED = "We have not tried again, so nobody gets it twice."
_UNSURE_LOOKED_UP = "We look up what became of it before anything is tried again."
_NOT_LOOKED_UP = "It was stopped before we could look up what became of it."
_UNSURE_SKIPPED = "We have not tried again, and went on without knowing."
