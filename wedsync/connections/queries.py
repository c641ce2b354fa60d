"""Reading connections, always inside one organization."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from wedsync.connections.models import Authorization, Connection
from wedsync.platform import clock
from wedsync.platform.db import db, one_of
from wedsync.platform.identity import Identity

SHOWN = 200
GONE_STATES = ("deleted", "revoked")
_ON_THE_WAY = timedelta(hours=1)


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


def connected_on_the_way_to(by: Identity, page: str) -> tuple[UUID, Connection] | None:
    """The account that this sign-in connected last, within the hour, to come back to a page of
    ours, with the attempt it was connected by; None where nothing was."""
    found = db.session.execute(
        select(Authorization.id, Connection)
        .join(
            Connection,
            (Connection.organization_id == Authorization.organization_id)
            & (Connection.id == Authorization.connection_id),
        )
        .where(
            Authorization.organization_id == by.organization_id,
            Authorization.sign_in_id == by.credential_id,
            Authorization.return_to == page,
            Authorization.outcome == "connected",
            Authorization.used_at > clock.now() - _ON_THE_WAY,
            Connection.state.not_in(GONE_STATES),
        )
        .order_by(Authorization.id.desc())
        .limit(1)
    ).first()
    return (found[0], found[1]) if found is not None else None
