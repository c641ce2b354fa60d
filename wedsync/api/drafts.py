"""`/workflows/{id}/draft`: the draft as a log of what was done to it."""

from typing import Any
from uuid import UUID

from wedsync.api import preconditions
from wedsync.api.paging import page
from wedsync.api.resources import Resource
from wedsync.api.schemas.base import PageQuery
from wedsync.api.schemas.drafts import (
    DraftChanges,
    Exported,
    ExportQuery,
    ImportIn,
    OperationPage,
    OperationsIn,
    changes_out,
    operation_out,
    operations_of,
)
from wedsync.api.schemas.workflows import (
    DraftIn,
    DraftOut,
    Validated,
    ValidateIn,
    WorkflowMade,
    draft_out,
    problems_out,
    workflow_made,
)
from wedsync.api.workflows import expected_revision
from wedsync.platform import identity
from wedsync.workflows import queries
from wedsync.workflows.editing import draft_queries, exporting, importing
from wedsync.workflows.editing import drafts as service
from wedsync.workflows.editing.drafts import Draft

drafts = Resource("Drafts", "What is done to a workflow before it is published.")

_ONE = "/workflows/<uuid:workflow_id>"
_DRAFT = f"{_ONE}/draft"


@drafts.get(_DRAFT, answer=DraftOut)
def get_draft(workflow_id: UUID) -> Any:
    """Read the draft and what stands in the way of publishing it."""
    workflow = queries.get_workflow(identity.organization_id(), workflow_id)
    return _answer(service.look_at(workflow))


@drafts.put(_DRAFT, body=DraftIn, answer=DraftOut, problems=[412, 428])
def replace_draft(workflow_id: UUID, body: DraftIn) -> Any:
    """Replace the draft whose `ETag` is sent as `If-Match`."""
    me, expected = identity.current(), expected_revision(workflow_id)
    return _answer(
        service.replace(
            me.organization_id, workflow_id, body.definition, expected_revision=expected, by=me
        )
    )


@drafts.post(f"{_DRAFT}/operations", body=OperationsIn, answer=DraftOut, problems=[412, 422, 428])
def edit_draft(workflow_id: UUID, body: OperationsIn) -> Any:
    """Add, remove, move or change steps of the draft whose `ETag` is sent as `If-Match`.

    Either all of it is done, as one thing to undo, or nothing: what does not fit is refused with
    the number of the operation.
    """
    me, expected = identity.current(), expected_revision(workflow_id)
    done = operations_of(body)
    return _answer(
        service.edit(me.organization_id, workflow_id, done, expected_revision=expected, by=me)
    )


@drafts.get(f"{_DRAFT}/operations", query=PageQuery, answer=OperationPage)
def list_draft_operations(workflow_id: UUID, query: PageQuery) -> OperationPage:
    """List what was done to the draft, latest first, with what was undone since."""
    organization_id = identity.organization_id()
    found = page(
        query,
        lambda before, limit: draft_queries.list_operations(
            organization_id, workflow_id, before=before.int if before else None, limit=limit
        ),
        lambda logged: UUID(int=logged.operation.number),
    )
    data = [operation_out(logged) for logged in found.rows]
    return OperationPage(data=data, next_cursor=found.next_cursor)


@drafts.post(f"{_DRAFT}/undo", answer=DraftOut, problems=[412])
def undo_draft(workflow_id: UUID) -> Any:
    """Take back what was done to the draft last."""
    me, expected = identity.current(), expected_revision(workflow_id)
    return _answer(service.undo(me.organization_id, workflow_id, expected_revision=expected, by=me))


@drafts.post(f"{_DRAFT}/redo", answer=DraftOut, problems=[412])
def redo_draft(workflow_id: UUID) -> Any:
    """Do again what was undone last."""
    me, expected = identity.current(), expected_revision(workflow_id)
    return _answer(service.redo(me.organization_id, workflow_id, expected_revision=expected, by=me))


@drafts.post(f"{_DRAFT}/discard", answer=DraftOut, problems=[412])
def discard_draft(workflow_id: UUID) -> Any:
    """Go back to what is live. It can be undone."""
    me, expected = identity.current(), expected_revision(workflow_id)
    return _answer(
        service.discard(me.organization_id, workflow_id, expected_revision=expected, by=me)
    )


@drafts.get(f"{_DRAFT}/changes", answer=DraftChanges)
def get_draft_changes(workflow_id: UUID) -> DraftChanges:
    """Read in words what publishing the draft would change, and how much is under way."""
    return changes_out(draft_queries.pending_changes(identity.organization_id(), workflow_id))


@drafts.post(f"{_ONE}/validate", body=ValidateIn, answer=Validated)
def validate_workflow(workflow_id: UUID, body: ValidateIn) -> Validated:
    """Look at the draft, or at another definition, without keeping anything."""
    problems = service.validate(identity.organization_id(), workflow_id, body.definition)
    return Validated(
        valid=all(problem.severity != "error" for problem in problems),
        problems=problems_out(tuple(problems)),
    )


@drafts.get(f"{_ONE}/export", query=ExportQuery, answer=Exported)
def export_workflow(workflow_id: UUID, query: ExportQuery) -> Exported:
    """Read the draft, or a version, as a document that can be taken in elsewhere."""
    document = exporting.export(identity.organization_id(), workflow_id, query.version)
    return Exported.model_validate(document)


@drafts.post("/workflows/import", body=ImportIn, answer=WorkflowMade, status=201)
def import_workflow(body: ImportIn) -> Any:
    """Make a workflow, switched off, of an exported document.

    `problems` tells what stands in the way of publishing it, such as a connection it still needs.
    """
    me = identity.current()
    document = body.model_dump(exclude={"mapping"})
    draft = importing.take_in(me.organization_id, document, body.mapping, by=me)
    return workflow_made(draft), preconditions.revision_tag(draft.workflow.draft_revision)


def _answer(draft: Draft) -> tuple[DraftOut, dict[str, str]]:
    return draft_out(draft), preconditions.revision_tag(draft.workflow.draft_revision)
