"""Somebody looks after a run: runs it again, stops it, or settles what may have happened."""

import threading
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.personas import Persona
from tests.workflows.definitions import make_run, make_step, make_workflow
from wedsync.audit.models import AuditEntry
from wedsync.platform import clock, ids
from wedsync.workflows.run_models import RUN_STATES, Run, RunStep

ASKING = {
    "state_format": 1,
    "outcome": None,
    "positions": [
        {
            "step": "tell",
            "item": None,
            "phase": "asking",
            "attempt": 1,
            "tries": 0,
            "generation": 0,
            "recoveries": 0,
        }
    ],
}


@pytest.fixture
def workflow_id(app: APIFlask, organization: UUID) -> UUID:
    return make_workflow(app, organization)


def steps_of(database: Session, run_id: UUID | str) -> dict[str, RunStep]:
    rows = database.scalars(select(RunStep).where(RunStep.run_id == UUID(str(run_id))))
    return {row.step_id: row for row in rows}


def test_a_failed_run_is_run_again_from_where_it_failed(
    app: APIFlask, owner: Persona, organization: UUID, workflow_id: UUID, database: Session
) -> None:
    failed = make_run(
        app, organization, workflow_id, "failed", input={"guest": "Ana"},
        reason={"message": "“tell” did not work.", "step": "tell"},
    )  # fmt: skip
    make_step(app, organization, failed, "greet", "succeeded", output={"words": "Hi"}, position=0)
    make_step(app, organization, failed, "left", "skipped", position=1)
    make_step(app, organization, failed, "doubtful", "unsure", position=2)
    make_step(
        app, organization, failed, "tell", "failed", tries=("maybe", "maybe"), position=3,
        generation=2,
    )  # fmt: skip
    again = owner.api.post(f"/runs/{failed}/rerun")
    assert again.status_code == 202
    assert again.json["id"] != str(failed)
    assert again.json["rerun_of"] == str(failed)
    assert again.json["cause"] == f"rerun:{failed}:1"
    run = database.get_one(Run, UUID(again.json["id"]))
    assert (run.state, run.input, run.origin_run_id) == ("queued", {"guest": "Ana"}, failed)
    copied = steps_of(database, run.id)
    assert {step: row.state for step, row in copied.items()} == {
        "greet": "succeeded",
        "left": "skipped",
        "doubtful": "unsure",
    }
    position = run.engine_state["positions"][0]
    assert (position["step"], position["phase"], position["generation"]) == ("tell", "retrying", 2)
    assert copied["greet"].output == {"words": "Hi"}


def test_a_second_time_keeps_the_first_runs_keys(
    app: APIFlask, owner: Persona, organization: UUID, workflow_id: UUID, database: Session
) -> None:
    first = make_run(app, organization, workflow_id, "failed")
    assert owner.api.post(f"/runs/{first}/rerun").json["cause"] == f"rerun:{first}:1"
    assert owner.api.post(f"/runs/{first}/rerun").json["cause"] == f"rerun:{first}:2"
    stopped = make_run(
        app, organization, workflow_id, "stopped", rerun_of=first, origin_run_id=first
    )
    third = owner.api.post(f"/runs/{stopped}/rerun").json
    assert database.get_one(Run, UUID(third["id"])).origin_run_id == first


def test_two_who_run_it_again_at_once_make_two_runs(
    app: APIFlask, owner: Persona, organization: UUID, workflow_id: UUID
) -> None:
    failed = make_run(app, organization, workflow_id, "failed")
    causes: list[str] = []

    def again() -> None:
        causes.append(owner.api.post(f"/runs/{failed}/rerun").json["cause"])

    threads = [threading.Thread(target=again) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(causes) == [f"rerun:{failed}:{number}" for number in (1, 2, 3)]


@pytest.mark.parametrize("state", sorted(set(RUN_STATES) - {"failed", "stopped"}))
def test_only_what_failed_or_was_stopped_is_run_again(
    app: APIFlask, owner: Persona, organization: UUID, workflow_id: UUID, state: str
) -> None:
    run_id = make_run(app, organization, workflow_id, state)
    refused = owner.api.post(f"/runs/{run_id}/rerun")
    assert (refused.status_code, refused.json["code"]) == (409, "run_not_retryable")


@pytest.mark.parametrize("state", ["queued", "running", "waiting", "needs_attention"])
def test_an_unfinished_run_is_stopped_under_the_feet_of_its_worker(
    app: APIFlask,
    owner: Persona,
    organization: UUID,
    workflow_id: UUID,
    database: Session,
    state: str,
) -> None:
    run_id = make_run(
        app, organization, workflow_id, state, owner=ids.new_id(), fence=3, due_at=clock.now()
    )
    make_step(app, organization, run_id, "greet", "succeeded")
    make_step(app, organization, run_id, "tell", "started")
    make_step(app, organization, run_id, "wait", "waiting")
    stopped = owner.api.post(f"/runs/{run_id}/stop")
    assert (stopped.status_code, stopped.json["state"]) == (200, "stopped")
    assert stopped.json["finished_at"] is not None
    assert stopped.json["reason"]["message"] == "Somebody stopped it."
    run = database.get_one(Run, run_id)
    assert (run.owner, run.fence, run.due_at, run.revision) == (None, 4, None, 1)
    states = {step: row.state for step, row in steps_of(database, run_id).items()}
    assert states == {"greet": "succeeded", "tell": "unsure", "wait": "skipped"}


@pytest.mark.parametrize("state", ["succeeded", "failed", "stopped", "filtered"])
def test_what_is_over_stays_as_it_ended(
    app: APIFlask, owner: Persona, organization: UUID, workflow_id: UUID, state: str
) -> None:
    run_id = make_run(app, organization, workflow_id, state)
    refused = owner.api.post(f"/runs/{run_id}/stop")
    assert (refused.status_code, refused.json["code"]) == (409, "run_over")
    assert owner.api.get(f"/runs/{run_id}").json["state"] == state


@pytest.mark.parametrize(
    "body",
    [
        {"decision": "send_again"},
        {"decision": "send_again", "input": {"data": {"words": "Again"}}},
        {"decision": "treat_as_done", "output": {"event_id": "1"}},
        {"decision": "skip"},
    ],
)
def test_what_may_have_happened_is_settled_by_a_person(
    app: APIFlask,
    owner: Persona,
    organization: UUID,
    workflow_id: UUID,
    database: Session,
    body: dict[str, Any],
) -> None:
    run_id = make_run(app, organization, workflow_id, "needs_attention", engine_state=ASKING)
    decided = owner.api.post(f"/runs/{run_id}/decide", json=body)
    assert (decided.status_code, decided.json["state"]) == (200, "queued")
    run = database.get_one(Run, run_id)
    assert run.pending_decision == {"input": None, "output": None} | body
    assert run.due_at is not None
    entry = database.scalars(select(AuditEntry).where(AuditEntry.object_id == run_id)).one()
    assert (entry.action, entry.facts["choice"]) == ("run.decided", body["decision"])


def test_a_run_is_settled_once(
    app: APIFlask, owner: Persona, organization: UUID, workflow_id: UUID
) -> None:
    run_id = make_run(app, organization, workflow_id, "needs_attention", engine_state=ASKING)
    statuses: list[int] = []

    def decide() -> None:
        body = {"decision": "skip"}
        statuses.append(owner.api.post(f"/runs/{run_id}/decide", json=body).status_code)

    threads = [threading.Thread(target=decide) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 409, 409]


@pytest.mark.parametrize("state", ["running", "failed", "needs_attention"])
def test_a_run_that_asks_nothing_cannot_be_answered(
    app: APIFlask, owner: Persona, organization: UUID, workflow_id: UUID, state: str
) -> None:
    run_id = make_run(app, organization, workflow_id, state)
    refused = owner.api.post(f"/runs/{run_id}/decide", json={"decision": "skip"})
    assert (refused.status_code, refused.json["code"]) == (409, "run_asks_nothing")


def test_an_answer_must_be_one_of_three(
    app: APIFlask, owner: Persona, organization: UUID, workflow_id: UUID
) -> None:
    run_id = make_run(app, organization, workflow_id, "needs_attention", engine_state=ASKING)
    refused = owner.api.post(f"/runs/{run_id}/decide", json={"decision": "hope"})
    assert refused.status_code == 422
    assert refused.json["errors"][0]["pointer"] == "/decision"
