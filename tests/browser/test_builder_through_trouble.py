"""The builder where a line breaks, where somebody else is at it, and where there is no script."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Dialog, Locator, Page, Route, expect

from tests.browser.building import (
    BUILDER,
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
from tests.browser.looking import Trouble
from tests.live_site import LiveSite
from wedsync.cli.installation.logins import DEMO_PASSWORD

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

MOVES = re.compile("/edit/move")
CAROUSEL = ("note", "Note something"), ("pause", "Wait for some time"), ("end", "End")


def three_steps(page: Page, name: str) -> None:
    begin(page, name)
    choose_start(page, "somebody", "When somebody starts it")
    for typed, words in CAROUSEL:
        add_step(page, "Add a step", typed, words)
    assert order(page) == ["set", "wait", "stop"]


def unsaved(page: Page) -> Locator:
    return page.locator("#builder-unsaved")


def break_off(route: Route) -> None:
    route.abort()


def the_line_is_back(page: Page) -> None:
    page.evaluate("() => dispatchEvent(new Event('online'))")


def remove_meanwhile(site: LiveSite, page: Page, step: str) -> None:
    """Somebody else takes a step out."""
    path = urlsplit(page.url).path.removesuffix("/edit")
    definition = site.api("GET", f"{path}/draft")["definition"]
    steps = [each for each in definition["steps"] if each["id"] != step]
    site.api("PUT", f"{path}/draft", {"definition": {**definition, "steps": steps}}, If_Match="*")


def test_gestures_made_without_a_line_are_kept_and_sent_in_order(
    imogen: Page, trouble: Trouble
) -> None:
    three_steps(imogen, "Offline")
    trouble.expected = "Failed to"
    imogen.context.set_offline(True)
    imogen.locator("#open-wait").focus()
    imogen.keyboard.press("Alt+ArrowUp")
    expect(unsaved(imogen)).to_contain_text("1 change is sent as soon as WedSync answers")
    expect(imogen.locator("#topbar")).to_contain_text("Not saved yet. 1 change is sent")
    imogen.keyboard.press("Alt+ArrowDown")
    expect(unsaved(imogen)).to_contain_text("2 changes")
    imogen.locator("#open-stop").focus()
    imogen.keyboard.press("Delete")
    expect(unsaved(imogen)).to_contain_text("3 changes")
    assert order(imogen) == ["set", "wait", "stop"]

    imogen.context.set_offline(False)
    expect(unsaved(imogen)).to_be_hidden()
    expect(imogen.locator("#step-stop")).to_have_count(0)
    assert order(imogen) == ["set", "wait"]
    imogen.reload()
    assert order(imogen) == ["set", "wait"]
    expect(imogen.get_by_role("button", name=re.compile("^Undo: removed")).first).to_be_visible()


def test_what_is_not_sent_is_warned_of_and_outlives_a_reload(
    imogen: Page, trouble: Trouble
) -> None:
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    three_steps(imogen, "Reloaded")
    trouble.expected = "Failed to"
    imogen.on("dialog", leave)
    imogen.route(MOVES, break_off)
    imogen.locator("#open-wait").focus()
    imogen.keyboard.press("Alt+ArrowUp")
    expect(unsaved(imogen)).to_contain_text("1 change")
    imogen.unroute(MOVES)
    imogen.reload()
    expect(imogen.locator("#steps-list > li").nth(1)).to_have_id("step-wait")
    expect(unsaved(imogen)).to_be_hidden()
    imogen.reload()
    assert order(imogen) == ["wait", "set", "stop"]
    assert asked == ["beforeunload"]


@pytest.mark.parametrize("status", [429, 503])
def test_a_gesture_waits_for_a_server_that_is_not_at_work(
    status: int, imogen: Page, trouble: Trouble
) -> None:
    three_steps(imogen, f"Answered {status}")
    trouble.expected = f"status of {status}"
    words = '<hx-partial hx-target="#toasts" hx-swap="beforeend"><p>Away</p></hx-partial>'
    imogen.route(MOVES, lambda route: route.fulfill(status=status, body=words))
    imogen.locator("#open-wait").focus()
    imogen.keyboard.press("Alt+ArrowUp")
    expect(unsaved(imogen)).to_contain_text("1 change")
    with imogen.expect_response(re.compile("/edit/move")):
        the_line_is_back(imogen)
    expect(unsaved(imogen)).to_contain_text("1 change")
    expect(imogen.locator("#toasts")).to_be_empty()
    expect(imogen.locator("#open-wait")).to_be_focused()
    imogen.unroute(MOVES)
    the_line_is_back(imogen)
    expect(unsaved(imogen)).to_be_hidden()
    assert order(imogen) == ["wait", "set", "stop"]


def test_somebody_signed_out_meanwhile_signs_in_and_loses_nothing(
    imogen: Page, trouble: Trouble
) -> None:
    trouble.expected = "status of 40"
    three_steps(imogen, "Signed out")
    imogen.context.clear_cookies()
    imogen.locator("#open-wait").focus()
    imogen.keyboard.press("Alt+ArrowUp")
    imogen.get_by_label("E-mail").fill("imogen@rosewood.example")
    imogen.get_by_label("Password").fill(DEMO_PASSWORD)
    imogen.get_by_role("button", name="Sign in").click()
    imogen.wait_for_url(BUILDER)
    expect(imogen.locator("#steps-list > li").nth(1)).to_have_id("step-wait")
    expect(unsaved(imogen)).to_be_hidden()


def test_what_could_not_be_done_any_more_is_told_with_what_was_typed(
    site: LiveSite, imogen: Page, trouble: Trouble
) -> None:
    three_steps(imogen, "Too late")
    trouble.expected = "Failed to"
    open_step(imogen, "wait")
    imogen.context.set_offline(True)
    field = imogen.get_by_role("textbox", name="For how long")
    field.fill("a while")
    field.press("Enter")
    imogen.locator("#open-stop").focus()
    imogen.keyboard.press("Alt+ArrowUp")
    imogen.locator("#open-set").focus()
    imogen.keyboard.press("Alt+ArrowDown")
    expect(unsaved(imogen)).to_contain_text("3 changes")
    remove_meanwhile(site, imogen, "stop")
    imogen.context.set_offline(False)
    expect(unsaved(imogen)).to_be_hidden()
    told = imogen.locator("#not-done")
    expect(told.get_by_role("listitem")).to_have_count(2)
    expect(told).to_contain_text("You wrote: a while")
    expect(told).to_contain_text("is not there any more")
    assert order(imogen) == ["wait", "set"]
    told.get_by_role("button", name="All right").click()
    expect(told).to_be_hidden()


def test_a_link_that_leaves_waits_for_what_was_typed(imogen: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    begin(imogen, "Typed last")
    choose_start(imogen, "somebody", "When somebody starts it")
    add_step(imogen, "Add a step", "pause", "Wait for some time")
    imogen.route(re.compile("/edit/fields"), hold)
    imogen.get_by_role("textbox", name="For how long").fill("4 days")
    with imogen.expect_request(re.compile("/edit/fields")):
        imogen.locator("#bar-publish").click()
    imogen.locator("#bar-publish").click()
    assert BUILDER.search(imogen.url)
    held[0].continue_()
    imogen.wait_for_url(re.compile("/changes"))
    expect(imogen.get_by_role("main")).to_contain_text("4 days")


def test_two_people_change_different_fields_and_lose_nothing(imogen: Page, sign_in: SignIn) -> None:
    begin(imogen, "Two of us")
    choose_start(imogen, "somebody", "When somebody starts it")
    add_step(imogen, "Add a step", "approve", "Ask somebody")
    beth = sign_in("beth@rosewood.example")
    beth.goto(imogen.url)
    open_step(beth, "approval")
    fill_in(imogen, "What do you ask?", "Shall we order?")
    fill_in(beth, "Remind after", "2 days")
    expect(in_words(beth)).to_contain_text("Shall we order?")
    expect(beth.locator("#panel").get_by_role("textbox", name="Remind after")).to_have_value(
        "2 days"
    )
    expect(beth.locator("#flow")).to_contain_text("Imogen changed this step")


def test_a_workflow_is_built_published_and_paused_without_script(plain: Page) -> None:
    plain.goto("/workflows/new")
    plain.get_by_label("What it is called").fill("Without script")
    plain.get_by_role("button", name="Start from nothing").click()
    plain.get_by_role("button", name=re.compile("^When somebody starts it")).click()
    plain.get_by_role("link", name="Add a step", exact=True).click()
    plain.get_by_role("searchbox").fill("pause")
    plain.get_by_role("button", name="Search").click()
    plain.get_by_role("button", name=re.compile("^Wait for some time")).click()
    plain.get_by_role("textbox", name="For how long").fill("2 days")
    plain.get_by_role("button", name="Keep", exact=True).last.click()
    expect(in_words(plain)).to_contain_text("wait for 2 days")
    plain.get_by_role("button", name="Duplicate").click()
    assert [one.get_attribute("id") for one in plain.locator("[data-step]").all()] == [
        "step-start",
        "step-wait",
        "step-wait-2",
    ]
    plain.get_by_role("button", name=re.compile("^Undo: ")).first.click()
    expect(plain.locator("#step-wait-2")).to_have_count(0)
    plain.get_by_role("link", name="Publish…").first.click()
    plain.get_by_role("button", name="Publish").click()
    plain.get_by_role("button", name="Pause").click()
    expect(plain.get_by_role("button", name="Resume")).to_be_visible()


def test_somebody_who_only_looks_on_reads_the_draft(imogen: Page, sign_in: SignIn) -> None:
    three_steps(imogen, "Looked at")
    carys = sign_in("carys@rosewood.example")
    carys.goto(imogen.url)
    assert order(carys) == ["set", "wait", "stop"]
    expect(carys.get_by_role("link", name="Add a step")).to_have_count(0)
    carys.locator("#open-wait").click()
    expect(carys.locator("#panel")).to_contain_text("3 days")
    expect(carys.locator("#panel").get_by_role("textbox")).to_have_count(0)
    carys.keyboard.press("Delete")
    assert order(carys) == ["set", "wait", "stop"]


def test_what_cannot_be_read_is_said_and_stays_typed(imogen: Page, trouble: Trouble) -> None:
    trouble.expected = "422"
    begin(imogen, "Typed")
    choose_start(imogen, "somebody", "When somebody starts it")
    add_step(imogen, "Add a step", "pause", "Wait for some time")
    field = imogen.get_by_role("textbox", name="For how long")
    field.fill("a while")
    field.press("Enter")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value("a while")
    expect(in_words(imogen)).to_contain_text("3 days")
    fill_in(imogen, "For how long", "4 days")
    expect(field).not_to_have_attribute("aria-invalid", "true")
    with gesture(imogen, "duplicate"):
        imogen.get_by_role("button", name="Duplicate").click()
    expect(said(imogen)).to_contain_text("Duplicated")
