"""`/workflows`: automations, their drafts and versions."""

from typing import Any
from uuid import UUID

from wedsync.api import preconditions
from wedsync.api.paging import page
from wedsync.api.resources import Resource
from wedsync.api.runs import page_of_runs
from wedsync.api.schemas.base import Deleted, PageQuery
from wedsync.api.schemas.runs import RunOut, RunPage, WorkflowRunQuery, run_out
from wedsync.api.schemas.workflows import (
    ManualRunIn,
    WorkflowIn,
    WorkflowMade,
    WorkflowOut,
    WorkflowPage,
    WorkflowPatch,
    workflow_made,
    workflow_out,
)
from wedsync.platform import identity
from wedsync.workflows import queries
from wedsync.workflows.editing import service
from wedsync.workflows.queries import RunFilter
from wedsync.workflows.running import runs as run_service

workflows = Resource("Workflows", "Automations: a draft to edit, versions that run.")

_ONE = "/workflows/<uuid:workflow_id>"


@workflows.post("/workflows", body=WorkflowIn, answer=WorkflowMade, status=201)
def create_workflow(body: WorkflowIn) -> Any:
    """Make a workflow, switched off.

    An unfinished definition is kept; `problems` tells what stands in the way of publishing it.
    """
    me = identity.current()
    draft = service.create(me.organization_id, body.name, body.definition, by=me)
    return workflow_made(draft), preconditions.revision_tag(draft.workflow.draft_revision)


@workflows.get("/workflows", query=PageQuery, answer=WorkflowPage)
def list_workflows(query: PageQuery) -> WorkflowPage:
    """List the workflows, newest first."""
    organization_id = identity.organization_id()
    found = page(
        query,
        lambda before, limit: queries.list_workflows(organization_id, before=before, limit=limit),
        lambda line: line.workflow.id,
    )
    data = [workflow_out(line) for line in found.rows]
    return WorkflowPage(data=data, next_cursor=found.next_cursor)


@workflows.get(_ONE, answer=WorkflowOut)
def get_workflow(workflow_id: UUID) -> Any:
    """Read a workflow; its draft and versions are below it."""
    return _read(workflow_id)


@workflows.patch(_ONE, body=WorkflowPatch, answer=WorkflowOut, rings=["runs"], problems=[412])
def change_workflow(workflow_id: UUID, body: WorkflowPatch) -> Any:
    """Give a workflow another name, or limits: runs above them wait for their turn."""
    me = identity.current()
    changes: service.Changes = {}
    if body.name is not None:
        changes["name"] = body.name
    if "at_once" in body.model_fields_set:
        changes["at_once"] = body.at_once
    if "per_hour" in body.model_fields_set:
        changes["per_hour"] = body.per_hour
    expected = expected_revision(workflow_id)
    service.change(me.organization_id, workflow_id, changes, expected_revision=expected, by=me)
    return _read(workflow_id)


@workflows.delete(_ONE, answer=Deleted, problems=[409])
def delete_workflow(workflow_id: UUID) -> Deleted:
    """Remove a workflow that never ran."""
    me = identity.current()
    service.delete(me.organization_id, workflow_id, by=me)
    return Deleted(id=workflow_id, deleted=True)


@workflows.post(f"{_ONE}/duplicate", answer=WorkflowMade, status=201)
def duplicate_workflow(workflow_id: UUID) -> Any:
    """Make another workflow of the draft, switched off."""
    me = identity.current()
    draft = service.duplicate(me.organization_id, workflow_id, by=me)
    return workflow_made(draft), preconditions.revision_tag(draft.workflow.draft_revision)


@workflows.post(f"{_ONE}/pause", answer=WorkflowOut, problems=[409])
def pause_workflow(workflow_id: UUID) -> Any:
    """Hold everything back: runs queue up and nothing moves until it is resumed."""
    me = identity.current()
    service.pause(me.organization_id, workflow_id, by=me)
    return _read(workflow_id)


@workflows.post(f"{_ONE}/resume", answer=WorkflowOut, rings=["runs"], problems=[409])
def resume_workflow(workflow_id: UUID) -> Any:
    """Go on after a pause, or switch a published workflow on again."""
    me = identity.current()
    service.resume(me.organization_id, workflow_id, by=me)
    return _read(workflow_id)


@workflows.post(f"{_ONE}/turn-off", answer=WorkflowOut)
def turn_off_workflow(workflow_id: UUID) -> Any:
    """Start no more runs; what already runs goes on to its end."""
    me = identity.current()
    service.turn_off(me.organization_id, workflow_id, by=me)
    return _read(workflow_id)


@workflows.get(f"{_ONE}/runs", query=WorkflowRunQuery, answer=RunPage)
def list_workflow_runs(workflow_id: UUID, query: WorkflowRunQuery) -> RunPage:
    """List a workflow's runs, newest first."""
    queries.get_workflow(identity.organization_id(), workflow_id)
    return page_of_runs(query, RunFilter(workflow_id, query.state))


@workflows.post(
    f"{_ONE}/runs",
    body=ManualRunIn,
    answer=RunOut,
    status=202,
    rings=["runs"],
    problems=[409],
)
def start_run(workflow_id: UUID, body: ManualRunIn) -> RunOut:
    """Start the live version by hand; its steps see `input` as `trigger.data`."""
    me = identity.current()
    run = run_service.start_manual_run(me.organization_id, workflow_id, body.input, by=me)
    return run_out(queries.run_line(me.organization_id, run.id))


def _read(workflow_id: UUID) -> tuple[WorkflowOut, dict[str, str]]:
    line = queries.workflow_line(identity.organization_id(), workflow_id)
    return workflow_out(line), preconditions.revision_tag(line.workflow.draft_revision)


def expected_revision(workflow_id: UUID) -> int | None:
    """The draft revision that `If-Match` asks for; None without the header."""
    workflow = queries.get_workflow(identity.organization_id(), workflow_id)
    return preconditions.expected_revision(workflow.draft_revision)
