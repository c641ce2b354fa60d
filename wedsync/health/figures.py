"""What health is judged from: a few statements for all of an organization, each bounded.

Counts are of the last 24 hours, found by ids, which begin with their moment. Times are measured on
the latest attempts of each thing, so they cost the same whatever the history.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from wedsync.health.measures import Pace
from wedsync.health.needs import HOOK_IS_THERE
from wedsync.platform import ids
from wedsync.platform.db import db

MEASURED = 200
"""How many of the latest deliveries, runs or steps of each thing are timed."""

SHOWN = 100
"""How many of each kind a page shows."""

_PACE = (
    " count(*) AS attempts, count(*) FILTER (WHERE ok) AS succeeded,"
    " percentile_disc(0.5) WITHIN GROUP (ORDER BY ms) FILTER (WHERE ok) AS half_ms,"
    " percentile_disc(0.95) WITHIN GROUP (ORDER BY ms) FILTER (WHERE ok) AS most_ms,"
    " max(finished_at) FILTER (WHERE ok) AS last_success_at"
)
# The limit also keeps the planner from reading all attempts there are to join them.
_LATEST = "ORDER BY a.number DESC LIMIT 5"
_LATEST_OF_STEP = "ORDER BY a.item DESC, a.number DESC LIMIT 5"
_CONNECTIONS = text(
    "SELECT c.id, c.slug, c.name, c.account_name, c.state, c.state_since, c.reason,"
    " c.refresh_failures, c.refresh_due_at, c.check_due_at, v.manifest ->> 'name' AS connector"
    " FROM connections c JOIN listing_versions v ON v.id = c.listing_version_id"
    " WHERE c.organization_id = :id AND c.state NOT IN ('revoked', 'deleted')"
    f" ORDER BY c.name, c.id LIMIT {SHOWN}"
)
# Which steps of which live workflow act through which connection, from its definition.
_CONNECTION_PACES = text(
    "WITH used AS (SELECT DISTINCT w.id AS workflow_id, v.id AS version_id,"
    "  step ->> 'id' AS step_id, step ->> 'connection' AS connection_id"
    "  FROM workflows w JOIN workflow_versions v ON v.organization_id = w.organization_id"
    "   AND v.id = w.live_version_id CROSS JOIN LATERAL jsonb_path_query(v.definition,"
    "   '$.** ? (@.connection.type() == \"string\")') step WHERE w.organization_id = :id)"
    f" SELECT used.connection_id,{_PACE} FROM used CROSS JOIN LATERAL ("
    "  SELECT r.id FROM runs r WHERE r.organization_id = :id AND r.workflow_id = used.workflow_id"
    "   AND r.parent_run_id IS NULL AND r.id >= :first"
    f"   AND r.version_id = used.version_id ORDER BY r.id DESC LIMIT {MEASURED}"
    " ) r CROSS JOIN LATERAL (SELECT a.outcome = 'ok' AS ok, a.ms, a.finished_at"
    "  FROM step_attempts a WHERE a.run_id = r.id AND a.step_id = used.step_id"
    f"  AND a.finished_at IS NOT NULL {_LATEST_OF_STEP}) a GROUP BY used.connection_id"
)
_WAITING_FOR_CONNECTIONS = text(
    "SELECT waiting_for ->> 'id' AS connection_id,"
    " count(DISTINCT coalesce(root_run_id, id)) AS waiting FROM runs"
    " WHERE organization_id = :id AND state = 'waiting' AND waiting_for ->> 'kind' = 'connection'"
    " GROUP BY 1"
)
_HOOKS = text(
    "SELECT h.id, h.name, h.state, h.created_at, h.last_seen_at, h.subscription,"
    " h.subscription_error, h.subscription_due_at, h.connection_id, refused.count AS refused,"
    " refused.last_at AS refused_at, refused.code AS refused_code FROM hooks h"
    " LEFT JOIN LATERAL (SELECT sum(count) OVER () AS count, last_at, code FROM hook_rejections"
    "  WHERE hook_id = h.id ORDER BY last_at DESC LIMIT 1) refused ON true"
    f" WHERE h.organization_id = :id AND {HOOK_IS_THERE} ORDER BY h.name, h.id LIMIT {SHOWN}"
)
_ENDPOINTS = text(
    "SELECT id, coalesce(nullif(description, ''), url) AS name, state, state_reason, failing_since"
    " FROM endpoints WHERE organization_id = :id AND state <> 'deleted'"
    f" ORDER BY 2, id LIMIT {SHOWN}"
)
_DELIVERY_HOURS = text(
    "SELECT e.id AS of, hours.* FROM endpoints e CROSS JOIN LATERAL ("
    "  SELECT date_trunc('hour', d.created_at) AS hour, count(*) AS made,"
    "   count(*) FILTER (WHERE d.state = 'delivered') AS done,"
    "   count(*) FILTER (WHERE d.state = 'exhausted' OR d.state = 'due' AND d.failures > 0) AS bad"
    "  FROM deliveries d WHERE d.organization_id = :id AND d.endpoint_id = e.id AND d.id >= :first"
    "  GROUP BY 1) hours WHERE e.organization_id = :id"
)
_WAITING_DELIVERIES = text(
    "SELECT endpoint_id, count(*) AS waiting, min(next_attempt_at) AS next_at FROM deliveries"
    " WHERE organization_id = :id AND state = 'due' GROUP BY endpoint_id"
)
_ENDPOINT_PACES = text(
    f"SELECT e.id AS of,{_PACE} FROM endpoints e CROSS JOIN LATERAL ("
    "  SELECT d.id FROM deliveries d WHERE d.organization_id = :id AND d.endpoint_id = e.id"
    f"   AND d.id >= :first ORDER BY d.id DESC LIMIT {MEASURED}) d"
    " CROSS JOIN LATERAL (SELECT a.outcome = 'ok' AS ok, a.finished_at,"
    "  CAST(a.timings ->> 'total_ms' AS double precision) AS ms FROM delivery_attempts a"
    f"  WHERE a.delivery_id = d.id AND a.finished_at IS NOT NULL {_LATEST}) a"
    " WHERE e.organization_id = :id GROUP BY e.id"
)
_WORKFLOWS = text(
    "SELECT id, name, state, live_version_id FROM workflows WHERE organization_id = :id"
    f" ORDER BY state = 'off', name, id LIMIT {SHOWN}"
)
_RUN_HOURS = text(
    "SELECT w.id AS of, hours.* FROM workflows w CROSS JOIN LATERAL ("
    "  SELECT date_trunc('hour', r.created_at) AS hour, count(*) AS made,"
    "   count(*) FILTER (WHERE r.state IN ('succeeded', 'filtered')) AS done,"
    "   count(*) FILTER (WHERE r.state IN ('failed', 'needs_attention')) AS bad"
    "  FROM runs r WHERE r.organization_id = :id AND r.workflow_id = w.id"
    "   AND r.parent_run_id IS NULL AND r.id >= :first"
    "  GROUP BY 1) hours WHERE w.organization_id = :id"
)
_RUN_PACES = text(
    f"SELECT w.id AS of,{_PACE} FROM workflows w CROSS JOIN LATERAL ("
    "  SELECT r.state = 'succeeded' AS ok, r.finished_at,"
    "   extract(epoch FROM r.finished_at - r.created_at) * 1000 AS ms FROM runs r"
    "  WHERE r.organization_id = :id AND r.workflow_id = w.id AND r.parent_run_id IS NULL"
    "   AND r.id >= :first AND r.state IN ('succeeded', 'failed')"
    f"  ORDER BY r.id DESC LIMIT {MEASURED}) r"
    " WHERE w.organization_id = :id GROUP BY w.id"
)
_ASKING = text(
    "SELECT workflow_id, count(*) AS asking, min(created_at) AS since FROM runs"
    " WHERE organization_id = :id AND parent_run_id IS NULL AND state = 'needs_attention'"
    " GROUP BY workflow_id"
)
_DUE = text(
    "SELECT w.id AS of, l.next_due_at AS since FROM workflows w"
    " JOIN lanes l ON l.kind = 'runs' AND l.key = CAST(w.id AS text)"
    " WHERE w.organization_id = :id AND l.next_due_at < clock_timestamp()"
)

Rows = Sequence[Row[Any]]


def connections(organization_id: UUID) -> Rows:
    """Its connections that are not over."""
    return db.session.execute(_CONNECTIONS, {"id": organization_id}).all()


def connection_paces(organization_id: UUID, since: datetime) -> dict[UUID, Pace]:
    """How the steps of live workflows went through each connection."""
    rows = db.session.execute(_CONNECTION_PACES, _of_the_time(organization_id, since))
    return {UUID(row.connection_id): _pace(row) for row in rows if _is_id(row.connection_id)}


def runs_waiting_for_connections(organization_id: UUID) -> dict[str, int]:
    """How many runs stand by for each connection, by its id as text."""
    rows = db.session.execute(_WAITING_FOR_CONNECTIONS, {"id": organization_id})
    return {row.connection_id: row.waiting for row in rows}


def hooks(organization_id: UUID) -> Rows:
    """Its hooks, each with how often it refused and why the last time."""
    return db.session.execute(_HOOKS, {"id": organization_id}).all()


def endpoints(organization_id: UUID) -> Rows:
    """Its endpoints."""
    return db.session.execute(_ENDPOINTS, {"id": organization_id}).all()


def endpoint_paces(organization_id: UUID, since: datetime) -> dict[UUID, Pace]:
    """How the latest deliveries of each endpoint went."""
    rows = db.session.execute(_ENDPOINT_PACES, _of_the_time(organization_id, since))
    return {row.of: _pace(row) for row in rows}


def waiting_deliveries(organization_id: UUID) -> dict[UUID, Row[Any]]:
    """What waits for each endpoint: `waiting`, `next_at`."""
    rows = db.session.execute(_WAITING_DELIVERIES, {"id": organization_id})
    return {row.endpoint_id: row for row in rows}


def deliveries_by_hour(organization_id: UUID, since: datetime) -> Rows:
    """`of` (the endpoint), `hour`, and how many were made, done and bad in it."""
    return db.session.execute(_DELIVERY_HOURS, _of_the_time(organization_id, since)).all()


def workflows(organization_id: UUID) -> Rows:
    """Its workflows, those that are off last."""
    return db.session.execute(_WORKFLOWS, {"id": organization_id}).all()


def runs_by_hour(organization_id: UUID, since: datetime) -> Rows:
    """`of` (the workflow), `hour`, and how many were made, done and bad in it."""
    return db.session.execute(_RUN_HOURS, _of_the_time(organization_id, since)).all()


def run_paces(organization_id: UUID, since: datetime) -> dict[UUID, Pace]:
    """How long the latest runs of each workflow took from their cause to their end."""
    rows = db.session.execute(_RUN_PACES, _of_the_time(organization_id, since))
    return {row.of: _pace(row) for row in rows}


def asking(organization_id: UUID) -> dict[UUID, Row[Any]]:
    """Runs of each workflow that ask somebody: `asking`, `since`."""
    rows = db.session.execute(_ASKING, {"id": organization_id})
    return {row.workflow_id: row for row in rows}


def due_since(organization_id: UUID) -> dict[UUID, datetime]:
    """Since when each workflow has a run that should have gone on."""
    rows = db.session.execute(_DUE, {"id": organization_id})
    return {row.of: row.since for row in rows}


def _of_the_time(organization_id: UUID, since: datetime) -> dict[str, UUID]:
    return {"id": organization_id, "first": ids.first_at(since)}


def _pace(row: Row[Any]) -> Pace:
    return Pace(
        attempts=row.attempts,
        succeeded=row.succeeded,
        half_ms=None if row.half_ms is None else float(row.half_ms),
        most_ms=None if row.most_ms is None else float(row.most_ms),
        last_success_at=row.last_success_at,
    )


def _is_id(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True
