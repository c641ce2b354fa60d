"""What a template of one's own cannot do any more, and what is refused of it."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from apiflask import APIFlask
from sqlalchemy.orm import Session

from tests.personas import Persona
from tests.workflows.ready_made.built_in_connections import connect
from tests.workflows.ready_made.own_workflows import (
    keys_of,
    letter,
    make,
    on_rsvp,
    save,
    use,
    wait,
)
from wedsync.workflows.ready_made.models import WorkflowTemplate
from wedsync.workflows.ready_made.own import templates

pytestmark = pytest.mark.usefixtures("built_in_listings")

TEMPLATES = "/workflows/templates"


def stored(database: Session, template: Any) -> WorkflowTemplate:
    database.expire_all()
    return database.get_one(WorkflowTemplate, UUID(template["id"]))


# --- what is gone


def test_an_action_that_is_gone_is_told_with_what_to_do(owner: Persona) -> None:
    gone = {
        "id": "bill",
        "kind": "action",
        "use": "xero.create_invoice",
        "label": "Make the invoice",
        "input": {"total": 5},
    }
    definition = {"format": 1, "trigger": {"kind": "manual"}, "steps": [wait(), gone]}
    template = save(owner, make(owner, definition))
    (trouble,) = template["troubles"]
    assert trouble.startswith("What “Make the invoice” did cannot be done any more.")
    assert "delete the template" in trouble
    made = use(owner, template["id"], {keys_of(template)["duration"]: "1 day"})
    assert any(each["step"] == "bill" for each in made["problems"])


def test_a_connector_that_is_gone_is_not_asked_and_told(
    owner: Persona, accounts: dict[str, UUID], database: Session
) -> None:
    template = save(owner, make(owner, on_rsvp(accounts["sandbox"], letter(accounts["smtp"]))))
    row = stored(database, template)
    questions = [
        each | {"connector": "closed-shop"} if each.get("connector") == "smtp" else each
        for each in row.questions
    ]
    row.questions = questions
    database.commit()
    read = owner.api.get(f"{TEMPLATES}/{template['id']}").json
    assert [each["connector"] for each in read["questions"] if each["connector"]] == ["sandbox"]
    assert read["troubles"][0].startswith("“closed-shop” is not in the marketplace any more.")


# --- what is refused


def test_nothing_is_saved_of_nothing(owner: Persona) -> None:
    empty = make(owner, {"format": 1, "steps": []})
    answer = owner.api.post(TEMPLATES, json={"workflow_id": str(empty)})
    assert (answer.status_code, answer.json["code"]) == (409, "cannot_be_saved")


def test_a_draft_that_is_no_workflow_is_refused_with_a_sentence(owner: Persona) -> None:
    deep: Any = {"id": "x", "kind": "set", "values": {}}
    for _ in range(25):
        deep = {"id": "x", "kind": "for_each", "items": [], "steps": [deep]}
    hostile = (
        {"trigger": "soon", "steps": "many"},
        {"trigger": {"kind": ["event"], "source": 7}, "steps": [None, 3, {"id": {}, "kind": []}]},
        {"trigger": {"kind": "manual"}, "steps": [deep]},
        {"trigger": {"kind": "poll", "connection": "not-an-id"},
         "steps": [{"id": "a", "kind": "action", "use": {}, "input": {"to": {"cat": "x"}}}]},
    )  # fmt: skip
    for definition in hostile:
        workflow = make(owner, definition)
        body = {"workflow_id": str(workflow), "name": uuid4().hex}
        answer = owner.api.post(TEMPLATES, json=body)
        assert answer.status_code in (201, 409), answer.json
        page = owner.browser.get(f"/workflows/{workflow}/save-as-template")
        assert page.status_code in (200, 303)


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "x" * 121}, "/name"),
        ({"name": "   "}, "/name"),
        ({"goal": "world-peace"}, "/goal"),
        ({"sentence": "x" * 301}, "/sentence"),
        ({"questions": ["q0"]}, "/questions"),
        ({"questions": ["q1", "q2", "q3", "q4", "q5"]}, "/questions"),
    ],
)
def test_what_cannot_be_used_is_said_beside_its_field(
    owner: Persona, given: dict[str, Any], pointer: str
) -> None:
    workflow = make(owner, {"format": 1, "trigger": {"kind": "manual"}, "steps": [wait()]})
    answer = owner.api.post(TEMPLATES, json={"workflow_id": str(workflow), **given})
    assert answer.status_code == 422
    assert pointer in [each["pointer"] for each in answer.json["errors"]]


def test_one_that_is_too_large_for_a_workflow_is_refused(owner: Persona) -> None:
    note = {"id": "note", "kind": "set", "values": {"words": "word " * 120_000}}
    workflow = make(owner, {"format": 1, "trigger": {"kind": "manual"}, "steps": [note]})
    answer = owner.api.post(TEMPLATES, json={"workflow_id": str(workflow)})
    assert (answer.status_code, answer.json["code"]) == (409, "cannot_be_saved")
    page = owner.browser.get(f"/workflows/{workflow}/save-as-template", follow_redirects=True)
    assert "It cannot be saved as a template." in page.text


def test_there_are_only_so_many(owner: Persona, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "MOST", 1)
    workflow = make(owner, {"format": 1, "trigger": {"kind": "manual"}, "steps": [wait()]})
    save(owner, workflow, name="One")
    answer = owner.api.post(TEMPLATES, json={"workflow_id": str(workflow), "name": "Two"})
    assert (answer.status_code, answer.json["code"]) == (409, "too_many_templates")


def test_a_field_named_for_a_secret_is_no_answer_to_begin_with(owner: Persona) -> None:
    given = {"method": "GET", "url": "https://a.example/?key=k1", "headers": {"X-Token": "t1"}}
    post = {"id": "post", "kind": "action", "use": "http.request", "input": given}
    workflow = make(owner, {"format": 1, "trigger": {"kind": "manual"}, "steps": [post]})
    template = json.dumps(save(owner, workflow))
    assert "k1" not in template
    assert "t1" not in template


def test_no_two_have_one_name_even_when_saved_at_once(owner: Persona, editor: Persona) -> None:
    workflow = make(owner, {"format": 1, "trigger": {"kind": "manual"}, "steps": [wait()]})
    body = {"workflow_id": str(workflow), "name": "Meals"}
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda who: who.api.post(TEMPLATES, json=body), (owner, editor)))
    assert sorted(each.status_code for each in answers) == [201, 422]
    assert len(owner.api.get(TEMPLATES).json["data"]) == 1


def test_answers_that_cannot_be_used_make_nothing(
    app: APIFlask, owner: Persona, stranger: Persona, accounts: dict[str, UUID]
) -> None:
    theirs = connect(app, stranger.organization_id, "sandbox")
    template = save(owner, make(owner, on_rsvp(accounts["sandbox"], wait())))
    keys = keys_of(template)
    before = len(owner.api.get("/workflows").json["data"])
    for account, length in (
        (theirs, "1 day"), (uuid4(), "1 day"), (accounts["sandbox"], "soon"), ("", "1 day"),
    ):  # fmt: skip
        answers = {keys["connection"]: str(account), keys["duration"]: length}
        answer = owner.api.post(
            f"{TEMPLATES}/{template['id']}/workflows", json={"answers": answers}
        )
        assert answer.status_code == 422
    assert len(owner.api.get("/workflows").json["data"]) == before
