"""The run pages: what happened, each run as it goes, and what a person can do about it."""

from typing import cast, get_args
from uuid import UUID

from flask import Response, make_response, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wedsync.errors import Conflict, Invalid
from wedsync.events import queries as events
from wedsync.platform import identity, wording
from wedsync.platform.fragments import render
from wedsync.platform.passing import done, refused
from wedsync.platform.runtime import commit
from wedsync.workflows import failures, page_queries, queries, run_list, runs
from wedsync.workflows.event_story import tell_event
from wedsync.workflows.routes import pages
from wedsync.workflows.run_reading import read_run
from wedsync.workflows.run_story import tell

_PAGE = 50
_SAID = {
    "send_again": "It is sent again.",
    "treat_as_done": "Noted as done; it goes on from there.",
    "skip": "Left out; it goes on from there.",
}


@pages.get("/runs", endpoint="run_list")
def list_of_runs() -> Response:
    """What happened, newest first, narrowed to a state or a workflow."""
    organization_id = identity.organization_id()
    chosen, workflow_id = request.args.get("state"), request.args.get("workflow", type=UUID)
    before = request.args.get("before", type=UUID)
    found = page_queries.list_run_rows(
        organization_id,
        states=run_list.states_named(chosen),
        workflow_id=workflow_id,
        before=before,
        limit=_PAGE + 1,
    )
    rows = found[:_PAGE]
    return render(
        "workflows/runs.html",
        lines=run_list.run_lines(organization_id, rows, wording.here()),
        earlier=rows[-1].id if len(found) > _PAGE else None,
        is_first_page=before is None,
        filters=run_list.FILTERS,
        counts=page_queries.open_counts(organization_id, run_list.COUNTED),
        failed=failures.count_failed(organization_id),
        chosen=chosen if run_list.states_named(chosen) else None,
        workflow_id=workflow_id,
        workflows=page_queries.workflow_names(organization_id),
    )


@pages.get("/runs/<uuid:run_id>")
def run(run_id: UUID) -> Response:
    """One run; a page that follows along asks for its block again."""
    reading = read_run(identity.organization_id(), run_id)
    return render(
        "workflows/run.html",
        "run",
        story=tell(reading, wording.here()),
        may_edit=identity.current().has_role("editor"),
    )


@pages.get("/live/runs/<uuid:run_id>")
def watch_run(run_id: UUID) -> Response:
    """Whether the one who asks may follow this run: 204, or 404. The front streams."""
    queries.get_run(identity.organization_id(), run_id)
    return make_response("", 204)


@pages.post("/runs/<uuid:run_id>/retry")
def retry_run(run_id: UUID) -> AnyResponse:
    """Take a run up again where it ended."""
    try:
        again = runs.rerun(identity.organization_id(), run_id, by=identity.current())
    except Conflict as error:
        return refused(error, _page(run_id))
    again_id = again.id
    commit("runs")
    return done("It is tried again from where it ended.", _page(again_id))


@pages.post("/runs/<uuid:run_id>/stop")
def stop_run(run_id: UUID) -> AnyResponse:
    """End a run wherever it stands."""
    try:
        runs.stop(identity.organization_id(), run_id, by=identity.current())
    except Conflict as error:
        return refused(error, _page(run_id))
    commit()
    return done("It is stopped. What was sent stays sent.", _page(run_id))


@pages.post("/runs/<uuid:run_id>/decide")
def decide_run(run_id: UUID) -> AnyResponse:
    """Settle a step that may have happened."""
    choice = request.form.get("choice", "")
    if choice not in get_args(runs.Choice):
        raise Invalid("Choose to send it again, to call it done, or to leave it out.")
    try:
        runs.decide(
            identity.organization_id(), run_id, cast(runs.Choice, choice), by=identity.current()
        )
    except Conflict as error:
        return refused(error, _page(run_id))
    commit("runs")
    return done(_SAID[choice], _page(run_id))


@pages.get("/events/<uuid:event_id>", endpoint="run_event")
def event(event_id: UUID) -> Response:
    """What came in, and everything that followed from it."""
    organization_id = identity.organization_id()
    found = events.get(organization_id, event_id)
    rows = page_queries.list_run_rows(organization_id, event_id=event_id, limit=_PAGE)
    return render(
        "workflows/event.html",
        story=tell_event(organization_id, found),
        runs=run_list.run_lines(organization_id, rows, wording.here()),
    )


def _page(run_id: UUID) -> str:
    return url_for("workflows.run", run_id=run_id)
