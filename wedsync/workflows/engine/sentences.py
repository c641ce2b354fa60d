"""A step, and a whole workflow, in words. Drafts may hold anything; words are always found."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

from wedsync.workflows.engine.outline import children
from wedsync.workflows.engine.shape import refusal
from wedsync.workflows.engine.steps import KINDS
from wedsync.workflows.engine.steps.kind import Actions, Child, is_off, mapping, sequence
from wedsync.workflows.engine.trigger_kind import Names
from wedsync.workflows.engine.triggers import TRIGGERS
from wedsync.workflows.engine.words import clip

MOST_STEPS_TOLD = 40

_NO_NAMES: Names = {}


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the paragraph. What it tells of is a `step` by its id, or what starts it all; with
    a `field`, what leads into that list of the step's."""

    text: str
    step: str | None = None
    is_start: bool = False
    field: str = ""


def sentence(step: Any, actions: Actions) -> str:
    """One step as a sentence: `Send “seating.guest_added” to whoever listens.`"""
    if refusal(step) is not None:
        return "This step is too large to put into words."
    said = _phrase(mapping(step), actions)
    return f"{said[:1].upper()}{said[1:]}."


def trigger_sentence(trigger: Any, names: Names = _NO_NAMES) -> str:
    """When a workflow starts: `When a partner's webhook arrives.`

    `names` says what people call the sources: `{"hook:<id>": "Petal's answers"}`, and what their
    events mean: `{"connection:<id> external.rsvp.received": "a guest answers"}`.
    """
    if refusal(trigger) is not None:
        return "What starts this is too large to put into words."
    return f"{_when(mapping(trigger), names)}."


def summary(definition: Any, actions: Actions, names: Names = _NO_NAMES) -> str:
    """The whole workflow as one paragraph: `When …: if …, send …; otherwise nothing.`

    Steps that are turned off are left out.
    """
    return "".join(each.text for each in summary_stretches(definition, actions, names))


def summary_stretches(
    definition: Any,
    actions: Actions,
    names: Names = _NO_NAMES,
    *,
    known: Container[tuple[str | None, str]] = frozenset(),
) -> tuple[Stretch, ...]:
    """The summary, with the step that each part of it tells of. The parts that are `known`, by step
    and field, are left empty: the caller has words for them."""
    if refusal(definition) is not None:
        return (Stretch("This workflow is too large to put into words."),)
    written = mapping(definition)
    told = _Told(actions, known).paragraph(written.get("steps"))
    when = _when(mapping(written.get("trigger")), names)
    return (Stretch(when, is_start=True), Stretch(": "), *told)


def _when(trigger: Mapping[str, Any], names: Names) -> str:
    kind = trigger.get("kind")
    if not isinstance(kind, str):
        return "When something starts it"
    if kind in TRIGGERS:
        return TRIGGERS[kind].words(trigger, names)
    return "When it starts"


def _phrase(step: Mapping[str, Any], actions: Actions) -> str:
    kind = step.get("kind")
    if isinstance(kind, str) and kind in KINDS:
        return KINDS[kind].phrase(step, actions)
    return f"do something unknown (“{clip(str(kind), 40)}”)"


class _Told:
    """Tells steps until enough is told."""

    def __init__(self, actions: Actions, known: Container[tuple[str | None, str]]) -> None:
        self._actions = actions
        self._known = known
        self._left = MOST_STEPS_TOLD

    def paragraph(self, steps: Any) -> list[Stretch]:
        """The steps of the workflow itself: sentences, a new one after each branching."""
        said = self._flow(steps, after_split=". Then ") or [Stretch("nothing happens yet")]
        return said if said[-1].text.endswith("?") else [*said, Stretch(".")]

    def _flow(self, steps: Any, after_split: str) -> list[Stretch]:
        said: list[Stretch] = []
        joint: list[Stretch] = []
        for step in sequence(steps):
            if not isinstance(step, dict) or is_off(step):
                continue
            if self._left == 0:
                return [*said, *joint, Stretch("more")]
            self._left -= 1
            said += [*joint, *self._step(step)]
            joint = [Stretch(after_split if children(step) else ", then ")]
        return said

    def _step(self, step: Mapping[str, Any]) -> list[Stretch]:
        own_id = step.get("id")
        name = own_id if isinstance(own_id, str) else None
        branches: list[Stretch] = []
        for number, child in enumerate(children(step)):
            branches += [Stretch("; ")] if number else []
            branches += self._branch(child, name)
        kind = step.get("kind")
        if isinstance(kind, str) and kind in KINDS and KINDS[kind].splits:
            return branches
        own = Stretch("" if (name, "") in self._known else _phrase(step, self._actions), name)
        return [own, Stretch("; "), *branches] if branches else [own]

    def _branch(self, child: Child, owner: str | None) -> list[Stretch]:
        joint = " " if child.field == "otherwise" else ", "
        told = self._flow(child.steps, after_split="; after that ")
        lead = "" if (owner, child.field) in self._known else child.lead
        return [
            Stretch(lead, owner, field=child.field),
            Stretch(joint),
            *(told or [Stretch("nothing")]),
        ]
