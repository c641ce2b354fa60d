"""The builder by keyboard alone: nothing here is pressed by mouse."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.building import BUILDER, found, gesture, in_words, option, order, rows, said
from tests.browser.gestures import press, tab_to

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ADD = "Add a step"
LISTENING = """() => {
  window.saidAloud = [];
  const live = (node) => (node.nodeType === 1 ? node : node.parentElement)?.closest(
    "[role=status], [role=alert], [aria-live]");
  new MutationObserver((changes) => {
    const told = changes.filter((one) => one.addedNodes.length > 0 || one.type !== "childList");
    const places = new Set(told.map(({ target }) => live(target)));
    for (const place of places) {
      const words = place?.checkVisibility() ? place.textContent.trim() : "";
      if (words) window.saidAloud.push(words);
    }
  }).observe(document.body, { childList: true, characterData: true, subtree: true });
}"""
"""What is said to those who listen, a sentence for each time."""


def choose(page: Page, name: str, typed: str, words: str) -> None:
    """In the picker that has the focus: type, go down to what is meant, take it."""
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type(typed)
    found(page, typed)
    offered = page.locator(".ws-option").all_inner_texts()
    for _ in range(1 + next(n for n, each in enumerate(offered) if each.startswith(words))):
        page.keyboard.press("ArrowDown")
    expect(option(page, words)).to_be_focused()
    with gesture(page, name):
        page.keyboard.press("Enter")


def add(page: Page, place: str, typed: str, words: str) -> None:
    press(page, page.get_by_role("link", name=place, exact=True).last)
    choose(page, "add", typed, words)
    expect(said(page)).to_contain_text("Added")


def begin(page: Page, name: str) -> None:
    page.goto("/workflows/new")
    tab_to(page, page.get_by_label("What it is called"))
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    page.wait_for_url(BUILDER)
    choose(page, "set-trigger", "wedding changes", "When something about a wedding changes")
    expect(page.locator("#open-start")).to_be_focused()


def test_a_workflow_with_two_ways_is_made_and_published_by_keyboard(imogen: Page) -> None:
    begin(imogen, "By keyboard")
    add(imogen, ADD, "if", "If")
    expect(imogen.locator("#open-choose")).to_be_focused()
    imogen.keyboard.press("Enter")
    add_row = imogen.get_by_role("button", name="Add a row")
    expect(add_row).to_be_focused()
    with gesture(imogen, "add-row"):
        imogen.keyboard.press("Enter")
    expect(rows(imogen).first.get_by_role("link", name="Value to look at")).to_be_focused()
    imogen.keyboard.press("Enter")
    choose(imogen, "insert", "lock", "Final count due")
    expect(imogen.locator("#subject-0")).to_be_focused()
    tab_to(imogen, rows(imogen).first.get_by_role("combobox"))
    with gesture(imogen, "change-row"):
        imogen.keyboard.type("is before")
    tab_to(imogen, rows(imogen).first.get_by_role("textbox"))
    imogen.keyboard.type("today")
    with gesture(imogen, "change-row"):
        imogen.keyboard.press("Enter")
    expect(in_words(imogen)).to_contain_text(re.compile("if .*final count.* is before"))
    imogen.keyboard.press("Escape")
    expect(imogen.locator("#open-choose")).to_be_focused()

    add(imogen, "Add a step to Yes", "approve", "Ask somebody")
    expect(imogen.locator("#open-approval")).to_be_focused()
    tab_to(imogen, imogen.get_by_role("textbox", name="What do you ask?"))
    imogen.keyboard.type("Tell the caterer?")
    with gesture(imogen, "fields"):
        imogen.keyboard.press("Tab")
    add(imogen, "Add a step to Otherwise", "pause", "Wait for some time")
    assert order(imogen) == ["choose", "approval", "wait"]
    expect(in_words(imogen)).to_contain_text("otherwise wait for 3 days")
    press(imogen, imogen.get_by_role("link", name="Publish…").first)
    press(imogen, imogen.get_by_role("button", name="Publish"))
    expect(imogen.get_by_text(re.compile("version 1 is live"))).to_be_visible()


def test_steps_are_moved_removed_brought_back_and_copied_by_keys(imogen: Page) -> None:
    begin(imogen, "Keys")
    for typed, words in (
        ("note", "Note something"),
        ("pause", "Wait for some time"),
        ("end", "End"),
    ):
        add(imogen, ADD, typed, words)
    assert order(imogen) == ["set", "wait", "stop"]
    with gesture(imogen, "move"):
        imogen.keyboard.press("Alt+ArrowUp")
    expect(said(imogen)).to_contain_text("Moved")
    assert order(imogen) == ["set", "stop", "wait"]
    expect(imogen.locator("#open-stop")).to_be_focused()
    with gesture(imogen, "remove"):
        imogen.keyboard.press("Delete")
    expect(imogen.locator("#open-wait")).to_be_focused()
    with gesture(imogen, "undo"):
        imogen.keyboard.press("Control+z")
    expect(imogen.locator("#open-stop")).to_be_focused()
    assert order(imogen) == ["set", "stop", "wait"]
    with gesture(imogen, "redo"):
        imogen.keyboard.press("Control+y")
    expect(imogen.locator("#step-stop")).to_have_count(0)
    with gesture(imogen, "copy"):
        imogen.keyboard.press("Control+c")
    with gesture(imogen, "paste"):
        imogen.keyboard.press("Control+v")
    expect(imogen.locator("#open-wait-2")).to_be_focused()
    assert order(imogen) == ["set", "wait", "wait-2"]


def test_five_quick_presses_arrive_in_order(imogen: Page) -> None:
    begin(imogen, "Quick")
    for typed, words in (
        ("note", "Note something"),
        ("pause", "Wait for some time"),
        ("only if", "Go on only if"),
        ("approve", "Ask somebody"),
        ("another", "Start another workflow"),
        ("end", "End"),
    ):
        add(imogen, ADD, typed, words)
    was = order(imogen)
    for _ in range(5):
        imogen.keyboard.press("Alt+ArrowUp")
    expect(imogen.locator("#steps-list > li").nth(1)).to_have_id("step-stop")
    expect(imogen.locator("#open-stop")).to_be_focused()
    for _ in range(5):
        imogen.keyboard.press("Control+z")
    expect(imogen.locator("#steps-list > li").last).to_have_id("step-stop")
    assert order(imogen) == was


def test_quick_presses_of_different_keys_mean_what_is_shown_by_then(imogen: Page) -> None:
    begin(imogen, "Quick and different")
    for typed, words in (("note", "Note something"), ("pause", "Wait for some time")):
        add(imogen, ADD, typed, words)
    arrived: list[str] = []
    imogen.on("response", lambda answer: arrived.append(name_of(answer.url)))
    for keys in ("Control+d", "Alt+ArrowUp", "Delete", "Control+z", "Alt+ArrowUp"):
        imogen.keyboard.press(keys)
    expect(imogen.locator("#steps-list > li").nth(1)).to_have_id("step-wait-2")
    assert order(imogen) == ["wait-2", "set", "wait"]
    expect(imogen.locator("#open-wait-2")).to_be_focused()
    done = [each for each in arrived if each in ("duplicate", "move", "remove", "undo")]
    assert done == ["duplicate", "move", "remove", "undo", "move"]


def name_of(url: str) -> str:
    """A gesture by its address."""
    return urlsplit(url).path.rpartition("/")[2]


def test_focus_and_escape_go_back_the_way_somebody_came(imogen: Page) -> None:
    begin(imogen, "There and back")
    add(imogen, ADD, "if", "If")
    imogen.keyboard.press("Enter")
    adds = imogen.get_by_role("button", name="Add a row")
    for number in range(3):
        expect(adds).to_be_visible()
        with gesture(imogen, "add-row"):
            adds.press("Enter")
        expect(imogen.locator(f"#subject-{number}")).to_be_focused()
    with gesture(imogen, "remove-row"):
        imogen.locator("#remove-1").press("Enter")
    expect(imogen.locator("#remove-1")).to_be_focused()
    with gesture(imogen, "remove-row"):
        imogen.keyboard.press("Enter")
    expect(imogen.locator("#remove-0")).to_be_focused()
    with gesture(imogen, "remove-row"):
        imogen.keyboard.press("Enter")
    expect(adds).to_be_focused()

    with gesture(imogen, "add-row"):
        imogen.keyboard.press("Enter")
    imogen.keyboard.press("Enter")
    expect(imogen.get_by_role("searchbox")).to_be_focused()
    adds.focus()
    imogen.keyboard.press("Escape")
    expect(imogen.locator("#picker")).to_have_count(0)
    expect(adds).to_be_focused()
    imogen.keyboard.press("Escape")
    expect(imogen.locator("#open-choose")).to_be_focused()
    expect(imogen.locator("#panel")).to_have_class(re.compile("is-resting"))


def test_what_is_typed_is_kept_when_the_panel_is_left_by_escape(imogen: Page) -> None:
    begin(imogen, "Left by Escape")
    add(imogen, ADD, "pause", "Wait for some time")
    field = imogen.get_by_role("textbox", name="For how long")
    field.fill("5 days")
    with gesture(imogen, "fields"):
        field.press("Escape")
    expect(imogen.locator("#panel")).to_have_class(re.compile("is-resting"))
    expect(in_words(imogen)).to_contain_text("5 days")


def test_every_gesture_says_one_sentence(imogen: Page) -> None:
    begin(imogen, "Said aloud")
    for typed, words in (("note", "Note something"), ("pause", "Wait for some time")):
        add(imogen, ADD, typed, words)
    imogen.evaluate(LISTENING)
    for keys, name in (("Alt+ArrowUp", "move"), ("Alt+ArrowDown", "move"), ("Alt+ArrowUp", "move")):
        said_aloud = imogen.evaluate("() => window.saidAloud.length")
        with gesture(imogen, name):
            imogen.keyboard.press(keys)
        imogen.wait_for_function("(before) => window.saidAloud.length > before", arg=said_aloud)
    for _ in range(2):
        with gesture(imogen, "copy"):
            imogen.keyboard.press("Control+c")
    imogen.wait_for_function("() => window.saidAloud.length >= 5")
    heard = imogen.evaluate("() => window.saidAloud")
    assert len(heard) == 5, heard
    assert heard[3] == heard[4] != ""
