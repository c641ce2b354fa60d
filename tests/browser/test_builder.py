"""A workflow with two ways is put together from nothing, by mouse, and lives."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.building import (
    add_step,
    ask_for,
    begin,
    choose_in,
    choose_start,
    fill_in,
    gesture,
    in_words,
    open_step,
    order,
    pick,
    publish,
)
from tests.browser.looking import look_at

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CATERER = "https://caterer.example/count"


def test_a_workflow_with_two_ways_is_made_from_nothing_and_published(imogen: Page) -> None:
    begin(imogen, "Counts after the lock date")
    look_at(imogen, "builder-start", briefly=True)
    choose_start(imogen, "wedding changes", "When something about a wedding changes")
    add_step(imogen, "Add a step", "if", "If")
    look_at(imogen, "builder-choice", briefly=True)
    ask_for(imogen, "lock", "Final count due", "is before", "today")
    expect(in_words(imogen)).to_contain_text("if the day the final count is due is before today")
    look_at(imogen, "builder-condition")

    add_step(imogen, "Add a step to Yes", "approve", "Ask somebody")
    fill_in(imogen, "What do you ask?", "Tell the caterer about the new count?")
    add_step(imogen, "Add a step to Yes", "web request", "Send a web request")
    choose_in(imogen, "Method", "POST")
    fill_in(imogen, "Address", CATERER)
    add_step(imogen, "Add a step to Otherwise", "pause", "Wait for some time")
    assert order(imogen) == ["choose", "approval", "action", "wait"]
    expect(in_words(imogen)).to_contain_text("Tell the caterer about the new count?")
    expect(in_words(imogen)).to_contain_text("otherwise wait for 3 days")
    look_at(imogen, "builder-two-ways")

    open_step(imogen, "action")
    expect(imogen.locator("#panel").get_by_role("textbox", name="Address")).to_have_value(CATERER)
    publish(imogen)


def test_data_is_written_where_somebody_left_the_text(imogen: Page) -> None:
    begin(imogen, "A welcome")
    choose_start(imogen, "wedding is added", "When a wedding is added")
    add_step(imogen, "Add a step", "web request", "Send a web request")
    text = imogen.get_by_role("textbox", name="Text to send")
    fill_in(imogen, "Text to send", "Dear , welcome")
    text.evaluate("field => field.setSelectionRange(5, 5)")
    imogen.get_by_role("link", name="Insert data into Text to send").click()
    with gesture(imogen, "fields"):
        pick(imogen, "first names", "Couple’s first names")
    expect(text).to_have_value("Dear [Couple’s first names], welcome")
    expect(text).to_be_focused()
    expect(imogen.locator("#picker")).to_have_count(0)
    imogen.get_by_label("Example couple").select_option(label="Example couple: Ada & Ben")
    expect(imogen.locator("#panel")).to_contain_text("Dear Ada and Ben, welcome")
    expect(imogen.locator("#picker")).to_have_count(0)
