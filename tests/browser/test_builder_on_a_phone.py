"""The builder at 375 px, by finger."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.building import (
    add_step,
    ask_for,
    begin,
    choose_start,
    fill_in,
    gesture,
    in_words,
    order,
)
from tests.browser.chromium import Chromium
from tests.browser.looking import PHONE, Trouble
from tests.live_site import LiveSite

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def phone(site: LiveSite, chromium: Chromium, imogen: Page, trouble: Trouble) -> Iterator[Page]:
    """Imogen's phone."""
    context = chromium.new_context(
        base_url=site.url,
        storage_state=imogen.context.storage_state(),
        viewport={"width": PHONE[0], "height": PHONE[1]},
        has_touch=True,
        is_mobile=True,
        reduced_motion="reduce",
        locale="en-GB",
    )
    page = context.new_page()
    trouble.listen(page)
    yield page
    context.close()


def test_a_workflow_with_two_ways_is_made_by_finger(phone: Page) -> None:
    begin(phone, "By finger")
    choose_start(phone, "wedding changes", "When something about a wedding changes")
    add_step(phone, "Add step", "if", "If")
    expect(phone.get_by_role("button", name="Add a row")).to_be_focused()
    ask_for(phone, "lock", "Final count due", "is before", "today")
    close(phone)
    expect(phone.locator("#open-choose")).to_be_focused()
    add_step(phone, "Add a step to Yes", "approve", "Ask somebody")
    expect(phone.get_by_role("link", name="Close the panel")).to_be_focused()
    fill_in(phone, "What do you ask?", "Tell the caterer?")
    close(phone)
    add_step(phone, "Add a step to Otherwise", "pause", "Wait for some time")
    close(phone)
    expect(phone.locator("#open-wait")).to_be_focused()
    phone.locator("#more-wait").tap()
    assert order(phone) == ["choose", "approval", "wait"]
    expect(in_words(phone)).to_contain_text(
        re.compile("if .*final count.* is before .*, ask an owner")
    )
    require_no_sideways_scroll(phone)

    with gesture(phone, "move"):
        phone.get_by_role("button", name="Up", exact=True).tap()
    expect(phone.get_by_role("group", name="Yes").locator("#step-wait")).to_be_visible()
    with gesture(phone, "undo"):
        phone.locator("#topbar").get_by_role("button", name=re.compile("^Undo: moved")).tap()
    expect(phone.get_by_role("group", name="Otherwise").locator("#step-wait")).to_be_visible()
    phone.get_by_label("Workflow tools").get_by_role("link", name="Publish").tap()
    phone.get_by_role("button", name="Publish").tap()
    expect(phone.get_by_text(re.compile("version 1 is live"))).to_be_visible()


def test_the_rest_of_a_workflow_is_reached_from_its_head(phone: Page) -> None:
    begin(phone, "Called so for now")
    close(phone)
    phone.locator("#topbar").get_by_role("button", name=re.compile("^More: ")).tap()
    menu = phone.locator("#bar-menu")
    for words in ("Its page", "Versions", "Duplicate this workflow"):
        expect(menu.get_by_text(words, exact=True)).to_be_visible()
    require_no_sideways_scroll(phone)
    menu.get_by_role("link", name="Name and limits").tap()
    expect(phone.get_by_label("Name", exact=True)).to_have_value("Called so for now")


def test_what_lies_behind_the_open_panel_is_out_of_reach(phone: Page) -> None:
    begin(phone, "Behind")
    flow = phone.locator("#flow")
    expect(flow).to_have_js_property("inert", True)
    close(phone)
    expect(flow).to_have_js_property("inert", False)


def close(phone: Page) -> None:
    phone.get_by_role("link", name="Close the panel").tap()
    expect(phone.locator("#panel")).not_to_have_class(re.compile("is-open"))


def require_no_sideways_scroll(page: Page) -> None:
    root = page.locator("html")
    assert root.evaluate("page => page.scrollWidth <= page.clientWidth")
