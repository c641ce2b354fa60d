"""What there is to ask: why nothing happened, how a workflow does, and the books."""

from uuid import UUID

from wedsync.api.resources import Resource
from wedsync.api.schemas.insights import (
    BooksOut,
    PerformanceOut,
    PerformanceQuery,
    WhyNotOut,
    WhyNotQuery,
    books_out,
    performance_out,
    why_not_out,
)
from wedsync.platform import identity, wording
from wedsync.workflows import queries
from wedsync.workflows.history import performance
from wedsync.workflows.history.why_not import why_not

insights = Resource("Insights", "Why nothing happened, how a workflow does, and the books.")


@insights.get("/workflows/<uuid:workflow_id>/why-not", query=WhyNotQuery, answer=WhyNotOut)
def explain_why_not(workflow_id: UUID, query: WhyNotQuery) -> WhyNotOut:
    """Say why an event did not start a workflow, or what became of it.

    The version that was live then is run over the event as it is kept; nothing is written.
    """
    organization_id = identity.organization_id()
    return why_not_out(why_not(organization_id, workflow_id, query.event, wording.here()))


@insights.get(
    "/workflows/<uuid:workflow_id>/performance", query=PerformanceQuery, answer=PerformanceOut
)
def get_performance(workflow_id: UUID, query: PerformanceQuery) -> PerformanceOut:
    """Tell how a workflow did over some days: counts, times, slow steps and why runs stopped."""
    words = wording.here()
    days = performance.days_asked_for(query.first, query.last, words.today, words.zone)
    return performance_out(performance.performance(identity.organization_id(), workflow_id, days))


@insights.get("/books", answer=BooksOut)
def get_books() -> BooksOut:
    """Read the books: everything ever accepted, and where it is, counted at one moment."""
    return books_out(queries.books(identity.organization_id()))
