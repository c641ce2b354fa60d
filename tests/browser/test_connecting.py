"""Connecting in a real browser: out to the practice partner, back, and the pages on the way."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
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


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_vendor_connects_decides_and_disconnects(
    practice: PracticePartner, marek: Page, trouble: Trouble
) -> None:
    page = marek
    page.goto("/connections")
    look_at(page, "connections-empty", briefly=True)
    page.goto("/connect/sandbox")
    look_at(page, "connect")
    page.get_by_role("button", name="Go to Petal Practice").click()
    expect(page.get_by_role("button", name="Deny")).to_be_visible()
    page.get_by_role("button", name="Deny").click()
    expect(page.locator("#standing")).to_contain_text("it was not allowed")
    look_at(page, "connection-denied", briefly=True)

    page.get_by_role("link", name="Go on connecting").click()
    page.get_by_role("button", name="Go to Petal Practice").click()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", name="Petal Practice", level=1)).to_be_visible()
    expect(page.get_by_text("lets us in")).to_be_visible()
    expect(page.locator("#users + *, [aria-labelledby=users]").first).to_be_visible()
    look_at(page, "connection")
    connection = page.url

    page.get_by_role("button", name="Check now").click()
    expect(page.locator("#toasts")).to_contain_text("It answered as Meadow Weddings.")

    page.get_by_role("button", name="More: pause").click()
    page.get_by_role("link", name="Connect again…").click()
    look_at(page, "reconnect", briefly=True)
    page.get_by_role("button", name="Go to Petal Practice").click()
    page.get_by_label("Harbour Events").check()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_text("Which account is it?")).to_be_visible()
    look_at(page, "connection-other-account", briefly=True)
    page.get_by_role("button", name="Keep Meadow Weddings").click()
    expect(page.get_by_text("stays as it was")).to_be_visible()

    practice.faults(revoke_grants=True)
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_text("does not know us any more").first).to_be_visible()
    page.goto("/connections")
    look_at(page, "connections", briefly=True)
    page.goto(connection)
    look_at(page, "connection-needs-you", briefly=True)
    page.get_by_role("button", name="More: pause").click()
    page.get_by_role("link", name="Disconnect…").click()
    look_at(page, "disconnect", briefly=True)
    page.get_by_role("button", name="Disconnect it").click()
    expect(page.get_by_text("is disconnected.").first).to_be_visible()


@pytest.mark.slow
def test_a_key_is_typed_and_masked(
    practice: PracticePartner, marek: Page, trouble: Trouble
) -> None:
    page = marek
    page.goto("/connect/rest-api")
    look_at(page, "connect-key", briefly=True)
    trouble.expected = "422"
    page.get_by_role("button", name="Connect Any web service (REST)").click()
    expect(page.get_by_text("Key is needed.").first).to_be_visible()
    look_at(page, "connect-key-to-mend", briefly=True)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_address_to_register_follows_what_is_typed(
    practice: PracticePartner, sign_in: SignIn
) -> None:
    imogen = sign_in("imogen@rosewood.example")
    imogen.goto("/connect/rest-oauth")
    expect(imogen.locator("#callback")).to_contain_text("Fill in the field above first.")
    imogen.get_by_label("Address that hands out keys").press_sequentially(
        "https://id.fern.example/t"
    )
    there = imogen.locator("#callback code")
    expect(there).to_contain_text("/oauth/callback/rest-oauth/id.fern.example")
    expect(imogen.get_by_label("Address that hands out keys")).to_be_focused()
    look_at(imogen, "connect-any-service")
