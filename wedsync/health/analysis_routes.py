"""Pages of how one thing did: a connection, an endpoint, or a workflow."""

from datetime import timedelta
from uuid import UUID

from flask import Response, request, url_for

from wedsync.health import analysis_story, analytics, periods
from wedsync.health.analysis_story import SPANS
from wedsync.health.analytics import Thing
from wedsync.health.routes import pages
from wedsync.platform import identity, wording
from wedsync.platform.fragments import render
from wedsync.rollups import reading

_BY_HOUR_UP_TO_DAYS = 7


@pages.get("/analytics/connections/<uuid:connection_id>")
def connection_analytics(connection_id: UUID) -> Response:
    """How the tries through a connection went."""
    thing = analytics.connection(identity.organization_id(), connection_id)
    return _shown(thing, url_for("connections.connection", connection_id=connection_id))


@pages.get("/analytics/endpoints/<uuid:endpoint_id>")
def endpoint_analytics(endpoint_id: UUID) -> Response:
    """How the deliveries to an endpoint went, each try for itself."""
    thing = analytics.endpoint(identity.organization_id(), endpoint_id)
    return _shown(thing, url_for("webhooks.endpoint", endpoint_id=endpoint_id))


@pages.get("/analytics/workflows/<uuid:workflow_id>")
def workflow_analytics(workflow_id: UUID) -> Response:
    """How the runs of a workflow ended."""
    thing = analytics.workflow(identity.organization_id(), workflow_id)
    return _shown(thing, url_for("workflows.workflow", workflow_id=workflow_id))


def _shown(thing: Thing, page_of_it: str) -> Response:
    words, days = wording.here(), _days()
    unit: reading.Unit = "hour" if days <= _BY_HOUR_UP_TO_DAYS else "day"
    first = words.now - timedelta(days=days)
    period = periods.asked_for(first, None, unit, words.zone, words.now)
    found = analytics.analyse(thing, period)
    if request.args.get("format") == "csv":
        return Response(analytics.as_csv(found), mimetype="text/csv")
    return render(
        "health/analysis.html",
        name=thing.name,
        kind=thing.series.kind,
        page_of_it=page_of_it,
        days=days,
        spans=SPANS,
        story=analysis_story.tell(found, days, words),
    )


def _days() -> int:
    """Of those that can be chosen; a day for anything else."""
    written = request.args.get("days", "")
    return next((days for days in SPANS if str(days) == written), 1)
