"""A workflow is saved as a template and made again with other answers, with nothing in it that is
somebody's own."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from apiflask import APIFlask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.personas import Persona
from tests.workflows.ready_made.built_in_connections import connect, connect_all
from tests.workflows.ready_made.own_workflows import (
    CATERER,
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
from wedsync.weddings.models import Guest, Household, Wedding
from wedsync.workflows.ready_made.models import WorkflowTemplate
from wedsync.workflows.ready_made.own import templates

pytestmark = pytest.mark.usefixtures("built_in_listings")

TEMPLATES = "/workflows/templates"


@pytest.fixture
def accounts(app: APIFlask, owner: Persona) -> dict[str, UUID]:
    return connect_all(app, owner.organization_id)


def stored(database: Session, template: Any) -> WorkflowTemplate:
    database.expire_all()
    return database.get_one(WorkflowTemplate, UUID(template["id"]))


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


# --- what never goes along


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
