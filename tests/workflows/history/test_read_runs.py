"""Somebody reads what happened: lists narrowed and paged, a run with its steps, the books."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from apiflask import APIFlask
from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from tests.personas import Persona, make_organization, make_persona
from tests.workflows.definitions import make_run, make_step, make_workflow
from wedsync.events import service as events
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.workflows import queries
from wedsync.workflows.queries import RunFilter
from wedsync.workflows.run_models import RUN_STATES


def test_runs_are_narrowed_by_workflow_state_and_event(
    app: APIFlask, owner: Persona, organization: UUID
) -> None:
    one, other = make_workflow(app, organization), make_workflow(app, organization)
    event_id = owner.api.post("/events", json={"type": "a.b", "data": 1}).json["id"]
    failed = str(make_run(app, organization, one, "failed"))
    started = str(make_run(app, organization, one, "running", event_id=event_id))
    elsewhere = str(make_run(app, organization, other, "failed"))

    def listed(path: str) -> list[str]:
        return [each["id"] for each in owner.api.get(path).json["data"]]

    assert listed("/runs") == [elsewhere, started, failed]
    assert listed(f"/runs?workflow={one}") == [started, failed]
    assert listed(f"/runs?workflow={one}&state=failed") == [failed]
    assert listed(f"/runs?event={event_id}") == [started]
    assert listed(f"/workflows/{other}/runs?state=failed") == [elsewhere]
    assert listed("/runs?state=filtered") == []


def test_a_list_tells_of_a_run_what_clients_rely_on(
    app: APIFlask, owner: Persona, organization: UUID
) -> None:
    workflow_id = make_workflow(app, organization)
    waiting_for = {"kind": "retry", "id": "tell", "until": "2027-06-12T12:00:00Z"}
    make_run(app, organization, workflow_id, "waiting", waiting_for=waiting_for, cause="event:1")
    run = owner.api.get("/runs").json["data"][0]
    assert (run["workflow_id"], run["version"]) == (str(workflow_id), 1)
    assert (run["cause"], run["state"], run["finished_at"]) == ("event:1", "waiting", None)
    assert run["waiting_for"] == waiting_for


def test_a_run_shows_its_steps_with_every_try(
    app: APIFlask, owner: Persona, organization: UUID
) -> None:
    run_id = make_run(app, organization, make_workflow(app, organization), "failed")
    error = {"class": "maybe", "code": "http_500", "message": "They answered 500."}
    make_step(
        app, organization, run_id, "tell", "failed", tries=("maybe", "lost"), position=1,
        input={"event_type": "a.b"}, error=error,
    )  # fmt: skip
    make_step(app, organization, run_id, "greet", "succeeded", position=0, output={"words": "Hi"})
    steps = owner.api.get(f"/runs/{run_id}").json["steps"]
    assert [step["id"] for step in steps] == ["greet", "tell"]
    assert steps[0]["output"] == {"words": "Hi"}
    assert (steps[1]["item"], steps[1]["attempts"], steps[1]["error"]) == (None, 2, error)
    assert [(each["number"], each["outcome"]) for each in steps[1]["tries"]] == [
        (1, "maybe"),
        (2, "lost"),
    ]


def test_paging_stays_put_while_runs_start(
    app: APIFlask, owner: Persona, organization: UUID
) -> None:
    workflow_id = make_workflow(app, organization)
    there = [str(make_run(app, organization, workflow_id)) for _ in range(5)]
    seen = []
    query = "?limit=2"
    for _ in range(3):
        answer = owner.api.get(f"/runs{query}").json
        seen += [run["id"] for run in answer["data"]]
        make_run(app, organization, workflow_id)
        query = f"?limit=2&cursor={answer['next_cursor']}"
    assert seen == there[::-1]
    assert answer["next_cursor"] is None


def test_the_books_count_everything_once(app: APIFlask, organization: UUID) -> None:
    workflow_id = make_workflow(app, organization)
    for state in ("failed", "failed", "queued"):
        make_run(app, organization, workflow_id, state)
    with app.app_context():
        for moment in ("fanned_out_at", "parked_at", "created_at"):
            event = events.publish(organization, "a.b", 1, source="api")
            setattr(event, moment, clock.now())
        db.session.commit()
        books = queries.books(organization)
        assert books.events == {"to_fan_out": 1, "fanned_out": 1, "parked": 1}
        assert books.runs == dict.fromkeys(RUN_STATES, 0) | {"failed": 2, "queued": 1}
        assert set(books.deliveries.values()) == {0}
        assert (books.accepted, books.started, books.made) == (3, 3, 0)


@pytest.fixture(scope="module")
def busy(app: APIFlask) -> tuple[UUID, UUID, UUID]:
    """An organization with 10,000 runs of ten workflows, and 10,000 of somebody else's."""
    organization_id, other = make_organization(app), make_organization(app, "Busy Neighbour")
    workflows = [make_workflow(app, organization_id) for _ in range(10)]
    theirs = make_workflow(app, other)
    with app.app_context():
        event_id = events.publish(organization_id, "a.b", 1, source="api").id
        for owner_id, ours in ((organization_id, workflows), (other, [theirs])):
            db.session.execute(
                text(
                    "INSERT INTO runs (id, organization_id, workflow_id, version_id, cause, state,"
                    " waiting_for)"
                    " SELECT uuidv7(), w.organization_id, w.id, w.live_version_id, 'bulk:' || n,"
                    " CASE WHEN n % 20 = 0 THEN 'failed' WHEN n % 3 = 0 THEN 'waiting'"
                    "  ELSE 'succeeded' END,"
                    " CASE WHEN n % 3 = 0 THEN jsonb_build_object('kind', 'time') END"
                    " FROM generate_series(1, 10000) n JOIN workflows w"
                    " ON w.id = (CAST(:workflows AS uuid[]))[1 + n % :count]"
                    " WHERE w.organization_id = :owner"
                ),
                {"workflows": ours, "count": len(ours), "owner": owner_id},
            )
        db.session.commit()
    return organization_id, workflows[3], event_id


@pytest.mark.parametrize(
    "narrowed",
    [
        {},
        {"workflow_id": True},
        {"state": "failed"},
        {"state": "needs_attention"},
        {"workflow_id": True, "state": "failed"},
        {"event_id": True},
        {"wedding_id": True},
        {"waiting_for": "call"},
    ],
)
def test_a_page_of_ten_thousand_runs_reads_only_that_page(
    app: APIFlask, busy: tuple[UUID, UUID, UUID], narrowed: dict[str, Any]
) -> None:
    organization_id, workflow_id, event_id = busy
    values = {
        "workflow_id": workflow_id,
        "event_id": event_id,
        "wedding_id": uuid4(),
        **{name: value for name, value in narrowed.items() if value is not True},
    }
    wanted = RunFilter(**{name: values[name] for name in narrowed})
    query = queries.runs_query(organization_id, wanted, before=None, limit=51)
    compiled = query.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    with app.app_context():
        db.session.execute(text("ANALYZE runs"))
        explained = db.session.execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {compiled}")).scalar()
    plan = explained[0]["Plan"]
    scans = [node for node in nodes(plan) if node.get("Relation Name") == "runs"]
    assert scans, json.dumps(plan)
    for scan in scans:
        assert scan["Node Type"] != "Seq Scan", json.dumps(plan)
        read = scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0)
        assert read * scan["Actual Loops"] <= 2_000, json.dumps(plan)


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]


def test_somebody_elses_runs_are_in_no_list(
    app: APIFlask, owner: Persona, organization: UUID, database: Session
) -> None:
    make_run(app, organization, make_workflow(app, organization))
    other = make_persona(app, make_organization(app, "Lumen"), name="Noor")
    assert other.api.get("/runs").json["data"] == []
