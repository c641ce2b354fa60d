"""Reading connections, always inside one organization."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from wedsync.connections.models import Connection
from wedsync.errors import NotFound
from wedsync.platform.db import db

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
    query = select(Connection).where(
        Connection.organization_id == organization_id,
        Connection.id == connection_id,
        Connection.state.not_in(GONE_STATES),
    )
    if for_update:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(query)
    if found is None:
        raise NotFound("There is no such connection, or it was disconnected.")
    return found
