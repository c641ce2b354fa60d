"""Trying a draft from its page: each button says whether anything leaves, and its answer is a page
of its own that leads back to where it was pressed."""

from uuid import UUID

from flask import Response, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wedsync.errors import Conflict, Invalid, TooMany
from wedsync.platform import identity
from wedsync.platform.fragments import render
from wedsync.platform.passing import refused
from wedsync.platform.runtime import commit
from wedsync.platform.wording import State
from wedsync.workflows import queries
from wedsync.workflows.building.models import Try
from wedsync.workflows.building.tries import service, tried
from wedsync.workflows.views.builder_state import here_of
from wedsync.workflows.views.routes import pages
from wedsync.workflows.words.run_words import steps_by_id
from wedsync.workflows.words.step_lines import look_of

_LONGEST_KEY = 200
_STATES = {
    "would": State("tried", "Would happen"),
    "went_on": State("done", "Goes on"),
    "ended": State("stopped", "Ends here"),
    "failed": State("failed", "Does not work"),
    "unfinished": State("needs", "Not finished"),
}
_NEWS = {
    "asked": State("waiting", "About to happen"),
    "going_on": State("running", "Happening now"),
    "done": State("done", "Done"),
    "failed": State("failed", "Did not work"),
    "unsure": State("needs", "May have happened"),
}


@pages.post("/workflows/<uuid:workflow_id>/tries")
def try_draft(workflow_id: UUID) -> AnyResponse:
    """Pretend the draft or a part of it, or have one step of it really happen."""
    here = here_of(workflow_id)
    try:
        made = _tried(workflow_id, here.sample)
    except (Conflict, Invalid, TooMany) as error:
        return refused(error, here.url())
    to = url_for("workflows.draft_try", workflow_id=workflow_id, try_id=made.id, **here.query())
    commit("tries")
    return AnyResponse(status=303, headers={"Location": to})


@pages.get("/workflows/<uuid:workflow_id>/tries/<uuid:try_id>")
def draft_try(workflow_id: UUID, try_id: UUID) -> Response:
    """What a try came to; while it is under way, the page looks again."""
    organization_id = identity.organization_id()
    found = service.get(organization_id, workflow_id, try_id)
    workflow = queries.get_workflow(organization_id, workflow_id)
    steps = steps_by_id(workflow.draft)
    return render(
        "workflows/try.html",
        "outcome",
        workflow=workflow,
        made=found,
        tried=tried.read(found.told),
        here=here_of(workflow_id),
        state_of=_STATES.get,
        news=_NEWS[found.state],
        look=lambda step: look_of(steps.get(step, {})),
    )


def _tried(workflow_id: UUID, sample: str) -> Try:
    me, given = identity.current(), request.form
    to_me, step = given.get("to_me") == "yes", given.get("step") or None
    if given.get("how", "really" if to_me else "pretend") == "pretend":
        onwards = given.get("onwards") == "yes"
        return service.pretend(me, workflow_id, sample=sample or None, step=step, onwards=onwards)
    once = given.get("once", "")[:_LONGEST_KEY]
    key = f"{once} {to_me}" if once else None
    return service.really(me, workflow_id, step or "", sample=sample or None, to_me=to_me, key=key)
