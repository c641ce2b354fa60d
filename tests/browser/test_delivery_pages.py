"""The pages of deliveries: looked at, searched while typing, and used without script."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import look_at
from tests.browser.planted_deliveries import COUPLE, KITCHEN, Planted, plant, stop
from tests.live_site import LiveSite

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def planted(site: LiveSite) -> Planted:
    return plant(site)


def test_an_endpoint_with_one_that_is_tried_again(imogen: Page, planted: Planted) -> None:
    imogen.goto(f"/webhooks/endpoints/{planted.endpoint_id}")
    expect(imogen.get_by_role("heading", level=1)).to_have_text(KITCHEN)
    expect(imogen.get_by_text("We are giving them a rest until").first).to_be_visible()
    expect(imogen.get_by_text("next try, in 1 h")).to_be_visible()
    imogen.get_by_text("What was sent and what came back").click()
    expect(imogen.get_by_label("What was sent")).to_contain_text('"allergies": "hidden"')
    look_at(imogen, "deliveries-of-endpoint")


def test_one_that_waits_behind_another_and_one_that_arrived(imogen: Page, planted: Planted) -> None:
    at = f"/webhooks/endpoints/{planted.endpoint_id}?delivery="
    imogen.goto(at + str(planted.behind))
    expect(imogen.get_by_text("It waits its turn: one goes before it.")).to_be_visible()
    expect(imogen.get_by_text("One was given up before this one:")).to_be_visible()
    look_at(imogen, "delivery-behind", briefly=True)
    imogen.goto(at + str(planted.arrived))
    expect(imogen.get_by_text("They took it at the 2nd try (200).")).to_be_visible()
    imogen.get_by_role("button", name="Send it again…").click()
    expect(imogen.get_by_role("dialog", name="Send this again?")).to_be_visible()
    look_at(imogen, "delivery-send-again", briefly=True)


def test_what_is_seldom_done_is_in_a_menu_that_gets_the_focus_back(
    imogen: Page, planted: Planted
) -> None:
    imogen.goto(f"/webhooks/endpoints/{planted.endpoint_id}")
    more = imogen.get_by_role("button", name="More: change, secrets, turn off, remove")
    more.press("Enter")
    expect(imogen.get_by_role("link", name="Change…")).to_be_visible()
    look_at(imogen, "endpoint-menu", briefly=True)
    imogen.get_by_role("button", name="Remove…").press("Enter")
    dialog = imogen.get_by_role("dialog", name=f"Remove {KITCHEN}?")
    expect(dialog).to_be_visible()
    imogen.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(more).to_be_focused()


def test_all_deliveries_are_searched_as_somebody_types(imogen: Page, planted: Planted) -> None:
    imogen.goto("/webhooks/deliveries")
    look_at(imogen, "deliveries")
    search = imogen.get_by_label("Search deliveries")
    search.press_sequentially("hannah")
    expect(imogen.get_by_text(f"About {COUPLE}.")).to_be_visible()
    expect(search).to_be_focused()
    expect(search).to_have_value("hannah")
    look_at(imogen, "deliveries-searched", briefly=True)


def test_deliveries_are_narrowed_down_and_nothing_is_said_kindly(
    imogen: Page, planted: Planted
) -> None:
    imogen.goto("/webhooks/deliveries?error=http_503")
    expect(imogen.get_by_label("Went wrong")).to_have_value("http_503")
    look_at(imogen, "deliveries-narrowed")
    imogen.get_by_label("When", exact=True).select_option("hour")
    expect(imogen.get_by_text("No delivery is like that.")).to_be_visible()
    look_at(imogen, "deliveries-none", briefly=True)


def test_the_log_follows_what_happens(imogen: Page, planted: Planted) -> None:
    imogen.goto("/webhooks/deliveries")
    found = imogen.locator("#found")
    assert found.get_attribute("hx-trigger") == "every 10s"
    with imogen.expect_response(lambda answer: "/webhooks/deliveries" in answer.url) as looked:
        pass
    assert looked.value.ok
    expect(found.locator(f"#to-{planted.trying}")).to_be_visible()


def test_without_script_it_is_filtered_searched_and_opened(plain: Page, planted: Planted) -> None:
    plain.goto(f"/webhooks/endpoints/{planted.endpoint_id}")
    plain.get_by_role("link", name="Arrived").click()
    plain.get_by_text("Narrow down").click()
    plain.get_by_label("Tells of").select_option("guests.meals_changed")
    plain.get_by_role("button", name="Show").click()
    expect(plain.get_by_role("link", name="Arrived")).to_have_attribute("aria-current", "true")
    plain.get_by_role("link", name=COUPLE).first.click()
    expect(plain.get_by_text("They took it at the")).to_be_visible()
    plain.get_by_label("Search deliveries").fill(str(planted.trying)[:18])
    plain.get_by_label("Search deliveries").press("Enter")
    expect(plain.get_by_text("By number.")).to_be_visible()


def test_an_endpoint_that_was_stopped_leads_back(site: LiveSite, imogen: Page) -> None:
    stopped = plant(site, name="Olive & Thyme bar").endpoint_id
    stop(site, stopped)
    imogen.goto(f"/webhooks/endpoints/{stopped}")
    expect(imogen.get_by_role("heading", name="We stopped sending")).to_be_visible()
    look_at(imogen, "endpoint-stopped", briefly=True)
    imogen.goto("/webhooks")
    look_at(imogen, "webhooks-with-endpoints", briefly=True)
    imogen.goto(f"/webhooks/endpoints/{stopped}")
    imogen.get_by_role("button", name="Turn on").click()
    expect(imogen.get_by_text("It is on. What waited is sent now.")).to_be_visible()
