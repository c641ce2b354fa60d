"""What goes wrong in a draft is said in a sentence, and a button beside it mends it."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.building import (
    fill_in,
    gesture,
    in_words,
    option,
    said,
    steps,
)
from tests.browser.conftest import SignIn
from tests.browser.looking import Trouble, look_at
from tests.far_ends.practice_partner import PracticePartner
from tests.live_site import LiveSite

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

GONE = {"var": "steps.guest.name"}
YES = {"yes_no.is_yes": [{"var": "steps.ask.approved"}]}
LETTER = {"method": "POST", "url": "https://caterer.example/answers"}
READING: list[Any] = [
    {"id": "guest", "kind": "set", "values": {"name": "Ada"}, "label": "The guest"},
    {"id": "ask", "kind": "approval", "ask": {"cat": ["Does ", GONE, " come?"]}},
    {"id": "only", "kind": "filter", "when": {"and": [{"==": [GONE, "Ada"]}, YES]}},
    {"id": "each", "kind": "for_each", "items": {"var": "steps.guest.names"}, "steps": []},
]
READING[1] |= {"who": {"role": "owner"}, "expires_after_s": 3600, "on_expiry": "stop"}
READING[3]["steps"] = [{"id": "in", "kind": "set", "values": {"who": {"var": "item"}}}]


def draft_on(site: LiveSite, name: str, *own: Any) -> str:
    """A draft of these steps; the path of its builder."""
    definition = {"format": 1, "trigger": {"kind": "manual"}, "steps": list(own)}
    made = site.api("POST", "/workflows", {"name": name, "definition": definition})
    return f"/workflows/{made['id']}/edit"


def problems(page: Page) -> Locator:
    """The lines of what is to mend, above the steps."""
    return page.locator("#problems li")


def problem(page: Page, words: str) -> Locator:
    return problems(page).filter(has_text=words)


def test_two_people_write_in_one_field_and_either_can_be_kept(
    site: LiveSite, imogen: Page, sign_in: SignIn, trouble: Trouble
) -> None:
    trouble.expected = "409"
    path = draft_on(site, "Both of us", {**READING[1], "ask": "Shall we?"})
    beth = sign_in("beth@rosewood.example")
    for page in (imogen, beth):
        page.goto(f"{path}?step=ask")
    fill_in(beth, "What do you ask?", "Shall we order the cake?")
    question = imogen.locator("#panel").get_by_role("textbox", name="What do you ask?")
    question.fill("Shall we order the flowers?")
    question.blur()
    clash = imogen.locator("#clash")
    expect(clash).to_contain_text(re.compile(r"Beth.* changed this step"))
    expect(clash).to_contain_text("Shall we order the flowers?")
    expect(clash).to_contain_text("Shall we order the cake?")
    expect(question).to_have_value("Shall we order the flowers?")
    look_at(imogen, "builder-clash")
    with gesture(imogen, "fields"):
        clash.get_by_role("button", name="Keep mine").click()
    expect(in_words(imogen)).to_contain_text("Shall we order the flowers?")
    expect(imogen.locator("#clash")).to_have_count(0)

    their = beth.locator("#panel").get_by_role("textbox", name="What do you ask?")
    beth.goto(f"{path}?step=ask")
    fill_in(imogen, "What do you ask?", "Shall we order the band?")
    their.fill("Shall we order the tent?")
    their.blur()
    expect(beth.locator("#clash")).to_contain_text("Shall we order the band?")
    beth.get_by_role("link", name="Keep theirs").click()
    expect(beth.locator("#clash")).to_have_count(0)
    expect(their).to_have_value("Shall we order the band?")


def test_two_people_change_one_row_and_either_can_be_kept(
    site: LiveSite, imogen: Page, sign_in: SignIn, trouble: Trouble
) -> None:
    trouble.expected = "409"
    many = {">": [{"var": "wedding.final_count"}, 50]}
    path = draft_on(site, "One row", {"id": "only", "kind": "filter", "when": many})
    beth = sign_in("beth@rosewood.example")
    for page in (imogen, beth):
        page.goto(f"{path}?step=only&field=when")
    for page, count in ((beth, "60"), (imogen, "70")):
        field = page.locator("#other-0-0")
        field.fill(count)
        field.blur()
        if page is beth:
            expect(in_words(beth)).to_contain_text("60")
    clash = imogen.locator("#clash")
    expect(clash).to_contain_text("final count is more than 70")
    expect(clash).to_contain_text("final count is more than 60")
    with gesture(imogen, "change-row"):
        clash.get_by_role("button", name="Keep mine").click()
    expect(in_words(imogen)).to_contain_text("70")
    expect(imogen.locator("#clash")).to_have_count(0)


def test_what_reads_a_step_that_is_removed_is_said_and_taken_out(
    site: LiveSite, imogen: Page
) -> None:
    imogen.goto(draft_on(site, "Gone", *READING))
    expect(problems(imogen)).to_have_count(0)
    imogen.locator("#open-guest").focus()
    with gesture(imogen, "remove"):
        imogen.keyboard.press("Delete")
    expect(problems(imogen)).to_have_count(3)
    expect(imogen.locator("#step-ask .is-missing").first).to_be_visible()
    look_at(imogen, "builder-gone")
    for _ in range(3):
        with gesture(imogen, "take-out"):
            problems(imogen).get_by_role("button", name="Take it out").first.click()
        expect(said(imogen)).to_contain_text("Took what is gone out of")
    expect(in_words(imogen)).to_contain_text("Does come?")
    expect(problems(imogen).get_by_role("button", name="Take it out")).to_have_count(0)
    expect(problems(imogen)).to_have_count(1)
    problems(imogen).get_by_role("link", name="Answer").click()
    expect(imogen.locator("#step-each")).to_have_class(re.compile("is-selected"))
    for _ in range(4):
        imogen.get_by_role("button", name=re.compile("^Undo: ")).first.click()
    expect(problems(imogen)).to_have_count(0)


def test_a_value_that_is_gone_is_replaced_by_another(site: LiveSite, imogen: Page) -> None:
    other = {"id": "couple", "kind": "set", "values": {"name": "Ben"}, "label": "The couple"}
    imogen.goto(draft_on(site, "Another", other, READING[1]))
    problem(imogen, "reads a step that is gone").get_by_role("link", name="Choose another").click()
    question = imogen.locator("#panel").get_by_role("textbox", name="What do you ask?")
    expect(question).to_be_visible()
    question.fill("Does ")
    with gesture(imogen, "fields"):
        question.blur()
    imogen.get_by_role("link", name="Insert data into What do you ask?").click()
    imogen.get_by_role("searchbox").fill("couple name")
    with gesture(imogen, "fields"):
        option(imogen, "Name").click()
    expect(problems(imogen)).to_have_count(0)


def test_a_connection_that_was_deleted_is_connected_again_from_the_problem(
    site: LiveSite, imogen: Page, practice: PracticePartner
) -> None:
    free = {"id": "free", "kind": "action", "use": "sandbox.release_seat", "input": {}}
    imogen.goto(draft_on(site, "Without an account", {**free, "input": {"guest_id": "g_ben"}}))
    connect(imogen)
    expect(problems(imogen)).to_have_count(0)
    workflow = imogen.url
    imogen.goto("/connections")
    imogen.get_by_role("link", name="Petal Practice").first.click()
    imogen.get_by_role("button", name="More: pause").click()
    imogen.get_by_role("link", name="Delete…").click()
    imogen.get_by_role("button", name="Delete it").click()
    expect(imogen.get_by_text("is deleted.")).to_be_visible()

    imogen.goto(workflow)
    expect(problems(imogen)).to_have_count(1)
    look_at(imogen, "builder-connection-gone", briefly=True)
    connect(imogen)
    expect(problems(imogen)).to_have_count(0)


def connect(page: Page) -> None:
    """Press the button beside the problem, allow it at the partner's, and be back."""
    problems(page).get_by_role("link", name="Connect Petal Practice").click()
    page.get_by_role("button", name="Go to Petal Practice").click()
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(re.compile(r"/workflows/[0-9a-f-]{36}/edit\?step=free"))


def of_elsewhere(count: int) -> list[Any]:
    """Steps as some other program might write them: doubled ids, none, kinds nobody knows."""
    found: list[Any] = []
    for number in range(count):
        step: Any = {"id": f"s{number}", "kind": "set", "values": {"x": number}}
        step["label"] = f"<script>document.title='{number}'</script> 👰🏽 כלה"
        if number % 5 == 0:
            step["id"] = "same"
        elif number % 5 == 1:
            del step["id"]
        elif number % 5 == 2:
            step = {"id": f"s{number}", "kind": "teleport", "to": None}
        elif number % 5 == 3:
            step["values"] = {"x": {"var": "steps.nobody.y"}, "y": 3, "z": "3"}
        found.append(step)
    return found


def test_four_hundred_steps_from_elsewhere_are_opened_mended_and_edited(
    imogen: Page, trouble: Trouble
) -> None:
    definition = {"format": 1, "trigger": None, "steps": of_elsewhere(400)}
    told = {"format": 1, "kind": "workflow"}
    document = {"wedsync": told, "name": "From elsewhere", "definition": definition, "needs": []}
    imogen.goto("/workflows/import")
    body = json.dumps(document).encode()
    file = {"name": "big.json", "mimeType": "application/json", "buffer": body}
    imogen.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    imogen.get_by_role("button", name="Make the workflow").click()
    expect(imogen.get_by_text("is here, as a draft")).to_be_visible()
    workflow = re.search(r"/workflows/[0-9a-f-]{36}", imogen.url)
    assert workflow is not None
    imogen.goto(f"{workflow[0]}/edit")
    expect(imogen.locator("#steps-list [data-step]")).to_have_count(1 + 400)
    assert imogen.title().startswith("From elsewhere")
    with gesture(imogen, "name-steps"):
        imogen.get_by_role("button", name="Give every step an id").first.click()
    expect(imogen.get_by_role("button", name="Give every step an id")).to_have_count(0)
    expect(steps(imogen)).to_have_count(400)
    ids = steps(imogen).evaluate_all("all => new Set(all.map((one) => one.dataset.step)).size")
    assert ids == 400
    with gesture(imogen, "remove"):
        problems(imogen).get_by_role("button", name="Remove this step").first.click()
    expect(steps(imogen)).to_have_count(399)
    with gesture(imogen, "take-out"):
        problems(imogen).get_by_role("button", name="Take it out").first.click()
    imogen.locator("#open-same").focus()
    imogen.keyboard.press("Enter")
    expect(imogen.locator("#step-same")).to_have_class(re.compile("is-selected"))
    with gesture(imogen, "duplicate"):
        imogen.get_by_role("button", name="Duplicate").click()
    expect(steps(imogen)).to_have_count(400)
    imogen.get_by_role("button", name=re.compile("^Undo: ")).first.click()
    expect(steps(imogen)).to_have_count(399)
