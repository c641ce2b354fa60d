"""What one step would be given if it were its turn now: what a try of it really does."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from wedsync.errors import Conflict, Invalid
from wedsync.platform.leaves import has_sealed
from wedsync.workflows.building.known.samples import EXAMPLE, Sample
from wedsync.workflows.building.tries.tryable import Tryable
from wedsync.workflows.building.tries.walking import first_event
from wedsync.workflows.building.tries.would import problem_of
from wedsync.workflows.catalogue import Entry
from wedsync.workflows.engine import Perform, Program, Record, advance
from wedsync.workflows.engine.steps.kind import mapping

NOTHING_OUTSIDE = "This step does nothing outside, so pretending shows all of it."
_OFF = "This step is turned off. Turn it on to try it."
_UNFINISHED = "This step is not finished, so it cannot be tried yet."
_SEALED = (
    "This step uses something that is kept sealed, and a try may not open it. Pretend instead, or"
    " publish the workflow: then it is opened when it leaves."
)
_EXAMPLE = (
    "Nobody writes to an example couple. Choose a couple of yours, or have it sent to yourself."
)
_NO_RECIPIENT = "This cannot be sent to yourself: it does not say who gets it."


@dataclass(frozen=True, slots=True)
class ToMe:
    """The person's own address, in the place of whoever would get a message."""

    email: str


def wanted(
    can: Tryable, step: Mapping[str, Any], entry: Entry | None, sample: Sample, to_me: ToMe | None
) -> Perform:
    """What a step is to do. Raises Invalid and Conflict, each with a sentence, where it cannot be
    tried."""
    if step.get("kind") != "action":
        raise Conflict(NOTHING_OUTSIDE, code="nothing_to_try")
    name = str(step.get("id"))
    if needs := can.unfinished.get(name):
        raise Invalid(f"{_UNFINISHED} {' '.join(needs)}", code="step_unfinished")
    if can.program is None or entry is None:
        raise Invalid(_UNFINISHED, code="step_unfinished")
    if name not in can.program.steps:
        raise Conflict(_OFF, code="nothing_to_try")
    perform = _addressed(_worked_out(can.program, name, sample), entry, sample, to_me)
    if has_sealed(perform.input):
        raise Conflict(_SEALED, code="sealed_input")
    if problem := problem_of(perform.input, entry):
        raise Invalid(problem, code="input_unfit")
    return perform


def _addressed(perform: Perform, entry: Entry, sample: Sample, to_me: ToMe | None) -> Perform:
    if to_me is not None:
        if entry.recipient is None:
            raise Conflict(_NO_RECIPIENT, code="nothing_to_try")
        return replace(perform, input={**perform.input, entry.recipient: to_me.email})
    if entry.is_message and sample.key == EXAMPLE:
        raise Conflict(_EXAMPLE, code="example_recipient")
    return perform


def _worked_out(program: Program, name: str, sample: Sample) -> Perform:
    decision = advance(program, None, first_event(program, sample, name))
    for action in decision.actions:
        if isinstance(action, Perform) and action.step == name:
            return action
        if isinstance(action, Record) and action.state == "failed" and action.step == name:
            message = mapping(action.error).get("message")
            raise Invalid(str(message or _UNFINISHED), code="input_unfit")
    raise Invalid(_UNFINISHED, code="step_unfinished")
