"""Deliveries found, opened and sent again by somebody who has no mouse."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.gestures import press, tab_to
from tests.browser.planted_deliveries import COUPLE, KITCHEN, Planted, plant
from tests.live_site import LiveSite

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def planted(site: LiveSite) -> Planted:
    return plant(site)


def choose(page: Page, wanted: Locator) -> None:
    """Reach the one of its group that is chosen, and go on to another by the arrows."""
    group = page.locator(f'input[name="{wanted.get_attribute("name")}"]')
    tab_to(page, group.and_(page.locator(":checked")))
    for _ in range(group.count()):
        if wanted.is_checked():
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"not reached by the arrows: {wanted}")


def test_one_is_searched_for_filtered_opened_and_sent_again(imogen: Page, planted: Planted) -> None:
    imogen.goto("/webhooks/deliveries")
    search = imogen.get_by_label("Search deliveries")
    tab_to(imogen, search)
    imogen.keyboard.type("hannah")
    expect(imogen.get_by_text(f"About {COUPLE}.")).to_be_visible()
    expect(search).to_be_focused()
    press(imogen, imogen.get_by_text("Narrow down"))
    tab_to(imogen, imogen.get_by_label("Tells of"))
    imogen.keyboard.type("Guests meals")
    expect(imogen.get_by_label("Tells of")).to_have_value("guests.meals_changed")
    press(imogen, imogen.get_by_role("link", name="Arrived"))
    expect(imogen.get_by_role("link", name="Arrived")).to_have_attribute("aria-current", "true")
    expect(search).to_have_value("hannah")
    press(imogen, imogen.locator(f"#to-{planted.arrived}"))
    expect(imogen.get_by_text("They took it at the 2nd try (200).")).to_be_visible()
    press(imogen, imogen.get_by_role("button", name="Send it again…"))
    dialog = imogen.get_by_role("dialog", name="Send this again?")
    press(imogen, dialog.get_by_role("button", name="Leave it"))
    expect(dialog).to_be_hidden()
    expect(imogen.get_by_role("button", name="Send it again…")).to_be_focused()
    imogen.keyboard.press("Enter")
    press(imogen, dialog.get_by_role("button", name="Send it again"))
    expect(imogen.locator("#toasts")).to_contain_text("It is being tried now.")


def test_what_did_not_arrive_is_sent_again_by_the_replay_wizard(
    imogen: Page, planted: Planted
) -> None:
    imogen.goto(f"/webhooks/deliveries?delivery={planted.trying}")
    opened = imogen.locator(f"#d-{planted.trying}")
    press(imogen, opened.get_by_role("link", name=KITCHEN))
    expect(imogen.get_by_role("heading", level=1)).to_have_text(KITCHEN)
    press(imogen, imogen.get_by_role("link", name="Replay since…"))
    expect(imogen.get_by_role("heading", level=1)).to_have_text("Send again what happened")
    choose(imogen, imogen.get_by_label("The beginning"))
    choose(imogen, imogen.get_by_label("Only what gave up"))
    press(imogen, imogen.get_by_role("button", name="See how much that is"))
    expect(imogen.get_by_role("heading", level=1)).to_have_text("Send 1 thing again?")
    press(imogen, imogen.get_by_role("button", name="Send it again", exact=True))
    expect(imogen.get_by_role("heading", level=1)).to_contain_text(KITCHEN)
