"""`/endpoints`: addresses this organization wants its events sent to."""

from typing import Any, cast
from uuid import UUID

from wedsync.api import preconditions
from wedsync.api.paging import page
from wedsync.api.resources import Resource
from wedsync.api.schemas.base import Deleted, PageQuery
from wedsync.api.schemas.deliveries import DeliveryOut, delivery_out
from wedsync.api.schemas.endpoints import (
    EndpointIn,
    EndpointOut,
    EndpointPage,
    EndpointPatch,
    EndpointRotation,
    endpoint_out,
)
from wedsync.platform import identity
from wedsync.webhooks import queries
from wedsync.webhooks.delivering import samples
from wedsync.webhooks.delivery_log import queries as delivery_queries
from wedsync.webhooks.endpoints import service

endpoints = Resource("Endpoints", "Addresses your events are sent to, signed.")


@endpoints.post("/endpoints", body=EndpointIn, answer=EndpointOut, status=201, problems=[409])
def create_endpoint(body: EndpointIn) -> EndpointOut:
    """Make an endpoint.

    The answer holds the secret its deliveries are signed with, once.
    """
    me = identity.current()
    made, secret = service.create(me.organization_id, _fields(body), by=me)
    return endpoint_out(made, secret=secret)


@endpoints.get("/endpoints", query=PageQuery, answer=EndpointPage)
def list_endpoints(query: PageQuery) -> EndpointPage:
    """List the endpoints, newest first."""
    organization_id = identity.organization_id()
    found = page(
        query,
        lambda before, limit: queries.list_endpoints(organization_id, after=before, limit=limit),
        lambda endpoint: endpoint.id,
    )
    data = [endpoint_out(endpoint) for endpoint in found.rows]
    return EndpointPage(data=data, next_cursor=found.next_cursor)


@endpoints.get("/endpoints/<uuid:endpoint_id>", answer=EndpointOut)
def get_endpoint(endpoint_id: UUID) -> Any:
    """Read an endpoint."""
    answer = endpoint_out(queries.get_endpoint(identity.organization_id(), endpoint_id))
    return answer, preconditions.content_tag(answer)


@endpoints.patch(
    "/endpoints/<uuid:endpoint_id>", body=EndpointPatch, answer=EndpointOut, rings=["deliveries"]
)
def change_endpoint(endpoint_id: UUID, body: EndpointPatch) -> Any:
    """Change an endpoint, or switch it off and on."""
    me = identity.current()
    # Its row is locked before it is compared: of two that read the same, one comes too late.
    present = queries.get_endpoint(me.organization_id, endpoint_id, for_update=True)
    preconditions.check_content(endpoint_out(present))
    answer = endpoint_out(service.update(me, endpoint_id, _fields(body)))
    return answer, preconditions.content_tag(answer)


@endpoints.delete("/endpoints/<uuid:endpoint_id>", answer=Deleted)
def delete_endpoint(endpoint_id: UUID) -> Deleted:
    """Take an endpoint away, with its deliveries."""
    service.delete(identity.current(), endpoint_id)
    return Deleted(id=endpoint_id, deleted=True)


@endpoints.post(
    "/endpoints/<uuid:endpoint_id>/rotate",
    body=EndpointRotation,
    answer=EndpointOut,
    problems=[409],
)
def rotate_endpoint_secret(endpoint_id: UUID, body: EndpointRotation) -> EndpointOut:
    """Make a new secret, and a new key pair where there is one.

    The answer holds the secret, once; what signed so far signs beside it for `overlap`.
    """
    endpoint, secret = service.rotate_secret(identity.current(), endpoint_id, body.length())
    return endpoint_out(endpoint, secret=secret)


@endpoints.post("/endpoints/<uuid:endpoint_id>/end-overlap", answer=EndpointOut)
def end_endpoint_overlap(endpoint_id: UUID) -> EndpointOut:
    """Let only the present secret sign from now on; it changes nothing where it does already."""
    return endpoint_out(service.end_overlap(identity.current(), endpoint_id))


@endpoints.post("/endpoints/<uuid:endpoint_id>/enable", answer=EndpointOut, rings=["deliveries"])
def enable_endpoint(endpoint_id: UUID) -> EndpointOut:
    """Send again to an endpoint that is off or was disabled, what is still due included."""
    return endpoint_out(service.enable(identity.current(), endpoint_id))


@endpoints.post(
    "/endpoints/<uuid:endpoint_id>/test",
    answer=DeliveryOut,
    status=202,
    rings=["deliveries"],
    problems=[409],
)
def test_endpoint(endpoint_id: UUID) -> DeliveryOut:
    """Send an `endpoint.test` event to this endpoint alone."""
    me = identity.current()
    delivery = samples.send_test(me.organization_id, endpoint_id, by=me)
    return delivery_out(delivery_queries.get_delivery(me.organization_id, delivery.id))


def _fields(body: EndpointIn | EndpointPatch) -> service.EndpointFields:
    said = body.model_dump(exclude_unset=True)
    if "url" in said:
        said["url"] = said["url"] or ""
    return cast(service.EndpointFields, said)
