"""Questions, weddings and what happened, by keyboard alone and with no script at all."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.gestures import press, tab_to
from tests.live_site import LiveSite
from tests.workers.scene import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

FLOWERS = "Shall we order these flowers?"


@pytest.fixture
def plain(site: LiveSite, chromium: Browser, imogen: Page) -> Iterator[Page]:
    """Imogen's browser without script."""
    signed_in = imogen.context.storage_state()
    context = chromium.new_context(
        base_url=site.url, java_script_enabled=False, storage_state=signed_in
    )
    yield context.new_page()
    context.close()


def test_a_wedding_is_found_and_its_cancelling_looked_at_by_keyboard(imogen: Page) -> None:
    imogen.goto("/weddings")
    tab_to(imogen, imogen.get_by_label("Search weddings"))
    imogen.keyboard.type("udaipur")
    expect(imogen.get_by_role("link", name="Hannah & Josef")).to_have_count(0)
    press(imogen, imogen.get_by_role("link", name="Priya & Tom"))
    press(imogen, imogen.get_by_role("link", name="Cancel it…"))
    expect(imogen.get_by_role("heading", level=1)).to_have_text("Cancel this wedding?")
    press(imogen, imogen.get_by_role("link", name="Keep it"))
    expect(imogen.get_by_role("heading", level=1)).to_have_text("Priya & Tom")


def test_a_wedding_is_found_and_its_postponing_looked_at_without_script(plain: Page) -> None:
    plain.goto("/weddings")
    plain.get_by_label("Search weddings").fill("AMARA")
    plain.get_by_label("Search weddings").press("Enter")
    expect(plain.get_by_role("link", name="Hannah & Josef")).to_have_count(0)
    plain.get_by_role("link", name="Amara & Daniel").click()
    plain.get_by_role("link", name="Postpone it…").click()
    plain.get_by_label("Wedding day").fill("")
    plain.get_by_role("button", name="See what moves").click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("Postpone this wedding?")
    plain.get_by_role("link", name="Leave it").click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("Amara & Daniel")


def test_the_demo_asks_a_question_that_is_answered_by_keyboard(
    site: LiveSite, imogen: Page, plain: Page
) -> None:
    wait_until(lambda: bool(site.api("GET", "/approvals?state=open")["data"]), seconds=20)
    plain.goto("/runs?state=needs-you")
    plain.get_by_role("link", name="Hannah & Josef").click()
    plain.get_by_text("One by one", exact=True).click()
    expect(plain.get_by_text("White roses").first).to_be_visible()
    imogen.goto("/approvals")
    press(imogen, imogen.get_by_role("link", name=f"Answer: {FLOWERS}"))
    tab_to(imogen, imogen.get_by_label("A note, if you like"))
    imogen.keyboard.type("No lilies.")
    press(imogen, imogen.get_by_role("button", name="Say yes"))
    expect(imogen.get_by_text("You said yes. It goes on with that.")).to_be_visible()
    plain.goto("/approvals")
    expect(plain.get_by_role("main")).to_contain_text(re.compile("Imogen Hart said yes"))
