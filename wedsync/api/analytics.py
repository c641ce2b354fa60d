"""`/health` and `/analytics`: how things do now, and how they did over a time."""

from typing import Any
from uuid import UUID

from flask import Response

from wedsync.api.resources import Resource
from wedsync.api.schemas.analytics import (
    AnalyticsOut,
    AnalyticsQuery,
    HealthOut,
    WorkflowAnalyticsQuery,
    analytics_out,
    health_out,
)
from wedsync.health import analytics as figures
from wedsync.health import overview, periods
from wedsync.health.analytics import Thing
from wedsync.platform import identity, wording

analytics = Resource("Analytics", "How things do now, and how they did over a time.")


@analytics.get("/health", answer=HealthOut)
def get_health() -> HealthOut:
    """Tell how connections, hooks, endpoints and workflows do, why, and what happens by itself."""
    return health_out(overview.tell(identity.organization_id(), wording.here()))


@analytics.get(
    "/analytics/connections/<uuid:connection_id>",
    query=AnalyticsQuery,
    answer=AnalyticsOut,
    or_csv=True,
)
def get_connection_analytics(connection_id: UUID, query: AnalyticsQuery) -> Any:
    """Tell how the tries through a connection went."""
    return _told(figures.connection(identity.organization_id(), connection_id), query)


@analytics.get(
    "/analytics/endpoints/<uuid:endpoint_id>",
    query=AnalyticsQuery,
    answer=AnalyticsOut,
    or_csv=True,
)
def get_endpoint_analytics(endpoint_id: UUID, query: AnalyticsQuery) -> Any:
    """Tell how the deliveries to an endpoint went, each try for itself."""
    return _told(figures.endpoint(identity.organization_id(), endpoint_id), query)


@analytics.get(
    "/analytics/workflows/<uuid:workflow_id>",
    query=WorkflowAnalyticsQuery,
    answer=AnalyticsOut,
    or_csv=True,
)
def get_workflow_analytics(workflow_id: UUID, query: WorkflowAnalyticsQuery) -> Any:
    """Tell how the runs of a workflow ended, or how the tries of one of its steps went."""
    return _told(figures.workflow(identity.organization_id(), workflow_id, query.step), query)


def _told(thing: Thing, query: AnalyticsQuery) -> AnalyticsOut | Response:
    words = wording.here()
    period = periods.asked_for(query.first, query.after, query.bucket, words.zone, words.now)
    found = figures.analyse(thing, period)
    if query.format == "csv":
        return Response(figures.as_csv(found), mimetype="text/csv")
    return analytics_out(found)
