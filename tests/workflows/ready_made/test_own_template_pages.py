"""Saving a workflow as a template, finding it in the gallery and making it again, on the pages."""

import json
import re
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from werkzeug.test import TestResponse

from tests.connections.ways import connected
from tests.far_ends.practice_partner import PracticePartner
from tests.page_words import words_of
from tests.personas import Persona
from tests.workflows.ready_made.built_in_connections import connect
from tests.workflows.ready_made.own_workflows import (
    CATERER,
    ask,
    draft_of,
    keys_of,
    letter,
    make,
    on_rsvp,
    save,
    wait,
)

pytestmark = pytest.mark.usefixtures("built_in_listings")

BY_HAND: dict[str, Any] = {"format": 1, "trigger": {"kind": "manual"}, "steps": [wait()]}
SAID = {"name": "Meals", "goal": "guests", "sentence": "The kitchen knows within a minute."}


@pytest.fixture
def workflow(owner: Persona, accounts: dict[str, UUID]) -> UUID:
    return make(owner, on_rsvp(accounts["sandbox"], wait(), letter(accounts["smtp"])))


def ticked(page: TestResponse) -> set[str]:
    boxes = re.findall(r'<input[^>]*name="questions"[^>]*>', page.text)
    return {re.findall(r'value="([^"]+)"', box)[0] for box in boxes if "checked" in box}


# --- saving


def test_its_page_and_the_builder_lead_there(owner: Persona, workflow: UUID) -> None:
    for path in (f"/workflows/{workflow}", f"/workflows/{workflow}/edit"):
        assert f'href="/workflows/{workflow}/save-as-template"' in owner.browser.get(path).text


def test_it_says_what_is_asked_what_stays_and_what_is_left_out(
    owner: Persona, workflow: UUID
) -> None:
    page = owner.browser.get(f"/workflows/{workflow}/save-as-template")
    said = words_of(page)
    assert page.status_code == 200
    assert 'value="Tell the caterer"' in page.text
    assert "Which Petal Practice account? Here: Meadow Weddings." in said
    assert "How long does it wait? Here: 3 days. Not asked, it stays like this." in said
    assert f"Here: {CATERER}. Not asked, it is left open for the builder." in said
    assert len(ticked(page)) == 4


def test_what_is_left_out_is_said_before_anything_is_saved(
    owner: Persona, accounts: dict[str, UUID]
) -> None:
    body = "Call +44 7700 900123"
    workflow = make(owner, on_rsvp(accounts["sandbox"], letter(accounts["smtp"], body=body)))
    said = words_of(owner.browser.get(f"/workflows/{workflow}/save-as-template"))
    assert "Of this workflow that is: A phone number in “Send an e-mail”." in said


def test_saved_it_stands_in_the_gallery_under_ones_own(owner: Persona, workflow: UUID) -> None:
    answer = owner.browser.post(
        f"/workflows/{workflow}/save-as-template", data=SAID, follow_redirects=True
    )
    assert "“Meals” is in your gallery." in words_of(answer)
    assert answer.request.path.startswith("/workflows/templates/")
    for path in ("/workflows/gallery", "/workflows/new"):
        said = words_of(owner.browser.get(path))
        assert "Your own Meals The kitchen knows within a minute." in said


def test_somebody_who_only_looks_saves_nothing(owner: Persona, viewer: Persona) -> None:
    workflow = make(owner, BY_HAND)
    path = f"/workflows/{workflow}/save-as-template"
    assert viewer.browser.get(path).status_code == 200
    assert "Save the template" not in words_of(viewer.browser.get(path))
    assert viewer.browser.post(path, data=SAID).status_code == 403


def test_a_name_that_is_taken_is_said_beside_it_and_the_rest_is_kept(
    owner: Persona, workflow: UUID
) -> None:
    save(owner, workflow, name="Meals")
    page = owner.browser.post(f"/workflows/{workflow}/save-as-template", data=SAID)
    assert page.status_code == 422
    assert "You have a template called “Meals” already." in words_of(page)
    assert "The kitchen knows within a minute." in page.text
    assert len(ticked(page)) == 2, "accounts are asked whatever is ticked"


def test_five_questions_are_too_many(owner: Persona, workflow: UUID) -> None:
    possible = owner.api.get(f"/workflows/{workflow}/possible-questions").json["data"]
    keys = [each["key"] for each in possible]
    assert len(keys) == 5
    page = owner.browser.post(
        f"/workflows/{workflow}/save-as-template", data=SAID | {"questions": keys}
    )
    assert page.status_code == 422
    assert "A template asks at most four questions. Untick some." in words_of(page)
    assert ticked(page) == set(keys)


def test_nothing_cannot_be_saved_and_says_so(owner: Persona) -> None:
    workflow = make(owner, {"format": 1, "steps": []})
    page = owner.browser.get(f"/workflows/{workflow}/save-as-template", follow_redirects=True)
    assert "There is nothing in this workflow yet" in words_of(page)


# --- the gallery


def test_it_is_narrowed_by_what_is_typed(owner: Persona, workflow: UUID) -> None:
    save(owner, workflow, name="Meals", sentence="The kitchen knows.")
    found = owner.browser.get("/workflows/gallery?q=kitchn", fragment=True)
    assert "<html" not in found.text
    assert "1 for “kitchn”, the closest first Your own Meals" in words_of(found)
    said = words_of(owner.browser.get("/workflows/gallery?q=somebody+allergic+nuts"))
    assert "Nothing is ready made for that yet." in said
    assert "Show all 7" in said
    said = words_of(owner.browser.get("/workflows/gallery?q=alergy", fragment=True))
    assert "A guest has an allergy" in said
    assert "Meals" not in said


def test_nothing_of_ones_own_yet_says_how_it_comes_there(owner: Persona, viewer: Persona) -> None:
    hint = "choose “Save as a template”"
    assert hint in words_of(owner.browser.get("/workflows/gallery"))
    assert hint not in words_of(viewer.browser.get("/workflows/gallery"))


def test_one_can_start_from_nothing_there(owner: Persona) -> None:
    assert 'action="/workflows/new"' in owner.browser.get("/workflows/gallery").text
    answer = owner.browser.post("/workflows/new")
    assert re.fullmatch(r"/workflows/[0-9a-f-]{36}/edit\?.*", answer.location)


# --- making it again


def test_its_questions_are_asked_and_answered_as_a_sentence(
    owner: Persona, workflow: UUID, accounts: dict[str, UUID]
) -> None:
    template = save(owner, workflow)
    path = f"/workflows/templates/{template['id']}"
    page = owner.browser.get(path)
    said = words_of(page)
    assert "How long does it wait?" in said
    assert 'value="3 days"' in page.text
    assert "One answer is missing before it can be made: To which e-mail" in said
    keys = keys_of(template)
    answers = answers_of(template, accounts) | {keys["duration"]: "2 weeks"}
    told = owner.browser.post(f"{path}/preview", data=answers, fragment=True)
    assert "wait for 2 weeks" in words_of(told)
    assert "chef@olive.example" in words_of(told)
    assert "Please cook one meal less." in words_of(told), "the letter as it would read"
    made = owner.browser.post(f"{path}/draft", data=answers)
    found = re.fullmatch(r"/workflows/([0-9a-f-]{36})/edit", made.location)
    assert found is not None
    assert draft_of(owner, found[1])["steps"][0]["seconds"] == 1_209_600


def answers_of(template: Any, accounts: dict[str, UUID]) -> dict[str, str]:
    """The defaults, the accounts, and somebody's e-mail."""
    answers = {each["key"]: each["default"] for each in template["questions"]}
    for each in template["questions"]:
        if each["kind"] == "connection":
            answers[each["key"]] = str(accounts[each["connector"]])
        elif each["kind"] == "email":
            answers[each["key"]] = "chef@olive.example"
    return answers


def test_what_cannot_be_read_is_said_beside_its_question(
    owner: Persona, workflow: UUID, accounts: dict[str, UUID]
) -> None:
    template = save(owner, workflow)
    answers = answers_of(template, accounts) | {keys_of(template)["duration"]: "for a bit"}
    page = owner.browser.post(f"/workflows/templates/{template['id']}/draft", data=answers)
    assert page.status_code == 422
    assert "Write it like “3 days”" in words_of(page)


def test_an_account_is_connected_on_the_way(app: APIFlask, owner: Persona) -> None:
    sandbox = connect(app, owner.organization_id, "sandbox")
    smtp = connect(app, owner.organization_id, "smtp", state="needs_reauth")
    template = save(owner, make(owner, on_rsvp(sandbox, wait(), letter(smtp))))
    path = f"/workflows/templates/{template['id']}"
    page = owner.browser.get(path).text
    assert f'formaction="{path}/connect/smtp"' in page
    gone = owner.browser.post(f"{path}/connect/smtp", data={keys_of(template)["duration"]: "1 day"})
    assert gone.location.startswith("/connect/smtp?next=/workflows/templates/")
    assert "kept" in gone.location
    assert owner.browser.post(f"{path}/connect/stripe").status_code == 404


def test_the_team_and_the_webhooks_are_offered(owner: Persona, editor: Persona) -> None:
    hook = owner.api.post("/hooks", json={"name": "Petal", "scheme": "standard_webhooks"}).json[
        "id"
    ]
    trigger = {"kind": "webhook", "hook": hook}
    definition = {"format": 1, "trigger": trigger, "steps": [ask(owner.user_id)]}
    template = save(owner, make(owner, definition))
    page = owner.browser.get(f"/workflows/templates/{template['id']}").text
    assert f'value="{hook}"' in page
    assert f'value="user:{editor.user_id}"' in page
    owner.api.delete(f"/workflows/{template['workflow_id']}")
    owner.api.delete(f"/hooks/{hook}")
    said = words_of(owner.browser.get(f"/workflows/templates/{template['id']}"))
    assert "You have no webhook that could tell it yet." in said


def releasing(account: UUID) -> dict[str, Any]:
    """A workflow that gives back the seat of a guest who was chosen at the account."""
    step = {
        "id": "seat",
        "kind": "action",
        "use": "sandbox.release_seat",
        "connection": str(account),
        "input": {"guest_id": "g_ben"},
    }
    return BY_HAND | {"steps": [step]}


def test_what_an_account_has_is_offered_by_name(
    app: APIFlask, owner: Persona, viewer: Persona, practice_partner: PracticePartner
) -> None:
    account = connected(app, owner, practice_partner)
    template = save(owner, make(owner, releasing(account)))
    path = f"/workflows/templates/{template['id']}"
    assert "Ben Carter" not in viewer.browser.get(path).text, "nobody asked the partner yet"
    page = owner.browser.get(path)
    assert '<option value="g_ben">Ben Carter' in page.text
    keys = keys_of(template)
    answers = {keys["connection"]: str(account), keys["listed"]: "g_ben"}
    made = owner.browser.post(f"{path}/draft", data=answers)
    assert draft_of(owner, made.location.split("/")[2])["steps"][0]["input"] == {
        "guest_id": "g_ben"
    }


def test_an_account_that_is_away_lets_one_write_the_id(
    owner: Persona, accounts: dict[str, UUID]
) -> None:
    template = save(owner, make(owner, releasing(accounts["sandbox"])))
    page = owner.browser.get(f"/workflows/templates/{template['id']}")
    assert "or write the id it goes by there" in words_of(page)


def test_something_that_is_gone_is_said_on_its_card_and_its_page(owner: Persona) -> None:
    gone = {
        "id": "bill",
        "kind": "action",
        "use": "xero.create_invoice",
        "label": "Make the invoice",
    }
    template = save(owner, make(owner, BY_HAND | {"steps": [wait(), gone]}))
    assert "Something is gone" in words_of(owner.browser.get("/workflows/gallery"))
    page = owner.browser.get(f"/workflows/templates/{template['id']}")
    said = words_of(page)
    assert "What “Make the invoice” did cannot be done any more." in said
    assert "Make the draft" in said


def test_ours_open_in_the_builder_too(
    app: APIFlask, owner: Persona, accounts: dict[str, UUID]
) -> None:
    answers = {"guests": str(accounts["sandbox"]), "mail": str(accounts["smtp"]),
               "caterer": CATERER, "answer": "received"}  # fmt: skip
    page = owner.browser.post("/workflows/gallery/guest-declines/preview", data=answers)
    assert "Open it in the builder first" in words_of(page)
    made = owner.browser.post("/workflows/gallery/guest-declines/draft", data=answers)
    assert made.location.endswith("/edit")
    again = owner.browser.post("/workflows/gallery/guest-declines/draft", data=answers)
    assert again.location == made.location


# --- names, newer states, the end


def test_it_is_named_anew(owner: Persona, workflow: UUID) -> None:
    template = save(owner, workflow)
    path = f"/workflows/templates/{template['id']}"
    assert f'href="{path}/settings"' in owner.browser.get(path).text
    owner.browser.post(f"{path}/settings", data=SAID)
    assert "Meals" in words_of(owner.browser.get(path))
    empty = owner.browser.post(f"{path}/settings", data=SAID | {"name": " "})
    assert empty.status_code == 422
    assert "A name has 1 to 120 characters." in words_of(empty)


def test_it_is_renewed_from_its_workflow(owner: Persona, workflow: UUID) -> None:
    template = save(owner, workflow, name="Meals")
    path = f"/workflows/{workflow}/save-as-template?template={template['id']}"
    assert f'href="{path}"' in owner.browser.get(f"/workflows/templates/{template['id']}").text
    assert "Renew “Meals” instead" in words_of(
        owner.browser.get(f"/workflows/{workflow}/save-as-template")
    )
    page = owner.browser.get(path)
    assert "Renew the template" in words_of(page)
    assert 'value="Meals"' in page.text
    owner.browser.post(path, data=SAID | {"name": "Meals of ours"})
    (only,) = owner.api.get("/workflows/templates").json["data"]
    assert (only["id"], only["name"], only["revision"]) == (template["id"], "Meals of ours", 2)


def test_deleting_asks_first_and_is_told(owner: Persona, workflow: UUID) -> None:
    template = save(owner, workflow, name="Meals")
    path = f"/workflows/templates/{template['id']}"
    assert "The workflows that were made of it stay as they are." in words_of(
        owner.browser.get(path)
    )
    answer = owner.browser.post(f"{path}/delete", follow_redirects=True)
    assert "The template “Meals” is deleted." in words_of(answer)
    assert owner.browser.get(path).status_code == 404


# --- a copy of a whole workflow, and one from a file


def test_a_workflow_is_duplicated_and_opens_in_the_builder(owner: Persona, workflow: UUID) -> None:
    assert "Duplicate this workflow" in words_of(owner.browser.get(f"/workflows/{workflow}"))
    assert "Duplicate this workflow" in words_of(owner.browser.get(f"/workflows/{workflow}/edit"))
    answer = owner.browser.post(f"/workflows/{workflow}/duplicate")
    copied = re.fullmatch(r"/workflows/([0-9a-f-]{36})/edit", answer.location)
    assert copied is not None
    assert copied[1] != str(workflow)
    assert draft_of(owner, copied[1]) == draft_of(owner, workflow)
    listed = {each["id"]: each for each in owner.api.get("/workflows").json["data"]}
    assert listed[copied[1]]["name"] == "Tell the caterer (copy)"
    assert listed[copied[1]]["state"] == "off"


def test_duplicating_twice_by_one_press_makes_one(owner: Persona, workflow: UUID) -> None:
    page = owner.browser.get(f"/workflows/{workflow}").text
    (once,) = re.findall(r'name="once" value="([0-9a-f-]+)"', page)
    first, second, other = (
        owner.browser.post(f"/workflows/{workflow}/duplicate", data={"once": key})
        for key in (once, once, "another")
    )
    assert first.location == second.location != other.location
    names = [each["name"] for each in owner.api.get("/workflows").json["data"]]
    assert names.count("Tell the caterer (copy)") == 2


def test_a_gesture_of_the_same_press_is_not_taken_for_a_copy(
    owner: Persona, workflow: UUID
) -> None:
    once = "8f3b6c1e-5d3a-4c55-9d70-0d6f2a1b4c11"
    step = draft_of(owner, workflow)["steps"][0]["id"]
    renamed = owner.browser.post(
        f"/workflows/{workflow}/edit/rename", data={"step": step, "label": "Them", "once": once}
    )
    assert renamed.status_code < 400
    answer = owner.browser.post(f"/workflows/{workflow}/duplicate", data={"once": once})
    assert answer.location.endswith("/edit")


def test_a_long_name_keeps_room_for_saying_it_is_a_copy(owner: Persona) -> None:
    workflow = make(owner, BY_HAND, "x" * 200)
    made = owner.api.post(f"/workflows/{workflow}/duplicate").json
    assert made["name"] == f"{'x' * 193} (copy)"


def test_what_stands_in_a_file_can_be_pasted(owner: Persona, workflow: UUID) -> None:
    document = owner.api.get(f"/workflows/{workflow}/export").json
    answer = owner.browser.post("/workflows/import", data={"written": json.dumps(document)})
    opened = re.fullmatch(r"/workflows/([0-9a-f-]{36})/edit", answer.location)
    assert opened is not None
    assert draft_of(owner, opened[1]) == draft_of(owner, workflow)


def test_what_is_wrong_with_it_is_told_in_the_builder(owner: Persona) -> None:
    steps = [{"id": "tell", "kind": "action", "use": "smtp.send", "connection": "connection-1"},
             {"id": "w", "kind": "wait"}]  # fmt: skip
    needs = [{"placeholder": "connection-1", "kind": "connection", "name": "Theirs",
              "connector": "smtp"}]  # fmt: skip
    document = {"wedsync": {"format": 1, "kind": "workflow"}, "name": "From a friend",
                "definition": BY_HAND | {"steps": steps}, "needs": needs}  # fmt: skip
    answer = owner.browser.post(
        "/workflows/import",
        data={"exported": (BytesIO(json.dumps(document).encode()), "theirs.wedsync.json")},
        follow_redirects=True,
    )
    assert answer.request.path.endswith("/edit")
    assert 'id="problems"' in answer.text
    assert "Needs" in words_of(answer)


@pytest.mark.parametrize(
    ("pasted", "sentence"),
    [
        ("[1, 2", "It is not valid JSON."),
        ("[]", "This is not a workflow that WedSync exported."),
        ('{"wedsync": {"format": 2, "kind": "workflow"}}', "by a newer WedSync"),
        ('{"wedsync": {"format": 1, "kind": "workflow"}}', "There is no workflow in it."),
        ('{"a": "\\u0000"}', "It contains a NUL character."),
        ("[" * 5_000 + "]" * 5_000, "It is n"),
        ('{"wedsync": {"format": 1e400}}', "This is n"),
    ],
    ids=["half", "other", "newer", "empty", "nul", "deep", "endless"],
)
def test_a_hostile_copy_is_refused_with_a_sentence(
    owner: Persona, pasted: str, sentence: str
) -> None:
    answer = owner.browser.post("/workflows/import", data={"written": pasted})
    assert answer.status_code == 422
    assert sentence in words_of(answer)
    assert owner.api.get("/workflows").json["data"] == []


def test_a_file_that_is_too_large_is_refused(owner: Persona) -> None:
    large = BytesIO(b'{"x": "' + b"y" * 1_000_010 + b'"}')
    answer = owner.browser.post("/workflows/import", data={"exported": (large, "large.json")})
    assert answer.status_code == 422
    assert "This file is larger than 1 MB." in words_of(answer)
