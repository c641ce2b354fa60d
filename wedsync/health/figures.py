"""What health is judged from beside the rollups: how things stand now, a few statements for all of
an organization, each bounded for pages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from wedsync.health.needs import HOOK_IS_THERE
from wedsync.platform.db import db

SHOWN = 100
"""How many of each kind a page shows; whoever judges asks for all (`most` None)."""

_CONNECTIONS = text(
    "SELECT c.id, c.slug, c.name, c.account_name, c.state, c.state_since, c.reason,"
    " c.refresh_failures, c.refresh_due_at, c.check_due_at, v.manifest ->> 'name' AS connector"
    " FROM connections c JOIN listing_versions v ON v.id = c.listing_version_id"
    " WHERE c.organization_id = :id AND c.state NOT IN ('revoked', 'deleted')"
    " ORDER BY c.name, c.id LIMIT :most"
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
    f" WHERE h.organization_id = :id AND {HOOK_IS_THERE} ORDER BY h.name, h.id LIMIT :most"
)
_ENDPOINTS = text(
    "SELECT id, coalesce(nullif(description, ''), url) AS name, state, state_reason, failing_since"
    " FROM endpoints WHERE organization_id = :id AND state <> 'deleted'"
    " ORDER BY 2, id LIMIT :most"
)
_WAITING_DELIVERIES = text(
    "SELECT endpoint_id, count(*) AS waiting, min(next_attempt_at) AS next_at FROM deliveries"
    " WHERE organization_id = :id AND state = 'due' GROUP BY endpoint_id"
)
_WORKFLOWS = text(
    "SELECT id, name, state, live_version_id FROM workflows WHERE organization_id = :id"
    " ORDER BY state = 'off', name, id LIMIT :most"
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


def connections(organization_id: UUID, most: int | None = SHOWN) -> Rows:
    """Its connections that are not over."""
    return db.session.execute(_CONNECTIONS, {"id": organization_id, "most": most}).all()


def runs_waiting_for_connections(organization_id: UUID) -> dict[str, int]:
    """How many runs stand by for each connection, by its id as text."""
    rows = db.session.execute(_WAITING_FOR_CONNECTIONS, {"id": organization_id})
    return {row.connection_id: row.waiting for row in rows}


def hooks(organization_id: UUID, most: int | None = SHOWN) -> Rows:
    """Its hooks, each with how often it refused and why the last time."""
    return db.session.execute(_HOOKS, {"id": organization_id, "most": most}).all()


def endpoints(organization_id: UUID, most: int | None = SHOWN) -> Rows:
    """Its endpoints."""
    return db.session.execute(_ENDPOINTS, {"id": organization_id, "most": most}).all()


def waiting_deliveries(organization_id: UUID) -> dict[UUID, Row[Any]]:
    """What waits for each endpoint: `waiting`, `next_at`."""
    rows = db.session.execute(_WAITING_DELIVERIES, {"id": organization_id})
    return {row.endpoint_id: row for row in rows}


def workflows(organization_id: UUID, most: int | None = SHOWN) -> Rows:
    """Its workflows, those that are off last."""
    return db.session.execute(_WORKFLOWS, {"id": organization_id, "most": most}).all()


def asking(organization_id: UUID) -> dict[UUID, Row[Any]]:
    """Runs of each workflow that ask somebody: `asking`, `since`."""
    rows = db.session.execute(_ASKING, {"id": organization_id})
    return {row.workflow_id: row for row in rows}


def due_since(organization_id: UUID) -> dict[UUID, datetime]:
    """Since when each workflow has a run that should have gone on."""
    rows = db.session.execute(_DUE, {"id": organization_id})
    return {row.of: row.since for row in rows}
