"""`/connections`: this organization's authorised links to its other tools."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from wedsync.api import preconditions
from wedsync.api.paging import page
from wedsync.api.resources import Resource
from wedsync.api.schemas.base import Deleted
from wedsync.api.schemas.connections import (
    Budget,
    ConnectionIn,
    ConnectionOut,
    ConnectionPage,
    ConnectionPatch,
    ConnectionQuery,
    ConnectionUses,
    ReconnectionIn,
    budget_out,
    connection_out,
    manifest_of,
    typed_before,
    uses_out,
)
from wedsync.connections import checking, life, naming, queries, service
from wedsync.connections.connecting import attempts, typed_in
from wedsync.connections.limits import queries as limits
from wedsync.connections.models import Connection
from wedsync.errors import FieldError, Invalid, NotFound
from wedsync.listings import queries as listings
from wedsync.listings.queries import PublishedListing
from wedsync.platform import identity, outbound
from wedsync.platform.db import db
from wedsync.workflows.editing import connection_users, parting

connections = Resource("Connections", "Your other tools, connected.")

RINGS = ("connections", "mail", "events")


@connections.post(
    "/connections", body=ConnectionIn, answer=ConnectionOut, status=202, rings=RINGS, problems=[429]
)
def create_connection(body: ConnectionIn) -> Any:
    """Connect a tool.

    With a key or a password the far end is asked after this answer: read the connection until its
    `attempt` is not `asking` any more. Where somebody has to agree at the provider, a signed-in
    editor of your team opens `authorize_url` within a day.
    """
    published = _published(body.connector)
    with _pointing_below("/fields"):
        typed = typed_in.read(published.manifest, body.fields)
        made, _ = service.start(identity.current(), published, typed, return_to=None)
    return _out(made)


@connections.get("/connections", query=ConnectionQuery, answer=ConnectionPage)
def list_connections(query: ConnectionQuery) -> ConnectionPage:
    """List the connections, newest first."""
    organization_id = identity.organization_id()
    found = page(
        query,
        lambda before, limit: queries.page_of_connections(
            organization_id, slug=query.connector, state=query.state, after=before, limit=limit
        ),
        lambda connection: connection.id,
    )
    last = attempts.latest_of(organization_id, [each.id for each in found.rows])
    data = [connection_out(each, manifest_of(each), last.get(each.id)) for each in found.rows]
    return ConnectionPage(data=data, next_cursor=found.next_cursor)


@connections.get("/connections/<uuid:connection_id>", answer=ConnectionOut)
def get_connection(connection_id: UUID) -> Any:
    """Read a connection: how it stands and why, whose account it is, what it may do."""
    return _out(queries.get_connection(identity.organization_id(), connection_id))


@connections.patch("/connections/<uuid:connection_id>", body=ConnectionPatch, answer=ConnectionOut)
def change_connection(connection_id: UUID, body: ConnectionPatch) -> Any:
    """Call a connection something else."""
    me = identity.current()
    # Its row is locked before it is compared: of two that read the same, one comes too late.
    present = queries.get_connection(me.organization_id, connection_id, for_update=True)
    preconditions.check_content(_resource(present))
    if "name" not in body.model_fields_set:
        return _out(present)
    return _out(naming.rename(me, connection_id, body.name))


@connections.delete(
    "/connections/<uuid:connection_id>", answer=Deleted, rings=RINGS, problems=[409]
)
def delete_connection(connection_id: UUID) -> Deleted:
    """Take a connection away for good.

    Refused while workflows that are on cannot do without it (`/uses`); disconnecting leaves its
    name and its history.
    """
    parting.delete_connection(identity.current(), connection_id, turn_off=False)
    return Deleted(id=connection_id, deleted=True)


@connections.post(
    "/connections/<uuid:connection_id>/reconnect",
    body=ReconnectionIn,
    answer=ConnectionOut,
    status=202,
    rings=RINGS,
    problems=[409, 429],
)
def reconnect_connection(connection_id: UUID, body: ReconnectionIn) -> Any:
    """Connect it anew; what works now goes on working until the new does.

    It goes on as for a new connection. What waits for it continues by itself afterwards.
    """
    me = identity.current()
    found = queries.get_connection(me.organization_id, connection_id, for_update=True)
    manifest = manifest_of(found)
    is_kept = found.secret is not None and found.state != "revoked"
    kept = [each.name for each in manifest.auth.fields if each.kind == "secret" and is_kept]
    with _pointing_below("/fields"):
        typed = typed_in.read(manifest, {**typed_before(found, manifest), **body.fields}, kept=kept)
        made, _ = service.start_again(me, connection_id, typed, return_to=None)
    return _out(made)


@connections.post(
    "/connections/<uuid:connection_id>/check",
    answer=ConnectionOut,
    status=202,
    rings=RINGS,
    problems=[409],
)
def check_connection(connection_id: UUID) -> Any:
    """Look at the account now; `last_check` says what was found."""
    me = identity.current()
    found = queries.get_connection(me.organization_id, connection_id, for_update=True)
    service.require_looked_at(found)
    checking.make_due(found)
    return _out(found)


@connections.post(
    "/connections/<uuid:connection_id>/pause", answer=ConnectionOut, rings=RINGS, problems=[409]
)
def pause_connection(connection_id: UUID) -> Any:
    """Let nothing use it until it is resumed; what needs it waits."""
    return _out(life.pause(identity.current(), connection_id))


@connections.post("/connections/<uuid:connection_id>/resume", answer=ConnectionOut, rings=RINGS)
def resume_connection(connection_id: UUID) -> Any:
    """Let what waited go on, in the order it came."""
    return _out(life.resume(identity.current(), connection_id))


@connections.post(
    "/connections/<uuid:connection_id>/disconnect",
    answer=ConnectionOut,
    rings=RINGS,
    problems=[409],
)
def disconnect_connection(connection_id: UUID) -> Any:
    """Give the permission back; the provider is told. It can be connected again."""
    return _out(life.disconnect(identity.current(), connection_id))


@connections.get("/connections/<uuid:connection_id>/uses", answer=ConnectionUses)
def list_connection_uses(connection_id: UUID) -> ConnectionUses:
    """Read which workflows use it, and how many runs wait for it."""
    organization_id = identity.organization_id()
    queries.get_connection(organization_id, connection_id)
    return uses_out(
        connection_users.users_of(organization_id, "connection", connection_id),
        connection_users.waiting_for(organization_id, connection_id),
    )


@connections.get("/connections/<uuid:connection_id>/budget", answer=Budget)
def get_connection_budget(connection_id: UUID) -> Budget:
    """Read how often the far end may be called, what is left of it, and when what waits goes on."""
    organization_id = identity.organization_id()
    queries.get_connection(organization_id, connection_id)
    return budget_out(limits.budget_of(organization_id, connection_id))


def _out(connection: Connection) -> tuple[ConnectionOut, dict[str, str]]:
    db.session.flush()
    db.session.refresh(connection)
    answer = _resource(connection)
    return answer, preconditions.content_tag(answer)


def _resource(connection: Connection) -> ConnectionOut:
    attempt = attempts.latest(connection.organization_id, connection.id)
    return connection_out(connection, manifest_of(connection), attempt)


def _published(slug: str) -> PublishedListing:
    """Raises Invalid: it is a field of the body that names it."""
    try:
        return listings.published(slug)
    except NotFound as error:
        errors = [FieldError("/connector", "connector", error.detail)]
        raise Invalid(error.detail, errors=errors) from error


@contextmanager
def _pointing_below(pointer: str) -> Iterator[None]:
    """Let what is refused inside point at where the fields stand in the body."""
    try:
        yield
    except Invalid as error:
        below = [
            FieldError(f"{pointer}{each.pointer}", each.code, each.message) for each in error.errors
        ]
        raise Invalid(error.detail, code=error.code, errors=below) from error
    except outbound.UrlRefused as error:
        below = [FieldError(pointer, error.code, error.message)]
        raise Invalid(error.message, errors=below) from error
