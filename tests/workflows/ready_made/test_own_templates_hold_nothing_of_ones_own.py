"""A template of one's own holds nothing that is somebody's, and strangers do not see it."""

import json
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy.orm import Session

from tests.personas import Persona
from tests.workflows.ready_made.built_in_connections import connect
from tests.workflows.ready_made.own_workflows import (
    CATERER,
    ask,
    letter,
    make,
    on_rsvp,
    save,
    use,
    wait,
)
from wedsync.weddings.models import Guest, Household, Wedding
from wedsync.workflows.ready_made.models import WorkflowTemplate

pytestmark = pytest.mark.usefixtures("built_in_listings")

TEMPLATES = "/workflows/templates"


def stored(database: Session, template: Any) -> WorkflowTemplate:
    database.expire_all()
    return database.get_one(WorkflowTemplate, UUID(template["id"]))


def test_nothing_of_ones_own_is_in_it(
    app: APIFlask, owner: Persona, accounts: dict[str, UUID], database: Session
) -> None:
    wedding = Wedding(
        organization_id=owner.organization_id,
        title="Ada & Ben",
        partners=[{"name": "Ada Okafor"}, {"name": "Ben Carter"}],
    )
    database.add(wedding)
    database.flush()
    household = Household(
        organization_id=owner.organization_id, wedding_id=wedding.id, name="The Quills"
    )
    database.add(household)
    database.flush()
    database.add(
        Guest(
            organization_id=owner.organization_id,
            wedding_id=wedding.id,
            household_id=household.id,
            name="Rosamund Quill",
        )
    )
    database.commit()
    body = (
        f"Dear Ada Okafor,\nRosamund Quill’s seat is free. Call +44 7700 900123, write to {CATERER}"
        f" or look at https://user:hunter2@olive.example/?token=abc123def for wedding {wedding.id}."
    )
    web = {
        "id": "post",
        "kind": "action",
        "use": "http.request",
        "input": {
            "method": "POST",
            "url": "https://olive.example/meals",
            "headers": {"Authorization": "Bearer s3cr3t-of-olive", "Accept": "text/plain"},
            "json": {"key": "sk_live_51H8xYzABCDEFGH", "note": "For Ada & Ben"},
        },
    }
    steps = (
        ask(owner.user_id),
        letter(accounts["smtp"], subject="Ada & Ben: one meal less", body=body),
        web,
    )
    workflow = make(owner, on_rsvp(accounts["sandbox"], *steps), "Meals of Ada & Ben")
    template = save(owner, workflow)
    kept = json.dumps(
        [template["name"], template["sentence"], template["left_out"], template["questions"],
         stored(database, template).definition]
    )  # fmt: skip
    for private in (
        *map(str, accounts.values()), str(owner.user_id), str(wedding.id), CATERER, "7700",
        "Ada", "Rosamund", "hunter2", "abc123def", "s3cr3t-of-olive", "sk_live_51H8",
    ):  # fmt: skip
        assert private not in kept, private
    assert "Accept" in kept
    told = " ".join(template["left_out"])
    for what in (
        "A secret in",
        "An e-mail address in",
        "A phone number in",
        "The name of a couple",
    ):
        assert what in told
    assert template["name"] == "Meals of"


def test_what_is_not_asked_and_ones_own_is_left_open_and_said(
    owner: Persona, accounts: dict[str, UUID]
) -> None:
    workflow = make(
        owner, on_rsvp(accounts["sandbox"], ask(owner.user_id), letter(accounts["smtp"]))
    )
    template = save(owner, workflow, questions=[])
    assert [each["kind"] for each in template["questions"]] == ["connection", "connection"]
    assert template["left_out"] == [
        "Who is asked at “May we tell them?”: you choose it in the builder.",
        "The e-mail address of “Send an e-mail”: you write it in the builder.",
    ]
    answers = {each["key"]: str(accounts[each["connector"]]) for each in template["questions"]}
    made = use(owner, template["id"], answers)
    missing = {(each["step"], each["field"]) for each in made["problems"]}
    assert {("ask", "who"), ("tell", "input.to")} <= missing


def test_more_than_four_accounts_leave_the_others_for_the_builder(
    app: APIFlask, owner: Persona
) -> None:
    mailboxes = [
        connect(app, owner.organization_id, "smtp", name=f"Mailbox {number}") for number in range(6)
    ]
    steps = [letter(each) | {"id": f"tell-{at}"} for at, each in enumerate(mailboxes)]
    definition = {"format": 1, "trigger": {"kind": "manual"}, "steps": steps}
    template = save(owner, make(owner, definition))
    assert [each["kind"] for each in template["questions"]] == ["connection"] * 4
    assert "The account of “Send an e-mail”: you choose it in the builder." in template["left_out"]


# --- strangers


def test_somebody_elses_template_and_workflow_are_not_there(
    owner: Persona, stranger: Persona
) -> None:
    workflow = make(owner, {"format": 1, "trigger": {"kind": "manual"}, "steps": [wait()]})
    template = save(owner, workflow)
    own = make(stranger, {"format": 1, "trigger": {"kind": "manual"}, "steps": [wait()]})
    path = f"{TEMPLATES}/{template['id']}"
    named = stranger.api.post(TEMPLATES, json={"workflow_id": str(workflow)})
    assert (named.status_code, named.json["errors"][0]["pointer"]) == (422, "/workflow_id")
    for answer in (
        stranger.api.post(f"{path}/renew", json={"workflow_id": str(own)}),
        stranger.api.post(f"{path}/workflows", json={"answers": {}}),
        stranger.browser.get(f"/workflows/{own}/save-as-template?template={template['id']}"),
        stranger.browser.get(f"/workflows/{workflow}/save-as-template"),
        stranger.browser.post(f"/workflows/templates/{template['id']}/delete"),
    ):
        assert answer.status_code == 404
    assert stranger.api.get(TEMPLATES).json["data"] == []
    renewed = owner.api.post(f"{path}/renew", json={"workflow_id": str(own)})
    assert (renewed.status_code, renewed.json["detail"]) == (422, "There is no such workflow.")


def test_an_account_of_somebody_else_in_a_draft_is_not_named(
    app: APIFlask, owner: Persona, stranger: Persona
) -> None:
    theirs = connect(app, stranger.organization_id, "smtp", name="hidden@stranger.example")
    steps = [letter(theirs), ask(stranger.user_id)]
    workflow = make(owner, {"format": 1, "trigger": {"kind": "manual"}, "steps": steps})
    possible = owner.api.get(f"/workflows/{workflow}/possible-questions")
    page = owner.browser.get(f"/workflows/{workflow}/save-as-template")
    for said in (possible.text, page.text):
        assert "hidden@stranger" not in said
        assert "Stranger" not in said
