"""Saving a workflow as a template of one's own; naming and deleting what is saved. Using one is in
`gallery_routes`."""

from uuid import UUID

from flask import Response, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wedsync.errors import Conflict, Invalid, Stale
from wedsync.platform import identity, ids
from wedsync.platform.db import db
from wedsync.platform.fragments import render
from wedsync.platform.passing import done, refused
from wedsync.platform.runtime import commit
from wedsync.workflows import queries
from wedsync.workflows.models import Workflow
from wedsync.workflows.ready_made.models import WorkflowTemplate
from wedsync.workflows.ready_made.own import template_queries, templates
from wedsync.workflows.ready_made.own.outlines import Outline, outline
from wedsync.workflows.views.routes import pages
from wedsync.workflows.views.template_forms import TemplateForm


@pages.route("/workflows/<uuid:workflow_id>/save-as-template", methods=["GET", "POST"])
def save_template(workflow_id: UUID) -> AnyResponse:
    """Save a workflow's draft as a template; `?template=` puts it in the place of that one."""
    me = identity.current()
    workflow = queries.get_workflow(me.organization_id, workflow_id)
    renewed = _renewed()
    try:
        drawn = outline(workflow)
    except Conflict as error:
        return refused(error, url_for("workflows.workflow", workflow_id=workflow_id))
    form = TemplateForm(data=_said(renewed, drawn))
    if form.validate_on_submit():
        return _saved(workflow, renewed, form)
    return _save_page(workflow, renewed, form, drawn)


@pages.route("/workflows/templates/<uuid:template_id>/settings", methods=["GET", "POST"])
def template_settings(template_id: UUID) -> AnyResponse:
    """Its name, what it is for, and its sentence."""
    me = identity.current()
    found = template_queries.get(me.organization_id, template_id)
    form = TemplateForm(obj=found)
    if form.validate_on_submit():
        try:
            templates.change(me, template_id, form.wanted())
        except (Invalid, Stale) as error:
            db.session.rollback()
            form.show(error)
        else:
            commit("events")
            return done("Kept.", _page(template_id))
    return render(
        "workflows/template_settings.html",
        status=422 if form.errors else 200,
        saved=template_queries.get(me.organization_id, template_id),
        form=form,
        may_edit=me.has_role("editor"),
    )


@pages.post("/workflows/templates/<uuid:template_id>/delete")
def delete_template(template_id: UUID) -> AnyResponse:
    """Take it out of the gallery."""
    name = templates.delete(identity.current(), template_id).name
    commit("events")
    return done(f"The template “{name}” is deleted.", url_for("workflows.gallery"))


def _renewed() -> WorkflowTemplate | None:
    """The template that is to be put in the place of."""
    named = ids.read(request.args.get("template"))
    return template_queries.get(identity.organization_id(), named) if named else None


def _said(renewed: WorkflowTemplate | None, drawn: Outline) -> dict[str, str]:
    if renewed is not None:
        return {"name": renewed.name, "goal": renewed.goal, "sentence": renewed.sentence}
    name = drawn.name[: templates.LONGEST_NAME]
    return {"name": name, "goal": drawn.goal, "sentence": drawn.sentence}


def _saved(workflow: Workflow, renewed: WorkflowTemplate | None, form: TemplateForm) -> AnyResponse:
    me, workflow_id = identity.current(), workflow.id
    wanted = form.wanted(request.form.getlist("questions"))
    try:
        if renewed is None:
            made = templates.save(me, workflow_id, wanted)
        else:
            made = templates.replace(me, renewed.id, workflow_id, wanted)
    except (Conflict, Invalid) as error:
        db.session.rollback()
        form.show(error)
        workflow = queries.get_workflow(me.organization_id, workflow_id)
        return _save_page(workflow, _renewed(), form, outline(workflow), asked=wanted.questions)
    template_id, name = made.id, made.name
    commit("events")
    return done(f"“{name}” is in your gallery.", _page(template_id))


def _save_page(
    workflow: Workflow,
    renewed: WorkflowTemplate | None,
    form: TemplateForm,
    drawn: Outline,
    asked: object = None,
) -> Response:
    before = template_queries.saved_from(workflow.organization_id, workflow.id)
    ticked = {each.key for each in drawn.asked}
    if isinstance(asked, list):
        always = {each.question.key for each in drawn.possible if each.is_always}
        ticked = set(asked) | (ticked & always)
    return render(
        "workflows/save_template.html",
        status=422 if form.errors else 200,
        workflow=workflow,
        renewed=renewed,
        form=form,
        possible=drawn.possible,
        ticked=ticked,
        left_out=drawn.left_out,
        saved_before=[each for each in before if renewed is None],
        may_edit=identity.current().has_role("editor"),
    )


def _page(template_id: UUID) -> str:
    return url_for("workflows.template", template_id=template_id)
