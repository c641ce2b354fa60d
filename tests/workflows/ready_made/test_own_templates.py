"""A workflow is saved as a template and made again with other answers."""

import json
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.personas import Persona
from tests.workflows.ready_made.built_in_connections import connect
from tests.workflows.ready_made.own_workflows import (
    ask,
    draft_of,
    keys_of,
    letter,
    make,
    on_rsvp,
    save,
    use,
    wait,
)
from wedsync.audit.models import AuditEntry
from wedsync.events.models import Event

pytestmark = pytest.mark.usefixtures("built_in_listings")

TEMPLATES = "/workflows/templates"


# --- saving


def test_the_likeliest_values_become_questions_and_the_rest_is_kept(
    owner: Persona, accounts: dict[str, UUID]
) -> None:
    steps = wait(), letter(accounts["smtp"])
    template = save(owner, make(owner, on_rsvp(accounts["sandbox"], *steps)))
    asked = [(each["kind"], each["connector"], each["default"]) for each in template["questions"]]
    assert asked == [
        ("connection", "sandbox", ""),
        ("connection", "smtp", ""),
        ("email", None, ""),
        ("duration", None, "3 days"),
    ]
    assert template["name"] == "Tell the caterer"
    assert template["goal"] == "send"
    assert "wait 3 days" not in template["sentence"]
    assert template["sentence"].startswith("When ")


def test_answers_make_a_draft_of_it(
    app: APIFlask, owner: Persona, accounts: dict[str, UUID]
) -> None:
    definition = on_rsvp(accounts["sandbox"], wait(), letter(accounts["smtp"]))
    template = save(owner, make(owner, definition))
    other = connect(app, owner.organization_id, "smtp", name="Second mailbox")
    sandbox, smtp, email, length = (each["key"] for each in template["questions"])
    answers = {
        sandbox: str(accounts["sandbox"]),
        smtp: str(other),
        email: "chef@olive.example",
        length: "a week",
    }
    made = use(owner, template["id"], answers)
    assert (made["name"], made["state"], made["live_version"]) == (
        "Tell the caterer (2)",
        "off",
        None,
    )
    assert draft_of(owner, made["id"]) == on_rsvp(
        accounts["sandbox"], wait(604_800), letter(other, to="chef@olive.example")
    )
    assert [each for each in made["problems"] if each["severity"] == "error"] == []


def test_the_very_same_answers_give_the_draft_again_until_it_is_touched(
    owner: Persona, accounts: dict[str, UUID]
) -> None:
    template = save(owner, make(owner, on_rsvp(accounts["sandbox"], letter(accounts["smtp"]))))
    by_kind = {each["key"]: each["default"] for each in template["questions"]}
    answers = {
        **by_kind,
        **{each["key"]: str(accounts[each["connector"]]) for each in template["questions"]
           if each["kind"] == "connection"},
        keys_of(template)["email"]: "chef@olive.example",
    }  # fmt: skip
    first, again = (use(owner, template["id"], answers) for _ in range(2))
    assert first["id"] == again["id"]
    path = f"/workflows/{first['id']}/draft"
    owner.api.put(path, json={"definition": {"steps": []}}, headers={"If-Match": "*"})
    assert use(owner, template["id"], answers)["id"] != first["id"]


def test_one_address_in_two_steps_is_one_question(
    owner: Persona, accounts: dict[str, UUID]
) -> None:
    second = letter(accounts["smtp"]) | {"id": "again"}
    template = save(
        owner, make(owner, on_rsvp(accounts["sandbox"], letter(accounts["smtp"]), second))
    )
    assert [each["kind"] for each in template["questions"]].count("email") == 1
    answers = {each["key"]: each["default"] for each in template["questions"]}
    answers |= {
        each["key"]: str(accounts[each["connector"]])
        for each in template["questions"]
        if each["kind"] == "connection"
    }
    answers[keys_of(template)["email"]] = "chef@olive.example"
    made = draft_of(owner, use(owner, template["id"], answers)["id"])
    assert [step["input"]["to"] for step in made["steps"]] == ["chef@olive.example"] * 2


def test_the_questions_can_be_chosen(owner: Persona, accounts: dict[str, UUID]) -> None:
    workflow = make(owner, on_rsvp(accounts["sandbox"], wait(), letter(accounts["smtp"])))
    possible = owner.api.get(f"/workflows/{workflow}/possible-questions").json["data"]
    (subject,) = (each for each in possible if each["now"] == "One meal less")
    assert (subject["kept"], subject["always"]) == (True, False)
    template = save(owner, workflow, questions=[subject["key"]])
    kinds = [each["kind"] for each in template["questions"]]
    assert kinds == ["connection", "connection", "text"]
    assert template["questions"][2]["default"] == "One meal less"
    answers = {
        each["key"]: str(accounts.get(each["connector"], "Two meals less"))
        for each in template["questions"]
    }
    made = draft_of(owner, use(owner, template["id"], answers)["id"])
    assert made["steps"][0] == wait()
    assert made["steps"][1]["input"]["subject"] == "Two meals less"
    assert "to" not in made["steps"][1]["input"]


def test_somebody_of_the_team_and_a_webhook_are_asked(owner: Persona) -> None:
    hooks = [
        owner.api.post("/hooks", json={"name": name, "scheme": "standard_webhooks"}).json["id"]
        for name in ("Petal's answers", "Seatwell")
    ]
    trigger = {"kind": "webhook", "hook": hooks[0]}
    definition = {"format": 1, "trigger": trigger, "steps": [ask(owner.user_id)]}
    template = save(owner, make(owner, definition))
    assert [each["kind"] for each in template["questions"]] == ["hook", "person"]
    keys = keys_of(template)
    made = use(owner, template["id"], {keys["hook"]: hooks[1], keys["person"]: "role:editor"})
    assert draft_of(owner, made["id"])["trigger"]["hook"] == hooks[1]
    assert draft_of(owner, made["id"])["steps"][0]["who"] == {"role": "editor"}


def test_what_is_chosen_at_an_account_is_asked(owner: Persona, accounts: dict[str, UUID]) -> None:
    seat = {
        "id": "seat",
        "kind": "action",
        "use": "sandbox.release_seat",
        "connection": str(accounts["sandbox"]),
        "input": {"guest_id": "g_ben"},
    }
    template = save(owner, make(owner, on_rsvp(accounts["sandbox"], seat)))
    assert [each["kind"] for each in template["questions"]] == ["connection", "listed"]
    assert "g_ben" not in json.dumps(template)
    keys = keys_of(template)
    answers = {keys["connection"]: str(accounts["sandbox"]), keys["listed"]: "g_ada"}
    made = draft_of(owner, use(owner, template["id"], answers)["id"])
    assert made["steps"][0]["input"] == {"guest_id": "g_ada"}


def test_days_before_a_date_are_asked(owner: Persona) -> None:
    trigger = {"kind": "wedding_date", "anchor": "date", "offset_days": -14, "at": "09:00",
               "late": "run"}  # fmt: skip
    template = save(owner, make(owner, {"format": 1, "trigger": trigger, "steps": [wait()]}))
    assert [each["default"] for each in template["questions"]] == ["14 days before", "3 days"]
    keys = keys_of(template)
    answers = {keys["day_offset"]: "30 days before", keys["duration"]: "1 hour"}
    made = draft_of(owner, use(owner, template["id"], answers)["id"])
    assert made["trigger"]["offset_days"] == -30
    assert made["steps"][0]["seconds"] == 3_600


def test_what_a_branch_is_called_is_asked_where_little_else_can_be(owner: Persona) -> None:
    branch = {"label": "A big one", "when": {">": [{"var": "wedding.final_count"}, 50]}}
    choice = {
        "id": "size",
        "kind": "choose",
        "branches": [{**branch, "steps": [wait()]}],
        "otherwise": [],
    }
    made = make(owner, {"format": 1, "trigger": {"kind": "manual"}, "steps": [choice]})
    assert owner.browser.get(f"/workflows/{made}/save-as-template").status_code == 200
    template = save(owner, made)
    keys = keys_of(template)
    answers = {keys["duration"]: "3 days", keys["text"]: "Many guests"}
    draft = draft_of(owner, use(owner, template["id"], answers)["id"])
    assert draft["steps"][0]["branches"][0]["label"] == "Many guests"


def test_it_is_written_down_and_told(
    owner: Persona, accounts: dict[str, UUID], database: Session
) -> None:
    workflow = make(owner, on_rsvp(accounts["sandbox"], letter(accounts["smtp"])))
    template = save(owner, workflow)
    owner.api.delete(f"{TEMPLATES}/{template['id']}")
    actions = database.scalars(
        select(AuditEntry.action)
        .where(AuditEntry.object_kind == "workflow_template")
        .where(AuditEntry.organization_id == owner.organization_id)
        .order_by(AuditEntry.id)
    ).all()
    assert actions == ["workflow.template_saved", "workflow.template_deleted"]
    events = database.scalars(
        select(Event)
        .where(Event.organization_id == owner.organization_id, Event.type.like("%template%"))
        .order_by(Event.id)
    ).all()
    assert [event.type for event in events] == actions
    assert events[0].data == {
        "template_id": template["id"],
        "name": "Tell the caterer",
        "workflow_id": str(workflow),
    }


# --- names, newer states, the end


def test_it_is_renamed_with_its_etag(owner: Persona, accounts: dict[str, UUID]) -> None:
    template = save(owner, make(owner, on_rsvp(accounts["sandbox"], letter(accounts["smtp"]))))
    path = f"{TEMPLATES}/{template['id']}"
    tag = owner.api.get(path).headers["ETag"]
    changed = owner.api.patch(
        path, json={"name": "Meals", "goal": "guests"}, headers={"If-Match": tag}
    )
    assert (changed.json["name"], changed.json["goal"], changed.json["revision"]) == (
        "Meals", "guests", 2,
    )  # fmt: skip
    stale = owner.api.patch(path, json={"name": "Others"}, headers={"If-Match": tag})
    assert (stale.status_code, stale.json["current"]["name"]) == (412, "Meals")


def test_a_newer_state_takes_its_place_and_its_name_stays(
    owner: Persona, accounts: dict[str, UUID]
) -> None:
    workflow = make(owner, on_rsvp(accounts["sandbox"], letter(accounts["smtp"])))
    template = save(owner, workflow, name="Meals", sentence="The kitchen knows.")
    definition = on_rsvp(accounts["sandbox"], wait(), letter(accounts["smtp"]))
    owner.api.put(
        f"/workflows/{workflow}/draft", json={"definition": definition}, headers={"If-Match": "*"}
    )
    renewed = owner.api.post(f"{TEMPLATES}/{template['id']}/renew", json={}).json
    assert (renewed["id"], renewed["name"], renewed["sentence"]) == (
        template["id"], "Meals", "The kitchen knows.",
    )  # fmt: skip
    assert "duration" in keys_of(renewed)


def test_it_stays_when_its_workflow_is_gone(owner: Persona, accounts: dict[str, UUID]) -> None:
    workflow = make(owner, on_rsvp(accounts["sandbox"], letter(accounts["smtp"])))
    template = save(owner, workflow)
    owner.api.delete(f"/workflows/{workflow}")
    path = f"{TEMPLATES}/{template['id']}"
    assert owner.api.get(path).json["workflow_id"] is None
    refused = owner.api.post(f"{path}/renew", json={})
    assert (refused.status_code, refused.json["code"]) == (409, "cannot_be_saved")


def test_deleted_it_is_gone_and_what_was_made_of_it_stays(owner: Persona) -> None:
    definition = {"format": 1, "trigger": {"kind": "manual"}, "steps": [wait()]}
    template = save(owner, make(owner, definition))
    made = use(owner, template["id"], {keys_of(template)["duration"]: "1 day"})
    assert owner.api.delete(f"{TEMPLATES}/{template['id']}").json["deleted"]
    assert owner.api.get(f"{TEMPLATES}/{template['id']}").status_code == 404
    assert draft_of(owner, made["id"])["steps"][0]["seconds"] == 86_400
