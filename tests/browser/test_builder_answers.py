"""What a gesture changes on the builder's page is what the page shows when it is read anew, however
little of it was sent."""

from difflib import unified_diff
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.builder_states import ASK, BRANCHED, CHOICE, address, draft, page_of
from tests.browser.building import gesture, rows, said
from tests.live_site import LiveSite

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SHOWN = """() => {
  const unseen = "noscript, [hidden], [type=hidden], [data-fold] > div, #said, [data-saved]";
  const own = (el) => [...el.childNodes].filter((node) => node.nodeType === 3)
    .map((node) => node.data.replace(/\\s+/g, " ").trim()).filter(Boolean);
  return [...document.querySelectorAll("#builder, #builder *")].filter((el) => !el.closest(unseen))
    .map((el) => [el.tagName, el.id, el.getAttribute("class") ?? "", el.value ?? "",
      el.getAttribute("aria-label") ?? "", ...own(el)].join(" | "));
}"""
"""Element by element: what it is, what it is called, and what it says."""
QUICK = {"kind": "wait", "id": "quick", "seconds": 60}
LETTER = {"id": "send", "kind": "action", "use": "smtp.send", "input": {"subject": "See you"}}


def press(page: Page, step: str, keys: str, name: str) -> None:
    with gesture(page, name):
        page.locator(f"#open-{step}").press(keys)


def require_the_same_anew(page: Page) -> None:
    """What stands there now, and what does when the page is read again."""
    expect(said(page)).not_to_be_empty()
    now: Any = page.evaluate(SHOWN)
    page.goto(page.url)
    anew: Any = page.evaluate(SHOWN)
    assert list(unified_diff(anew, now, "anew", "now", n=0, lineterm="")) == []


def test_steps_that_come_go_and_move(site: LiveSite, imogen: Page) -> None:
    path = page_of(site, "Answers", draft(CHOICE, QUICK, LETTER))
    imogen.goto(address(path, step="send"))
    for step, keys, name in (
        ("send", "Alt+ArrowUp", "move"),
        ("send", "Control+d", "duplicate"),
        ("send-2", "Control+x", "cut"),
        ("quick", "Control+v", "paste"),
        ("choice", "Alt+ArrowDown", "move"),
        ("choice", "Control+z", "undo"),
        ("choice", "Delete", "remove"),
        ("quick", "Control+z", "undo"),
    ):
        press(imogen, step, keys, name)
    require_the_same_anew(imogen)


def test_each_gesture_alone(site: LiveSite, imogen: Page) -> None:
    path = page_of(site, "Answers alone", BRANCHED)
    imogen.goto(address(path, step="choice", field="branches.0.when"))
    for step, keys, name in (
        ("each", "Alt+ArrowUp", "move"),
        ("each", "Control+d", "duplicate"),
        ("ask", "Delete", "remove"),
        ("each", "Control+z", "undo"),
    ):
        press(imogen, step, keys, name)
        require_the_same_anew(imogen)


def test_branches(site: LiveSite, imogen: Page) -> None:
    path = page_of(site, "Answers of branches", draft(CHOICE, ASK | {"id": "end"}))
    for number, button, name in (
        (0, "Add a branch", "add-branch"),
        (0, "Later", "move-branch"),
        (1, "Earlier", "move-branch"),
        (0, "Delete the branch", "remove-branch"),
    ):
        imogen.goto(address(path, step="choice", field=f"branches.{number}.when"))
        with gesture(imogen, name):
            imogen.get_by_role("button", name=button, exact=True).click()
        require_the_same_anew(imogen)
        press(imogen, "end", "Control+z", "undo")
        require_the_same_anew(imogen)


def test_rows_of_a_condition(site: LiveSite, imogen: Page) -> None:
    path = page_of(site, "Answers of rows", draft(CHOICE, QUICK))
    imogen.goto(address(path, step="choice", field="branches.0.when"))
    count = rows(imogen).count()
    first = rows(imogen).first
    with gesture(imogen, "add-row"):
        imogen.locator("#add-row-top").click()
    with gesture(imogen, "change-row"):
        first.get_by_role("combobox").select_option(label="is less than")
    with gesture(imogen, "change-row"):
        first.get_by_role("textbox").fill("20")
        first.get_by_role("textbox").press("Enter")
    with gesture(imogen, "add-group"):
        imogen.locator("#add-group-top").click()
    expect(rows(imogen)).to_have_count(count + 2)
    require_the_same_anew(imogen)
    with gesture(imogen, "set-joined"):
        imogen.locator("#joined-top").select_option("any")
    with gesture(imogen, "remove-row"):
        imogen.locator("#remove-0").click()
    require_the_same_anew(imogen)


def test_what_is_typed_stays_while_the_panel_around_it_is_arranged_anew(
    site: LiveSite, imogen: Page
) -> None:
    path = page_of(site, "Answers while typing", draft(CHOICE, QUICK))
    imogen.goto(address(path, step="choice", field="branches.0.when"))
    with gesture(imogen, "add-branch"):
        imogen.get_by_role("button", name="Add a branch", exact=True).click()
    imogen.locator("#folding-more").click()
    note = imogen.get_by_role("textbox", name="Note for your team")
    note.type("Ask An")
    site.api("PUT", f"{path}/draft", {"definition": draft(QUICK, CHOICE)}, If_Match="*")
    expect(imogen.locator("[data-step]:not([data-step=''])").first).to_have_id("step-quick")
    expect(note).to_be_focused()
    note.type("a")
    expect(note).to_have_value("Ask Ana")


def test_what_others_change_takes_the_focus_from_nobody(site: LiveSite, imogen: Page) -> None:
    path = page_of(site, "Answers beside the focus", draft(LETTER, QUICK))
    imogen.goto(address(path))
    press(imogen, "quick", "Control+d", "duplicate")
    expect(imogen.locator("#open-quick-2")).to_be_focused()
    imogen.locator("#open-send").focus()
    many = [QUICK | {"id": f"new-{at}"} for at in range(7)]
    definition = draft(*many, LETTER, QUICK, QUICK | {"id": "quick-2"})
    site.api("PUT", f"{path}/draft", {"definition": definition}, If_Match="*")
    expect(imogen.locator("#step-new-0")).to_be_visible()
    expect(imogen.locator("#open-send")).to_be_focused()
