"""The pages of a workflow's draft: what it changes, what was done to it, its settings, and taking
workflows from here to elsewhere and back."""

from uuid import UUID

from flask import Response, request, url_for
from werkzeug.utils import secure_filename
from werkzeug.wrappers import Response as AnyResponse

from wedsync.errors import Conflict, Invalid, Stale
from wedsync.platform import documents, identity, wording
from wedsync.platform.db import db
from wedsync.platform.fragments import render
from wedsync.platform.passing import done, refused
from wedsync.platform.runtime import commit
from wedsync.workflows import queries
from wedsync.workflows.building.gestures import doing
from wedsync.workflows.editing import draft_queries, drafts, exporting, importing, service
from wedsync.workflows.editing.checking import blocks_publishing, problems_of
from wedsync.workflows.history import version_story
from wedsync.workflows.history.version_story import operation_line, told, under_way
from wedsync.workflows.page_queries import source_names
from wedsync.workflows.views.draft_forms import ImportForm, PublishForm, SettingsForm
from wedsync.workflows.views.routes import pages
from wedsync.workflows.words import workflow_words

_PAGE = 50


@pages.get("/workflows/<uuid:workflow_id>/changes")
def draft_changes(workflow_id: UUID) -> Response:
    """What publishing the draft would change."""
    organization_id = identity.organization_id()
    workflow = queries.get_workflow(organization_id, workflow_id)
    changes = draft_queries.pending_changes(organization_id, workflow_id)
    problems = problems_of(organization_id, workflow.draft, workflow_id=workflow_id)
    return render(
        "workflows/changes.html",
        workflow=workflow,
        version=changes.live_version,
        changes=told(changes.differences),
        lede=workflow_words.shown(workflow.draft, source_names(organization_id)).lede,
        touched=under_way(changes.runs, changes.weddings),
        form=PublishForm(obj=None, data={"revision": workflow.draft_revision}),
        is_blocked=blocks_publishing(problems),
        may_edit=identity.current().has_role("editor"),
    )


@pages.get("/workflows/<uuid:workflow_id>/under-way")
def under_way_now(workflow_id: UUID) -> Response:
    """What the live version is at, for the foot of the builder, which asks when it is there: the
    gestures need not wait for it."""
    workflow = queries.get_workflow(identity.organization_id(), workflow_id)
    live = queries.live_version(workflow)
    runs = draft_queries.under_way_live(workflow) if live else 0
    return render(
        "workflows/builder/under_way.html",
        "under_way",
        workflow=workflow,
        version=live.number if live else None,
        runs=version_story.counted(runs, "run") if runs else "",
    )


@pages.get("/workflows/<uuid:workflow_id>/history")
def draft_history(workflow_id: UUID) -> Response:
    """What was done to the draft, latest first."""
    organization_id = identity.organization_id()
    workflow = queries.get_workflow(organization_id, workflow_id)
    found = draft_queries.list_operations(
        organization_id, workflow_id, before=request.args.get("before", type=int), limit=_PAGE + 1
    )
    words = wording.here()
    return render(
        "workflows/history.html",
        workflow=workflow,
        draft=drafts.look_at(workflow),
        lines=[operation_line(logged, words) for logged in found[:_PAGE]],
        earlier=found[_PAGE - 1].operation.number if len(found) > _PAGE else None,
        may_edit=identity.current().has_role("editor"),
    )


@pages.post("/workflows/<uuid:workflow_id>/undo")
def undo_draft(workflow_id: UUID) -> AnyResponse:
    """Take back what was done last."""
    return _step(workflow_id, drafts.undo, "Undone.")


@pages.post("/workflows/<uuid:workflow_id>/redo")
def redo_draft(workflow_id: UUID) -> AnyResponse:
    """Do again what was undone last."""
    return _step(workflow_id, drafts.redo, "Done again.")


@pages.post("/workflows/<uuid:workflow_id>/discard")
def discard_draft(workflow_id: UUID) -> AnyResponse:
    """Go back to what is live."""
    return _step(workflow_id, drafts.discard, "The draft says what is live. You can undo that.")


@pages.route("/workflows/<uuid:workflow_id>/settings", methods=["GET", "POST"])
def workflow_settings(workflow_id: UUID) -> AnyResponse:
    """Its name and its limits."""
    me = identity.current()
    workflow = queries.get_workflow(me.organization_id, workflow_id)
    form = SettingsForm.of(workflow)
    if form.validate_on_submit():
        try:
            service.change(me.organization_id, workflow_id, form.changes, by=me)
        except Invalid as error:
            db.session.rollback()
            form.show(error)
        else:
            commit("runs")
            return done("Kept.", _page(workflow_id))
    workflow = queries.get_workflow(me.organization_id, workflow_id)
    return render(
        "workflows/settings.html",
        status=422 if form.errors else 200,
        workflow=workflow,
        form=form,
        may_edit=me.has_role("editor"),
    )


@pages.get("/workflows/<uuid:workflow_id>/export")
def export_workflow(workflow_id: UUID) -> Response:
    """The draft as a file."""
    document = exporting.export(identity.organization_id(), workflow_id)
    name = secure_filename(document["name"]).lower() or "workflow"
    response = Response(documents.write(document), mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.wedsync.json"'
    response.headers["Cache-Control"] = "no-store"
    return response


@pages.post("/workflows/<uuid:workflow_id>/duplicate")
def duplicate_workflow(workflow_id: UUID) -> AnyResponse:
    """Make another one of the draft, and open it in the builder."""
    me = identity.current()
    made_id = doing.duplicate(me, workflow_id, key=request.form.get("once") or None)
    commit()
    name = queries.get_workflow(me.organization_id, made_id).name
    return done(f"“{name}” is a draft of its own. Nothing happens yet.", _builder(made_id))


@pages.route("/workflows/import", methods=["GET", "POST"])
def import_workflow() -> AnyResponse:
    """Make a workflow of a file."""
    me = identity.current()
    form = ImportForm()
    if form.validate_on_submit():
        try:
            document = importing.read_file(_given(form.written.data))
            draft = importing.take_in(me.organization_id, document, by=me)
        except Invalid as error:
            db.session.rollback()
            field = form.written if form.written.data else form.exported
            field.errors = [error.detail]
        else:
            workflow_id, name = draft.workflow.id, draft.workflow.name
            commit()
            return done(
                f"“{name}” is here, as a draft. Nothing happens yet.", _builder(workflow_id)
            )
    return render(
        "workflows/import.html",
        status=422 if form.errors else 200,
        form=form,
        may_edit=me.has_role("editor"),
    )


def _given(pasted: str | None) -> bytes:
    """The bytes of what was pasted, else of the file, and one more than it may have."""
    if pasted:
        return pasted.encode("utf-8", "replace")[: importing.MAX_BYTES + 1]
    file = request.files.get("exported")
    return file.stream.read(importing.MAX_BYTES + 1) if file else b""


def _step(workflow_id: UUID, act: drafts.Step, words: str) -> AnyResponse:
    url = _BACK.get(request.form.get("back", ""), _page)(workflow_id)
    try:
        act(
            identity.organization_id(),
            workflow_id,
            expected_revision=request.form.get("revision", type=int),
            by=identity.current(),
        )
    except (Conflict, Stale) as error:
        return refused(error, url)
    commit()
    return done(words, url)


def _page(workflow_id: UUID) -> str:
    return url_for("workflows.workflow", workflow_id=workflow_id)


def _history(workflow_id: UUID) -> str:
    return url_for("workflows.draft_history", workflow_id=workflow_id)


def _builder(workflow_id: UUID) -> str:
    return url_for("workflows.builder", workflow_id=workflow_id)


_BACK = {"history": _history, "builder": _builder}
"""Where somebody came from, as the form says."""
