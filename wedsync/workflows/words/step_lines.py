"""A definition as the lines people read: role, sentence, what it says, branches beside each other.

Drafts may hold anything, so nothing here trusts a definition's shape.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from wedsync.platform import wording
from wedsync.workflows.catalogue import entries_here, infos_here
from wedsync.workflows.engine import ActionInfo, sentence
from wedsync.workflows.engine.operators import unescape_key
from wedsync.workflows.engine.outline import children
from wedsync.workflows.engine.retry import RetryPolicy
from wedsync.workflows.engine.shape import refusal
from wedsync.workflows.engine.steps.action import effect_of
from wedsync.workflows.engine.steps.kind import Child, is_off, mapping, sequence
from wedsync.workflows.engine.words import clip, expression_words

LOOKS: Mapping[str, Mapping[str, str]] = {
    "choose": {"role": "If", "icon": "arrows-split-2"},
    "filter": {"role": "If", "icon": "filter"},
    "set": {"role": "Note", "icon": "notes"},
    "stop": {"role": "End", "icon": "flag"},
    "action": {"role": "Do", "icon": "bolt"},
    "for_each": {"role": "Each", "icon": "repeat"},
    "wait": {"role": "Wait", "icon": "hourglass-empty"},
    "approval": {"role": "Ask", "icon": "user-check"},
    "call": {"role": "Start", "icon": "arrow-fork"},
    "later": {"role": "Later", "icon": "circle-dashed"},
}
TRIGGER_LOOKS: Mapping[str, Mapping[str, str]] = {
    "webhook": {"icon": "webhook"},
    "event": {"icon": "bell"},
    "manual": {"icon": "hand-click"},
    "schedule": {"icon": "clock"},
    "wedding_date": {"icon": "calendar-heart"},
    "poll": {"icon": "refresh"},
    "workflow": {"icon": "arrow-fork"},
    "later": {"icon": "circle-dashed"},
}

_QUOTED = re.compile(r"“([^“”]*)”")
_DOTTED = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_SINGLE = str.maketrans("“”", "‘’")
_MOST_VALUES = 12
_LONGEST_LABEL = 60


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a sentence; `strong` is what fills a slot."""

    text: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Branch:
    """A column of a step. `when` says in words what leads there."""

    label: str
    when: str
    lines: tuple["Line", ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One step. `number` is its place in words (`2`, or `1, Yes` inside a branch). One that
    `is_off` is passed over, with what is in its branches."""

    id: str
    number: str
    role: str
    icon: str
    sentence: tuple[Piece, ...]
    detail: tuple[Piece, ...]
    note: str
    values: tuple[tuple[str, str], ...]
    if_it_fails: str
    branches: tuple[Branch, ...]
    is_off: bool


def pieces(said: str) -> tuple[Piece, ...]:
    """A sentence with what it quotes made strong; the names of events become words, and a question
    stays in its quotation marks."""
    parts = _QUOTED.split(said.removesuffix("."))
    for number in range(1, len(parts), 2):
        if is_question(parts[number]):
            parts[number - 1] += "“"
            parts[number + 1] = f"”{parts[number + 1]}"
    return tuple(
        Piece(_unquoted(part) if number % 2 else part, strong=bool(number % 2))
        for number, part in enumerate(parts)
        if part
    )


def is_question(text: str) -> bool:
    """Whether words would be taken for the end of the sentence they stand in."""
    return text.endswith("?")


def plain(said: tuple[Piece, ...]) -> str:
    """The pieces as plain text."""
    return "".join(piece.text for piece in said)


def _unquoted(text: str) -> str:
    is_event_type = _DOTTED.fullmatch(text) is not None
    return wording.name_words(text) if is_event_type else text


def lines_of(definition: Any) -> tuple[Line, ...]:
    """The steps of a definition, branches inside their steps."""
    if refusal(definition) is not None:
        return ()
    return tuple(_lines(mapping(definition).get("steps"), ""))


def every_line(lines: tuple[Line, ...]) -> Iterator[Line]:
    """The lines and those inside their branches, in reading order."""
    for line in lines:
        yield line
        for branch in line.branches:
            yield from every_line(branch.lines)


def _lines(steps: Any, place: str) -> Iterator[Line]:
    number = 0
    for step in sequence(steps):
        if isinstance(step, dict):
            number += 1
            yield _line(step, place or str(number))


def _line(step: Mapping[str, Any], place: str) -> Line:
    look = look_of(step)
    said, detail = titled(step, sentence_of(step))
    return Line(
        id=str(step.get("id", "")),
        number=place,
        role=look["role"],
        icon=look["icon"],
        sentence=said,
        detail=detail,
        note=str(step.get("note") or ""),
        values=tuple(_values(step)),
        if_it_fails=if_it_fails(step),
        branches=tuple(_branch(child, place) for child in children(step)),
        is_off=is_off(step),
    )


def look_of(step: Mapping[str, Any]) -> Mapping[str, str]:
    """The role and icon of a step: those of its kind, an action's icon from its manifest."""
    kind = step.get("kind")
    look = LOOKS.get(kind, LOOKS["later"]) if isinstance(kind, str) else LOOKS["later"]
    if kind == "action":
        entry = entries_here().get(str(step.get("use")))
        return {**look, "icon": entry.icon} if entry else look
    return look


def sentence_of(step: Mapping[str, Any]) -> tuple[Piece, ...]:
    """What a step does, in the present tense."""
    if step.get("kind") == "choose":
        return (Piece("Take the first that fits"),)
    return pieces(sentence(step, infos_here()))


def titled(
    step: Mapping[str, Any], said: tuple[Piece, ...]
) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """What people call a step, with what it does below; without a name, what it does alone."""
    label = step.get("label")
    if isinstance(label, str) and label.strip():
        return (Piece(clip(label), strong=True),), said
    return said, ()


def step_name(step: Mapping[str, Any]) -> str:
    """What people call a step: its label, else what it does."""
    label = step.get("label")
    if isinstance(label, str) and label.strip():
        return clip(label)
    return inside_quotes(plain(pieces(sentence(step, infos_here()))))


def inside_quotes(said: str) -> str:
    """Words that will stand in quotation marks: their own become single ones."""
    return said.translate(_SINGLE)


def done_sentence(step: Mapping[str, Any], given: Any = None) -> tuple[Piece, ...]:
    """What an action did, in the past tense, with what it was `given` in the slots."""
    filled = {**step, "input": given} if isinstance(given, dict) else step
    return pieces(sentence(filled, _past_infos()))


def input_title(use: str, field: str) -> str | None:
    """What the form of an action calls one of its inputs."""
    entry = entries_here().get(use)
    return entry.titles.get(field) if entry else None


def _past_infos() -> Mapping[str, ActionInfo]:
    """The actions with the sentence their manifest has for what is done."""
    return {
        use: replace(entry.info, sentence=entry.done or entry.info.sentence)
        for use, entry in entries_here().items()
    }


def _values(step: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a step notes or sends, by name, each told as where it comes from."""
    if step.get("kind") == "set":
        written: Mapping[str, Any] = mapping(step.get("values"))
    else:
        given = mapping(step.get("input"))
        written = mapping(given.get("data")) or mapping(given.get("json"))
    for name, value in list(written.items())[:_MOST_VALUES]:
        yield label_of(unescape_key(name)), expression_words(value)


def label_of(name: str) -> str:
    """The name of a value as a label: `party_size` is `Party size`."""
    return clip(wording.name_words(name), _LONGEST_LABEL)


def if_it_fails(step: Mapping[str, Any]) -> str:
    """What happens when an action fails; nothing of what cannot."""
    info = infos_here().get(str(step.get("use")))
    if step.get("kind") != "action" or (info and effect_of(info, step) == "local"):
        return ""
    on_error = mapping(step.get("on_error"))
    try:
        tries = RetryPolicy.of(mapping(on_error.get("retry"))).attempts
    except (TypeError, ValueError):
        return ""  # an unfinished draft; its problem is told above
    then = {"continue": "then it goes on without", "steps": "then what is below happens"}
    ending = then.get(str(on_error.get("then")), "then this stops and you are told")
    return f"If it fails: {'tried once' if tries == 1 else f'tried {tries} times'}, {ending}."


def _branch(child: Child, place: str) -> Branch:
    is_otherwise = child.lead == "otherwise"
    when = "always here, so nobody falls through" if is_otherwise else child.lead
    if child.lead.startswith("if "):
        when = f"when {child.lead[3:]}"
    return Branch(child.label, when, tuple(_lines(child.steps, f"{place}, {child.label}")))
