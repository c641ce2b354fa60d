"""Versions: what each changed, in sentences, and what publishing leaves alone."""

from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.personas import Persona
from tests.workflows.definitions import GREET, Definition, make_run, make_workflow, manual
from wedsync.platform.db import db
from wedsync.weddings.models import Wedding

STOP: Definition = {"id": "end", "kind": "stop", "outcome": "done"}


def rewritten(owner: Persona, workflow_id: UUID, definition: Definition) -> None:
    path = f"/workflows/{workflow_id}/draft"
    owner.api.put(path, json={"definition": definition}, headers={"If-Match": "*"})


@pytest.fixture
def workflow(app: APIFlask, organization: UUID) -> UUID:
    return make_workflow(app, organization)


def test_what_publishing_would_change_is_told_before(
    app: APIFlask, owner: Persona, organization: UUID, workflow: UUID
) -> None:
    with app.app_context():
        wedding = Wedding(organization_id=organization, title="Ana & Ben")
        db.session.add(wedding)
        db.session.commit()
        wedding_id = wedding.id
    for state in ("waiting", "waiting", "succeeded"):
        make_run(app, organization, workflow, state, wedding_id=wedding_id)
    rewritten(owner, workflow, manual(GREET, STOP))
    changes = owner.api.get(f"/workflows/{workflow}/draft/changes").json
    assert changes["live_version"] == 1
    assert [(each["kind"], each["step"]) for each in changes["differences"]] == [
        ("added", "end"),
        ("removed", "tell"),
    ]
    assert (changes["runs_under_way"], changes["weddings_under_way"]) == (2, 1)


def test_a_draft_that_was_never_published_changes_nothing_yet(owner: Persona) -> None:
    made = owner.api.post("/workflows", json={"name": "x", "definition": manual()}).json
    changes = owner.api.get(f"/workflows/{made['id']}/draft/changes").json
    assert changes == {
        "live_version": None,
        "differences": [],
        "runs_under_way": 0,
        "weddings_under_way": 0,
    }


def test_publishing_what_is_live_makes_no_new_version(owner: Persona, workflow: UUID) -> None:
    path = f"/workflows/{workflow}"
    owner.api.post(f"{path}/turn-off")
    again = owner.api.post(f"{path}/publish", json={"note": "Again"}).json
    assert (again["version"], again["is_new"], again["state"]) == (1, False, "on")
    assert again["note"] is None
    back = owner.api.post(f"{path}/versions/1/rollback").json
    assert (back["version"], back["is_new"]) == (1, False)
    assert len(owner.api.get(f"{path}/versions").json["data"]) == 1


def test_versions_are_compared_with_the_one_before_or_any_other(
    owner: Persona, workflow: UUID
) -> None:
    path = f"/workflows/{workflow}"
    for definition in (manual(GREET), manual(GREET, STOP)):
        rewritten(owner, workflow, definition)
        assert owner.api.post(f"{path}/publish").json["is_new"] is True
    before = owner.api.get(f"{path}/versions/3/differences").json
    assert (before["version"], before["compared_with"]) == (3, 2)
    assert [each["words"] for each in before["differences"]] == ["“Stop” was added."]
    first = owner.api.get(f"{path}/versions/3/differences?with=1").json
    assert {each["kind"] for each in first["differences"]} == {"added", "removed"}
    alone = owner.api.get(f"{path}/versions/1/differences").json
    assert (alone["compared_with"], alone["differences"]) == (None, [])
    assert owner.api.get(f"{path}/versions/3/differences?with=9").status_code == 404
    assert owner.api.get(f"{path}/versions/3/differences?with=0").status_code == 422


def test_what_is_named_by_id_is_told_by_name(owner: Persona, workflow: UUID) -> None:
    hook = owner.api.post("/hooks", json={"name": "Petal", "scheme": "standard_webhooks"}).json
    trigger = {"kind": "webhook", "hook": hook["id"]}
    rewritten(owner, workflow, manual() | {"trigger": trigger})
    changes = owner.api.get(f"/workflows/{workflow}/draft/changes").json
    assert [each["words"] for each in changes["differences"]] == [
        "It now starts when a webhook arrives at Petal, and no longer when somebody starts it."
    ]


def test_a_hook_keeps_its_address_whatever_is_published(owner: Persona) -> None:
    hook = owner.api.post("/hooks", json={"name": "Petal", "scheme": "standard_webhooks"}).json
    listening = manual() | {"trigger": {"kind": "webhook", "hook": hook["id"]}}
    made = owner.api.post("/workflows", json={"name": "x", "definition": listening}).json
    workflow = UUID(made["id"])
    owner.api.post(f"/workflows/{workflow}/publish")
    rewritten(owner, workflow, {**listening, "steps": [GREET]})
    owner.api.post(f"/workflows/{workflow}/publish")
    owner.api.post(f"/workflows/{workflow}/versions/1/rollback")
    assert owner.api.get(f"/hooks/{hook['id']}").json["url"] == hook["url"]
