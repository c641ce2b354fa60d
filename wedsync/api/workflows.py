"""`/workflows`: automations, their drafts and versions."""

from typing import Any
from uuid import UUID

from wedsync.api import preconditions
from wedsync.api.paging import page
from wedsync.api.resources import Resource
from wedsync.api.schemas.base import Deleted, PageQuery
from wedsync.api.schemas.runs import RunOut, RunPage, WorkflowRunQuery, run_out
from wedsync.api.schemas.workflows import (
    DraftIn,
    DraftOut,
    ManualRunIn,
    Published,
    PublishIn,
    Validated,
    ValidateIn,
    VersionPage,
    VersionWhole,
    WorkflowIn,
    WorkflowMade,
    WorkflowOut,
    WorkflowPage,
    WorkflowPatch,
    draft_out,
    problems_out,
    published,
    version_out,
    version_whole,
    workflow_made,
    workflow_out,
)
from wedsync.platform import identity
from wedsync.workflows import queries, service
from wedsync.workflows import runs as run_service
from wedsync.workflows.queries import RunFilter

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


@workflows.patch(_ONE, body=WorkflowPatch, answer=WorkflowOut, problems=[412])
def rename_workflow(workflow_id: UUID, body: WorkflowPatch) -> Any:
    """Give a workflow another name."""
    me = identity.current()
    service.rename(
        me.organization_id,
        workflow_id,
        body.name,
        expected_revision=_expected_revision(workflow_id),
        by=me,
    )
    return _read(workflow_id)


@workflows.delete(_ONE, answer=Deleted, problems=[409])
def delete_workflow(workflow_id: UUID) -> Deleted:
    """Remove a workflow that never ran."""
    me = identity.current()
    service.delete(me.organization_id, workflow_id, by=me)
    return Deleted(id=workflow_id, deleted=True)


@workflows.get(f"{_ONE}/draft", answer=DraftOut)
def get_draft(workflow_id: UUID) -> Any:
    """Read the draft and what stands in the way of publishing it."""
    workflow = queries.get_workflow(identity.organization_id(), workflow_id)
    return draft_out(service.look_at(workflow)), preconditions.revision_tag(workflow.draft_revision)


@workflows.put(f"{_ONE}/draft", body=DraftIn, answer=DraftOut, problems=[412, 428])
def replace_draft(workflow_id: UUID, body: DraftIn) -> Any:
    """Replace the draft whose `ETag` is sent as `If-Match`."""
    me = identity.current()
    draft = service.update_draft(
        me.organization_id,
        workflow_id,
        body.definition,
        expected_revision=_expected_revision(workflow_id),
        by=me,
    )
    return draft_out(draft), preconditions.revision_tag(draft.workflow.draft_revision)


@workflows.post(f"{_ONE}/validate", body=ValidateIn, answer=Validated)
def validate_workflow(workflow_id: UUID, body: ValidateIn) -> Validated:
    """Look at the draft, or at another definition, without keeping anything."""
    problems = service.validate(identity.organization_id(), workflow_id, body.definition)
    return Validated(
        valid=all(problem.severity != "error" for problem in problems),
        problems=problems_out(tuple(problems)),
    )


@workflows.post(f"{_ONE}/publish", body=PublishIn, answer=Published, problems=[412])
def publish_workflow(workflow_id: UUID, body: PublishIn) -> Published:
    """Make the draft the live version and switch the workflow on.

    A draft with errors is refused with `workflow_invalid` and its `problems`.
    """
    me = identity.current()
    version = service.publish(
        me.organization_id,
        workflow_id,
        note=body.note,
        expected_revision=_expected_revision(workflow_id),
        by=me,
    )
    return published(queries.get_workflow(me.organization_id, workflow_id), version)


@workflows.get(f"{_ONE}/versions", query=PageQuery, answer=VersionPage)
def list_versions(workflow_id: UUID, query: PageQuery) -> VersionPage:
    """List the published versions, newest first."""
    organization_id = identity.organization_id()
    found = page(
        query,
        lambda before, limit: queries.list_versions(
            organization_id, workflow_id, before=before, limit=limit
        ),
        lambda version: version.id,
    )
    data = [version_out(version) for version in found.rows]
    return VersionPage(data=data, next_cursor=found.next_cursor)


@workflows.get(f"{_ONE}/versions/<int:number>", answer=VersionWhole)
def get_version(workflow_id: UUID, number: int) -> VersionWhole:
    """Read a published version with its definition."""
    return version_whole(queries.get_version(identity.organization_id(), workflow_id, number))


@workflows.post(f"{_ONE}/versions/<int:number>/rollback", body=PublishIn, answer=Published)
def roll_back_workflow(workflow_id: UUID, number: int, body: PublishIn) -> Published:
    """Publish the content of an older version anew; the draft stays as it is."""
    me = identity.current()
    version = service.rollback(me.organization_id, workflow_id, number, note=body.note, by=me)
    return published(queries.get_workflow(me.organization_id, workflow_id), version)


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
    organization_id = identity.organization_id()
    queries.get_workflow(organization_id, workflow_id)
    wanted = RunFilter(workflow_id, query.state)
    found = page(
        query,
        lambda before, limit: queries.list_runs(
            organization_id, wanted, before=before, limit=limit
        ),
        lambda line: line.run.id,
    )
    return RunPage(data=[run_out(line) for line in found.rows], next_cursor=found.next_cursor)


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


def _expected_revision(workflow_id: UUID) -> int | None:
    workflow = queries.get_workflow(identity.organization_id(), workflow_id)
    return preconditions.expected_revision(workflow.draft_revision)
