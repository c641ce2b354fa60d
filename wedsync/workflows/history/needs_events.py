"""Announcing that runs need somebody, as an event of ours: once each time one comes to need it.

Done by the clock, as telling people is (`attention`). The event goes on from what the run was
caused by, so a ring of runs and events is seen as one. A run that such an event started, or that
was stopped because it went round in a ring, is not announced.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from wedsync.events import service as events

TYPE = "run.needs_attention"
_AT_ONCE = 500

_FORGET = text(
    "DELETE FROM attention_told t USING runs r WHERE r.organization_id = t.organization_id"
    " AND r.id = t.run_id AND r.state <> 'needs_attention'"
)
_TAKE = text(
    "INSERT INTO attention_told (run_id, organization_id)"
    " SELECT r.id, r.organization_id FROM runs r WHERE r.state = 'needs_attention'"
    " AND r.parent_run_id IS NULL"
    " AND NOT EXISTS (SELECT FROM attention_told t WHERE t.run_id = r.id)"
    f" ORDER BY r.id LIMIT {_AT_ONCE} ON CONFLICT DO NOTHING RETURNING run_id"
)
_FACTS = text(
    "SELECT r.id, r.organization_id, r.workflow_id, r.wedding_id, w.name,"
    " r.reason ->> 'code' AS code, coalesce(r.causation, e.causation) AS causation"
    " FROM runs r JOIN workflows w ON w.organization_id = r.organization_id"
    "  AND w.id = r.workflow_id"
    " LEFT JOIN events e ON e.organization_id = r.organization_id AND e.id = r.event_id"
    " WHERE r.id = ANY(:runs) AND r.reason ->> 'code' IS DISTINCT FROM 'loop'"
    " AND e.type IS DISTINCT FROM :type ORDER BY r.id"
)


def announce(connection: Connection) -> int:
    """Announce those of which it was not; how many."""
    connection.execute(_FORGET)
    taken = list(connection.scalars(_TAKE))
    found: Sequence[Row[Any]] = ()
    if taken:
        found = connection.execute(_FACTS, {"runs": taken, "type": TYPE}).all()
    for row in found:
        data = {
            "run_id": str(row.id),
            "workflow_id": str(row.workflow_id),
            "workflow": row.name,
            "reason": row.code,
        }
        events.announce(
            connection, row.organization_id, TYPE, data, row.wedding_id, _caused_by(row)
        )
    return len(found)


def _caused_by(row: Row[Any]) -> dict[str, Any] | None:
    before = row.causation
    if not before:
        return None
    return {
        **before,
        "depth": before["depth"] + 1,
        "chain": [*before["chain"], str(row.workflow_id)],
    }
