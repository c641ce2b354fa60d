"""`/workflows/templates`: workflows an organization saved, to make them again."""

from typing import Any
from uuid import UUID

from wedsync.api import preconditions
from wedsync.api.paging import page
from wedsync.api.resources import Resource
from wedsync.api.schemas.base import Deleted, PageQuery
from wedsync.api.schemas.templates import (
    PossibleQuestions,
    RenewIn,
    TemplateIn,
    TemplateOut,
    TemplatePage,
    TemplatePatch,
    UseIn,
    possible_out,
    template_out,
)
from wedsync.api.schemas.workflows import WorkflowMade, workflow_made
from wedsync.errors import Conflict, FieldError, Invalid, NotFound
from wedsync.platform import identity
from wedsync.workflows import queries
from wedsync.workflows.editing import drafts
from wedsync.workflows.ready_made import service as ready_made
from wedsync.workflows.ready_made.models import WorkflowTemplate
from wedsync.workflows.ready_made.own import template_queries
from wedsync.workflows.ready_made.own import templates as service
from wedsync.workflows.ready_made.own.outlines import outline
from wedsync.workflows.ready_made.own.templates import Wanted

templates = Resource("Templates", "Workflows saved to be made again, with questions.")

_ALL = "/workflows/templates"
_ONE = f"{_ALL}/<uuid:template_id>"


@templates.get("/workflows/<uuid:workflow_id>/possible-questions", answer=PossibleQuestions)
def list_possible_questions(workflow_id: UUID) -> PossibleQuestions:
    """Read what a template of this draft could ask, the likeliest first."""
    workflow = queries.get_workflow(identity.organization_id(), workflow_id)
    return possible_out(outline(workflow))


@templates.post(_ALL, body=TemplateIn, answer=TemplateOut, status=201, rings=["events"])
def create_template(body: TemplateIn) -> Any:
    """Save a workflow's draft as a template.

    Accounts, webhooks, people, addresses, secrets and ids are never in it: they are asked, or left
    open. `left_out` says what was.
    """
    wanted = Wanted(body.name, body.goal, body.sentence, body.questions)
    return _answer(service.save(identity.current(), _own(body.workflow_id), wanted))


@templates.get(_ALL, query=PageQuery, answer=TemplatePage)
def list_templates(query: PageQuery) -> TemplatePage:
    """List the templates, newest first."""
    organization_id = identity.organization_id()
    found = page(
        query,
        lambda before, limit: template_queries.page_of(organization_id, before=before, limit=limit),
        lambda row: row.id,
    )
    recipes = template_queries.recipes_of(organization_id, found.rows)
    data = [template_out(row, each) for row, each in zip(found.rows, recipes, strict=True)]
    return TemplatePage(data=data, next_cursor=found.next_cursor)


@templates.get(_ONE, answer=TemplateOut)
def get_template(template_id: UUID) -> Any:
    """Read a template and its questions."""
    return _answer(template_queries.get(identity.organization_id(), template_id))


@templates.patch(_ONE, body=TemplatePatch, answer=TemplateOut, rings=["events"], problems=[412])
def change_template(template_id: UUID, body: TemplatePatch) -> Any:
    """Give a template another name, goal or sentence."""
    wanted = Wanted(body.name, body.goal, body.sentence)
    expected = _expected(template_id)
    changed = service.change(identity.current(), template_id, wanted, expected_revision=expected)
    return _answer(changed)


@templates.delete(_ONE, answer=Deleted, rings=["events"])
def delete_template(template_id: UUID) -> Deleted:
    """Remove a template; the workflows made of it stay."""
    service.delete(identity.current(), template_id)
    return Deleted(id=template_id, deleted=True)


@templates.post(f"{_ONE}/renew", body=RenewIn, answer=TemplateOut, rings=["events"], problems=[409])
def renew_template(template_id: UUID, body: RenewIn) -> Any:
    """Put a workflow's draft of now in the place of what was saved; name and sentence stay."""
    me = identity.current()
    saved_from = template_queries.get(me.organization_id, template_id).workflow_id
    workflow_id = saved_from if body.workflow_id is None else _own(body.workflow_id)
    if workflow_id is None:
        raise Conflict(
            "The workflow it was saved from is gone. Say in `workflow_id` which one to save.",
            code="cannot_be_saved",
        )
    wanted = Wanted(questions=body.questions)
    return _answer(service.replace(me, template_id, workflow_id, wanted))


@templates.post(f"{_ONE}/workflows", body=UseIn, answer=WorkflowMade, status=201, problems=[422])
def use_template(template_id: UUID, body: UseIn) -> Any:
    """Make a workflow of a template, as a draft, with an answer to each of its questions.

    The very same answers give the same draft again, as long as nothing was done to it.
    """
    me = identity.current()
    recipe = template_queries.find(me.organization_id, template_id)
    draft = drafts.look_at(ready_made.draft(me, recipe, body.answers).workflow)
    return workflow_made(draft), preconditions.revision_tag(draft.workflow.draft_revision)


def _own(workflow_id: UUID) -> UUID:
    """The id of a workflow of ours that a body names."""
    try:
        return queries.get_workflow(identity.organization_id(), workflow_id).id
    except NotFound as error:
        fault = FieldError("/workflow_id", "workflow", error.detail)
        raise Invalid(error.detail, errors=[fault]) from error


def _answer(row: WorkflowTemplate) -> tuple[TemplateOut, dict[str, str]]:
    (recipe,) = template_queries.recipes_of(row.organization_id, [row])
    return template_out(row, recipe), preconditions.revision_tag(row.revision)


def _expected(template_id: UUID) -> int | None:
    found = template_queries.get(identity.organization_id(), template_id)
    return preconditions.expected_revision(found.revision)
