"""Putting a workflow together on its page, a gesture a function; each waits for what it led to."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, Response, expect

BUILDER = re.compile(r"/workflows/[0-9a-f-]{36}/edit")
_STEPS = "[data-step]:not([data-step=''])"


@contextmanager
def gesture(page: Page, name: str) -> Iterator[None]:
    """What is done inside sends this gesture, and the server does it."""

    def is_it(answer: Response) -> bool:
        return answer.url.partition("?")[0].endswith(f"/edit/{name}")

    with page.expect_response(is_it) as answered:
        yield
    assert answered.value.status == 200, f"{name}: {answered.value.status}"


def begin(page: Page, name: str) -> None:
    """From the list of workflows to a draft that holds nothing, asked what starts it."""
    page.goto("/workflows/new")
    page.get_by_label("What it is called").fill(name)
    page.get_by_role("button", name="Start from nothing").click()
    page.wait_for_url(BUILDER)
    expect(page.get_by_role("heading", name="What should start it?")).to_be_visible()


def pick(page: Page, typed: str, words: str) -> None:
    """Search in the open picker, and choose what is found."""
    page.get_by_role("searchbox").fill(typed)
    found(page, typed)
    option(page, words).click()


def found(page: Page, typed: str) -> None:
    """What was searched for is shown: the page's address says so."""
    page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("q") == [typed])


def option(page: Page, words: str) -> Locator:
    """What a picker offers under these words; an explanation or an example stands behind them."""
    return page.locator(".ws-option").filter(has_text=re.compile(rf"^\s*{re.escape(words)}")).first


def choose_start(page: Page, typed: str, words: str) -> None:
    with gesture(page, "set-trigger"):
        pick(page, typed, words)
    expect(said(page)).to_contain_text("Chose what starts it")


def add_step(page: Page, place: str, typed: str, words: str) -> None:
    """Add a step where a link is called so; its settings stand open then."""
    count = steps(page).count()
    page.get_by_role("link", name=place, exact=True).last.click()
    with gesture(page, "add"):
        pick(page, typed, words)
    expect(steps(page)).to_have_count(count + 1)


def fill_in(page: Page, label: str, value: str) -> None:
    """Type into a setting, and leave it: it is kept by then."""
    with gesture(page, "fields"):
        field = page.locator("#panel").get_by_role("textbox", name=label)
        field.fill(value)
        field.blur()


def choose_in(page: Page, label: str, value: str) -> None:
    with gesture(page, "fields"):
        panel = page.locator("#panel")
        panel.get_by_role("combobox", name=label).select_option(label=value)


def ask_for(page: Page, typed: str, value: str, verb: str, compared: str) -> None:
    """Give the open condition one more row: a value, how to compare it, and what with."""
    number = rows(page).count()
    with gesture(page, "add-row"):
        page.get_by_role("button", name="Add a row").first.click()
    rows(page).nth(number).get_by_role("link", name="Value to look at").click()
    with gesture(page, "insert"):
        pick(page, typed, value)
    row = rows(page).nth(number)
    with gesture(page, "change-row"):
        row.get_by_role("combobox").select_option(label=verb)
    with gesture(page, "change-row"):
        field = row.get_by_role("textbox").last
        field.fill(compared)
        field.blur()


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


def open_step(page: Page, step: str) -> None:
    """Open a step's settings where its sentence begins."""
    page.locator(f"#open-{step}").click()
    expect(page.locator(f"#step-{step}")).to_have_class(re.compile("is-selected"))


def publish(page: Page) -> None:
    """By way of what changes, to the page of the workflow, where it is live."""
    page.get_by_role("link", name="Publish…").first.click()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text(re.compile("version 1 is live"))).to_be_visible()
