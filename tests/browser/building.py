"""Putting a workflow together on its page, a gesture a function; each waits for what it led to.

They are done by mouse unless another `hand` does them.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, Response, expect

from tests.browser.hands import MOUSE, Hand

BUILDER = re.compile(r"/workflows/[0-9a-f-]{36}/edit")
_STEPS = "[data-step]:not([data-step=''])"


@contextmanager
def gesture(page: Page, *names: str) -> Iterator[None]:
    """What is done inside sends this gesture, or one of these, and the server does it."""

    def is_it(answer: Response) -> bool:
        return answer.url.partition("?")[0].endswith(tuple(f"/edit/{name}" for name in names))

    with page.expect_response(is_it) as answered:
        yield
    assert answered.value.status == 200, f"{answered.value.url}: {answered.value.status}"


def begin(page: Page, name: str, hand: Hand = MOUSE) -> None:
    """From the list of workflows to a draft that holds nothing, asked what starts it."""
    page.goto("/workflows/new")
    hand.write(page.get_by_label("What it is called"), name)
    hand.press(page.get_by_role("button", name="Start from nothing"))
    page.wait_for_url(BUILDER)
    expect(page.get_by_role("heading", name="What should start it?")).to_be_visible()


def pick(page: Page, typed: str, words: str, hand: Hand = MOUSE) -> None:
    """Search in the open picker, and choose what is found."""
    hand.search(page.get_by_role("searchbox"), typed)
    found(page, typed)
    hand.take(option(page, words))


def found(page: Page, typed: str) -> None:
    """What was searched for is shown: the page's address says so."""
    page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("q") == [typed])


def option(page: Page, words: str) -> Locator:
    """What a picker offers under these words; an explanation or an example stands behind them."""
    return page.locator(".ws-option").filter(has_text=re.compile(rf"^\s*{re.escape(words)}")).first


def choose_start(page: Page, typed: str, words: str, hand: Hand = MOUSE) -> None:
    with gesture(page, "set-trigger"):
        pick(page, typed, words, hand)
    expect(said(page)).to_contain_text("Chose what starts it")


def add_step(page: Page, place: str, typed: str, words: str, hand: Hand = MOUSE) -> None:
    """Add a step where a link is called so; its settings stand open then, but on a phone."""
    count = steps(page).count()
    hand.press(page.get_by_role("link", name=place, exact=True).last)
    with gesture(page, "add"):
        pick(page, typed, words, hand)
    expect(steps(page)).to_have_count(count + 1)


def setting(page: Page, role: Literal["textbox", "combobox"], label: str) -> Locator:
    """A field of the open panel, which says of itself whether it is needed."""
    called = re.compile(rf"^{re.escape(label)}( needed| optional)?$")
    return page.locator("#panel").get_by_role(role, name=called)


def fill_in(page: Page, label: str, value: str, hand: Hand = MOUSE) -> None:
    """Type into a setting, and leave it: it is kept by then."""
    with gesture(page, "fields"):
        hand.write(setting(page, "textbox", label), value)


def choose_in(page: Page, label: str, value: str, hand: Hand = MOUSE) -> None:
    with gesture(page, "fields"):
        hand.choose(setting(page, "combobox", label), value)


def insert(page: Page, label: str, typed: str, value: str, hand: Hand = MOUSE) -> None:
    """Put a value into a setting by the data picker: in a text, where somebody left it."""
    hand.press(page.get_by_role("link", name=f"Insert data into {label}", exact=True))
    with gesture(page, "fields", "insert"):
        pick(page, typed, value, hand)
    expect(page.locator("#picker")).to_have_count(0)


def ask_for(
    page: Page, typed: str, value: str, verb: str, compared: str = "", hand: Hand = MOUSE
) -> None:
    """Give the open condition one more row: a value, how to compare it, and what with."""
    number = rows(page).count()
    with gesture(page, "add-row"):
        hand.press(page.get_by_role("button", name="Add a row").first)
    hand.press(rows(page).nth(number).get_by_role("link", name="Value to look at"))
    with gesture(page, "insert"):
        pick(page, typed, value, hand)
    row = rows(page).nth(number)
    if row.get_by_role("combobox").first.locator("option:checked").inner_text() != verb:
        with gesture(page, "change-row"):
            hand.choose(row.get_by_role("combobox").first, verb)
    if compared:
        with gesture(page, "change-row"):
            hand.write(row.get_by_role("textbox").last, compared)


def rows(page: Page) -> Locator:
    return page.locator("#condition .ws-cond:not(.is-group)")


def steps(page: Page) -> Locator:
    """Every step, also those in branches, in reading order."""
    return page.locator(f"#steps-list {_STEPS}")


def order(page: Page) -> list[Any]:
    """The ids of all steps, in reading order."""
    found: list[Any] = steps(page).evaluate_all("all => all.map((one) => one.dataset.step)")
    return found


def said(page: Page) -> Locator:
    """The one sentence that is said aloud after a gesture."""
    return page.locator("#said")


def in_words(page: Page) -> Locator:
    return page.get_by_label("The workflow in words")


def open_step(page: Page, step: str, hand: Hand = MOUSE) -> None:
    """Open a step's settings where its sentence begins."""
    hand.press(page.locator(f"#open-{step}"))
    expect(page.locator(f"#step-{step}")).to_have_class(re.compile("is-selected"))


@contextmanager
def settings_of(page: Page, step: str, hand: Hand = MOUSE) -> Iterator[None]:
    """Inside, a step's settings stand open; a phone shows nothing else meanwhile."""
    open_settings(page, step, hand)
    yield
    close_settings(page, hand)


def open_settings(page: Page, step: str, hand: Hand = MOUSE) -> None:
    """Where they do not stand open already."""
    shown = "#panel.is-open" if hand.is_on_a_phone else "#panel"
    if not page.locator(f"body:has(#step-{step}.is-selected) {shown}").count():
        open_step(page, step, hand)


def close_settings(page: Page, hand: Hand = MOUSE) -> None:
    """Where they cover the workflow."""
    if hand.is_on_a_phone and page.locator("#panel.is-open").count():
        hand.press(page.get_by_role("link", name="Close the panel"))
        expect(page.locator("#panel")).not_to_have_class(re.compile("is-open"))


def publish(page: Page, hand: Hand = MOUSE, version: int = 1) -> None:
    """By way of what changes, to the page of the workflow, where it is live."""
    hand.press(page.get_by_role("link", name=re.compile("^Publish")).first)
    hand.press(page.get_by_role("button", name="Publish"))
    expect(page.get_by_text(re.compile(f"version {version} is live"))).to_be_visible()
