"""Making an endpoint, saying what it wants, changing its secrets: with script and without."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage, SignIn
from tests.browser.looking import DESK, PHONE, Trouble, look_at

IMOGEN = "imogen@rosewood.example"


def fill_in(page: Page) -> None:
    """Everything a new endpoint can be told, but its address."""
    page.get_by_label("Name", exact=True).fill("The kitchen of Olive & Thyme")
    page.get_by_label("A wedding gets another date").check()
    page.get_by_label("Something else, by its name").fill("seating.guest_added")
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_label("Condition 1: what").fill("data.status")
    page.get_by_label("Condition 1: with what").fill("accepted")
    page.get_by_role("button", name="One more condition").click()
    page.get_by_label("Condition 2: what").fill("data.seats")
    page.get_by_label("Condition 2: how").select_option(label="is more than")
    page.get_by_label("Condition 2: with what").fill("four")


def test_an_endpoint_is_made_mended_and_its_secrets_shown(
    sign_in: SignIn, trouble: Trouble
) -> None:
    trouble.expected = "422"
    page = sign_in(IMOGEN)
    page.goto("/webhooks/endpoints/new")
    find = page.get_by_label("Find among what can happen")
    find.fill("another date")
    expect(page.get_by_label("A wedding gets another date")).to_be_visible()
    expect(page.get_by_label("A wedding is added")).to_be_hidden()
    find.fill("")
    fill_in(page)
    expect(page.get_by_label("Condition 2: with what")).to_have_value("four")
    page.get_by_text("Order, pace and signature").click()
    page.get_by_label("One after the other by").fill("data.wedding_id")
    page.get_by_label("Stop there and wait for you").check()
    page.get_by_label("At most so many a second").fill("2.5")
    page.get_by_label("Sign with a key pair too").check()
    page.get_by_role("button", name="Add the endpoint").click()
    expect(page.get_by_text("2 things to mend")).to_be_visible()
    look_at(page, "endpoint-to-mend")
    page.get_by_label("Condition 2: with what").fill("4")
    page.get_by_label("Address", exact=True).fill("http://127.0.0.1:8999/told")
    page.get_by_label("Address", exact=True).press("Enter")
    expect(page.get_by_role("heading", name="is ready")).to_be_visible()
    look_at(page, "endpoint-made", briefly=True)

    page.get_by_role("link", name="How to check our signature").click()
    page.get_by_label("For a week").check()
    page.get_by_role("button", name="Make a new secret").click()
    expect(page.get_by_role("heading", name="has a new secret")).to_be_visible()
    page.get_by_role("link", name="How to check our signature").click()
    expect(page.get_by_text("before sign too, until")).to_be_visible()
    look_at(page, "endpoint-secrets")
    page.get_by_role("link", name="the guide for those who receive").click()
    look_at(page, "guide-for-partners", briefly=True)
    page.go_back()
    page.get_by_role("link", name="PHP").click()
    expect(page.get_by_text("hash_hmac")).to_be_visible()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name=re.compile("Copy the code: With the secret")).first.click()
    assert "hash_equals" in page.evaluate("navigator.clipboard.readText()")
    page.get_by_role("button", name="End it now…").click()
    page.get_by_role("dialog").get_by_role("button", name="End it now").click()
    expect(page.get_by_text("Only the new secret signs now.")).to_be_visible()
    expect(page.get_by_text("before sign too, until")).to_be_hidden()


def test_whoever_has_no_account_reads_the_guide(new_page: NewPage) -> None:
    page = new_page()
    page.goto("/guides/webhooks")
    expect(page.get_by_role("heading", name="Receiving our webhooks")).to_be_visible()
    look_at(page, "guide-for-strangers", briefly=True)


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_all_of_it_works_without_script(plain: Page, size: tuple[int, int]) -> None:
    plain.set_viewport_size({"width": size[0], "height": size[1]})
    plain.goto("/webhooks/endpoints/new")
    expect(plain.get_by_label("Find among what can happen")).to_be_hidden()
    fill_in(plain)
    plain.get_by_role("button", name="Take condition 1 away").click()
    expect(plain.get_by_label("Condition 1: what")).to_have_value("data.seats")
    plain.get_by_label("Condition 1: with what").fill("4")
    plain.get_by_label("They fetch it themselves").check()
    expect(plain.get_by_label("Address", exact=True)).to_be_hidden()
    plain.get_by_label("We send it to them").check()
    plain.get_by_label("Address", exact=True).fill("http://127.0.0.1:8999/told")
    plain.get_by_role("button", name="Add the endpoint").click()
    expect(plain.get_by_role("heading", name="is ready")).to_be_visible()
    plain.get_by_role("link", name="How to check our signature").click()
    plain.get_by_role("link", name="JavaScript").click()
    expect(plain.get_by_text("timingSafeEqual").first).to_be_visible()
    plain.get_by_label("Not at all").check()
    plain.get_by_role("button", name="Make a new secret").click()
    expect(plain.get_by_role("heading", name="has a new secret")).to_be_visible()
