"""A draft becomes a version that never changes; older content can be brought back."""

import hashlib
from typing import Any
from uuid import UUID

import orjson
import pytest
from apiflask import APIFlask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.personas import Persona
from tests.workflows.definitions import GREET, make_workflow, manual, on_event, on_hook
from wedsync.workflows.models import WorkflowVersion


def version_of(database: Session, workflow_id: UUID | str) -> WorkflowVersion:
    query = select(WorkflowVersion).where(WorkflowVersion.workflow_id == UUID(str(workflow_id)))
    return database.scalars(query.order_by(WorkflowVersion.number.desc())).first()


def rewrite(owner: Persona, workflow_id: UUID, definition: Any, revision: int = 1) -> None:
    answer = owner.api.put(
        f"/workflows/{workflow_id}/draft",
        json={"definition": definition},
        headers={"If-Match": f'"{revision}"'},
    )
    assert answer.status_code == 200


def test_publishing_makes_version_one_and_switches_on(
    app: APIFlask, owner: Persona, organization: UUID
) -> None:
    workflow_id = make_workflow(app, organization, publish=False)
    published = owner.api.post(f"/workflows/{workflow_id}/publish", json={"note": "First"})
    assert published.status_code == 200
    assert (published.json["version"], published.json["state"]) == (1, "on")
    assert (published.json["id"], published.json["note"]) == (str(workflow_id), "First")
    assert owner.api.get(f"/workflows/{workflow_id}").json["live_version"] == 1


def test_a_draft_with_errors_is_refused_with_its_problems(owner: Persona) -> None:
    made = owner.api.post("/workflows", json={"name": "x", "definition": {"format": 1}}).json
    refused = owner.api.post(f"/workflows/{made['id']}/publish", json={})
    assert (refused.status_code, refused.json["code"]) == (422, "workflow_invalid")
    assert refused.json["problems"] == made["problems"]
    assert owner.api.get(f"/workflows/{made['id']}").json["state"] == "off"


def test_a_version_never_changes(app: APIFlask, owner: Persona, organization: UUID) -> None:
    workflow_id = make_workflow(app, organization, manual())
    rewrite(owner, workflow_id, manual(GREET))
    first = owner.api.get(f"/workflows/{workflow_id}/versions/1").json
    assert first["definition"] == manual()
    canonical = orjson.dumps(manual(), option=orjson.OPT_SORT_KEYS)
    assert first["content_hash"] == hashlib.sha256(canonical).hexdigest()


def test_only_the_draft_that_was_seen_is_published(
    app: APIFlask, owner: Persona, organization: UUID
) -> None:
    workflow_id = make_workflow(app, organization, publish=False)
    path = f"/workflows/{workflow_id}/publish"
    assert owner.api.post(path, headers={"If-Match": '"2"'}).status_code == 412
    assert owner.api.post(path, headers={"If-Match": '"1"'}).status_code == 200


def test_an_older_content_is_published_anew(
    app: APIFlask, owner: Persona, organization: UUID
) -> None:
    workflow_id = make_workflow(app, organization, manual())
    rewrite(owner, workflow_id, manual(GREET))
    owner.api.post(f"/workflows/{workflow_id}/publish")
    back = owner.api.post(f"/workflows/{workflow_id}/versions/1/rollback").json
    assert (back["version"], back["note"]) == (3, "Back to version 1")
    versions = owner.api.get(f"/workflows/{workflow_id}/versions").json["data"]
    assert [version["version"] for version in versions] == [3, 2, 1]
    assert versions[0]["content_hash"] == versions[2]["content_hash"]
    draft = owner.api.get(f"/workflows/{workflow_id}/draft").json
    assert draft["definition"] == manual(GREET)


@pytest.mark.parametrize("number", [0, 2, 2**31, 10**30])
def test_a_version_that_is_not_there_is_not_found(
    app: APIFlask, owner: Persona, organization: UUID, number: int
) -> None:
    path = f"/workflows/{make_workflow(app, organization)}/versions/{number}"
    assert owner.api.get(path).status_code == 404
    assert owner.api.post(f"{path}/rollback").status_code == 404


def test_content_whose_hook_is_gone_cannot_come_back(owner: Persona) -> None:
    hook = owner.api.post("/hooks", json={"name": "h", "scheme": "standard_webhooks"}).json
    body = {"name": "x", "definition": on_hook(hook["id"])}
    workflow_id = owner.api.post("/workflows", json=body).json["id"]
    owner.api.post(f"/workflows/{workflow_id}/publish")
    owner.api.delete(f"/hooks/{hook['id']}")
    refused = owner.api.post(f"/workflows/{workflow_id}/versions/1/rollback")
    assert (refused.status_code, refused.json["code"]) == (422, "workflow_invalid")


def test_the_fan_out_finds_a_version_by_its_trigger(
    app: APIFlask, owner: Persona, organization: UUID, database: Session
) -> None:
    by_hand = version_of(database, make_workflow(app, organization))
    assert (by_hand.trigger_kind, by_hand.event_type, by_hand.source) == ("manual", None, None)
    event = on_event("external.rsvp.received", "any")
    by_event = version_of(database, make_workflow(app, organization, event))
    assert (by_event.trigger_kind, by_event.event_type, by_event.source) == (
        "event",
        "external.rsvp.received",
        "any",
    )
    hook = owner.api.post("/hooks", json={"name": "h", "scheme": "standard_webhooks"}).json
    shouted = on_hook(hook["id"].upper())
    by_hook = version_of(database, make_workflow(app, organization, shouted))
    assert (by_hook.trigger_kind, by_hook.event_type) == ("webhook", None)
    assert by_hook.source == f"hook:{hook['id']}"
    shouted = on_event("external.rsvp.received", f"hook:{hook['id'].upper()}")
    by_source = version_of(database, make_workflow(app, organization, shouted))
    assert by_source.source == f"hook:{hook['id']}"
