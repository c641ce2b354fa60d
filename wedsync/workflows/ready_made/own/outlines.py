"""What would be saved of a workflow as a template, before it is: its questions and what stays here.

Nothing is kept by looking.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from wedsync.errors import Conflict, FieldError, Invalid
from wedsync.platform.wording import in_words
from wedsync.workflows.catalogue import Entries, entries
from wedsync.workflows.editing.draft_operations import located
from wedsync.workflows.editing.patches import Path, read, removed, written
from wedsync.workflows.editing.references import references
from wedsync.workflows.engine.outline import steps_in_order
from wedsync.workflows.engine.shape import refusal
from wedsync.workflows.engine.steps.kind import mapping
from wedsync.workflows.engine.words import clip
from wedsync.workflows.models import Workflow
from wedsync.workflows.page_queries import source_names
from wedsync.workflows.ready_made.own import possible_question, possible_questions
from wedsync.workflows.ready_made.own.leaving_out import (
    GAP,
    Leaving,
    Privacy,
    called_places,
    is_own,
    privacy_of,
)
from wedsync.workflows.ready_made.own.own_recipe import OwnQuestion, in_places
from wedsync.workflows.ready_made.own.possible_question import Possible
from wedsync.workflows.ready_made.recipe import MOST_QUESTIONS
from wedsync.workflows.ready_made.slots import NOT_CHOSEN, Answers
from wedsync.workflows.words import workflow_words

LONGEST_SENTENCE = 300
_WHO = ("who", "then_ask")


@dataclass(frozen=True, slots=True)
class Outline:
    """`possible` are the questions there could be, those `asked` among them; `left_out` says what
    is not saved, naming no one. `name`, `goal` and `sentence` are what it would be called."""

    possible: tuple[Possible, ...]
    asked: tuple[OwnQuestion, ...]
    definition: dict[str, Any]
    left_out: tuple[str, ...]
    name: str
    goal: str
    sentence: str


def outline(workflow: Workflow, keys: Collection[str] | None = None) -> Outline:
    """What saving this draft would keep, asking the questions of these keys, or those that are
    suggested (None). Raises Conflict `cannot_be_saved`; Invalid for other questions, or too many.
    """
    definition = _checked(workflow.draft)
    known = entries(workflow.organization_id)
    privacy = privacy_of(workflow.organization_id, definition, workflow.name)
    found = possible_questions.possible(workflow.organization_id, definition, known, privacy)
    picked = _picked(found, keys)
    asked = tuple(each.question for each in picked)
    bare, open_ = _bare(definition, found, picked, _Called(known, privacy))
    leaving = Leaving(privacy, called_places(definition, _Called(known, privacy).quoted))
    clean = leaving.out(bare)
    return Outline(
        possible=found,
        asked=asked,
        definition=clean,
        left_out=(*open_, *leaving.told),
        name=privacy.clean(workflow.name)[0].strip(f" {GAP}") or "A workflow of ours",
        goal=_goal(definition, known),
        sentence=_sentence(workflow.organization_id, clean, asked),
    )


@dataclass(frozen=True, slots=True)
class _Called:
    """What steps are called where no one may be named."""

    known: Entries
    privacy: Privacy

    def quoted(self, step: Any) -> str:
        return f"“{possible_question.called(step, self.known, self.privacy)}”"

    def at(self, definition: Any, path: Path) -> str:
        """What the step around a place is called."""
        inside = [each for each in located(definition) if path[: len(each.path)] == each.path]
        return self.quoted(inside[-1].step) if inside else "what starts it"


def _checked(definition: Any) -> dict[str, Any]:
    problem = refusal(definition)
    if problem is None and not isinstance(definition, dict):
        problem = "This draft is not a workflow."
    if problem is not None:
        raise Conflict(f"{problem} It cannot be saved as a template.", code="cannot_be_saved")
    if not definition.get("trigger") and not definition.get("steps"):
        raise Conflict(
            "There is nothing in this workflow yet that could be saved as a template.",
            code="cannot_be_saved",
        )
    return dict(definition)


def _picked(found: Sequence[Possible], keys: Collection[str] | None) -> tuple[Possible, ...]:
    if keys is None:
        return possible_questions.suggested(found)
    always = [each for each in found if each.is_always][:MOST_QUESTIONS]
    wanted = {each.question.key for each in always} | set(keys)
    if unknown := wanted - {each.question.key for each in found}:
        problem = f"There is no question “{clip(min(unknown), 40)}” in this workflow any more."
        raise Invalid(problem, errors=[FieldError("/questions", "questions", problem)])
    picked = tuple(each for each in found if each.question.key in wanted)
    if len(picked) > MOST_QUESTIONS:
        problem = f"A template asks at most {in_words(MOST_QUESTIONS)} questions. Untick some."
        raise Invalid(problem, errors=[FieldError("/questions", "questions", problem)])
    return picked


def _bare(
    definition: dict[str, Any],
    found: Sequence[Possible],
    picked: Sequence[Possible],
    called: _Called,
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The definition with nothing where a question is asked, nor where something of one's own
    stands; and, of the latter, what has to be chosen in the builder."""
    asked = {place.path for each in picked for place in each.question.places}
    private = {
        place.path: each.question.kind
        for each in found
        if each.is_own
        for place in each.question.places
    }
    named = {
        (each.path[:-1] if each.kind == "person" else each.path): (each.kind, each.prefix)
        for each in references(definition)
        if is_own(each.kind)
    }
    bare, told = definition, dict[str, None]()
    for path in {**dict.fromkeys(asked), **private, **named}:
        prefix = named[path][1] if path in named else ""
        bare = _without(bare, path, prefix)
        if path not in asked:
            kind = named[path][0] if path in named else private[path]
            told[_open(str(kind), called.at(definition, path))] = None
    return bare, tuple(told)


def _without(definition: dict[str, Any], path: Path, prefix: str) -> dict[str, Any]:
    """Nothing at a place: the field is taken away, an item of a list empty, so that the others
    keep their places."""
    if read(definition, path) is None:
        return definition
    if len(path) > 1 and path[-2] in _WHO:
        path = path[:-1]
    if prefix or not isinstance(path[-1], str):
        return dict(written(definition, path, prefix))
    return dict(removed(definition, path))


_OPEN = {
    "connection": "The account of {where}: you choose it in the builder.",
    "hook": "The webhook of {where}: you choose it in the builder.",
    "person": "Who is asked at {where}: you choose it in the builder.",
    "email": "The e-mail address of {where}: you write it in the builder.",
    "listed": "What was chosen at the account for {where}: you choose it in the builder.",
}


def _open(kind: str, where: str) -> str:
    return _OPEN.get(kind, "What is written in {where}: you write it in the builder.").format(
        where=where
    )


_GOAL_OF = {
    "Guests": "guests",
    "Calendar": "dates",
    "Money": "paid",
    "Files": "photos",
    "Messages": "send",
}


def _goal(definition: Any, known: Entries) -> str:
    """What most of its actions are for; nearly all send something, so that counts last."""
    uses = (mapping(each.step).get("use") for each in steps_in_order(definition))
    groups = [known[use].group for use in uses if isinstance(use, str) and use in known]
    goals = [_GOAL_OF[each] for each in groups if each in _GOAL_OF]
    likely = Counter(each for each in goals if each != "send").most_common(1)
    return likely[0][0] if likely else "send" if goals else "build"


def _sentence(
    organization_id: UUID, definition: dict[str, Any], questions: Sequence[OwnQuestion]
) -> str:
    """What it does as a paragraph, with a gap where it asks, clipped to what a card holds."""
    unanswered = in_places(definition, questions, Answers({}))
    names = {**source_names(organization_id), **NOT_CHOSEN}
    shown = workflow_words.shown(unanswered, names)
    return clip("".join(piece.text for piece in shown.lede), LONGEST_SENTENCE)
