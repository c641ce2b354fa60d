"""The life of connections in a real browser: two of one connector, named, paused and ended."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import Trouble, look_at
from tests.far_ends.practice_partner import PracticePartner, practice_beside
from tests.live_site import LiveSite


@pytest.fixture(scope="module")
def practice(site: LiveSite) -> Iterator[PracticePartner]:
    published = site.run("db", "upgrade")
    assert published.returncode == 0, published.stderr
    with practice_beside(site.settings) as partner:
        partner.accept()
        yield partner


def connect(page: Page, account: str, *, without: str | None = None) -> None:
    page.goto("/connect/sandbox")
    page.get_by_role("button", name="Go to Petal Practice").click()
    page.get_by_label(account).check()
    if without:
        page.get_by_label(without).uncheck()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", name=f"Petal Practice ({account})", level=1)).to_be_visible()


def choose(page: Page, what: str) -> None:
    """Press what stands in the menu behind the three dots."""
    page.get_by_role("button", name="More: pause").click()
    menu = page.locator("#more-of-it")
    menu.get_by_text(what, exact=True).click()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_accounts_live_and_end(
    practice: PracticePartner, marek: Page, trouble: Trouble
) -> None:
    page = marek
    connect(page, "Harbour Events")
    connect(page, "Meadow Weddings", without="See your diary and hold dates")
    meadow = page.url
    expect(page.get_by_text("It would allow: ")).to_be_visible()
    look_at(page, "connection-without-a-permission")

    page.get_by_text("Call it something else").click()
    page.get_by_label("Name", exact=True).fill("Our guest list")
    page.get_by_role("button", name="Keep this name").click()
    expect(page.get_by_role("heading", name="Our guest list", level=1)).to_be_visible()
    look_at(page, "connection-renamed", briefly=True)
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Petal Practice (Meadow", level=1)).to_be_visible()

    choose(page, "Pause it")
    expect(page.get_by_text("You paused it")).to_be_visible()
    look_at(page, "connection-paused")
    page.goto("/connections")
    expect(page.get_by_role("listitem").filter(has_text="Harbour Events")).to_be_visible()
    look_at(page, "connections-two")
    page.goto(meadow)
    page.get_by_role("button", name="Let it go on").click()
    expect(page.get_by_text("lets us in")).to_be_visible()

    page.get_by_role("button", name="Ask for this permission").click()
    expect(page.get_by_role("button", name="Deny")).to_be_visible()
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_text("Everything stays as it was.")).to_be_visible()
    look_at(page, "connection-more-denied", briefly=True)
    page.get_by_role("button", name="Ask for this permission").click()
    page.get_by_label("Meadow Weddings").check()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", name="Petal Practice (Meadow", level=1)).to_be_visible()
    expect(page.locator("[aria-labelledby=may]")).not_to_contain_text("not allowed")
    expect(page.get_by_text("Asked for more permissions").first).to_be_visible()

    practice.faults(revoke_grants=True)
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_text("does not know us any more").first).to_be_visible()
    look_at(page, "connection-withdrawn", briefly=True)
    page.get_by_role("link", name="Connect again", exact=True).click()
    page.get_by_role("button", name="Go to Petal Practice").click()
    page.get_by_label("Meadow Weddings").check()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_text("lets us in")).to_be_visible()

    choose(page, "Disconnect…")
    look_at(page, "disconnect-with-uses", briefly=True)
    page.get_by_role("button", name="Disconnect it").click()
    expect(page.get_by_text("we keep no key")).to_be_visible()
    look_at(page, "connection-disconnected")
    choose(page, "Delete…")
    look_at(page, "connection-delete", briefly=True)
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_text("is deleted.")).to_be_visible()
    expect(page.get_by_text("Petal Practice (Harbour Events)").first).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="Meadow")).to_have_count(0)
