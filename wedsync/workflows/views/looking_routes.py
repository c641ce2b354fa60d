"""Pages that answer what people ask of a workflow: why nothing happened, and how it does."""

from datetime import date
from uuid import UUID

from flask import Response, request

from wedsync.errors import Invalid
from wedsync.events import queries as events
from wedsync.platform import identity, wording
from wedsync.platform.fragments import render
from wedsync.workflows import queries
from wedsync.workflows.history import performance, run_list
from wedsync.workflows.history.event_story import event_lines
from wedsync.workflows.history.performance_story import tell_performance
from wedsync.workflows.history.why_not import why_not
from wedsync.workflows.views.routes import pages

_EVENTS_SHOWN = 20


@pages.get("/workflows/<uuid:workflow_id>/why-not", endpoint="why_not")
def why_nothing_happened(workflow_id: UUID) -> Response:
    """Why did nothing happen? An event to choose, and the answer for the one that was chosen."""
    organization_id, words = identity.organization_id(), wording.here()
    workflow = queries.get_workflow(organization_id, workflow_id)
    event_id = request.args.get("event", type=UUID)
    before = request.args.get("before", type=UUID)
    answer = why_not(organization_id, workflow_id, event_id, words) if event_id else None
    found = events.latest(organization_id, before=before, limit=_EVENTS_SHOWN + 1)
    rows = [answer.run] if answer and answer.run else []
    return render(
        "workflows/why_not.html",
        workflow=workflow,
        answer=answer,
        asked=event_lines(organization_id, [answer.event])[0] if answer else None,
        runs=run_list.run_lines(organization_id, rows, words),
        lines=event_lines(organization_id, found[:_EVENTS_SHOWN]),
        earlier=found[_EVENTS_SHOWN - 1].id if len(found) > _EVENTS_SHOWN else None,
        is_first_page=before is None,
    )


@pages.get("/workflows/<uuid:workflow_id>/performance", endpoint="performance")
def how_it_does(workflow_id: UUID) -> Response:
    """How a workflow does: counts, times, slow steps, and why it stopped, over some days."""
    organization_id, words = identity.organization_id(), wording.here()
    workflow = queries.get_workflow(organization_id, workflow_id)
    problem = ""
    try:
        days = performance.days_asked_for(_day("from"), _day("to"), words.today, words.zone)
    except Invalid as error:
        problem = error.detail
        days = performance.days_asked_for(None, None, words.today, words.zone)
    found = performance.performance(organization_id, workflow_id, days)
    return render(
        "workflows/performance.html",
        workflow=workflow,
        story=tell_performance(found, words),
        days=days,
        today=words.today,
        problem=problem,
    )


def _day(name: str) -> date | None:
    written = request.args.get(name)
    try:
        return date.fromisoformat(written) if written else None
    except ValueError as error:
        raise Invalid("Write a day like 2027-06-12.") from error
