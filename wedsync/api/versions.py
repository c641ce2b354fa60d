"""`/workflows/{id}/versions`: what was published, and publishing."""

from uuid import UUID

from wedsync.api.paging import page
from wedsync.api.resources import Resource
from wedsync.api.schemas.base import PageQuery
from wedsync.api.schemas.drafts import Differences, DifferencesQuery, differences_out
from wedsync.api.schemas.workflows import (
    Published,
    PublishIn,
    VersionPage,
    VersionWhole,
    published,
    version_out,
    version_whole,
)
from wedsync.api.workflows import expected_revision
from wedsync.platform import identity
from wedsync.workflows import queries
from wedsync.workflows.editing import draft_queries, service
from wedsync.workflows.editing.drafts import differences_between

versions = Resource("Versions", "What was published of a workflow; none of it ever changes.")

_ONE = "/workflows/<uuid:workflow_id>"
_VERSION = f"{_ONE}/versions/<int:number>"


@versions.post(f"{_ONE}/publish", body=PublishIn, answer=Published, problems=[412])
def publish_workflow(workflow_id: UUID, body: PublishIn) -> Published:
    """Make the draft the live version and switch the workflow on.

    A draft with errors is refused with `workflow_invalid` and its `problems`. One that says what
    is live already makes no new version (`is_new` is false). Runs under way stay on the version
    they began on.
    """
    me, expected = identity.current(), expected_revision(workflow_id)
    workflow = queries.get_workflow(me.organization_id, workflow_id, lock=True)
    live = workflow.live_version_id
    version = service.publish(
        me.organization_id, workflow_id, note=body.note, expected_revision=expected, by=me
    )
    return published(workflow, version, is_new=version.id != live)


@versions.get(f"{_ONE}/versions", query=PageQuery, answer=VersionPage)
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


@versions.get(_VERSION, answer=VersionWhole)
def get_version(workflow_id: UUID, number: int) -> VersionWhole:
    """Read a published version with its definition."""
    return version_whole(queries.get_version(identity.organization_id(), workflow_id, number))


@versions.get(f"{_VERSION}/differences", query=DifferencesQuery, answer=Differences)
def get_version_differences(workflow_id: UUID, number: int, query: DifferencesQuery) -> Differences:
    """Read in words what is different in a version, beside another or the one before it."""
    organization_id = identity.organization_id()
    version = queries.get_version(organization_id, workflow_id, number)
    if query.with_ is None:
        other = draft_queries.version_before(version)
    else:
        other = queries.get_version(organization_id, workflow_id, query.with_)
    found = (
        differences_between(organization_id, other.definition, version.definition) if other else []
    )
    return Differences(
        version=number,
        compared_with=other.number if other else None,
        differences=differences_out(found),
    )


@versions.post(f"{_VERSION}/rollback", body=PublishIn, answer=Published)
def roll_back_workflow(workflow_id: UUID, number: int, body: PublishIn) -> Published:
    """Publish the content of an older version anew; the draft stays as it is."""
    me = identity.current()
    workflow = queries.get_workflow(me.organization_id, workflow_id, lock=True)
    live = workflow.live_version_id
    version = service.rollback(me.organization_id, workflow_id, number, note=body.note, by=me)
    return published(workflow, version, is_new=version.id != live)
