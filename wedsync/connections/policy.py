"""Who may do what with connections.

Everybody of the team sees them. Editors and owners connect, reconnect, check and decide whose
account it is. Taking a connection away stops what depends on it for everybody and cannot be
undone: only owners may, and whoever connected it.
"""

from wedsync.connections.models import Connection
from wedsync.errors import Forbidden
from wedsync.platform.identity import Identity


def may_connect(by: Identity) -> bool:
    return by.kind == "person" and by.has_role("editor")


def may_disconnect(by: Identity, connection: Connection) -> bool:
    made_it = by.user_id is not None and connection.created_by == by.user_id
    return by.has_role("owner") or (made_it and by.has_role("editor"))


def require_disconnect(by: Identity, connection: Connection) -> None:
    """Raises Forbidden."""
    if not may_disconnect(by, connection):
        raise Forbidden(
            "Owners disconnect, and whoever connected it. An owner of your team can do this.",
            code="role_missing",
        )
