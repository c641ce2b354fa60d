"""Reading connections, always inside one organization."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import case, func, select

from wedsync.connections.models import Authorization, Connection
from wedsync.platform import clock
from wedsync.platform.db import db, one_of
from wedsync.platform.identity import Identity

SHOWN = 200
_ON_THE_WAY = timedelta(hours=1)
_TURN = case(
    {"needs_reauth": 0, "pending": 1, "degraded": 2, "revoked": 4}, value=Connection.state, else_=3
)


def list_connections(organization_id: UUID) -> Sequence[Connection]:
    """Those that are there: what needs somebody first, what was disconnected last."""
    found = db.session.scalars(
        select(Connection)
        .where(Connection.organization_id == organization_id, Connection.state != "deleted")
        .order_by(_TURN, func.lower(Connection.name), Connection.id)
        .limit(SHOWN)
    )
    return found.all()


def page_of_connections(
    organization_id: UUID,
    *,
    slug: str | None,
    state: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Connection]:
    """Those that are there, newest first, older than the id `after`."""
    query = select(Connection).where(
        Connection.organization_id == organization_id, Connection.state != "deleted"
    )
    if slug is not None:
        query = query.where(Connection.slug == slug)
    if state is not None:
        query = query.where(Connection.state == state)
    if after is not None:
        query = query.where(Connection.id < after)
    return db.session.scalars(query.order_by(Connection.id.desc()).limit(limit)).all()


def get_connection(
    organization_id: UUID, connection_id: UUID, *, for_update: bool = False
) -> Connection:
    """One connection that is there. Raises NotFound."""
    return one_of(
        Connection,
        organization_id,
        connection_id,
        Connection.state != "deleted",
        lock=for_update,
        missing="There is no such connection, or it was deleted.",
    )


def connection_of_answer(organization_id: UUID, state_hash: bytes) -> Connection | None:
    """What somebody wanted to connect who came back with an answer that is not taken."""
    return db.session.scalar(
        select(Connection)
        .join(
            Authorization,
            (Authorization.organization_id == Connection.organization_id)
            & (Authorization.connection_id == Connection.id),
        )
        .where(
            Connection.organization_id == organization_id,
            Connection.state != "deleted",
            Authorization.state_hash == state_hash,
        )
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
            Connection.state != "deleted",
        )
        .order_by(Authorization.id.desc())
        .limit(1)
    ).first()
    return (found[0], found[1]) if found is not None else None
