"""The API lists questions and takes answers, by the question's id or by the run's."""

from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.personas import Persona, make_organization, make_persona
from tests.workers.scene import one
from tests.workflows.waiting import answer_of, ask, publish_workflow, question
from wedsync.accounts import api_keys
from wedsync.platform.db import db

EDITORS = {"role": "editor"}


@pytest.fixture
def workflow(app: APIFlask, organization: UUID) -> UUID:
    return publish_workflow(app, organization, question())


def test_a_question_is_read_and_answered_by_its_id(
    app: APIFlask, workflow: UUID, owner: Persona
) -> None:
    run, approval = ask(app, workflow, who=EDITORS, expires_after_s=3600)
    found = owner.api.get(f"/approvals/{approval}").json
    assert found is not None
    told = (found["state"], found["run_id"], found["ask"], found["who"], found["on_expiry"])
    assert told == ("open", str(run), "May we book it?", EDITORS, "refuse")
    answered = owner.api.post(f"/approvals/{approval}/approve", json={"note": "From a script"})
    assert answered.status_code == 200
    assert answered.json is not None
    assert (answered.json["state"], answered.json["decided_by"]) == ("approved", "An API key")
    expected = {"approved": True, "by": "An API key", "note": "From a script"}
    assert answer_of(app, run) == expected


def test_a_list_is_narrowed_to_a_state_and_a_run_with_its_items(
    app: APIFlask, workflow: UUID, owner: Persona
) -> None:
    root, first = ask(app, workflow, who=EDITORS)
    _, item = ask(app, workflow, who=EDITORS, root_id=root, item=2)
    _, other = ask(app, workflow, who=EDITORS)
    owner.api.post(f"/approvals/{other}/refuse", json={})

    def listed(query: str) -> list[tuple[str, int | None]]:
        found = owner.api.get(f"/approvals{query}").json
        assert found is not None
        return [(each["id"], each["item"]) for each in found["data"]]

    assert listed("") == [(str(other), None), (str(item), 2), (str(first), None)]
    assert listed("?state=open") == [(str(item), 2), (str(first), None)]
    assert listed(f"?run={root}") == [(str(item), 2), (str(first), None)]
    assert listed("?state=refused&limit=1") == [(str(other), None)]


def test_the_one_question_of_a_run_is_answered_by_the_run(
    app: APIFlask, workflow: UUID, owner: Persona
) -> None:
    yes, _ = ask(app, workflow, who=EDITORS)
    no, _ = ask(app, workflow, who=EDITORS)
    assert owner.api.post(f"/runs/{yes}/approve", json={}).status_code == 200
    refused = owner.api.post(f"/runs/{no}/approve", json={"approved": False, "note": "Not now"})
    assert refused.status_code == 200
    assert answer_of(app, yes)["approved"] is True
    assert answer_of(app, no) == {"approved": False, "by": "An API key", "note": "Not now"}


@pytest.mark.parametrize("body", [{"note": "x" * 2001}, {"note": 7}, {"approve": True}, []])
def test_what_is_no_answer_is_refused(
    app: APIFlask, workflow: UUID, owner: Persona, body: object
) -> None:
    run, approval = ask(app, workflow, who=EDITORS)
    assert owner.api.post(f"/approvals/{approval}/approve", json=body).status_code in (400, 422)
    assert owner.api.get("/approvals?state=perhaps").status_code == 422
    assert answer_of(app, run) is None


def test_a_run_that_asks_nothing_or_several_things_is_not_answered(
    app: APIFlask, workflow: UUID, owner: Persona
) -> None:
    run, approval = ask(app, workflow, who=EDITORS)
    _, second = ask(app, workflow, who=EDITORS, root_id=run, item=0)
    several = owner.api.post(f"/runs/{run}/approve", json={})
    assert (several.status_code, several.json and several.json["code"]) == (409, "run_asks_several")
    for each in (approval, second):
        owner.api.post(f"/approvals/{each}/approve", json={})
    nothing = owner.api.post(f"/runs/{run}/approve", json={})
    assert (nothing.status_code, nothing.json and nothing.json["code"]) == (409, "run_asks_nothing")
    again = owner.api.post(f"/approvals/{approval}/refuse", json={})
    assert (again.status_code, again.json and again.json["code"]) == (409, "approval_over")


def test_a_key_answers_only_what_an_editor_was_asked(
    app: APIFlask, workflow: UUID, owner: Persona
) -> None:
    run, approval = ask(app, workflow, who={"role": "owner"})
    refused = owner.api.post(f"/approvals/{approval}/approve", json={})
    assert (refused.status_code, refused.json and refused.json["code"]) == (403, "not_asked")
    assert answer_of(app, run) is None


def test_a_key_needs_the_scope_and_a_stranger_finds_nothing(
    app: APIFlask, workflow: UUID, owner: Persona
) -> None:
    run, approval = ask(app, workflow, who=EDITORS)
    with app.app_context():
        _, raw = api_keys.create(owner.organization_id, "Reads", ["approvals:read"])
        db.session.commit()
    headers = {"Authorization": f"Bearer {raw}"}
    assert owner.api.get("/approvals", headers=headers).status_code == 200
    denied = owner.api.post(f"/approvals/{approval}/approve", json={}, headers=headers)
    assert denied.status_code == 403
    stranger = make_persona(app, make_organization(app, "Lumen Photography"), name="Sam")
    for path in (f"/approvals/{approval}/approve", f"/runs/{run}/approve"):
        assert stranger.api.post(path, json={}).status_code == 404
    assert stranger.api.get(f"/approvals?run={run}").json == {"data": [], "next_cursor": None}
    assert one(app, "SELECT state FROM approvals WHERE id = :id", id=approval).state == "open"


def test_a_repeated_request_is_answered_as_the_first_time(
    app: APIFlask, workflow: UUID, owner: Persona
) -> None:
    _, approval = ask(app, workflow, who=EDITORS)
    key = {"Idempotency-Key": "once"}
    first, again = (
        owner.api.post(f"/approvals/{approval}/approve", json={}, headers=key) for _ in range(2)
    )
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json == again.json
