"""A partner offers an integration, an admin reads it, a vendor finds it: all looked at."""

import re

import orjson
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from tests.browser.looking import look_at
from tests.listings.manifests import seatwell
from tests.live_site import LiveSite

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def begin(page: Page, name: str, slug: str) -> None:
    page.goto("/listings")
    page.get_by_role("link", name=re.compile("Begin a listing|New listing")).click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Address").fill(slug)
    page.get_by_role("button", name="Begin the listing").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def write_file(page: Page, **changes: object) -> None:
    page.get_by_role("link", name="Change: The file").click()
    document = orjson.dumps(seatwell(**changes), option=orjson.OPT_INDENT_2).decode()
    page.get_by_label("The manifest as JSON").fill(document)
    page.get_by_role("button", name="Keep it").click()


def test_from_a_partner_s_first_word_to_the_marketplace(site: LiveSite, sign_in: SignIn) -> None:
    nuria = sign_in("nuria@petal.example")
    nuria.goto("/listings/new")
    look_at(nuria, "listing-new", briefly=True)
    begin(nuria, "Petal place cards", "petal-place-cards")
    look_at(nuria, "listing-begun", briefly=True)
    write_file(nuria, name="Petal place cards")
    look_at(nuria, "listing-ready", briefly=True)
    for part in ("What it is", "How it connects", "How it tells us", "The file"):
        nuria.get_by_role("link", name=f"Change: {part}", exact=True).click()
        look_at(nuria, f"listing-{part.lower().replace(' ', '-')}", briefly=True)
        nuria.get_by_role("link", name="Cancel").click()
    for row in ("Seat a guest", "A guest is seated"):
        nuria.get_by_role("link", name=f"Change {row}").click()
        look_at(nuria, f"listing-{row.lower().replace(' ', '-')}", briefly=True)
        nuria.get_by_role("link", name="Cancel").click()
    nuria.get_by_label("A word to the admin").fill("Our first one.")
    nuria.get_by_role("button", name="Send it to the admins").click()
    expect(nuria.get_by_text("It is with the admins. We write")).to_be_visible()
    look_at(nuria, "listing-sent", briefly=True)

    ada = sign_in("ada@wedsync.example")
    ada.goto("/review")
    look_at(ada, "review-queue", briefly=True)
    ada.get_by_role("link", name="Petal place cards, version 1").click()
    ada.get_by_text("The manifest, line by line").click()
    look_at(ada, "review-version")
    ada.get_by_label("List it").check()
    ada.get_by_label("Your reason").fill("Clear permissions.")
    ada.get_by_role("button", name="Send the decision").click()
    expect(ada.get_by_text("It is in the marketplace. They were told.")).to_be_visible()

    imogen = sign_in("imogen@rosewood.example")
    imogen.goto("/marketplace")
    look_at(imogen, "marketplace")
    imogen.get_by_label("Search integrations").press_sequentially("palce crads")
    expect(imogen.get_by_role("link", name="Petal place cards")).to_be_visible()
    expect(imogen.get_by_role("link", name="Stripe")).to_have_count(0)
    expect(imogen.get_by_label("Search integrations")).to_be_focused()
    imogen.get_by_role("link", name="Petal place cards").click()
    expect(imogen.get_by_role("link", name="Connect Petal place cards")).to_be_visible()
    look_at(imogen, "listing")


def test_the_card_follows_what_is_typed(site: LiveSite, sign_in: SignIn) -> None:
    nuria = sign_in("nuria@petal.example")
    begin(nuria, "Petal seating", "petal-seating")
    nuria.get_by_role("link", name="Change: What it is").click()
    nuria.get_by_label("In a line").press_sequentially("Seats every guest.")
    expect(nuria.locator("#preview")).to_contain_text("Seats every guest.")
    expect(nuria.get_by_label("In a line")).to_be_focused()


def test_nothing_found_and_nothing_offered_yet(sign_in: SignIn) -> None:
    marek = sign_in("marek@lumen.example")
    marek.goto("/marketplace?q=zeppelin")
    look_at(marek, "marketplace-nothing", briefly=True)
    ada = sign_in("ada@wedsync.example")
    ada.goto("/listings")
    look_at(ada, "listings-empty", briefly=True)
