"""A template of one's own as a recipe: its questions are asked, and its answers put in, as ours."""

from collections.abc import Iterable
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from wedsync.workflows.editing.patches import written
from wedsync.workflows.engine.steps.kind import mapping
from wedsync.workflows.ready_made.recipe import Definition, Question, Recipe
from wedsync.workflows.ready_made.slots import UNANSWERED, Answers

_TOLD_UNANSWERED = ("connection", "hook", "email", "text", "link", "listed")
"""Kinds whose gap is told as one; of the others nothing stands there."""


class Place(BaseModel):
    """The way to one value of a definition; `prefix` stands before it (`hook:` of a source)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Annotated[tuple[str | int, ...], Field(min_length=1)]
    prefix: str = ""


class OwnQuestion(Question):
    """A question, and every place of the definition where its answer goes."""

    places: tuple[Place, ...]


class OwnRecipe(Recipe):
    """`written` has nothing at the places of the questions. `troubles` are sentences on what it
    used and is gone, `left_out` on what was not saved."""

    questions: tuple[OwnQuestion, ...]
    template_id: UUID
    written: dict[str, Any]
    troubles: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    workflow_id: UUID | None = None

    @property
    def begins_at(self) -> str | None:
        for question in self.questions:
            if any(place.path[0] == "trigger" for place in question.places):
                return question.connector
        return None

    @property
    def event_type(self) -> str:
        return str(mapping(self.written.get("trigger")).get("event_type") or "")

    def definition(self, answers: Answers) -> Definition:
        return in_places(self.written, self.questions, answers)


def in_places(
    definition: Definition, questions: Iterable[OwnQuestion], answers: Answers
) -> Definition:
    """A definition with each answer at the places of its question; a gap where there is none."""
    for question in questions:
        value = answers.given(question.key)
        if value == UNANSWERED and question.kind not in _TOLD_UNANSWERED:
            continue
        for place in question.places:
            said = f"{place.prefix}{value}" if place.prefix else value
            definition = written(definition, place.path, said)
    return definition
