"""The run pages: what happened, each run as it goes, and what a person can do about it."""

from collections.abc import Collection
from typing import Any, cast, get_args
from uuid import UUID

from flask import Response, make_response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wedsync.errors import Conflict, Invalid, NotFound
from wedsync.events import queries as events
from wedsync.platform import identity, wording
from wedsync.platform.db import db
from wedsync.platform.forms import Form
from wedsync.platform.fragments import render
from wedsync.platform.identity import requires
from wedsync.platform.passing import done, refused
from wedsync.platform.runtime import commit
from wedsync.workflows import page_queries, queries
from wedsync.workflows.history import failures, run_list
from wedsync.workflows.history.event_story import tell_event
from wedsync.workflows.history.loop_story import tell_loop
from wedsync.workflows.history.run_reading import Broken, broken_step, read_loop, read_run
from wedsync.workflows.history.run_story import tell
from wedsync.workflows.running import runs
from wedsync.workflows.running.repairing import repaired
from wedsync.workflows.views.repair_forms import changed, repair_form
from wedsync.workflows.views.routes import pages

_PAGE = 50
_OTHERS_SHOWN = 30
_SAID = {
    "send_again": "It is sent again.",
    "treat_as_done": "Noted as done; it goes on from there.",
    "skip": "Left out; it goes on from there.",
    "go_on": "It goes on.",
    "end": "It ends here.",
    "try_again": "It is tried again.",
}


@pages.get("/runs", endpoint="run_list")
def list_of_runs() -> Response:
    """What happened, newest first, narrowed to a state or a workflow."""
    organization_id = identity.organization_id()
    chosen, workflow_id = request.args.get("state"), request.args.get("workflow", type=UUID)
    before = request.args.get("before", type=UUID)
    found = run_list.rows_of(
        organization_id, chosen, workflow_id=workflow_id, before=before, limit=_PAGE + 1
    )
    rows = found[:_PAGE]
    counts = page_queries.open_counts(organization_id, run_list.COUNTED)
    return render(
        "workflows/runs.html",
        "rows",
        follows=before is None and any(counts.values()),
        lines=run_list.run_lines(organization_id, rows, wording.here()),
        earlier=rows[-1].id if len(found) > _PAGE else None,
        is_first_page=before is None,
        filters=run_list.FILTERS,
        counts=counts,
        needing=run_list.count_needing(organization_id),
        failed=failures.count_failed(organization_id),
        chosen=chosen if run_list.states_named(chosen) else None,
        workflow_id=workflow_id,
        workflows=page_queries.workflow_names(organization_id),
        may_edit=identity.current().has_role("editor"),
    )


@pages.get("/runs/<uuid:run_id>")
def run(run_id: UUID) -> AnyResponse:
    """One run; a page that follows along asks for its block again. An item of a loop is told on
    the page of its run."""
    organization_id = identity.organization_id()
    found = queries.get_run(organization_id, run_id)
    if found.root_run_id is not None:
        return redirect(_page(found.root_run_id), 303)
    reading = read_run(organization_id, run_id)
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


@pages.get("/runs/<uuid:run_id>/items")
def run_items(run_id: UUID) -> AnyResponse:
    """The items of one loop of a run (or of an item), narrowed to a state, a page at a time."""
    organization_id = identity.organization_id()
    chosen, step_id = request.args.get("state"), request.args.get("step")
    if step_id is None:
        return redirect(_page(queries.get_run(organization_id, run_id).id), 303)
    reading = read_loop(
        organization_id,
        run_id,
        step_id,
        states=run_list.states_named(chosen),
        after=request.args.get("after", type=int),
    )
    if reading is None:
        raise NotFound("There is no such list here.")
    return render(
        "workflows/items.html",
        story=tell_loop(reading, wording.here()),
        filters=run_list.FILTERS,
        chosen=chosen if run_list.states_named(chosen) else None,
        may_edit=identity.current().has_role("editor"),
    )


@pages.route("/runs/<uuid:run_id>/repair", methods=["GET", "POST"])
@requires("editor")
def repair_run(run_id: UUID) -> AnyResponse:
    """Correct what the step was given at which a run ended or asks, and do it again with that."""
    me = identity.current()
    found = broken_step(me.organization_id, run_id)
    if found is None:
        nothing = Conflict("There is nothing here that could be corrected.")
        return refused(nothing, _page(run_id))
    form = repair_form(found.fields)
    if not form.validate_on_submit():
        return _repair_page(found, form, 422 if request.method == "POST" else 200)
    given = repaired(found.given, changed(form, found.fields))
    try:
        again_id = _do_again(found, given)
    except Conflict as error:
        return refused(error, _page(found.page_id))
    except Invalid as error:
        db.session.rollback()
        form.show(error)
        return _repair_page(found, form, 422)
    commit("runs")
    return done("It is done again with what you corrected.", _page(again_id))


def _do_again(found: Broken, given: dict[str, Any]) -> UUID:
    me = identity.current()
    if found.asks:
        runs.decide(me.organization_id, found.run_id, "send_again", given=given, by=me)
        return found.page_id
    return runs.rerun(me.organization_id, found.run_id, given=given, by=me).id


def _repair_page(found: Broken, form: Form, status: int) -> Response:
    return render("workflows/repair.html", status=status, broken=found, form=form)


@pages.post("/runs/<uuid:run_id>/stop")
def stop_run(run_id: UUID) -> AnyResponse:
    """End a run wherever it stands."""
    try:
        runs.stop(identity.organization_id(), run_id, by=identity.current())
    except Conflict as error:
        return refused(error, _page(run_id))
    commit("runs")
    return done("It is stopped. What was sent stays sent.", _page(run_id))


@pages.post("/runs/<uuid:run_id>/decide")
def decide_run(run_id: UUID) -> AnyResponse:
    """Settle what a run, or an item of one, asks."""
    organization_id = identity.organization_id()
    choice = request.form.get("choice", "")
    if choice not in get_args(runs.Choice):
        raise Invalid("Choose one of the answers on the page.")
    asking = queries.get_run(organization_id, run_id)
    here = _page(asking.root_run_id or run_id)
    try:
        runs.decide(organization_id, run_id, cast(runs.Choice, choice), by=identity.current())
    except Conflict as error:
        return refused(error, here)
    commit("runs")
    return done(_SAID[choice], here)


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
        others=_others(organization_id, {row.workflow_id for row in rows}),
    )


def _others(organization_id: UUID, started: Collection[UUID]) -> list[tuple[UUID, str]]:
    """A few workflows that an event did not start, by name."""
    names = page_queries.workflow_names(organization_id).items()
    return [(each, name) for each, name in names if each not in started][:_OTHERS_SHOWN]


def _page(run_id: UUID) -> str:
    return url_for("workflows.run", run_id=run_id)
