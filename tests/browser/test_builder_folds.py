"""The folds of the builder's panel: what is folded comes once it is opened, and stays open then."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.builder_states import address, draft, page_of
from tests.browser.building import gesture
from tests.browser.gestures import press
from tests.browser.looking import Trouble
from tests.live_site import LiveSite

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SEND = {"id": "send", "kind": "action", "use": "smtp.send", "input": {"subject": "See you"}}
QUICK = {"kind": "wait", "id": "quick", "seconds": 60, "note": "Ana asked for this."}
UNSENT = "#panel [data-unsent]"


def test_what_is_folded_comes_when_it_is_opened_and_stays_open(
    site: LiveSite, imogen: Page
) -> None:
    imogen.goto(address(page_of(site, "Folds", draft(SEND, QUICK)), step="send"))
    with gesture(imogen, "duplicate"):
        imogen.locator("#open-send").press("Control+d")
    expect(imogen.locator(UNSENT)).to_have_count(2)

    with imogen.expect_response(lambda answer: "fold=more" in answer.url) as asked:
        press(imogen, imogen.locator("#folding-more"))
    assert len(asked.value.body()) < 3_000
    named = imogen.get_by_role("textbox", name="What you call this step")
    expect(named).to_be_visible()
    expect(imogen.locator("#folding-more")).to_be_focused()
    assert "fold=" not in imogen.url
    expect(imogen.locator(UNSENT)).to_have_count(1)

    named.fill("Tell the caterer")
    with gesture(imogen, "fields"):
        named.blur()
    expect(imogen.locator("#panel-title")).to_have_text("Tell the caterer")
    with gesture(imogen, "duplicate"):
        imogen.locator("#open-send-2").press("Control+d")
    expect(imogen.locator("#open-send-3")).to_be_focused()
    expect(named).to_be_visible()
    expect(imogen.locator(UNSENT)).to_have_count(1)


def test_another_panel_comes_with_the_fold_that_stands_open(site: LiveSite, imogen: Page) -> None:
    imogen.goto(address(page_of(site, "Folds between", draft(SEND, QUICK)), step="send"))
    note = imogen.get_by_role("textbox", name="Note for your team")
    imogen.locator("#folding-more").click()
    expect(note).to_have_value("")
    imogen.locator("#open-quick").click()
    expect(note).to_have_value("Ana asked for this.")
    with gesture(imogen, "duplicate"):
        imogen.locator("#open-quick").press("Control+d")
    expect(note).to_have_value("Ana asked for this.")


def test_a_fold_that_did_not_come_closes_and_comes_later(
    site: LiveSite, imogen: Page, trouble: Trouble
) -> None:
    trouble.expected = "Failed to"
    imogen.goto(address(page_of(site, "Folds offline", draft(SEND, QUICK)), step="quick"))
    with gesture(imogen, "duplicate"):
        imogen.locator("#open-quick").press("Control+d")
    fold, summary = imogen.locator("#part-more"), imogen.locator("#folding-more")
    imogen.context.set_offline(True)
    summary.click()
    expect(imogen.locator("#toast-line-broke")).to_be_visible()
    expect(fold).not_to_have_attribute("open", "")
    imogen.context.set_offline(False)
    summary.click()
    expect(imogen.get_by_role("textbox", name="Note for your team")).to_have_value(
        "Ana asked for this."
    )
