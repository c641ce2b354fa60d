"""What an event costs does not grow with how many runs wait for other ones."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.personas import make_organization
from tests.workers.scene import Worker, one, publish
from tests.workflows.waiting import answer_of, listen, noting
from wedsync.platform import batch
from wedsync.platform.db import db
from wedsync.workflows.running import listening
from wedsync.workflows.running.event_matching import hash_at

WAITS = 20_000
SIGNED = "external.contract.signed"
_MANY = text(
    "INSERT INTO event_waits (organization_id, run_id, step_id, event_type, paths, match_hash,"
    " since) SELECT organization_id, id, 'step ' || n, :event_type,"
    "  CASE WHEN n % 2 = 0 THEN CAST('[\"data.guest.id\"]' AS jsonb)"
    '   ELSE CAST(\'["data.guest.id", "wedding_id"]\' AS jsonb) END, md5(n::text), created_at'
    " FROM runs CROSS JOIN generate_series(1, CAST(:waits AS int)) n WHERE runs.id = :run"
)


@pytest.fixture
def organization(app: APIFlask, worker: Worker) -> UUID:
    """One of whose runs many wait for such an event, each of another guest."""
    mine = make_organization(app)
    run, _ = listen(app, noting(app, mine), SIGNED, {"data.guest.id": "nobody"})
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(_MANY, {"event_type": SIGNED, "waits": WAITS, "run": run})
        connection.execute(text("ANALYZE event_waits"))
    return mine


def explained(app: APIFlask, statement: Any, **given: Any) -> Any:
    with app.app_context(), db.engine.connect() as connection:
        query = text(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement.text}")
        found = connection.execute(query, given).scalar_one()
        return (found if isinstance(found, list) else json.loads(found))[0]["Plan"]


def nodes(plan: Any) -> Iterator[Any]:
    yield plan
    for inside in plan.get("Plans", []):
        yield from nodes(inside)


def test_an_event_reads_only_the_waits_it_answers(
    app: APIFlask, worker: Worker, organization: UUID
) -> None:
    kinds = [{"organization_id": organization, "event_type": SIGNED}]
    plan = explained(app, listening._PATHS, **batch.rows(kinds))
    assert plan["Actual Rows"] == 2
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 100
    probe = {
        **kinds[0],
        "paths": ["data.guest.id"],
        "match_hash": hash_at({"data": {"guest": {"id": "nobody"}}}, ["data.guest.id"]),
        "event_id": publish(app, organization, "contract.signed", {"guest": {"id": "nobody"}}),
    }
    plan = explained(app, listening._ANSWERED, **batch.rows([probe] * 200))
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 200 * 20
    kinds_of_nodes = {(node["Node Type"], node.get("Relation Name")) for node in nodes(plan)}
    assert ("Seq Scan", "event_waits") not in kinds_of_nodes


def test_the_one_who_waits_for_it_gets_it_among_so_many(
    app: APIFlask, worker: Worker, organization: UUID
) -> None:
    run, _ = listen(app, noting(app, organization), SIGNED, {"data.guest.id": "ana"})
    publish(app, organization, "contract.signed", {"guest": {"id": "ana"}})
    worker.fan_out()
    assert answer_of(app, run) is not None
    assert one(app, "SELECT count(*) AS n FROM event_waits WHERE closed_at IS NULL").n > WAITS
