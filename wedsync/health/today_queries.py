"""What Today counts: each statement bounded by an index, whatever the organization's history."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from wedsync.health.needs import CONNECTION_NEEDS, HOOK_IS_THERE, HOOK_NEEDS
from wedsync.platform.db import db

_COUNTS = text(
    "SELECT (SELECT count(*) FROM connections WHERE organization_id = :id"
    "  AND state NOT IN ('pending', 'revoked', 'deleted')) AS connections,"
    f" (SELECT count(*) FROM connections c WHERE {CONNECTION_NEEDS})"
    f"  + (SELECT count(*) FROM hooks h WHERE {HOOK_NEEDS} AND h.connection_id IS NOT NULL)"
    "  AS connections_needing,"
    " (SELECT count(*) FROM hooks h WHERE h.organization_id = :id"
    f"  AND h.connection_id IS NULL AND {HOOK_IS_THERE}) AS hooks,"
    f" (SELECT count(*) FROM hooks h WHERE {HOOK_NEEDS} AND h.connection_id IS NULL)"
    "  AS hooks_needing,"
    " (SELECT count(*) FROM endpoints WHERE organization_id = :id AND state <> 'deleted')"
    "  AS endpoints,"
    " (SELECT count(*) FROM endpoints WHERE organization_id = :id AND state = 'disabled')"
    "  AS endpoints_needing,"
    " (SELECT count(*) FROM workflows WHERE organization_id = :id) AS workflows,"
    " (SELECT count(*) FROM workflows WHERE organization_id = :id AND state = 'on') AS on_,"
    " (SELECT count(*) FROM workflows WHERE organization_id = :id AND state = 'paused') AS paused,"
    " (SELECT count(*) FROM runs WHERE organization_id = :id AND parent_run_id IS NULL"
    "  AND state = 'needs_attention') AS asking,"
    " (SELECT count(*) FROM deliveries WHERE organization_id = :id AND state = 'due'"
    "  AND endpoint_id <> ALL(ARRAY(SELECT id FROM endpoints"
    "   WHERE organization_id = :id AND state = 'deleted'))) AS waiting"
)
_WAITING_RUNS = (
    "SELECT r.due_at AS at, r.id AS run_id, NULL::uuid AS endpoint_id, r.wedding_id,"
    " w.name AS what, 1 AS number"
    " FROM runs r JOIN workflows w ON w.organization_id = r.organization_id"
    "  AND w.id = r.workflow_id"
    " WHERE r.organization_id = :id AND r.parent_run_id IS NULL AND r.state = 'waiting'"
    "  AND r.due_at < :end ORDER BY r.due_at LIMIT :limit"
)
# One line per endpoint, however many deliveries wait for it.
_WAITING_DELIVERIES = (
    "SELECT min(l.next_due_at) AS at, NULL::uuid AS run_id, e.id AS endpoint_id,"
    " NULL::uuid AS wedding_id, coalesce(nullif(e.description, ''), e.url) AS what,"
    " count(*) AS number"
    " FROM lanes l JOIN endpoints e ON e.organization_id = l.organization_id"
    "  AND e.id = CAST(left(l.key, 36) AS uuid)"
    " WHERE l.kind = 'deliveries' AND l.organization_id = :id AND e.state = 'on'"
    "  AND l.next_due_at > clock_timestamp() AND l.next_due_at < :end"
    " GROUP BY e.id, e.description, e.url ORDER BY 1 LIMIT :limit"
)
_WAITS = text(
    f"SELECT * FROM (({_WAITING_RUNS}) UNION ALL ({_WAITING_DELIVERIES})) waits ORDER BY at"
)


@dataclass(frozen=True, slots=True)
class Wait:
    """Something that goes on by itself: a run, or what waits for an endpoint."""

    at: datetime
    run_id: UUID | None
    endpoint_id: UUID | None
    wedding_id: UUID | None
    what: str
    number: int


def counts(organization_id: UUID) -> Mapping[str, int]:
    """How many things of each kind there are, and how many of them ask for somebody."""
    given = {"id": organization_id, "organization_id": organization_id}
    row = db.session.execute(_COUNTS, given).mappings().one()
    return dict(row)


def waits_until(organization_id: UUID, end: datetime, *, limit: int = 12) -> list[Wait]:
    """What goes on by itself before `end`, the next first."""
    rows = db.session.execute(_WAITS, {"id": organization_id, "end": end, "limit": limit})
    return [Wait(**row) for row in rows.mappings()][:limit]
