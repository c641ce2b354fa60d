"""Taking a connection away with what depends on it: never silently."""

from uuid import UUID

from wedsync.connections import life
from wedsync.connections.models import Connection
from wedsync.errors import Conflict
from wedsync.platform.identity import Identity
from wedsync.platform.wording import listing
from wedsync.workflows.editing import connection_users, service
from wedsync.workflows.editing.connection_users import User


def stopped_by(organization_id: UUID, connection_id: UUID) -> tuple[User, ...]:
    """The workflows that would go wrong without this connection: those that are on and use it."""
    users = connection_users.users_of(organization_id, "connection", connection_id)
    return tuple(each for each in users if each.would_stop)


def delete_connection(by: Identity, connection_id: UUID, *, turn_off: bool) -> Connection:
    """Delete a connection; with `turn_off` the workflows that cannot do without are turned off.

    Raises NotFound, Forbidden, and Conflict where such workflows are on and were not to be turned
    off, or where one of them cannot be, since it is paused and holds runs.
    """
    stopped = stopped_by(by.organization_id, connection_id)
    if stopped and not turn_off:
        names = listing([f"“{each.workflow.name}”" for each in stopped])
        raise Conflict(
            f"{names} cannot go on without it. Turn that off with it, or choose another account "
            "there first.",
            code="connection_in_use",
        )
    for each in stopped:
        _turn_off(by, each)
    return life.delete(by, connection_id)


def _turn_off(by: Identity, user: User) -> None:
    try:
        service.turn_off(by.organization_id, user.workflow.id, by=by)
    except Conflict as error:
        raise Conflict(f"“{user.workflow.name}”: {error.detail}", code=error.code) from None
