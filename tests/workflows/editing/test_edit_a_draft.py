"""Somebody writes a workflow: an unfinished one is kept, and nobody overwrites unseen changes."""

import threading
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.personas import Persona
from tests.workflows.definitions import make_run, make_workflow, manual, on_hook
from wedsync.audit.models import AuditEntry


def written(owner: Persona, definition: Any) -> Any:
    return owner.api.post("/workflows", json={"name": "Seats", "definition": definition})


def test_a_workflow_is_made_switched_off(owner: Persona) -> None:
    made = written(owner, manual())
    assert made.status_code == 201
    assert made.headers["ETag"] == '"1"'
    workflow = made.json
    assert (workflow["state"], workflow["live_version"], workflow["problems"]) == ("off", None, [])
    assert owner.api.get(f"/workflows/{workflow['id']}").json["name"] == "Seats"


def test_an_unfinished_definition_is_kept_with_its_problems(owner: Persona) -> None:
    made = written(owner, {"format": 1, "steps": [{"id": "a", "kind": "unheard_of"}]})
    assert made.status_code == 201
    fields = {problem["field"] for problem in made.json["problems"]}
    assert {"trigger", "kind"} <= fields
    for problem in made.json["problems"]:
        assert set(problem) == {"step", "field", "message", "fix", "severity"}
    draft = owner.api.get(f"/workflows/{made.json['id']}/draft").json
    assert draft["definition"]["steps"][0]["kind"] == "unheard_of"
    assert draft["problems"] == made.json["problems"]


def test_a_draft_is_replaced_by_who_has_seen_it(owner: Persona) -> None:
    workflow_id = written(owner, {}).json["id"]
    replaced = owner.api.put(
        f"/workflows/{workflow_id}/draft",
        json={"definition": manual()},
        headers={"If-Match": '"1"'},
    )
    assert replaced.status_code == 200
    assert (replaced.json["draft_revision"], replaced.json["problems"]) == (2, [])
    assert replaced.headers["ETag"] == '"2"'


@pytest.mark.parametrize("tag", ['"1"', "1", 'W/"1"', '"7", "1"', "*"])
def test_a_tag_is_understood_as_it_comes_through_proxies(owner: Persona, tag: str) -> None:
    workflow_id = written(owner, {}).json["id"]
    path = f"/workflows/{workflow_id}/draft"
    answer = owner.api.put(path, json={"definition": {}}, headers={"If-Match": tag})
    assert answer.status_code == 200


@pytest.mark.parametrize("tag", ['"2"', "0", '"x"', '""', '"1'])
def test_somebody_elses_change_is_not_overwritten(owner: Persona, tag: str) -> None:
    workflow_id = written(owner, manual()).json["id"]
    refused = owner.api.put(
        f"/workflows/{workflow_id}/draft", json={"definition": {}}, headers={"If-Match": tag}
    )
    assert refused.status_code == 412
    assert refused.json["code"] == "stale"
    assert refused.json["current"]["draft_revision"] == 1
    assert refused.json["current"]["definition"] == manual()


def test_replacing_a_draft_unseen_is_refused(owner: Persona) -> None:
    workflow_id = written(owner, manual()).json["id"]
    refused = owner.api.put(f"/workflows/{workflow_id}/draft", json={"definition": {}})
    assert (refused.status_code, refused.json["code"]) == (428, "precondition_required")


def test_of_two_who_write_at_once_one_is_told(app: APIFlask, owner: Persona) -> None:
    workflow_id = written(owner, {}).json["id"]
    statuses = []

    def write() -> None:
        answer = owner.api.put(
            f"/workflows/{workflow_id}/draft",
            json={"definition": manual()},
            headers={"If-Match": '"1"'},
        )
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 412, 412, 412]


def test_a_workflow_is_renamed(owner: Persona) -> None:
    workflow_id = written(owner, {}).json["id"]
    renamed = owner.api.patch(f"/workflows/{workflow_id}", json={"name": "  Places  "})
    assert renamed.json["name"] == "Places"
    stale = owner.api.patch(
        f"/workflows/{workflow_id}", json={"name": "x"}, headers={"If-Match": '"9"'}
    )
    assert stale.status_code == 412


@pytest.mark.parametrize("name", ["", "   ", "x" * 201])
def test_a_name_is_needed(owner: Persona, name: str) -> None:
    refused = owner.api.post("/workflows", json={"name": name, "definition": {}})
    assert refused.status_code == 422
    assert refused.json["errors"][0]["pointer"] == "/name"


def test_a_definition_is_looked_at_without_being_kept(owner: Persona) -> None:
    workflow_id = written(owner, manual()).json["id"]
    path = f"/workflows/{workflow_id}/validate"
    assert owner.api.post(path).json == {"valid": True, "problems": []}
    other = owner.api.post(path, json={"definition": {"format": 2}}).json
    assert not other["valid"]
    assert other["problems"]
    assert owner.api.get(f"/workflows/{workflow_id}").json["draft_revision"] == 1


def test_our_own_event_names_cannot_be_sent(owner: Persona) -> None:
    sends = {
        "id": "tell",
        "kind": "action",
        "use": "webhook.send",
        "input": {"event_type": "contract.fully_signed", "data": {}},
    }
    problems = written(owner, manual(sends)).json["problems"]
    assert [(each["step"], each["severity"]) for each in problems] == [("tell", "error")]


def test_a_hook_of_ours_may_start_it(owner: Persona) -> None:
    hook = owner.api.post("/hooks", json={"name": "h", "scheme": "standard_webhooks"}).json
    assert written(owner, on_hook(hook["id"])).json["problems"] == []


def test_somebody_elses_hook_is_told_apart_from_none_by_nobody(
    owner: Persona, stranger: Persona
) -> None:
    hook = owner.api.post("/hooks", json={"name": "h", "scheme": "standard_webhooks"}).json
    theirs = written(stranger, on_hook(hook["id"])).json["problems"]
    none = written(stranger, on_hook("0197a6c2-8f3e-7b1a-9c55-2d6e4f8a1b30")).json["problems"]
    assert theirs == none
    assert [each["field"] for each in theirs] == ["trigger.hook"]


@pytest.mark.parametrize(
    ("field", "definition"),
    [
        ("trigger.hook", on_hook("nowhere")),
        ("trigger.source", manual() | {"trigger": {"kind": "event", "event_type": "a.b",
                                                   "source": "connection:1"}}),
        ("connection", manual({"id": "a", "kind": "action", "use": "webhook.send",
                               "connection": "none", "input": {"event_type": "a.b"}})),
    ],
)  # fmt: skip
def test_a_reference_that_leads_nowhere_blocks_publishing(
    owner: Persona, field: str, definition: Any
) -> None:
    made = written(owner, definition).json
    assert field in [each["field"] for each in made["problems"] if each["severity"] == "error"]
    refused = owner.api.post(f"/workflows/{made['id']}/publish")
    assert (refused.status_code, refused.json["code"]) == (422, "workflow_invalid")


def test_a_workflow_that_never_ran_can_be_removed(
    app: APIFlask, owner: Persona, organization: UUID
) -> None:
    workflow_id = make_workflow(app, organization)
    assert owner.api.delete(f"/workflows/{workflow_id}").json["deleted"] is True
    assert owner.api.get(f"/workflows/{workflow_id}").status_code == 404


def test_a_workflow_that_ran_is_kept(app: APIFlask, owner: Persona, organization: UUID) -> None:
    workflow_id = make_workflow(app, organization)
    make_run(app, organization, workflow_id)
    refused = owner.api.delete(f"/workflows/{workflow_id}")
    assert (refused.status_code, refused.json["code"]) == (409, "workflow_has_runs")


def test_every_change_is_recorded_with_its_author(owner: Persona, database: Session) -> None:
    workflow_id = written(owner, {}).json["id"]
    owner.api.put(
        f"/workflows/{workflow_id}/draft",
        json={"definition": manual()},
        headers={"If-Match": '"1"'},
    )
    owner.api.post(f"/workflows/{workflow_id}/publish")
    entries = database.scalars(
        select(AuditEntry).where(AuditEntry.object_id == UUID(workflow_id)).order_by(AuditEntry.id)
    ).all()
    assert [entry.action for entry in entries] == [
        "workflow.created",
        "workflow.draft_changed",
        "workflow.published",
    ]
    assert {entry.actor_kind for entry in entries} == {"api_key"}
    assert entries[2].facts == {"version": 1}
