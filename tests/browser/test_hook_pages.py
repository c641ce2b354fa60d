"""Choosing who sends, making a hook, trying it, awaiting a handshake: with script and without."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from tests.browser.looking import DESK, PHONE, look_at

IMOGEN = "imogen@rosewood.example"


def make(page: Page, sender: str, name: str) -> None:
    """Choose a sender and make a hook for it."""
    page.goto("/webhooks/hooks/new")
    page.get_by_role("link", name=sender, exact=True).click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Make the hook").click()
    expect(page.get_by_role("heading", name=f"{name} is ready")).to_be_visible()


def test_senders_are_chosen_from_and_asked_what_they_need(sign_in: SignIn) -> None:
    page = sign_in(IMOGEN)
    page.goto("/webhooks/hooks/new")
    look_at(page, "hook-choose", briefly=True)
    page.get_by_role("link", name="Another signature", exact=True).click()
    page.get_by_text("Secret, privacy and quota").click()
    look_at(page, "hook-form")


def test_a_hook_is_made_and_a_sample_seen_to_arrive(sign_in: SignIn) -> None:
    page = sign_in(IMOGEN)
    make(page, "Standard Webhooks", "Petal's guest list")
    page.get_by_role("link", name="I have it").click()
    page.get_by_role("link", name="Send a sample…").click()
    look_at(page, "hook-sample", briefly=True)
    page.get_by_label("Message").fill('{"type": "rsvp.sent", "data": {"guest": "Zoë"}}')
    page.get_by_role("button", name="Send a sample").click()
    expect(page.get_by_role("heading", name="The sample arrived")).to_be_visible()
    expect(page.get_by_label("The request")).to_contain_text("webhook-signature: v1,")
    look_at(page, "hook-sample-arrived")
    page.get_by_role("link", name="Petal's guest list").first.click()
    expect(page.get_by_text("RSVP sent").first).to_be_visible()
    look_at(page, "hook", briefly=True)


def test_a_meta_hook_says_for_how_long_it_awaits_its_handshake(sign_in: SignIn) -> None:
    page = sign_in(IMOGEN)
    make(page, "Meta", "Our Instagram")
    page.get_by_role("link", name="Enter the secret").click()
    expect(page.get_by_text("An echo is awaited until")).to_be_visible()
    expect(page.get_by_role("button", name="Copy the verify token")).to_be_visible()
    look_at(page, "hook-handshake", briefly=True)
    page.get_by_role("button", name="Await one for an hour").click()
    expect(page.get_by_text("An echo is awaited for an hour.")).to_be_visible()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_all_of_it_works_without_script(plain: Page, size: tuple[int, int]) -> None:
    plain.set_viewport_size({"width": size[0], "height": size[1]})
    plain.goto("/webhooks/hooks/new?scheme=hmac")
    plain.get_by_label("Name", exact=True).fill("Enquiries")
    plain.get_by_role("button", name="Make the hook").click()
    expect(plain.get_by_text(re.compile("things to mend before"))).to_be_visible()
    plain.get_by_label("Header with the signature").fill("X-Signature")
    plain.get_by_label("What its events are called").fill("enquiry.received")
    plain.get_by_role("button", name="Make the hook").click()
    plain.get_by_role("link", name="I have it").click()
    plain.get_by_role("link", name="Send a sample…").click()
    plain.get_by_role("button", name="Send a sample").click()
    expect(plain.get_by_role("heading", name="The sample arrived")).to_be_visible()
