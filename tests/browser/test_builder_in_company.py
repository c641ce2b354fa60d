"""Two people at one draft, or one with two tabs: each sees what the other does and loses nothing.
And what is shown for the couples who come next, and what was folded."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.building import (
    add_step,
    begin,
    choose_start,
    fill_in,
    gesture,
    in_words,
    open_step,
    order,
    said,
)
from tests.browser.conftest import SignIn
from tests.browser.looking import Trouble, look_at
from tests.live_site import LiveSite

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

BETH = "beth@rosewood.example"


def two_steps(page: Page, name: str) -> None:
    begin(page, name)
    choose_start(page, "somebody", "When somebody starts it")
    add_step(page, "Add a step", "approve", "Ask somebody")
    add_step(page, "Add a step", "pause", "Wait for some time")
    assert order(page) == ["approval", "wait"]


def test_who_else_has_it_open_is_said_while_they_do(imogen: Page, sign_in: SignIn) -> None:
    two_steps(imogen, "In company")
    beth = sign_in(BETH)
    beth.goto(imogen.url)
    expect(imogen.locator("#company")).to_contain_text(re.compile("Beth.* is here too"))
    expect(beth.locator("#company")).to_contain_text(re.compile("Imogen.* is here too"))
    look_at(imogen, "builder-in-company", briefly=True)
    beth.goto("/")
    expect(imogen.locator("#company")).to_be_empty()


def test_two_tabs_of_one_person_are_no_company_and_follow_each_other(imogen: Page) -> None:
    two_steps(imogen, "Two tabs")
    other = imogen.context.new_page()
    other.goto(imogen.url)
    with gesture(imogen, "duplicate"):
        imogen.get_by_role("button", name="Duplicate").click()
    expect(other.locator("#step-wait-2")).to_be_visible()
    assert order(other) == ["approval", "wait", "wait-2"]
    expect(other.locator("#company")).to_be_empty()
    expect(said(other)).to_be_empty()


def test_what_somebody_else_changes_is_drawn_without_a_reload(
    imogen: Page, sign_in: SignIn
) -> None:
    two_steps(imogen, "Followed")
    beth = sign_in(BETH)
    beth.goto(imogen.url.partition("?")[0])
    beth.locator("#open-wait").focus()
    open_step(imogen, "wait")
    fill_in(imogen, "For how long", "9 days")
    expect(beth.locator("#step-wait")).to_contain_text("9 days")
    expect(in_words(beth)).to_contain_text("9 days")
    expect(beth.locator("#flow")).to_contain_text(re.compile("Imogen.* changed this step"))
    expect(said(beth)).to_contain_text("Imogen")
    expect(beth.locator("#open-wait")).to_be_focused()
    with gesture(imogen, "remove"):
        imogen.get_by_role("button", name="Delete").click()
    expect(beth.locator("#step-wait")).to_have_count(0)
    assert order(beth) == ["approval"]


def test_what_somebody_is_typing_stays_while_others_change_the_draft(
    imogen: Page, sign_in: SignIn, trouble: Trouble
) -> None:
    trouble.expected = "409"
    two_steps(imogen, "Typing")
    beth = sign_in(BETH)
    beth.goto(imogen.url.partition("?")[0])
    open_step(beth, "wait")
    typed = beth.get_by_role("textbox", name="For how long")
    typed.fill("2 wee")
    open_step(imogen, "wait")
    fill_in(imogen, "For how long", "5 days")
    expect(in_words(beth)).to_contain_text("5 days")
    expect(typed).to_have_value("2 wee")
    expect(typed).to_be_focused()
    typed.press_sequentially("ks")
    typed.blur()
    expect(beth.locator("#panel")).to_contain_text(re.compile("Imogen.* changed this step"))
    beth.get_by_role("button", name=re.compile("Keep mine")).click()
    expect(in_words(beth)).to_contain_text("2 weeks")
    expect(in_words(imogen)).to_contain_text("2 weeks")


def test_a_branch_stays_folded_over_a_reload_and_opens_for_what_is_in_it(imogen: Page) -> None:
    begin(imogen, "Folded")
    choose_start(imogen, "somebody", "When somebody starts it")
    add_step(imogen, "Add a step", "branch", "If")
    add_step(imogen, "Add a step to Otherwise", "pause", "Wait for some time")
    imogen.goto(imogen.url.partition("?")[0])
    head = imogen.locator(".ws-branch").filter(has_text="Otherwise")
    head.locator("summary").focus()
    imogen.keyboard.press("Enter")
    expect(imogen.locator("#step-wait")).to_be_hidden()
    expect(head).to_contain_text("1 step: Wait for 3 days")
    imogen.wait_for_function("document.cookie.includes('ws-folded-')")  # a moment after it folds
    imogen.reload()
    expect(imogen.locator("#step-wait")).to_be_hidden()
    look_at(imogen, "builder-folded", briefly=True)
    with gesture(imogen, "duplicate"):
        imogen.locator("#open-choose").focus()
        imogen.keyboard.press("Control+d")
    expect(imogen.locator("#step-wait")).to_be_hidden()
    imogen.goto(f"{imogen.url.partition('?')[0]}?step=wait")
    expect(imogen.locator("#step-wait")).to_be_visible()
    imogen.goto(imogen.url.partition("?")[0])
    expect(imogen.locator("#step-wait")).to_be_visible()


def test_a_wait_for_a_date_shows_the_next_couples_on_a_calendar(
    imogen: Page, site: LiveSite
) -> None:
    begin(imogen, "Two weeks before")
    choose_start(imogen, "somebody", "When somebody starts it")
    add_step(imogen, "Add a step", "wedding date", "Wait for a day of the wedding")
    leaves = imogen.locator("#step-wait .ws-leaf")
    expect(leaves).to_have_count(3)
    couples = [one["title"] for one in site.api("GET", "/weddings")["data"]]
    shown = leaves.locator("b").all_inner_texts()
    assert set(shown) <= set(couples)
    expect(leaves.first).to_contain_text(re.compile(r"Goes on .*, 09:00.*; wedding \w+ \d+ \w+"))
    expect(leaves.first.locator(".is-fire")).to_have_count(1)
    expect(leaves.first.locator(".is-wedding")).to_have_count(1)
    look_at(imogen, "builder-coming-dates")
