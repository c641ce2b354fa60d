"""The course of one incident: it opens, gets graver, is well for a while, and closes."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, text

from wedsync.health.judging import GRAVITY, Health

CLEAR_FOR = timedelta(minutes=1)
"""How long something must have been well before its incident is over."""

_OPEN = text(
    "INSERT INTO incidents (organization_id, kind, subject, name, path, state, reason, opened_at)"
    " VALUES (:organization_id, :kind, :subject, :name, :path, :state, :reason, :opened_at)"
    " ON CONFLICT (organization_id, kind, subject) WHERE closed_at IS NULL DO NOTHING"
)
_UNWELL_AGAIN = text("UPDATE incidents SET clear_since = NULL WHERE id = :id")
_GRAVER = text("UPDATE incidents SET state = :state, reason = :reason WHERE id = :id")
_CLEAR = text("UPDATE incidents SET clear_since = :now WHERE id = :id")
_CLOSE = text("UPDATE incidents SET closed_at = clear_since WHERE id = :id")


def begin(connection: Connection, row: dict[str, Any], health: Health, now: datetime) -> None:
    """Open an incident about what `row` names, unless one is open."""
    judged = {"state": health.state, "reason": health.reason, "opened_at": health.since or now}
    connection.execute(_OPEN, row | judged)


def carry_on(
    connection: Connection, incident: Row[Any], health: Health | None, now: datetime
) -> None:
    """Keep an open incident as its thing is now; `health` None means well."""
    named = {"id": incident.id}
    if health is not None:
        if incident.clear_since is not None:
            connection.execute(_UNWELL_AGAIN, named)
        if GRAVITY.index(health.state) < GRAVITY.index(incident.state):
            connection.execute(_GRAVER, named | {"state": health.state, "reason": health.reason})
    elif incident.clear_since is None:
        connection.execute(_CLEAR, named | {"now": now})
    elif now - incident.clear_since >= CLEAR_FOR:
        connection.execute(_CLOSE, named)
