"""A workflow asks: the team answers on the page, somebody from outside by an e-mailed link."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import Chromium
from tests.browser.conftest import NewPage
from tests.browser.looking import Trouble, look_at
from tests.far_ends.practice_partner import PracticePartner
from tests.live_site import LiveSite
from tests.workers.scene import wait_until
from tests.workflows.waiting import question

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

VENUE = "ana@orangery.example"
DEAR = (
    "The orangery is free on Saturday 12 June 2027 and asks for 4,800 EUR, which is 300 EUR more "
    "than the couple planned.\nMay we book it?"
)


@pytest.fixture(scope="module")
def site(posting_site: LiveSite) -> LiveSite:
    """One whose e-mail can be read."""
    return posting_site


def ask(site: LiveSite, name: str, **fields: Any) -> None:
    """A workflow that asks, started once; it stands at its question when this returns."""
    definition = question(**fields)
    made = site.api("POST", "/workflows", {"name": name, "definition": definition})
    path = f"/workflows/{made['id']}"
    site.api("POST", f"{path}/publish", {}, If_Match=f'"{made["draft_revision"]}"')
    site.api("POST", f"{path}/runs", {"input": {}})
    asked = f"/approvals?state=open&run={site.api('GET', f'{path}/runs')['data'][0]['id']}"
    wait_until(lambda: bool(site.api("GET", asked)["data"]))


def test_the_team_answers_on_the_page(
    site: LiveSite, imogen: Page, marek: Page, trouble: Trouble
) -> None:
    marek.goto("/approvals")
    look_at(marek, "approvals-none", briefly=True)
    ask(site, "Book the venue", ask=DEAR, who={"role": "owner"}, expires_after_s=86_400)
    ask(site, "Ask the violinist", ask="Shall the violinist come?", who={"role": "owner"})
    imogen.goto("/")
    expect(imogen.get_by_role("heading", name="Shall the violinist come?")).to_be_visible()
    imogen.goto("/approvals")
    look_at(imogen, "approvals")
    imogen.get_by_role("link", name="Answer: Shall the violinist come?").click()
    look_at(imogen, "approval")
    imogen.get_by_label("A note, if you like").fill("Only for the ceremony.")
    imogen.get_by_role("button", name="Say yes").click()
    expect(imogen.get_by_text("You said yes. It goes on with that.")).to_be_visible()
    expect(imogen.get_by_role("heading", name=re.compile("said yes"))).to_be_visible()
    look_at(imogen, "approval-answered", briefly=True)
    imogen.get_by_role("link", name="See what led to it").click()
    expect(imogen.get_by_text("Done").first).to_be_visible()
    imogen.goto("/approvals")
    imogen.get_by_role("link", name=re.compile("Answer: The orangery")).click()
    look_at(imogen, "approval-long", briefly=True)
    imogen.evaluate("document.querySelector('textarea').maxLength = 5000")
    imogen.get_by_label("A note, if you like").fill("x" * 2100)
    trouble.expected = "422"
    imogen.get_by_role("button", name="Say no").click()
    expect(imogen.get_by_text("Use at most 2,000 characters.")).to_be_visible()
    look_at(imogen, "approval-wrong", briefly=True)
    imogen.get_by_label("A note, if you like").fill("Too dear for them.")
    imogen.get_by_role("button", name="Say no").click()
    expect(imogen.get_by_text("You said no. It goes on with that.")).to_be_visible()
    imogen.goto("/approvals")
    look_at(imogen, "approvals-answered", briefly=True)


def test_somebody_from_outside_answers_by_the_link(
    site: LiveSite, practice: PracticePartner, new_page: NewPage
) -> None:
    ask(site, "Hold the date", ask=DEAR, who={"email": VENUE}, expires_after_s=86_400)
    wait_until(lambda: bool(practice.inbox(VENUE)), seconds=20)
    (letter,) = practice.inbox(VENUE)
    link = re.search(r"/approvals/wsa_\w+", str(letter))
    assert link is not None
    page = new_page()
    page.goto(link.group())
    look_at(page, "approval-link")
    page.get_by_role("button", name="Say yes").click()
    expect(page.get_by_text("You said yes. It goes on with that.")).to_be_visible()
    look_at(page, "approval-link-answered")
    page.goto(link.group())
    expect(page.get_by_role("heading", name=re.compile(f"{VENUE} said yes"))).to_be_visible()
    expect(page.get_by_role("button", name="Say yes")).to_have_count(0)


def test_both_ways_work_without_script(
    site: LiveSite, practice: PracticePartner, chromium: Chromium
) -> None:
    ask(site, "Hold the band", ask="May the band come?", who={"email": "ben@band.example"})
    wait_until(lambda: bool(practice.inbox("ben@band.example")), seconds=20)
    link = re.search(r"/approvals/wsa_\w+", str(practice.inbox("ben@band.example")))
    assert link is not None
    context = chromium.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    page.goto(link.group())
    page.get_by_label("A note, if you like").fill("From eight.")
    page.get_by_role("button", name="Say no").click()
    expect(page.get_by_text("You said no. It goes on with that.")).to_be_visible()
    expect(page.get_by_text("“From eight.”")).to_be_visible()
    context.close()
