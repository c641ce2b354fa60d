"""What people do with a connection that is there: pause it, let it go on, disconnect it, delete it.

`paused`: nothing opens it and what needs it waits; its permission is kept alive. `revoked`: it was
disconnected, the provider is told, and it can be connected again. `deleted`: it is gone; what still
needs it fails, so whoever takes it away looks at its users first (`workflows.editing.parting`).
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, update

from wedsync.connections import policy, queries, service, standing
from wedsync.connections.choosing import kept_choices
from wedsync.connections.connecting import attempts
from wedsync.connections.models import KEPT_STATES, Connection
from wedsync.connections.standing import NOTHING_IN_FLIGHT, TABLE
from wedsync.connections.tokens import revoking
from wedsync.errors import Conflict
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.platform.identity import Identity


def pause(by: Identity, connection_id: UUID) -> Connection:
    """Let nothing use it until somebody lets it go on. Raises NotFound, Conflict."""
    connection, row = _held(by, connection_id)
    if connection.state not in KEPT_STATES:
        raise Conflict(
            "Only what is connected can be paused. Nothing uses it as it is.",
            code="connection_not_usable",
        )
    if connection.paused_at is None:
        now = clock.now()
        _change(connection, state="paused", state_since=now, paused_at=now)
        standing.tell(db.session, row, "connection.paused", by=by)
    return connection


def resume(by: Identity, connection_id: UUID) -> Connection:
    """Let what waited go on, in the order it came. Raises NotFound."""
    connection, row = _held(by, connection_id)
    if connection.paused_at is None:
        return connection
    values: dict[str, Any] = {"paused_at": None}
    goes_on = connection.state == "paused"
    if goes_on:
        now = clock.now()
        values |= {
            "state": "degraded" if connection.reason else "active",
            "state_since": now,
            "ready_at": now,
            # What could not be looked at meanwhile is looked at now.
            "check_due_at": now if connection.check_due_at is not None else None,
        }
    _change(connection, **values)
    if goes_on:
        standing.tell(db.session, row, "connection.resumed", by=by)
    else:  # it needs somebody first, and nobody who waits for it goes on
        standing.note(db.session, row, "connection.resumed", by)
    return connection


def disconnect(by: Identity, connection_id: UUID) -> Connection:
    """Give the permission back. Its name and history stay, and it can be connected again; what
    needs it waits until then. Its provider is told by the drain.

    Raises NotFound, Forbidden, Conflict.
    """
    connection, row = _held(by, connection_id)
    policy.require_disconnect(by, connection)
    if connection.connected_at is None:
        raise Conflict("It was never connected.", code="connection_not_usable")
    if connection.state != "revoked":
        _end(connection, "revoked", {"secret": None})
        standing.tell(db.session, row, "connection.disconnected", by=by)
        standing.mended(db.session, row)
    return connection


def delete(by: Identity, connection_id: UUID) -> Connection:
    """Take a connection away for good, with what we keep of it. Its provider is told by the drain.

    Raises NotFound, Forbidden.
    """
    connection, row = _held(by, connection_id)
    policy.require_disconnect(by, connection)
    _end(connection, "deleted", {"secret": None, "settings": {}})
    _change(connection, account_id=None, account_name=None, check_result=None, looks=[])
    if connection.connected_at is None:
        standing.note(db.session, row, "connection.deleted", by)
    else:
        standing.tell(db.session, row, "connection.deleted", by=by)
    standing.mended(db.session, row)
    return connection


def _held(by: Identity, connection_id: UUID) -> tuple[Connection, Row[Any]]:
    """The connection, which nobody else changes now, and its row as it stands."""
    connection = queries.get_connection(by.organization_id, connection_id, for_update=True)
    return connection, db.session.execute(
        standing.row_query(by.organization_id, connection_id)
    ).one()


def _end(connection: Connection, state: str, wiped: dict[str, Any]) -> None:
    """Nothing opens it from now on. What its provider has to be told with is wiped afterwards."""
    now = clock.now()
    manifest = service.manifest_of(connection)
    tell_provider = connection.secret is not None and revoking.is_revocable(manifest)
    _change(
        connection,
        state=state,
        state_since=now,
        reason=None,
        paused_at=None,
        access_expires_at=None,
        refresh_due_at=now if tell_provider else None,
        refresh_failures=0,
        refresh_fence=TABLE.c.refresh_fence + 1,
        check_due_at=None,
        ready_at=None,
        **NOTHING_IN_FLIGHT,
        **({} if tell_provider else wiped),
    )
    attempts.end_open_ones(connection, also_going=True)
    kept_choices.forget(db.session, connection.organization_id, connection.id)


def _change(connection: Connection, **values: Any) -> None:
    db.session.execute(
        update(TABLE)
        .where(TABLE.c.organization_id == connection.organization_id, TABLE.c.id == connection.id)
        .values(**values)
    )
    db.session.refresh(connection)
