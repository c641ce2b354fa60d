"""Reading connections, always inside one organization."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from wedsync.connections.models import Connection
from wedsync.platform.db import db, one_of

SHOWN = 200
GONE_STATES = ("deleted", "revoked")


def list_connections(organization_id: UUID) -> Sequence[Connection]:
    """Those that are there: what needs somebody first, then by name."""
    found = db.session.scalars(
        select(Connection)
        .where(Connection.organization_id == organization_id, Connection.state.not_in(GONE_STATES))
        .order_by(Connection.state != "needs_reauth", Connection.name, Connection.id)
        .limit(SHOWN)
    )
    return found.all()


def get_connection(
    organization_id: UUID, connection_id: UUID, *, for_update: bool = False
) -> Connection:
    """One connection that is there. Raises NotFound."""
    return one_of(
        Connection,
        organization_id,
        connection_id,
        Connection.state.not_in(GONE_STATES),
        lock=for_update,
        missing="There is no such connection, or it was disconnected.",
    )
