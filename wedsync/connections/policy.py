"""Who may do what with connections.

Everybody of the team sees them. Editors and owners connect, reconnect, check, name and pause them
and decide whose account it is. Disconnecting and deleting stop what depends on a connection for
everybody and cannot be undone: only owners may, whoever connected it, and a key that an owner let
change connections.
"""

from wedsync.connections.models import KEPT_STATES, Connection
from wedsync.errors import Forbidden
from wedsync.platform.identity import Identity


def may_connect(by: Identity) -> bool:
    return by.kind == "person" and by.has_role("editor")


def may_pause(by: Identity, connection: Connection) -> bool:
    return by.has_role("editor") and connection.state in (*KEPT_STATES, "needs_reauth")


def may_disconnect(by: Identity, connection: Connection) -> bool:
    made_it = by.user_id is not None and connection.created_by == by.user_id
    return by.has_role("owner") or (made_it and by.has_role("editor")) or by.kind == "api_key"


def require_disconnect(by: Identity, connection: Connection) -> None:
    """Raises Forbidden."""
    if not may_disconnect(by, connection):
        raise Forbidden(
            "Owners disconnect, and whoever connected it. An owner of your team can do this.",
            code="role_missing",
        )
