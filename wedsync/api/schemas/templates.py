"""Templates of an organization's own, as the API tells them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from wedsync.api.schemas.base import Answer, Body, Page, Resource
from wedsync.workflows.ready_made.models import WorkflowTemplate
from wedsync.workflows.ready_made.own.outlines import LONGEST_SENTENCE, Outline
from wedsync.workflows.ready_made.own.own_recipe import OwnQuestion, OwnRecipe
from wedsync.workflows.ready_made.own.templates import LONGEST_NAME
from wedsync.workflows.ready_made.recipe import MOST_QUESTIONS, Kind

Goal = Literal["guests", "dates", "paid", "photos", "send", "build"]

_NAME = Field(
    default=None,
    min_length=1,
    max_length=LONGEST_NAME,
    description="Unique among the templates; left out, the workflow's own.",
    examples=["A guest cannot come"],
)
_GOAL = Field(
    default=None,
    description="What it is for; left out, what most of its actions are for.",
    examples=["guests"],
)
_SENTENCE = Field(
    default=None,
    min_length=1,
    max_length=LONGEST_SENTENCE,
    description="What it does; left out, we write it.",
    examples=["The caterer knows within a minute."],
)
_QUESTIONS = Field(
    default=None,
    max_length=MOST_QUESTIONS,
    description=(
        "The keys of what is asked, as `possible-questions` names them; accounts and webhooks"
        " always are. Left out, what is suggested."
    ),
)


class TemplateIn(Body):
    workflow_id: UUID = Field(
        strict=False,
        description="Whose draft is saved.",
        examples=["0198c0de-0000-7000-8000-000000000001"],
    )
    name: str | None = _NAME
    goal: Goal | None = _GOAL
    sentence: str | None = _SENTENCE
    questions: list[str] | None = _QUESTIONS


class TemplatePatch(Body):
    """What is left out stays as it is."""

    name: str | None = _NAME
    goal: Goal | None = _GOAL
    sentence: str | None = _SENTENCE


class RenewIn(Body):
    workflow_id: UUID | None = Field(
        default=None,
        strict=False,
        description="Whose draft is put in its place; null: the workflow it was saved from.",
    )
    questions: list[str] | None = _QUESTIONS


class UseIn(Body):
    answers: dict[str, str] = Field(
        description="An answer to each question by its key, as somebody would type it.",
        examples=[{}],
    )


class QuestionOut(Answer):
    key: str
    kind: Kind
    title: str
    connector: str | None = Field(description="Whose accounts, of a `connection`.")
    default: str = Field(description="What stands there until something else is answered.")


class TemplateOut(Resource):
    name: str
    goal: Goal
    sentence: str
    questions: list[QuestionOut]
    left_out: list[str] = Field(description="What was not saved, in sentences that name no one.")
    troubles: list[str] = Field(description="What it used and is gone, with what to do.")
    workflow_id: UUID | None = Field(description="What it was saved from, while that is there.")
    revision: int
    updated_at: datetime


class TemplatePage(Page):
    data: list[TemplateOut]


class PossibleQuestion(QuestionOut):
    now: str = Field(description="What stands in the draft.")
    always: bool = Field(description="Asked whether it is named or not.")
    kept: bool = Field(description="Not asked, it stays as it is; false: it is left open.")
    suggested: bool


class PossibleQuestions(Answer):
    data: list[PossibleQuestion]
    left_out: list[str] = Field(description="What a template of it would not hold.")


def template_out(row: WorkflowTemplate, recipe: OwnRecipe) -> TemplateOut:
    return TemplateOut(
        id=row.id,
        created_at=row.created_at,
        name=row.name,
        goal=recipe.goal,
        sentence=row.sentence,
        questions=[QuestionOut(**_question(each)) for each in recipe.questions],
        left_out=list(recipe.left_out),
        troubles=list(recipe.troubles),
        workflow_id=row.workflow_id,
        revision=row.revision,
        updated_at=row.updated_at,
    )


def possible_out(drawn: Outline) -> PossibleQuestions:
    suggested = {each.key for each in drawn.asked}
    data = [
        PossibleQuestion(
            **_question(each.question),
            now=each.now,
            always=each.is_always,
            kept=not each.is_own,
            suggested=each.question.key in suggested,
        )
        for each in drawn.possible
    ]
    return PossibleQuestions(data=data, left_out=list(drawn.left_out))


def _question(each: OwnQuestion) -> dict[str, str | None]:
    return {
        "key": each.key,
        "kind": each.kind,
        "title": each.title,
        "connector": each.connector,
        "default": each.default,
    }
