"""An account is connected from within a workflow, and what it has is chosen by name."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.building import BUILDER, begin, choose_start, gesture, option, pick, steps
from tests.browser.looking import look_at
from tests.far_ends.practice_partner import PracticePartner

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def test_a_guest_is_chosen_by_name_from_an_account_connected_on_the_way(
    imogen: Page, practice: PracticePartner
) -> None:
    begin(imogen, "Free Ben's seat")
    choose_start(imogen, "added", "When a wedding is added")
    connect_from_the_picker(imogen)
    with gesture(imogen, "add"):
        pick(imogen, "seat", "Free a seat")
    expect(steps(imogen)).to_have_count(1)
    panel = imogen.locator("#panel")
    expect(panel.get_by_role("combobox", name="Which account?")).to_contain_text("Petal Practice")

    panel.get_by_role("link", name="Choose Guest from a list").click()
    expect(panel.get_by_role("button", name="Ben Carter")).to_be_visible()
    look_at(imogen, "builder-account-choices")
    panel.get_by_role("button", name="Refresh").click()
    expect(panel.get_by_text("Asking again")).to_have_count(0)
    expect(panel.get_by_text("to choose from, read just now.")).to_be_visible()

    imogen.get_by_role("searchbox").fill("ben cartre")
    expect(imogen.locator(".ws-option")).to_have_count(1)
    with gesture(imogen, "choose"):
        option(imogen, "Ben Carter").click()
    expect(panel.get_by_role("textbox", name="Guest")).to_have_value("g_ben")
    expect(panel.get_by_text("Ben Carter")).to_be_visible()
    expect(panel.locator("#picker")).to_have_count(0)
    look_at(imogen, "builder-account-chosen", briefly=True)


def connect_from_the_picker(page: Page) -> None:
    """Look for a step of an account nobody connected yet, connect it, and be back in the picker."""
    page.get_by_role("link", name="Add a step", exact=True).last.click()
    page.get_by_role("searchbox").fill("free a seat")
    page.get_by_role("link", name="Connect Petal Practice").first.click()
    page.get_by_role("button", name="Go to Petal Practice").click()
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(BUILDER)
    expect(page.get_by_role("heading", name="What should happen?")).to_be_visible()
