"""Health, figures and the marketplace as somebody signed in sees them, with a million tries of the
last ninety days behind them."""

from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from tests.bench.measurement import Run, percentile
from tests.bench.visitor import Visitor, sign_up
from tests.health.history import make_connection, make_deliveries, make_runs
from wedsync.listings.built_in import publish_built_in
from wedsync.platform.db import db
from wedsync.rollups import recounting

READER = "heather@example.com"
THINGS = 40
"""Connections, workflows and endpoints of one business each."""

_DAYS = 90
_ROUND_OF_PAGES = 4
# Two tries in each run, spread evenly over the days and over the workflows.
_RUNS = text(
    "WITH made AS (INSERT INTO runs (id, organization_id, workflow_id, version_id, cause, state,"
    "  created_at, started_at, finished_at)"
    " SELECT uuidv7(-age), w.organization_id, w.id, w.live_version_id, 'bench:' || n,"
    "  CASE WHEN n % 50 = 0 THEN 'stopped' ELSE 'succeeded' END, now() - age, now() - age,"
    "  now() - age + interval '2 s'"
    " FROM generate_series(1, CAST(:runs AS int)) n"
    " CROSS JOIN LATERAL (SELECT interval '90 days' * n / :runs AS age) a"
    " JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS of_all"
    "  FROM workflows WHERE organization_id = :id) w ON w.place = n % w.of_all"
    " RETURNING id, organization_id, workflow_id, created_at)"
    " INSERT INTO step_attempts (run_id, step_id, number, organization_id, idempotency_key,"
    "  connection_id, started_at, finished_at, outcome, ms)"
    " SELECT made.id, 'ask', number, made.organization_id, made.id::text, c.connection_id,"
    "  made.created_at, made.created_at + number * interval '1 s',"
    "  CASE WHEN number = 2 THEN 'ok' ELSE 'maybe' END, 40 + number * 200"
    " FROM made JOIN (SELECT w.id, CAST(v.definition #>> '{steps,0,connection}' AS uuid)"
    "   AS connection_id FROM workflows w JOIN workflow_versions v ON v.id = w.live_version_id"
    "   WHERE w.organization_id = :id) c ON c.id = made.workflow_id"
    " CROSS JOIN generate_series(1, 2) number"
)


def make_tries(run: Run) -> None:
    """An organization with many things, and very many tries of each."""
    app = run.stage.app
    with app.app_context():
        publish_built_in()
        _user, mine = sign_up(READER)
        db.session.commit()
        organization: UUID = mine.id
    for number in range(THINGS):
        petal = make_connection(app, organization, f"Petal {number}", slug=f"petal-{number % 8}")
        make_runs(app, organization, f"Seat {number}", 1, connection_id=petal)
        make_deliveries(app, organization, f"Kitchen {number}", 5)
    database = run.stage.database
    database.execute("SET session_replication_role = replica")
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(_RUNS, {"id": organization, "runs": run.size.stored // 2})
    database.execute("RESET session_replication_role")
    database.execute("VACUUM ANALYZE")
    after = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    with app.app_context():
        recounting.recount(db.engine, after - timedelta(days=_DAYS + 1), after)
    database.execute("VACUUM ANALYZE")
    database.execute("CHECKPOINT")


def pages(run: Run) -> Mapping[str, float]:
    """Each page for itself; the slowest is what counts."""
    addresses = _addresses(run)
    times = max(4, run.size.pages // _ROUND_OF_PAGES)
    with closing(Visitor(run.stage.ports.front, READER)) as visitor:
        for path in addresses.values():
            visitor.get(path)
        found = {
            name: percentile([visitor.get(path).took_ms for _ in range(times)], 95)
            for name, path in addresses.items()
        }
    figures = {f"health_{name}_ms": took for name, took in found.items()}
    return {**figures, "health_page_p95_ms": max(found.values())}


def _addresses(run: Run) -> dict[str, str]:
    one = "SELECT t.id FROM {table} t JOIN memberships m USING (organization_id)"
    one += " JOIN users u ON u.id = m.user_id WHERE u.email = %s ORDER BY t.id LIMIT 1"
    things = {
        kind: run.stage.ask(one.format(table=kind), READER)
        for kind in ("connections", "endpoints", "workflows")
    }
    figures = {
        f"{kind}_{days}": f"/analytics/{kind}/{thing}?days={days}"
        for kind, thing in things.items()
        for days in (1, 7, 30, 90)
    }
    return {
        "now": "/health",
        "today": "/",
        "books": "/books",
        **figures,
        "marketplace": "/marketplace",
        "marketplace_search": "/marketplace?q=paymnts",
        "listing": "/marketplace/sandbox",
    }
