"""A vendor's whole way: from signing up to a workflow that ran, and what happens when it breaks."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from standardwebhooks import Webhook

from tests.browser.conftest import NewPage
from tests.browser.gestures import (
    PATIENCE_S,
    allow_at_practice,
    come_back_until,
    confirm_e_mail,
    connect_a_mailbox,
    decline,
    find_in_marketplace,
    make_an_endpoint,
    read_mail,
    seat_of,
    sign_up,
)
from tests.browser.looking import look_at
from tests.far_ends.practice_partner import PracticePartner
from tests.live_site import LiveSite
from tests.workers.scene import Sink
from wedsync.platform.embedded import process

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

HAZEL = "hazel@hazel-and-vine.example"
CATERER = "kitchen@olive-and-thyme.example"
VENUE = "seating.seat_freed"
A_SLOW_ANSWER_S = 4


@pytest.fixture(scope="module")
def site(posting_site: LiveSite) -> LiveSite:
    return posting_site


def test_from_an_empty_business_to_a_workflow_that_survives_a_bad_day(
    practice: PracticePartner, new_page: NewPage, sink: Sink
) -> None:
    hazel, second_tab = new_page(), new_page()
    arrive(hazel, second_tab, practice)
    connect_the_guest_list(hazel)
    start_a_ready_made_workflow(hazel, practice)
    hazel.goto("/webhooks")
    secret = make_an_endpoint(hazel, sink.url("/ok/venue"), "Willow Barn seating", VENUE)

    practice.faults(api_slow_s=A_SLOW_ANSWER_S)
    decline(second_tab, practice, "g_ben")
    watch_it_happen(hazel)
    practice.faults(api_slow_s=0)
    letter = read_mail(second_tab, practice, CATERER, "One meal less: Ben Carter cannot come")
    assert "the wedding of Ella & Noah" in letter
    look_at(second_tab, "journey-letter", briefly=True)
    assert seat_of(second_tab, practice, "g_ben") is None
    told = delivery(sink, secret)
    assert (told["guest"], told["seat"]) == ("Ben Carter", "Table 1, seat 1")
    everything_is_well(hazel)

    practice.faults(revoke_grants=True)
    decline(second_tab, practice, "g_maya")
    run = wait_for_somebody(hazel)
    title = "Petal Practice (Meadow Weddings) does not know us any more"
    told_of = read_mail(second_tab, practice, HAZEL, title)
    look_at(second_tab, "journey-notice", briefly=True)
    assert "/connections/" in told_of
    reconnect(hazel)
    hazel.goto(run)
    expect(hazel.get_by_role("main")).to_contain_text("Done", timeout=PATIENCE_S * 1000)
    expect(hazel.locator("#step-venue")).to_contain_text("Done")
    look_at(hazel, "journey-run-went-on", briefly=True)
    assert seat_of(second_tab, practice, "g_maya") is None
    notices = [mail for mail in practice.inbox(HAZEL) if "does not know us" in mail["subject"]]
    assert len(notices) == 1
    everything_is_well(hazel)


def arrive(page: Page, second_tab: Page, practice: PracticePartner) -> None:
    """Sign up, confirm the e-mail, and find a first page that leads on."""
    sign_up(page, name="Hazel Vine", business="Hazel & Vine", email=HAZEL)
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome to Hazel & Vine")
    look_at(page, "journey-welcome", briefly=True)
    confirm_e_mail(second_tab, practice, HAZEL)
    page.goto("/")
    expect(page.get_by_text("your e-mail?")).to_have_count(0)


def connect_the_guest_list(page: Page) -> None:
    page.get_by_role("link", name="Find an integration").click()
    find_in_marketplace(page, "guest anwsers", "Petal Practice")
    may = page.get_by_role("region", name="What it may do")
    expect(may).to_contain_text("See the guests and their answers")
    expect(may).to_contain_text("See the diary and hold dates")
    page.get_by_role("link", name="Connect Petal Practice").click()
    expect(page.get_by_role("heading", name="What WedSync may do there")).to_be_visible()
    allow_at_practice(page)
    look_at(page, "journey-connected", briefly=True)
    page.get_by_role("region", name="Yours").get_by_role("link", name="Petal Practice").click()
    well = "Petal Practice lets us in, and it answers as Meadow Weddings."
    expect(page.get_by_text(well)).to_be_visible()


def start_a_ready_made_workflow(page: Page, practice: PracticePartner) -> None:
    """By its questions, with the mailbox connected on the way, and read before it is on."""
    page.get_by_role("link", name="Start from a ready-made one").click()
    page.get_by_role("link", name="A guest cannot come").click()
    page.get_by_label("Your caterer's e-mail").fill(CATERER)
    page.get_by_role("button", name="Connect E-mail").click()
    connect_a_mailbox(page, practice, HAZEL)
    expect(page.get_by_role("heading", level=1)).to_have_text("A guest cannot come")
    expect(page.get_by_label("Your caterer's e-mail")).to_have_value(CATERER)
    sentence = page.get_by_label("The workflow in words")
    expect(sentence).to_contain_text("When a guest answers for the first time at Petal Practice")
    expect(page.locator("#preview")).to_contain_text(f"To {CATERER}")
    page.locator("summary", has_text="One meal less").click()
    expect(page.get_by_text("Please take their meal off the list.")).to_be_visible()
    look_at(page, "journey-read-before", briefly=True)
    page.get_by_role("button", name="Publish it").click()
    expect(page.get_by_text("It waits for its first time")).to_be_visible()
    look_at(page, "journey-published", briefly=True)


def watch_it_happen(page: Page) -> None:
    """The run's page changes by itself: a reload would forget the mark."""
    come_back_until(page, "/", lambda: page.get_by_role("link", name="Ben Carter")).click()
    page.evaluate("() => { window.neverLeft = true; }")
    free = page.locator("#step-free")
    expect(page.locator("#step-coming")).to_contain_text("They cannot come")
    expect(page.get_by_text("This page follows along by itself.")).to_be_visible()
    expect(free).to_contain_text("Freed the guest's seat")
    expect(free).to_contain_text("Done")
    expect(page.locator("#step-caterer")).to_contain_text("Done")
    expect(page.locator("#step-venue")).to_contain_text("Done")
    expect(page.locator("#last-change")).not_to_contain_text("follows along")
    assert page.evaluate("() => window.neverLeft === true")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ben Carter")
    look_at(page, "journey-run", briefly=True)


def delivery(sink: Sink, secret: str) -> dict[str, Any]:
    """What the venue was told, verified as its own library does it."""
    assert process.wait_until(lambda: bool(sink.requests()), PATIENCE_S)
    (request,) = sink.requests()
    document = Webhook(secret).verify(request["body"], request["headers"])
    assert document["type"] == VENUE
    data: dict[str, Any] = document["data"]
    return data


def everything_is_well(page: Page) -> None:
    page.goto("/health")
    expect(page.get_by_role("heading", level=1)).to_have_text("Everything is well")
    expect(page.get_by_role("region", name="Connections")).to_contain_text("Petal Practice")


def wait_for_somebody(page: Page) -> str:
    """Today says who needs its owner, and the run why it waits; returns the run's address."""
    needs = come_back_until(
        page,
        "/",
        lambda: page.get_by_role("heading", name="Petal Practice (Meadow Weddings) needs"),
    )
    expect(needs).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("One thing needs you")
    expect(page.get_by_text("Nothing is waiting")).to_have_count(0)
    look_at(page, "journey-today-needs-you", briefly=True)
    come_back_until(page, "/", lambda: page.get_by_role("link", name="Maya Carter")).click()
    expect(page.get_by_role("main")).to_contain_text("Waiting for Petal Practice")
    expect(page.get_by_role("main")).to_contain_text("Reconnect it and this goes on by itself.")
    look_at(page, "journey-run-waits", briefly=True)
    return page.url


def reconnect(page: Page) -> None:
    """By the button of the run's page, or of Today: both lead to the connection."""
    page.get_by_role("link", name="See the connection").click()
    expect(page.get_by_text("does not know us any more").first).to_be_visible()
    page.get_by_role("link", name="Connect again").click()
    expect(page.get_by_text("What waits for it goes on by itself afterwards.")).to_be_visible()
    allow_at_practice(page)
