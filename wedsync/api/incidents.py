"""`/health/incidents`: times in which something did not do well."""

from uuid import UUID

from wedsync.api.paging import page
from wedsync.api.resources import Resource
from wedsync.api.schemas.incidents import IncidentOut, IncidentPage, IncidentQuery, incident_out
from wedsync.health.incidents import service
from wedsync.platform import identity

incidents = Resource("Incidents", "Times in which something did not do well.")


@incidents.get("/health/incidents", query=IncidentQuery, answer=IncidentPage)
def list_incidents(query: IncidentQuery) -> IncidentPage:
    """List incidents, newest first."""
    organization_id = identity.organization_id()
    found = page(
        query,
        lambda before, limit: service.latest(
            organization_id,
            is_open=None if query.state is None else query.state == "open",
            before=before,
            limit=limit,
        ),
        lambda looked: looked.incident.id,
    )
    return IncidentPage(
        data=[incident_out(looked) for looked in found.rows], next_cursor=found.next_cursor
    )


@incidents.get("/health/incidents/<uuid:incident_id>", answer=IncidentOut)
def get_incident(incident_id: UUID) -> IncidentOut:
    """Read an incident."""
    return incident_out(service.get(identity.organization_id(), incident_id))


@incidents.post("/health/incidents/<uuid:incident_id>/acknowledge", answer=IncidentOut)
def acknowledge_incident(incident_id: UUID) -> IncidentOut:
    """Say that it is looked after; its people are not written to about it any more."""
    service.acknowledge(identity.current(), incident_id)
    return incident_out(service.get(identity.organization_id(), incident_id))
