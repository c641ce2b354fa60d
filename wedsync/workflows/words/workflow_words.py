"""A workflow as its page and the list tell it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wedsync.platform.wording import State, Wording, capital, in_words
from wedsync.workflows.catalogue import infos_here
from wedsync.workflows.engine import Problem, steps_in_order, summary, trigger_sentence
from wedsync.workflows.engine.steps.kind import mapping
from wedsync.workflows.models import Workflow
from wedsync.workflows.queries import WorkflowLine
from wedsync.workflows.words.step_lines import (
    TRIGGER_LOOKS,
    Line,
    Piece,
    every_line,
    input_title,
    pieces,
)

_STATES = {
    "off": State("off", "Off"),
    "on": State("ready", "On"),
    "paused": State("paused", "Paused"),
}


_PARTS: Mapping[str, str] = {
    "ask": "the question",
    "event": "what it waits for",
    "filter": "the condition",
    "items": "the list",
    "label": "its name",
    "note": "its note",
    "off": "whether it is off",
    "on_error": "what happens if it fails",
    "reason": "the reason",
    "seconds": "how long",
    "then_ask": "who is asked next",
    "until": "until when",
    "when": "the condition",
    "who": "who is asked",
}
"""What people call the parts of a step in which something can be wrong."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A definition in words: what starts it, the paragraph, and its trigger's drawing."""

    trigger: tuple[Piece, ...]
    trigger_icon: str
    lede: tuple[Piece, ...]
    is_manual: bool


@dataclass(frozen=True, slots=True)
class Trouble:
    """One problem of a draft: where, what, and what would mend it."""

    step_id: str
    place: str
    message: str
    fix: str
    is_error: bool


def workflow_state(workflow: Workflow) -> State:
    """On, off or paused; a workflow that was never published is a draft."""
    if workflow.live_version_id is None:
        return State("ahead", "Draft")
    return _STATES[workflow.state]


def shown(definition: Any, names: Mapping[str, str]) -> Shown:
    """A definition in words; drafts may hold anything."""
    trigger = mapping(mapping(definition).get("trigger"))
    kind = str(trigger.get("kind"))
    said = pieces(trigger_sentence(trigger, names).removeprefix("When "))
    first = Piece(capital(said[0].text), said[0].strong)
    return Shown(
        trigger=(first, *said[1:]),
        trigger_icon=TRIGGER_LOOKS.get(kind, TRIGGER_LOOKS["later"])["icon"],
        lede=_lede(summary(definition, infos_here(), names)),
        is_manual=kind == "manual",
    )


def _lede(paragraph: str) -> tuple[Piece, ...]:
    found = pieces(paragraph)
    return found if found and found[-1].text.endswith("…") else (*found, Piece("."))


def list_news(lines: Sequence[WorkflowLine]) -> str:
    """One sentence on all workflows."""
    if not lines:
        return "What is done by itself, and when."
    on = sum(1 for line in lines if line.workflow.state == "on")
    paused = sum(1 for line in lines if line.workflow.state == "paused")
    said = f"{capital(in_words(on))} {'is' if on == 1 else 'are'} on"
    return f"{said}, {in_words(paused)} paused." if paused else f"{said}."


def troubles(
    problems: Sequence[Problem], lines: tuple[Line, ...], definition: Any
) -> list[Trouble]:
    """The problems of a draft in reading order, each with the place people know it by."""
    placed = steps_in_order(definition)
    used = {str(each.step.get("id")): str(each.step.get("use")) for each in placed}
    numbers = {line.id: line.number for line in every_line(lines)}
    order = {step: place for place, step in enumerate(numbers)}
    return [
        Trouble(
            step_id=problem.step or "",
            place=place_of(problem, numbers),
            message=message_of(problem, used.get(problem.step or "", "")),
            fix=problem.fix,
            is_error=problem.severity == "error",
        )
        for problem in sorted(problems, key=lambda each: order.get(each.step or "", -1))
    ]


def place_of(problem: Problem, numbers: Mapping[str, str]) -> str:
    """`The start`, `Step 2`, `Step 2, the question`; `The workflow` for what no step can mend."""
    if problem.step is None and problem.field and not problem.field.startswith("trigger"):
        return "The workflow"
    number = numbers.get(problem.step or "")
    step = "The start" if problem.step is None else f"Step {number}" if number else "A step"
    part = _PARTS.get(problem.field.split(".")[0], "")
    return f"{step}, {part}" if part else step


def message_of(problem: Problem, use: str) -> str:
    """The sentence with an input called as its form would call it: “Address”, not “url”."""
    field = (problem.field or "").removeprefix("input.")
    title = input_title(use, field)
    return problem.message.replace(f"“{field}”", f"“{title}”", 1) if title else problem.message


def news(workflow: Workflow, version: int | None, last: datetime | None, words: Wording) -> str:
    """One sentence on how a workflow stands."""
    if version is None:
        return "This is a draft. Nothing happens until it is published."
    happened = f"It last happened {words.moment(last)}." if last else "It has not happened yet."
    standing = {
        "on": f"Version {version} is live. {happened}",
        "paused": "It is paused: what comes in waits and nothing is sent until it is resumed.",
        "off": f"It is off: nothing starts. {happened}",
    }
    return standing[workflow.state]


def limits(workflow: Workflow) -> str:
    """How much of it may happen at a time, where somebody limited it."""
    said = []
    if workflow.at_once:
        said.append(f"at most {workflow.at_once:,} at the same time")
    if workflow.per_hour:
        said.append(f"at most {workflow.per_hour:,} an hour")
    return capital(" and ".join(said)) + ". What is above waits." if said else ""
