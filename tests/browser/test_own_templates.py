"""A workflow is saved as a template, found in the gallery, asked its two questions, and opens as a
draft in the builder."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.building import BUILDER
from tests.browser.looking import Trouble, look_at
from tests.live_site import LiveSite

NAME = "Thank the guests who came"
THANKS = {
    "format": 1,
    "trigger": {"kind": "manual"},
    "steps": [
        {"id": "wait", "kind": "wait", "seconds": 259_200},
        {
            "id": "ask",
            "kind": "approval",
            "label": "Are the cards written?",
            "ask": "Are the thank you cards written?",
            "who": {"email": "ana@florist.example"},
        },
    ],
}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def test_ones_own_template_from_the_builder_to_the_next_draft(imogen: Page, site: LiveSite) -> None:
    made = site.api("POST", "/workflows", {"name": NAME, "definition": THANKS})
    imogen.goto(f"/workflows/{made['id']}/edit")
    imogen.locator("#bar-more").click()
    imogen.get_by_role("link", name="Save as a template").click()

    expect(imogen.get_by_label("Name", exact=True)).to_have_value("Thank the guests who came")
    expect(imogen.get_by_role("checkbox", name="How long does it wait?")).to_be_checked()
    look_at(imogen, "save-as-template")
    imogen.get_by_label("What it does, in a sentence").fill("Every guest gets a thank you.")
    imogen.get_by_role("button", name="Save the template").click()
    expect(imogen.get_by_text("“Thank the guests who came” is in your gallery.")).to_be_visible()

    imogen.goto("/workflows/gallery")
    own = imogen.get_by_role("region", name="Your own")
    expect(own.get_by_text("Every guest gets a thank you.")).to_be_visible()
    look_at(imogen, "gallery-with-own")
    imogen.get_by_role("searchbox").fill("thank guests")
    expect(imogen.locator("#found")).to_contain_text("for “thank guests”")
    own.get_by_role("link", name="Thank the guests who came").click()

    told = imogen.get_by_label("The workflow in words")
    expect(told).to_contain_text("3 days")
    imogen.get_by_label("How long does it wait?").fill("1 week")
    expect(told).to_contain_text("1 week")
    imogen.get_by_label(re.compile("^Who is asked at")).fill("nuria@petal.example")
    expect(told).to_contain_text("nuria@petal.example")
    look_at(imogen, "own-template")
    imogen.get_by_role("button", name="Make the draft").click()
    imogen.wait_for_url(BUILDER)
    expect(imogen.get_by_label("The workflow in words")).to_contain_text("1 week")
    expect(imogen.locator("#bar-name")).to_have_text("Thank the guests who came (2)")
    assert_that_nothing_is_on(site)


def assert_that_nothing_is_on(site: LiveSite) -> None:
    made = site.named("workflows", "Thank the guests who came (2)")
    assert (made["state"], made["live_version"]) == ("off", None)


def test_what_is_searched_for_and_not_there_has_a_way_on(imogen: Page) -> None:
    imogen.goto("/workflows/gallery")
    look_at(imogen, "gallery")
    imogen.get_by_role("searchbox").fill("zeppelin")
    expect(imogen.get_by_text("Nothing is ready made for that yet.")).to_be_visible()
    look_at(imogen, "gallery-nothing-found", briefly=True)
    imogen.locator("#found").get_by_role("button", name="Start from nothing").click()
    imogen.wait_for_url(BUILDER)


def test_a_copy_is_pasted_in_and_a_broken_one_is_told(imogen: Page, trouble: Trouble) -> None:
    trouble.expected = "status of 422"
    imogen.goto("/workflows/import")
    pasted = imogen.get_by_label("Or paste what stands in it")
    pasted.fill("{half a")
    imogen.get_by_role("button", name="Make the workflow").click()
    expect(imogen.get_by_text("This is no copy of a workflow")).to_be_visible()
    look_at(imogen, "import-refused", briefly=True)
    pasted = imogen.get_by_label("Or paste what stands in it")
    pasted.fill(
        '{"wedsync": {"format": 1, "kind": "workflow"}, "name": "From a friend", "definition":'
        ' {"format": 1, "trigger": {"kind": "manual"}, "steps": [{"id": "w", "kind": "wait"}]}}'
    )
    imogen.get_by_role("button", name="Make the workflow").click()
    imogen.wait_for_url(BUILDER)
    expect(imogen.locator("#problems")).to_be_visible()
