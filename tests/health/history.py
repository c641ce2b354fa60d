"""A past for the health pages: connections, deliveries and runs that already happened."""

import json
import secrets
from typing import Any
from uuid import UUID

from apiflask import APIFlask
from sqlalchemy import text

from tests.rollups.counts import hours_around_now
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.rollups import recounting

_LISTING = text(
    "INSERT INTO listings (id, organization_id, slug) VALUES (:id, :organization_id, :slug)"
)
_VERSION = text(
    "INSERT INTO listing_versions (id, organization_id, listing_id, number, state, manifest,"
    " content_hash, published_at) VALUES (:version, :organization_id, :id, 1, 'published',"
    " jsonb_build_object('name', CAST(:name AS text)), '', clock_timestamp())"
)
_CONNECTION = text(
    "INSERT INTO connections (id, organization_id, listing_id, listing_version_id, slug, name,"
    " account_name, state, state_since, reason, refresh_failures, refresh_due_at)"
    " VALUES (:id, :organization_id, :listing, :version, :slug, :name, :account_name, :state,"
    " clock_timestamp() - interval '3 hours', CAST(:reason AS jsonb), :refresh_failures,"
    " clock_timestamp() + :due_in * interval '1 minute')"
)
_WORKFLOW = text(
    "INSERT INTO workflows (id, organization_id, name, state, draft)"
    " VALUES (:id, :organization_id, :name, 'on', CAST(:definition AS jsonb))"
)
_WORKFLOW_VERSION = text(
    "INSERT INTO workflow_versions (id, organization_id, workflow_id, number, definition,"
    " content_hash, trigger_kind) VALUES (:version, :organization_id, :id, 1,"
    " CAST(:definition AS jsonb), '', 'manual')"
)
_LIVE = text("UPDATE workflows SET live_version_id = :version WHERE id = :id")
_RUNS = text(
    "INSERT INTO runs (organization_id, workflow_id, version_id, cause, state, created_at,"
    " finished_at) SELECT :organization_id, :id, :version, 'manual:' || n,"
    " CASE WHEN n <= :failed THEN 'failed' ELSE 'succeeded' END, clock_timestamp(),"
    " clock_timestamp() + n * interval '10 milliseconds'"
    " FROM generate_series(1, CAST(:runs AS int)) n"
)
_ATTEMPTS = text(
    "INSERT INTO step_attempts (run_id, step_id, number, organization_id, idempotency_key,"
    " connection_id, finished_at, outcome, ms) SELECT id, 'ask', 1, organization_id, id::text,"
    " CAST(:connection_id AS uuid), clock_timestamp(),"
    " CASE WHEN state = 'failed' THEN 'maybe' ELSE 'ok' END, 250"
    " FROM runs WHERE workflow_id = :id"
)
_ENDPOINT = text(
    "INSERT INTO endpoints (id, organization_id, url, description, secret)"
    " VALUES (:id, :organization_id, 'https://kitchen.example/', :name, '')"
)
_DELIVERIES = text(
    "WITH made AS (INSERT INTO events (organization_id, type, source, occurred_at, data,"
    "  causation) SELECT :organization_id, 'flowers.chosen', 'api', clock_timestamp(), '{}', '{}'"
    "  FROM generate_series(1, CAST(:deliveries AS int)) RETURNING id)"
    " INSERT INTO deliveries (organization_id, endpoint_id, event_id, event_type, lane, state,"
    "  attempts) SELECT :organization_id, :id, id, 'flowers.chosen', CAST(:id AS text),"
    "  'delivered', 1 FROM made"
)
_DELIVERY_ATTEMPTS = text(
    "INSERT INTO delivery_attempts (delivery_id, number, organization_id, finished_at, outcome,"
    " status, timings) SELECT id, 1, organization_id, clock_timestamp(), 'ok', 200,"
    " jsonb_build_object('total_ms', 100 + row_number() OVER (ORDER BY id) % 100)"
    " FROM deliveries WHERE endpoint_id = :id"
)


def make_connection(
    app: APIFlask,
    organization_id: UUID,
    name: str,
    *,
    state: str = "active",
    reason: str | None = None,
    refresh_failures: int = 0,
    due_in: int | None = None,
    connector: str = "",
    slug: str = "",
) -> UUID:
    """A connection to a connector of its own, or to the one named `connector` at `slug`."""
    made, listing, version = ids.new_id(), ids.new_id(), ids.new_id()
    document = json.dumps({"code": "refused", "message": reason}) if reason else None
    slug = slug or f"test-{secrets.token_hex(6)}"
    with app.app_context(), db.engine.begin() as connection:
        row = {"id": listing, "organization_id": organization_id, "slug": slug}
        connection.execute(_LISTING, row | {"slug": f"{slug}-{secrets.token_hex(6)}"})
        connection.execute(_VERSION, row | {"version": version, "name": connector or name})
        connection.execute(
            _CONNECTION,
            row
            | {
                "id": made,
                "listing": listing,
                "version": version,
                "name": name,
                "account_name": f"account of {name}",
                "state": state,
                "reason": document,
                "refresh_failures": refresh_failures,
                "due_in": due_in,
            },
        )
    return made


def make_runs(
    app: APIFlask,
    organization_id: UUID,
    name: str,
    runs: int,
    *,
    failed: int = 0,
    connection_id: UUID | None = None,
) -> UUID:
    """A live workflow with runs of just now, through the connection when one is given."""
    made, version = ids.new_id(), ids.new_id()
    step = {"id": "ask", "kind": "action", "use": "petal.ask", "input": {}}
    steps = [step | {"connection": str(connection_id)}] if connection_id else [step]
    definition = {"format": 1, "trigger": {"kind": "manual"}, "steps": steps}
    row: dict[str, Any] = {
        "id": made,
        "organization_id": organization_id,
        "name": name,
        "version": version,
        "definition": json.dumps(definition),
        "runs": runs,
        "failed": failed,
        "connection_id": connection_id,
    }
    with app.app_context(), db.engine.begin() as connection:
        for statement in (_WORKFLOW, _WORKFLOW_VERSION, _LIVE, _RUNS, _ATTEMPTS):
            connection.execute(statement, row)
    count_anew(app)
    return made


def make_deliveries(app: APIFlask, organization_id: UUID, name: str, deliveries: int) -> UUID:
    """An endpoint to which that many things were delivered just now."""
    made = ids.new_id()
    row = {
        "id": made,
        "organization_id": organization_id,
        "name": name,
        "deliveries": deliveries,
    }
    with app.app_context(), db.engine.begin() as connection:
        for statement in (_ENDPOINT, _DELIVERIES, _DELIVERY_ATTEMPTS):
            connection.execute(statement, row)
    count_anew(app)
    return made


def count_anew(app: APIFlask) -> None:
    """Have the rollups be what the rows of the last hours come to."""
    with app.app_context():
        recounting.recount(db.engine, *hours_around_now())


def analyze(app: APIFlask) -> None:
    """Tell the planner what there is."""
    tables = "runs, step_attempts, deliveries, delivery_attempts, events"
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text(f"ANALYZE {tables}"))
