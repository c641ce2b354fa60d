"""The list of runs stays quick however many there are: it reads one page's rows by index."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.personas import Persona
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.workflows import page_queries
from wedsync.workflows.questions import team_questions
from wedsync.workflows.run_models import Run
from wedsync.workflows.running import claims

RUNS = 3_000
DEFINITION = {"format": 1, "trigger": {"kind": "manual"}, "steps": []}


@pytest.fixture
def many_runs(app: APIFlask, owner: Persona) -> UUID:
    """A workflow with many runs; returns its id."""
    with app.app_context(), db.engine.begin() as connection:
        workflow_id: UUID = connection.scalar(
            text(
                "INSERT INTO workflows (organization_id, name, state, draft)"
                " VALUES (:id, 'Say hello', 'on', CAST(:draft AS jsonb)) RETURNING id"
            ),
            {"id": owner.organization_id, "draft": json.dumps(DEFINITION)},
        )
        version_id = connection.scalar(
            text(
                "INSERT INTO workflow_versions (organization_id, workflow_id, number, definition,"
                " content_hash, trigger_kind) SELECT organization_id, id, 1, draft, '', 'manual'"
                " FROM workflows WHERE id = :id RETURNING id"
            ),
            {"id": workflow_id},
        )
        connection.execute(
            text(
                "INSERT INTO runs (organization_id, workflow_id, version_id, cause, state, input)"
                " SELECT :organization_id, :workflow_id, :version_id, 'manual:' || n,"
                "  CASE WHEN n % 100 = 0 THEN 'failed' ELSE 'succeeded' END,"
                "  jsonb_build_object('name', 'Guest ' || n, 'note', repeat('x', 400))"
                " FROM generate_series(1, CAST(:runs AS int)) n"
            ),
            {
                "organization_id": owner.organization_id,
                "workflow_id": workflow_id,
                "version_id": version_id,
                "runs": RUNS,
            },
        )
        connection.execute(text("ANALYZE runs"))
    return workflow_id


def seen_by(person: Persona) -> tuple[Any, Any]:
    """The runs people of this organization see: no items of loops."""
    return Run.organization_id == person.organization_id, Run.parent_run_id.is_(None)


def plan_of(app: APIFlask, *wanted: Any) -> list[dict[str, Any]]:
    """The nodes of the plan, as PostgreSQL ran it."""
    with app.app_context():
        statement = page_queries.run_rows_query(wanted, 51).compile(
            db.engine, compile_kwargs={"literal_binds": True}
        )
        written = str(statement).replace("%%", "%")
        with db.engine.connect() as connection:
            plan = connection.exec_driver_sql(
                f"EXPLAIN (ANALYZE, FORMAT JSON) {written}".replace("%", "%%")
            ).scalar_one()
    return list(_nodes(plan[0]["Plan"]))


def _nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(inner for child in node.get("Plans", ()) for inner in _nodes(child))]


def rows_read(nodes: list[dict[str, Any]]) -> float:
    """How many rows of `runs` were looked at, those passed over included."""
    return sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in nodes
        if node.get("Relation Name") == "runs"
    )


def test_the_latest_runs_are_read_by_index(app: APIFlask, owner: Persona, many_runs: UUID) -> None:
    nodes = plan_of(app, *seen_by(owner))
    assert rows_read(nodes) <= 60


def test_runs_in_one_state_are_read_by_index(
    app: APIFlask, owner: Persona, many_runs: UUID
) -> None:
    nodes = plan_of(app, *seen_by(owner), Run.state.in_(("failed",)))
    assert rows_read(nodes) <= 60


def test_runs_that_need_somebody_are_read_by_index(
    app: APIFlask, owner: Persona, many_runs: UUID
) -> None:
    asking = team_questions.asking_runs(owner.organization_id)
    needing = page_queries.in_states_or(owner.organization_id, ("needs_attention",), asking)
    nodes = plan_of(app, *seen_by(owner), Run.id.in_(needing))
    assert rows_read(nodes) <= 60


def test_runs_of_one_workflow_are_read_by_index(
    app: APIFlask, owner: Persona, many_runs: UUID
) -> None:
    nodes = plan_of(app, *seen_by(owner), Run.workflow_id == many_runs)
    assert rows_read(nodes) <= 60


def test_what_is_due_is_claimed_without_a_look_at_what_is_not(
    app: APIFlask, many_runs: UUID
) -> None:
    planned = text(
        "UPDATE runs SET state = 'waiting', due_at = now() + interval '1 year'"
        " WHERE workflow_id = :id"
    )
    given = {
        "lanes": [str(many_runs)],
        "allowances": [50],
        "since": [clock.now()],
        "owner": uuid4(),
        "lease": 90,
    }
    with app.app_context(), db.engine.connect() as connection:
        connection.execute(planned, {"id": many_runs})
        connection.execute(text("ANALYZE runs"))
        claim = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {claims._CLAIM.text}")
        plan = connection.execute(claim, given).scalar_one()
        connection.rollback()
    looks = [node for node in _nodes(plan[0]["Plan"]) if node.get("Index Name") == "ix_runs_due"]
    assert looks
    assert all(node.get("Rows Removed by Filter", 0) == 0 for node in looks)
