"""Somebody starts a workflow by hand: a queued run, and its lane has work."""

from uuid import UUID

from apiflask import APIFlask
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.personas import Persona
from tests.workflows.definitions import make_workflow


def test_a_run_is_queued_and_its_lane_touched(
    app: APIFlask, owner: Persona, organization: UUID, database: Session
) -> None:
    workflow_id = make_workflow(app, organization)
    started = owner.api.post(f"/workflows/{workflow_id}/runs", json={"input": {"guest": "Ana"}})
    assert started.status_code == 202
    run = started.json
    assert (run["state"], run["version"], run["cause"]) == ("queued", 1, f"manual:{run['id']}")
    lane = database.execute(
        text("SELECT organization_id, next_due_at FROM lanes WHERE kind='runs' AND key=:key"),
        {"key": str(workflow_id)},
    ).one()
    assert lane.organization_id == organization
    assert lane.next_due_at is not None
    assert owner.api.get(f"/runs/{run['id']}").json["input"] == {"guest": "Ana"}


def test_a_run_needs_no_input(app: APIFlask, owner: Persona, organization: UUID) -> None:
    started = owner.api.post(f"/workflows/{make_workflow(app, organization)}/runs")
    assert started.status_code == 202


def test_a_started_run_wakes_a_worker(app: APIFlask, owner: Persona, organization: UUID) -> None:
    redis = app.extensions["wedsync"].wake._redis
    redis.delete("bell:runs")
    owner.api.post(f"/workflows/{make_workflow(app, organization)}/runs")
    assert redis.exists("bell:runs")


def test_a_paused_workflow_queues_its_runs(
    app: APIFlask, owner: Persona, organization: UUID
) -> None:
    workflow = f"/workflows/{make_workflow(app, organization)}"
    owner.api.post(f"{workflow}/pause")
    assert owner.api.post(f"{workflow}/runs").json["state"] == "queued"


def test_what_is_off_or_unpublished_does_not_start(
    app: APIFlask, owner: Persona, organization: UUID
) -> None:
    draft = make_workflow(app, organization, publish=False)
    refused = owner.api.post(f"/workflows/{draft}/runs")
    assert (refused.status_code, refused.json["code"]) == (409, "workflow_not_published")
    off = make_workflow(app, organization)
    owner.api.post(f"/workflows/{off}/turn-off")
    refused = owner.api.post(f"/workflows/{off}/runs")
    assert (refused.status_code, refused.json["code"]) == (409, "workflow_off")


def test_input_over_256_kilobytes_is_refused(
    app: APIFlask, owner: Persona, organization: UUID
) -> None:
    workflow_id = make_workflow(app, organization)
    refused = owner.api.post(f"/workflows/{workflow_id}/runs", json={"input": "x" * 262_145})
    assert refused.status_code == 422
    assert refused.json["errors"][0]["pointer"] == "/input"
