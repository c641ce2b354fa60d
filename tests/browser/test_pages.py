"""Every page of the product, looked at in both themes and at both widths."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.looking import Trouble, look_at
from tests.live_site import LiveSite

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

PAGES = {
    "today": "/",
    "weddings": "/weddings",
    "workflows": "/workflows",
    "gallery": "/workflows/gallery",
    "ready-made": "/workflows/gallery/guest-declines",
    "runs": "/runs",
    "webhooks": "/webhooks",
    "hook-new": "/webhooks/hooks/new",
    "endpoint-new": "/webhooks/endpoints/new",
    "health": "/health",
    "books": "/books",
    "settings": "/settings",
    "security": "/settings/security",
    "api-keys": "/settings/api-keys",
}
EMPTY = ("today", "weddings", "workflows", "runs", "webhooks", "health", "api-keys")
PUBLIC = {"sign-in": "/sign-in", "sign-up": "/sign-up", "forgotten": "/forgotten"}


@pytest.mark.parametrize("name", PAGES)
def test_a_vendor_s_page(imogen: Page, name: str) -> None:
    imogen.goto(PAGES[name])
    expect(imogen.get_by_role("heading", level=1)).to_have_count(1)
    look_at(imogen, name)


@pytest.mark.parametrize("name", EMPTY)
def test_a_page_with_nothing_on_it_yet(marek: Page, name: str) -> None:
    marek.goto(PAGES[name])
    expect(marek.get_by_role("heading", level=1)).to_have_count(1)
    expect(marek.get_by_role("main")).not_to_contain_text("Rosewood")
    look_at(marek, f"{name}-empty")


@pytest.mark.parametrize("name", PUBLIC)
def test_a_page_before_signing_in(new_page: NewPage, name: str) -> None:
    page = new_page()
    page.goto(PUBLIC[name])
    look_at(page, name)


def test_a_hook_and_an_endpoint(site: LiveSite, imogen: Page) -> None:
    imogen.goto("/webhooks")
    imogen.get_by_role("link", name="Enquiry form").click()
    look_at(imogen, "hook")
    imogen.goto("/webhooks")
    imogen.get_by_role("link", name="Olive & Thyme kitchen").click()
    look_at(imogen, "endpoint-off")


def test_a_page_that_is_not_there(imogen: Page, trouble: Trouble) -> None:
    trouble.expected = "404"
    imogen.goto("/weddings/of-the-century")
    look_at(imogen, "not-found")


def test_a_wrong_password_is_said_beside_the_form(new_page: NewPage, trouble: Trouble) -> None:
    trouble.expected = "status of 4"
    page = new_page()
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill("imogen@rosewood.example")
    page.get_by_label("Password").fill("something borrowed something blue")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    look_at(page, "sign-in-refused")
