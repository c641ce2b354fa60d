"""The workflow pages: the list, and each workflow read from top to bottom."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wedsync.errors import Conflict, Invalid, Stale
from wedsync.platform import identity, ids, wording
from wedsync.platform.fragments import render
from wedsync.platform.passing import done, refused
from wedsync.platform.runtime import commit, settings
from wedsync.workflows import page_queries, queries
from wedsync.workflows.clockwork.next_start import next_start
from wedsync.workflows.editing import drafts, service
from wedsync.workflows.editing.checking import blocks_publishing, gone
from wedsync.workflows.history.run_list import run_lines
from wedsync.workflows.models import Workflow
from wedsync.workflows.ready_made.recipe import recipe_of
from wedsync.workflows.running import runs
from wedsync.workflows.words import workflow_words
from wedsync.workflows.words.step_lines import lines_of

pages = Blueprint("workflows", __name__)


@dataclass(frozen=True, slots=True)
class FirstTime:
    """How to see a workflow happen once; `url` is where, when that is the practice partner."""

    words: str
    url: str


_VERSIONS_SHOWN = 8
_RUNS_SHOWN = 6
_PAGE = 50


@pages.get("/workflows")
def workflow_list() -> Response:
    """Every workflow, newest first."""
    organization_id = identity.organization_id()
    before = request.args.get("before", type=UUID)
    found = queries.list_workflows(organization_id, before=before, limit=_PAGE + 1)
    lines = found[:_PAGE]
    return render(
        "workflows/list.html",
        lines=lines,
        news=workflow_words.list_news(lines),
        last=page_queries.last_runs(organization_id, [line.workflow.id for line in lines]),
        state_of=workflow_words.workflow_state,
        may_edit=identity.current().has_role("editor"),
        earlier=lines[-1].workflow.id if len(found) > _PAGE else None,
        is_first_page=before is None,
    )


@pages.get("/workflows/<uuid:workflow_id>")
def workflow(workflow_id: UUID) -> Response:
    """One workflow: in words, step by step, its versions and its latest runs."""
    organization_id = identity.organization_id()
    found = queries.get_workflow(organization_id, workflow_id)
    live = queries.live_version(found)
    differs = live is None or live.content_hash != service.content_hash(found.draft)
    shows_live = live is not None and request.args.get("show") == "live"
    definition = live.definition if live and shows_live else found.draft
    steps = lines_of(definition)
    draft = drafts.look_at(found)
    latest = page_queries.list_run_rows(organization_id, workflow_id=workflow_id, limit=_RUNS_SHOWN)
    return render(
        "workflows/workflow.html",
        workflow=found,
        version=live.number if live else None,
        state_of_it=workflow_words.workflow_state(found),
        shown=workflow_words.shown(definition, page_queries.source_names(organization_id)),
        steps=steps,
        differs=differs,
        shows_live=shows_live,
        draft=draft,
        limits=workflow_words.limits(found),
        next_start=next_start(organization_id, workflow_id, wording.here()),
        gone=gone(organization_id, live.definition) if live and not differs else [],
        troubles=workflow_words.troubles(draft.problems, steps, found.draft),
        may_publish=differs and not blocks_publishing(draft.problems),
        news=workflow_words.news(
            found,
            live.number if live else None,
            latest[0].created_at if latest else None,
            wording.here(),
        ),
        versions=queries.list_versions(organization_id, workflow_id, limit=_VERSIONS_SHOWN),
        runs=run_lines(organization_id, latest, wording.here()),
        first_time=_first_time(found, definition) if not latest else None,
        may_edit=identity.current().has_role("editor"),
        once=ids.new_id(),
    )


def _first_time(found: Workflow, definition: Any) -> FirstTime | None:
    """What happens next with a workflow that is on and has not happened yet, and how to try it."""
    recipe = recipe_of(definition) if found.state == "on" else None
    if recipe is None:
        return None
    is_practice = recipe.begins_at == "sandbox"
    return FirstTime(recipe.trying, settings().sandbox_url if is_practice else "")


@pages.post("/workflows/<uuid:workflow_id>/pause")
def pause_workflow(workflow_id: UUID) -> AnyResponse:
    """Hold everything back."""
    try:
        paused = service.pause(identity.organization_id(), workflow_id, by=identity.current())
    except Conflict as error:
        return refused(error, _page(workflow_id))
    commit()
    return done(f"“{paused.name}” is paused. What comes in waits.", _page(workflow_id))


@pages.post("/workflows/<uuid:workflow_id>/resume")
def resume_workflow(workflow_id: UUID) -> AnyResponse:
    """Go on after a pause, or switch on again."""
    try:
        resumed = service.resume(identity.organization_id(), workflow_id, by=identity.current())
    except Conflict as error:
        return refused(error, _page(workflow_id))
    commit("runs")
    return done(f"“{resumed.name}” is on. What waited goes on now.", _page(workflow_id))


@pages.post("/workflows/<uuid:workflow_id>/off")
def turn_off_workflow(workflow_id: UUID) -> AnyResponse:
    """Start nothing more."""
    stopped = service.turn_off(identity.organization_id(), workflow_id, by=identity.current())
    commit("runs")
    return done(f"“{stopped.name}” is off. What had begun goes on.", _page(workflow_id))


@pages.post("/workflows/<uuid:workflow_id>/publish")
def publish_workflow(workflow_id: UUID) -> AnyResponse:
    """Make the draft that the page showed live."""
    try:
        version = service.publish(
            identity.organization_id(),
            workflow_id,
            note=request.form.get("note", "").strip() or None,
            expected_revision=request.form.get("revision", type=int),
            by=identity.current(),
        )
    except (Invalid, Stale) as error:
        return refused(error, _page(workflow_id))
    commit("runs")
    return done(f"Published. Version {version.number} is live.", _page(workflow_id))


@pages.post("/workflows/<uuid:workflow_id>/run")
def run_workflow(workflow_id: UUID) -> AnyResponse:
    """Start the live version by hand, and follow it."""
    try:
        run = runs.start_manual_run(
            identity.organization_id(), workflow_id, None, by=identity.current()
        )
    except (Conflict, Invalid) as error:
        return refused(error, _page(workflow_id))
    run_id = run.id
    commit("runs")
    return done("It has begun.", url_for("workflows.run", run_id=run_id))


def _page(workflow_id: UUID) -> str:
    return url_for("workflows.workflow", workflow_id=workflow_id)
