"""Renewing a token by hand, and what a connection holds then."""

from typing import Any
from uuid import UUID

from apiflask import APIFlask

from tests.connections.ways import change, engine_of, means_of, row_of
from wedsync.connections import credentials
from wedsync.connections.access import Unusable, open_for_work, refused
from wedsync.connections.tokens import refreshing
from wedsync.connectors.contract import Access


def refresh(app: APIFlask, connection_id: UUID, **given: Any) -> bool:
    """Renew now, whether it is due or not."""
    change(app, connection_id, "refresh_due_at = now() - interval '1 second'")
    organization_id = row_of(app, connection_id).organization_id
    return refreshing.refresh(means_of(app), organization_id, connection_id, **given)


def opened(app: APIFlask, connection_id: UUID) -> Access | Unusable:
    means, row = means_of(app), row_of(app, connection_id)
    with means.engine.begin() as database:
        return open_for_work(
            database, means.vault, means.settings, row.organization_id, connection_id
        )


def say_refused(app: APIFlask, connection_id: UUID, generation: int) -> None:
    with engine_of(app).begin() as database:
        organization_id = row_of(app, connection_id).organization_id
        refused(database, organization_id, connection_id, generation)


def secrets_of(app: APIFlask, connection_id: UUID) -> dict[str, str]:
    means, row = means_of(app), row_of(app, connection_id)
    with means.engine.connect() as database:
        return credentials.opened(database, means.vault, row.organization_id, row.id, row.secret)


def let_it_end(app: APIFlask, connection_id: UUID) -> None:
    change(app, connection_id, "access_expires_at = now() - interval '1 second'")
