"""The pages of what was published: every version, one of them in words, and going back to it."""

from uuid import UUID

from flask import Response, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wedsync.errors import Invalid
from wedsync.platform import identity, wording
from wedsync.platform.fragments import render
from wedsync.platform.passing import done, refused
from wedsync.platform.runtime import commit
from wedsync.workflows import page_queries, queries
from wedsync.workflows.editing import draft_queries, service
from wedsync.workflows.editing.drafts import differences_between
from wedsync.workflows.history.version_story import told, under_way, version_line, who
from wedsync.workflows.models import WorkflowVersion
from wedsync.workflows.views.routes import pages
from wedsync.workflows.words import workflow_words
from wedsync.workflows.words.step_lines import lines_of

_PAGE = 20


@pages.get("/workflows/<uuid:workflow_id>/versions")
def version_list(workflow_id: UUID) -> Response:
    """Every version, newest first, with what each changed."""
    organization_id = identity.organization_id()
    workflow = queries.get_workflow(organization_id, workflow_id)
    before = request.args.get("before", type=UUID)
    found = draft_queries.published_versions(
        organization_id, workflow_id, before=before, limit=_PAGE + 1
    )
    shown = found[:_PAGE]
    words = wording.here()
    return render(
        "workflows/versions.html",
        workflow=workflow,
        versions=[version_line(each, words) for each in shown],
        earlier=shown[-1].version.id if len(found) > _PAGE else None,
        is_first_page=before is None,
        may_edit=identity.current().has_role("editor"),
    )


@pages.get("/workflows/<uuid:workflow_id>/versions/<int:number>")
def version(workflow_id: UUID, number: int) -> Response:
    """One version as it reads, and what is different in it from another."""
    organization_id = identity.organization_id()
    workflow = queries.get_workflow(organization_id, workflow_id)
    found = queries.get_version(organization_id, workflow_id, number)
    other = _compared_with(found)
    changes = (
        differences_between(organization_id, other.definition, found.definition) if other else []
    )
    return render(
        "workflows/version.html",
        workflow=workflow,
        version=found,
        author=who(draft_queries.author_of(found)),
        other=other,
        changes=told(changes),
        others=[
            each
            for each in queries.list_versions(organization_id, workflow_id, limit=_PAGE)
            if each.id != found.id
        ],
        shown=workflow_words.shown(found.definition, page_queries.source_names(organization_id)),
        steps=lines_of(found.definition),
        may_edit=identity.current().has_role("editor"),
    )


@pages.get("/workflows/<uuid:workflow_id>/versions/<int:number>/restore")
def ask_to_restore(workflow_id: UUID, number: int) -> Response:
    """What going back to a version changes, before it is done."""
    organization_id = identity.organization_id()
    workflow = queries.get_workflow(organization_id, workflow_id)
    found = queries.get_version(organization_id, workflow_id, number)
    live = queries.live_version(workflow)
    changes = (
        differences_between(organization_id, live.definition, found.definition) if live else []
    )
    return render(
        "workflows/restore.html",
        workflow=workflow,
        version=found,
        live=live,
        changes=told(changes),
        touched=under_way(*draft_queries.under_way(workflow)),
        may_edit=identity.current().has_role("editor"),
    )


@pages.post("/workflows/<uuid:workflow_id>/versions/<int:number>/restore")
def restore_version(workflow_id: UUID, number: int) -> AnyResponse:
    """Publish what a version says anew."""
    me = identity.current()
    url = url_for("workflows.workflow", workflow_id=workflow_id)
    try:
        restored = service.rollback(me.organization_id, workflow_id, number, by=me)
    except Invalid as error:
        return refused(error, url)
    words = f"Version {restored.number} is live. It says what version {number} said."
    commit("runs")
    return done(words, url)


def _compared_with(found: WorkflowVersion) -> WorkflowVersion | None:
    number = request.args.get("with", type=int)
    if number is None:
        return draft_queries.version_before(found)
    return queries.get_version(found.organization_id, found.workflow_id, number)
