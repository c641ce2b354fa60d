"""The pages of running many runs again: what it would do, how far it is, and stopping it."""

from typing import cast, get_args
from uuid import UUID

from flask import Response, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from wedsync.errors import Conflict, Invalid
from wedsync.platform import identity, wording
from wedsync.platform.fragments import render
from wedsync.platform.identity import requires
from wedsync.platform.passing import done, refused
from wedsync.platform.runtime import commit
from wedsync.workflows import page_queries
from wedsync.workflows.running import bulk_rerun
from wedsync.workflows.running.bulk_rerun import Again, Wanted
from wedsync.workflows.views.routes import pages
from wedsync.workflows.words.batch_words import tell_batch

_BATCHES_SHOWN = 20


@pages.get("/run-batches")
def run_batches() -> Response:
    """When many runs were run again, the latest first."""
    organization_id = identity.organization_id()
    names = page_queries.workflow_names(organization_id)
    found = bulk_rerun.latest(organization_id, limit=_BATCHES_SHOWN)
    return render(
        "workflows/batches.html",
        stories=[tell_batch(batch, names, wording.here()) for batch in found],
    )


@pages.get("/run-batches/new")
@requires("editor")
def new_run_batch() -> Response:
    """What running these again would do, before it is done."""
    organization_id = identity.organization_id()
    wanted = _wanted(request.args)
    return render(
        "workflows/new_batch.html",
        wanted=wanted,
        number=bulk_rerun.count(organization_id, wanted),
        most=bulk_rerun.MOST,
        a_second=bulk_rerun.TURN,
        workflow_name=page_queries.workflow_names(organization_id).get(wanted.workflow_id)
        if wanted.workflow_id
        else None,
    )


@pages.post("/run-batches")
def begin_run_batch() -> AnyResponse:
    """Run all of them again."""
    me = identity.current()
    wanted = _wanted(request.form)
    try:
        batch = bulk_rerun.begin(me.organization_id, wanted, by=me)
    except Conflict as error:
        back = url_for("workflows.run_list", state=_FILTERS[wanted.state])
        return refused(error, back)
    batch_id = batch.id
    commit("reruns")
    return done("It has begun.", _page(batch_id))


@pages.get("/run-batches/<uuid:batch_id>")
def run_batch(batch_id: UUID) -> Response:
    """How far a batch is; the page follows along."""
    organization_id = identity.organization_id()
    batch = bulk_rerun.get(organization_id, batch_id)
    names = page_queries.workflow_names(organization_id)
    return render(
        "workflows/batch.html",
        "batch",
        story=tell_batch(batch, names, wording.here()),
        may_edit=identity.current().has_role("editor"),
    )


@pages.post("/run-batches/<uuid:batch_id>/cancel")
def cancel_run_batch(batch_id: UUID) -> AnyResponse:
    """Take up no more of its runs."""
    me = identity.current()
    try:
        bulk_rerun.cancel(me.organization_id, batch_id, by=me)
    except Conflict as error:
        return refused(error, _page(batch_id))
    commit()
    return done("It takes up no more. What was taken up goes on.", _page(batch_id))


_FILTERS = {"failed": "did-not-work", "stopped": "stopped"}


def _wanted(given: MultiDict[str, str]) -> Wanted:
    state = given.get("state", "failed")
    if state not in get_args(Again):
        raise Invalid("Only runs that did not work or were stopped can be run again.")
    return Wanted(
        state=cast(Again, state),
        workflow_id=given.get("workflow", type=UUID),
        error=given.get("error") or None,
    )


def _page(batch_id: UUID) -> str:
    return url_for("workflows.run_batch", batch_id=batch_id)
