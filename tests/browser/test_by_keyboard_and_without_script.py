"""Questions, weddings, workflows and what happened, by keyboard alone or with no script at all."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.building import in_words, order, publish, setting
from tests.browser.gestures import come_back_until, press, tab_to
from tests.browser.main_job import new_petal, run_of, tell_the_kitchen
from tests.live_site import LiveSite
from tests.workers.scene import Sink, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

FLOWERS = "Shall we order these flowers?"


def test_a_wedding_is_found_and_its_cancelling_looked_at_by_keyboard(imogen: Page) -> None:
    imogen.goto("/weddings")
    tab_to(imogen, imogen.get_by_label("Search weddings"))
    imogen.keyboard.type("udaipur")
    expect(imogen.get_by_role("link", name="Hannah & Josef")).to_have_count(0)
    press(imogen, imogen.get_by_role("link", name="Priya & Tom"))
    press(imogen, imogen.get_by_role("link", name="Cancel it…"))
    expect(imogen.get_by_role("heading", level=1)).to_have_text("Cancel this wedding?")
    press(imogen, imogen.get_by_role("link", name="Keep it"))
    expect(imogen.get_by_role("heading", level=1)).to_have_text("Priya & Tom")


def test_a_wedding_is_found_and_its_postponing_looked_at_without_script(plain: Page) -> None:
    plain.goto("/weddings")
    plain.get_by_label("Search weddings").fill("AMARA")
    plain.get_by_label("Search weddings").press("Enter")
    expect(plain.get_by_role("link", name="Hannah & Josef")).to_have_count(0)
    plain.get_by_role("link", name="Amara & Daniel").click()
    plain.get_by_role("link", name="Postpone it…").click()
    plain.get_by_label("Wedding day").fill("")
    plain.get_by_role("button", name="See what moves").click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("Postpone this wedding?")
    plain.get_by_role("link", name="Leave it").click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("Amara & Daniel")


def test_the_demo_asks_a_question_that_is_answered_by_keyboard(
    site: LiveSite, imogen: Page, plain: Page
) -> None:
    wait_until(lambda: bool(site.api("GET", "/approvals?state=open")["data"]), seconds=20)
    plain.goto("/runs?state=needs-you")
    plain.get_by_role("link", name="Hannah & Josef").click()
    plain.get_by_text("One by one", exact=True).click()
    expect(plain.get_by_text("White roses").first).to_be_visible()
    imogen.goto("/approvals")
    press(imogen, imogen.get_by_role("link", name=f"Answer: {FLOWERS}"))
    tab_to(imogen, imogen.get_by_label("A note, if you like"))
    imogen.keyboard.type("No lilies.")
    press(imogen, imogen.get_by_role("button", name="Say yes"))
    expect(imogen.get_by_text("You said yes. It goes on with that.")).to_be_visible()
    plain.goto("/approvals")
    expect(plain.get_by_role("main")).to_contain_text(re.compile("Imogen Hart said yes"))


def test_a_workflow_is_looked_at_published_paused_and_its_run_tried_again_without_script(
    site: LiveSite, plain: Page, sink: Sink
) -> None:
    petal, hook_id = new_petal(site)
    definition = tell_the_kitchen(hook_id, sink.url("/flaky/1/kitchen"), tries=1)
    made = site.api("POST", "/workflows", {"name": "Without script", "definition": definition})
    page = f"/workflows/{made['id']}"
    plain.goto(f"{page}/edit")
    expect(in_words(plain)).to_contain_text("arrives at Petal RSVP")
    assert order(plain) == ["coming", "shape", "kitchen", "tell"]
    plain.locator("#open-kitchen").click()
    expect(setting(plain, "textbox", "Address")).to_have_value(sink.url("/flaky/1/kitchen"))
    plain.goto(page)
    expect(in_words(plain)).to_contain_text("arrives at Petal RSVP")
    plain.goto(f"{page}/edit")
    publish(plain)

    run_id = run_of(site, petal.answer("Nora Ashdown", "accepted"), made["id"])
    failed = plain.locator("#step-kitchen").filter(has_text="Did not work")
    again = plain.get_by_role("button", name="Try again")
    come_back_until(plain, f"/runs/{run_id}", lambda: again)
    expect(failed).to_be_visible()
    again.click()
    again = plain.url
    assert again != f"{site.url}/runs/{run_id}"
    done = plain.locator("#step-tell").filter(has_text="Done")
    come_back_until(plain, again, lambda: done)
    assert sink.keys()[f"{run_id}:kitchen:-:0"] == 2

    plain.goto(page)
    plain.get_by_role("button", name="Pause").click()
    expect(plain.get_by_role("button", name="Resume")).to_be_visible()
