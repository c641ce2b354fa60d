"""A step, and a whole workflow, in words. Drafts may hold anything; words are always found."""

from collections.abc import Mapping
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
    if refusal(definition) is not None:
        return "This workflow is too large to put into words."
    written = mapping(definition)
    told = _Told(actions).paragraph(written.get("steps"))
    return f"{_when(mapping(written.get('trigger')), names)}: {told}"


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

    def __init__(self, actions: Actions) -> None:
        self._actions = actions
        self._left = MOST_STEPS_TOLD

    def paragraph(self, steps: Any) -> str:
        """The steps of the workflow itself: sentences, a new one after each branching."""
        said = self._flow(steps, after_split=". Then ") or "nothing happens yet"
        return said if said.endswith("?") else f"{said}."

    def _flow(self, steps: Any, after_split: str) -> str:
        said = ""
        joint = ""
        for step in sequence(steps):
            if not isinstance(step, dict) or is_off(step):
                continue
            if self._left == 0:
                return f"{said}{joint}more" if said else "more"
            self._left -= 1
            said += joint + self._step(step)
            joint = after_split if children(step) else ", then "
        return said

    def _step(self, step: Mapping[str, Any]) -> str:
        inside = children(step)
        branches = "; ".join(self._branch(child) for child in inside)
        kind = step.get("kind")
        if isinstance(kind, str) and kind in KINDS and KINDS[kind].splits:
            return branches
        own = _phrase(step, self._actions)
        return f"{own}; {branches}" if branches else own

    def _branch(self, child: Child) -> str:
        joint = " " if child.lead == "otherwise" else ", "
        told = self._flow(child.steps, after_split="; after that ")
        return f"{child.lead}{joint}{told or 'nothing'}"
