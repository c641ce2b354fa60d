"""A wedding's pages as a planner meets them: adding one, moving its date, cancelling it."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import Trouble, look_at
from wedsync.platform import clock

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def test_a_planner_adds_a_wedding_moves_it_and_cancels_it(imogen: Page, trouble: Trouble) -> None:
    trouble.expected = "422"
    day = clock.now().date() + timedelta(days=200)
    imogen.goto("/weddings")
    imogen.get_by_role("link", name="Add a wedding").click()
    look_at(imogen, "wedding-new")
    imogen.get_by_label("Name").fill("Zoë & Ravi")
    imogen.get_by_label("Who marries").fill("Zoë Hart\nRavi Menon")
    imogen.get_by_label("Wedding day").fill(day.isoformat())
    imogen.get_by_label("RSVP deadline").fill((day - timedelta(days=42)).isoformat())
    imogen.get_by_label("Venue").fill("Villa Serena, Florence")
    imogen.get_by_label("Time zone").fill("Europe/Atlantis")
    imogen.get_by_role("button", name="Add the wedding").click()
    expect(imogen.get_by_text("There is no such time zone.")).to_be_visible()
    look_at(imogen, "wedding-new-wrong", briefly=True)
    imogen.get_by_label("Time zone").fill("Europe/Rome")
    imogen.get_by_role("button", name="Add the wedding").click()
    expect(imogen.get_by_role("heading", level=1)).to_have_text("Zoë & Ravi")
    look_at(imogen, "wedding")

    imogen.get_by_role("link", name="Move the date…").click()
    look_at(imogen, "wedding-move")
    imogen.get_by_label("Wedding day").fill((day + timedelta(days=7)).isoformat())
    imogen.get_by_role("button", name="See what moves").click()
    expect(imogen.get_by_role("heading", level=1)).to_have_text("Move these dates?")
    look_at(imogen, "wedding-moves")
    imogen.get_by_role("button", name="Move them").click()
    expect(imogen.get_by_text("Its dates are changed.")).to_be_visible()

    imogen.get_by_role("link", name="Change…").click()
    look_at(imogen, "wedding-edit")
    imogen.get_by_label("Final count").fill("82")
    imogen.get_by_role("button", name="Keep the changes").click()
    expect(imogen.get_by_text("The wedding is changed.")).to_be_visible()

    imogen.get_by_role("link", name="Postpone it…").click()
    imogen.get_by_label("Wedding day").fill("")
    imogen.get_by_role("button", name="See what moves").click()
    look_at(imogen, "wedding-postpone", briefly=True)
    imogen.get_by_role("button", name="Postpone it").click()
    expect(imogen.get_by_text("Its new date is not known yet.")).to_be_visible()
    look_at(imogen, "wedding-postponed", briefly=True)

    imogen.get_by_role("link", name="Cancel it…").click()
    look_at(imogen, "wedding-cancel")
    imogen.get_by_role("button", name="Cancel the wedding").click()
    expect(imogen.get_by_role("heading", name="This wedding is cancelled")).to_be_visible()
    look_at(imogen, "wedding-cancelled", briefly=True)
    imogen.get_by_role("button", name="It takes place after all").click()
    expect(imogen.get_by_text("It is booked now.")).to_be_visible()


def test_a_wedding_with_many_guests(imogen: Page) -> None:
    imogen.goto("/weddings")
    imogen.get_by_role("link", name="Amara & Daniel").click()
    look_at(imogen, "wedding-amara")


def test_what_may_be_sent_to_couples(imogen: Page, trouble: Trouble) -> None:
    trouble.expected = "422"
    imogen.goto("/settings")
    imogen.get_by_role("link", name="Messages to couples").click()
    look_at(imogen, "settings-messages")
    imogen.get_by_label("At most so many messages a day").fill("0")
    imogen.get_by_role("button", name="Keep it").click()
    expect(imogen.get_by_text("From 1 to 50 messages a day.")).to_be_visible()
