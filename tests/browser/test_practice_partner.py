"""Petal Practice's pages: looked at as ours are, and used by a person."""

import re
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import Chromium
from tests.browser.looking import DESK, Trouble, look_at
from tests.far_ends.practice_partner import PracticePartner
from tests.sandbox.vendor import Vendor, said

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

PAGES = {"home": "/", "inbox": "/inbox", "faults": "/faults"}


@pytest.fixture
def page(practice_partner: PracticePartner, chromium: Chromium, trouble: Trouble) -> Iterator[Page]:
    context = chromium.new_context(
        base_url=practice_partner.url,
        viewport={"width": DESK[0], "height": DESK[1]},
        reduced_motion="reduce",
        locale="en-GB",
    )
    opened = context.new_page()
    trouble.listen(opened)
    yield opened
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_its_pages(page: Page, name: str) -> None:
    page.goto(PAGES[name])
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(page.get_by_text("nothing here is real").first).to_be_visible()
    look_at(page, f"practice-{name}")


def test_a_person_answers_for_a_guest(page: Page, practice_partner: PracticePartner) -> None:
    page.goto("/")
    ben = page.locator("#g_ben")
    ben.get_by_text("Answer for Ben").click()
    ben.get_by_label("How many people").fill("2")
    ben.get_by_label("Allergies").fill("Peanuts")
    ben.get_by_role("button", name="Ben accepts").click()
    expect(page.get_by_text("The answer is in.")).to_be_visible()
    expect(ben).to_contain_text("Coming")
    expect(ben).to_contain_text("Allergy: Peanuts")
    look_at(page, "practice-answered")


def test_a_person_enquires_and_chooses(page: Page) -> None:
    page.goto("/?account=acct_harbour")
    page.get_by_label("The day they would like").fill("2031-06-14")
    page.get_by_role("button", name="Send the enquiry").click()
    expect(page.get_by_text("The enquiry was sent.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ines & Rafael")
    page.get_by_role("button", name="Send the favourites").click()
    expect(page.get_by_text("The favourites were sent.")).to_be_visible()


def test_a_person_reads_a_mail(page: Page, practice_partner: PracticePartner) -> None:
    message = EmailMessage()
    message["From"] = "hello@rosewood.example"
    message["To"] = "ben@example.com"
    message["Subject"] = "Your seat is kept"
    message.set_content("Read https://rosewood.example/day and answer.\n")
    with smtplib.SMTP("127.0.0.1", practice_partner.smtp_port, timeout=10) as server:
        server.send_message(message)
    page.goto("/inbox")
    look_at(page, "practice-inbox-one")
    page.get_by_role("link", name="Your seat is kept").click()
    expect(page.get_by_role("link", name="https://rosewood.example/day")).to_be_visible()
    look_at(page, "practice-mail")


def test_a_person_allows_and_is_sent_back(page: Page, practice_partner: PracticePartner) -> None:
    page.goto(Vendor(practice_partner).authorize_url())
    look_at(page, "practice-consent")
    page.get_by_label("Harbour Events").check()
    page.get_by_label("See your diary and hold dates").uncheck()
    # Nobody is at home there; that the browser set off is what the policy had to let it do.
    with page.expect_request(re.compile(re.escape(practice_partner.redirect_uri))) as sent:
        page.get_by_role("button", name="Allow").click(no_wait_after=True)
    answer = said(sent.value.url)
    assert (answer["state"], answer["iss"]) == ("st-1", practice_partner.url)
    assert answer["code"]


def test_a_person_switches_a_fault_on_and_everything_off(page: Page) -> None:
    page.goto("/faults")
    page.get_by_label("Petal Practice answers").select_option(label="With an error (500)")
    page.get_by_role("button", name="Switch as chosen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Something goes wrong here")
    look_at(page, "practice-faults-on")
    page.get_by_role("button", name="Switch everything off").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Everything works as it should")
