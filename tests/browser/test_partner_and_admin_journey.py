"""A partner offers an integration, an admin wants a change and lists it, a vendor connects it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage, SignIn
from tests.browser.gestures import (
    confirm_e_mail,
    find_in_marketplace,
    read_mail,
    sign_up,
)
from tests.browser.looking import look_at
from tests.far_ends.practice_partner import PracticePartner
from tests.far_ends.rest_service import RestService, started_rest_service
from tests.live_site import LiveSite

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

PAOLA = "paola@tidy-tables.example"
KEY = "tt-key-of-rosewood"
REASON = "Say what happens to a seat somebody sits on already."
BASICS = {
    "In a line": "Table plans that follow the answers.",
    "What it is for": "Seats your guests as they answer, table by table.",
    "What it may see and do": "See guests and their answers\nChange tables and seats",
    "Other words people search for": "seating, place cards",
    "Tried against": "our own test account, in November 2026",
    "Guide": "https://tidy-tables.example/guide",
    "Where to ask for help": "https://tidy-tables.example/help",
}
CONNECTING = {
    "What the key is called": "Tidy Tables key",
    "Where the vendor finds it": "In Tidy Tables under Settings, Keys.",
    "Header the key is sent in": "Authorization",
    "What stands in it": "Bearer {secret.api_key}",
    "Path that tells whose account it is": "/me",
    "Where its id stands": "id",
    "Where its name stands": "business.name",
}
SEATING = {
    "What it is called": "Seat a guest",
    "As a step's sentence": "Seat {guest} at table {table}",
    "When it has happened": "Seated {guest} at table {table}",
    "Short name": "seat_guest",
    "Path": "/guests/{input.guest}/seat",
}


@pytest.fixture(scope="module")
def site(posting_site: LiveSite) -> LiveSite:
    return posting_site


@pytest.fixture
def service() -> Iterator[RestService]:
    """Tidy Tables: it knows Rosewood by its key, and nobody else."""
    with started_rest_service() as started:
        started.answers("GET", "/me", {"message": "Not a key of ours."}, status=401)
        yield started


def test_from_a_partner_s_first_word_to_a_vendor_s_connection(
    practice: PracticePartner,
    new_page: NewPage,
    sign_in: SignIn,
    service: RestService,
) -> None:
    paola, inbox = new_page(), new_page()
    begin_as_a_partner(paola, inbox, practice)
    write_the_listing(paola, service)
    send_it(paola, "Our first one.")

    ada = sign_in("ada@wedsync.example")
    read_as_an_admin(ada)
    decide(ada, "Ask for changes", REASON)

    read_mail(inbox, practice, PAOLA, "Tidy Tables needs a change before it is listed")
    expect(inbox.get_by_role("main")).to_contain_text(REASON)
    mend_and_send_again(paola)
    ada.goto("/review")
    ada.get_by_role("link", name="Tidy Tables, version 1").click()
    expect(ada.get_by_role("main")).to_contain_text("Put somebody on a free seat.")
    decide(ada, "List it", "Clear now.")
    read_mail(inbox, practice, PAOLA, "Tidy Tables is in the marketplace")

    imogen = sign_in("imogen@rosewood.example")
    imogen.goto("/marketplace")
    find_in_marketplace(imogen, "place cards", "Tidy Tables")
    connect_with_a_key(imogen, service)


def begin_as_a_partner(page: Page, inbox: Page, practice: PracticePartner) -> None:
    sign_up(page, name="Paola Rossi", business="Tidy Tables Ltd", email=PAOLA, builds=True)
    look_at(page, "journey-partner-welcome", briefly=True)
    confirm_e_mail(inbox, practice, PAOLA)
    page.goto("/")
    page.get_by_role("main").get_by_role("link", name="Your listings").click()
    page.get_by_role("link", name="Begin a listing").click()
    page.get_by_label("Name").fill("Tidy Tables")
    page.get_by_label("Address").fill("tidy-tables")
    page.get_by_role("button", name="Begin the listing").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tidy Tables")
    expect(page.get_by_role("heading", name="things to mend")).to_be_visible()


def write_the_listing(page: Page, service: RestService) -> None:
    """Part by part, in the forms; what is missing is said until nothing is."""
    page.get_by_role("link", name="Change: What it is").click()
    page.get_by_label("Know who comes").check()
    fill_in(page, BASICS)
    expect(page.locator("#preview")).to_contain_text("Table plans that follow the answers.")
    keep(page)
    page.get_by_role("link", name="Change: How it connects").click()
    page.get_by_label("With a key the vendor pastes in").check()
    fill_in(page, {"Where your service answers": service.url, **CONNECTING})
    keep(page)
    page.get_by_role("link", name="Add an action").first.click()
    fill_in(page, SEATING)
    for number, (name, title, kind) in enumerate(
        (("guest", "Guest", "Text"), ("table", "Table", "Whole number")), start=1
    ):
        row = page.get_by_role("group", name=f"Input {number}")
        row.get_by_label("Name").fill(name)
        row.get_by_label("What people read").fill(title)
        row.get_by_label("Kind").select_option(kind)
    look_at(page, "journey-partner-action", briefly=True)
    keep(page)
    expect(page.get_by_role("heading", name="Send it")).to_be_visible()
    look_at(page, "journey-partner-ready", briefly=True)


def fill_in(page: Page, written: dict[str, str]) -> None:
    for label, words in written.items():
        page.get_by_label(label, exact=True).fill(words)


def keep(page: Page) -> None:
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tidy Tables")
    expect(page.locator("#toasts")).to_contain_text("Kept.")


def send_it(page: Page, note: str) -> None:
    page.get_by_label("A word to the admin").fill(note)
    page.get_by_role("button", name="Send it to the admins").click()
    expect(page.get_by_text("It is with the admins.").first).to_be_visible()


def read_as_an_admin(page: Page) -> None:
    """The queue, then what it may do, what it says, and what was checked."""
    page.get_by_role("link", name="Review").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("for you")
    page.get_by_role("link", name="Tidy Tables, version 1").click()
    expect(page.get_by_role("region", name="Permissions")).to_contain_text(
        "Change tables and seats"
    )
    expect(page.get_by_role("region", name="What it says")).to_contain_text("Seat a guest")
    checks = page.get_by_role("region", name="Automatic checks")
    expect(checks).to_contain_text("Nothing in it looks like a key")
    expect(checks).to_contain_text("“Seat a guest” has no example of what comes back.")
    look_at(page, "journey-review", briefly=True)


def decide(page: Page, decision: str, reason: str) -> None:
    page.get_by_label(decision).check()
    page.get_by_label("Your reason").fill(reason)
    page.get_by_role("button", name="Send the decision").click()
    expect(page.locator("#toasts")).to_contain_text("They were")


def mend_and_send_again(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("main")).to_contain_text("needs a change before it is listed")
    page.goto("/listings")
    page.get_by_role("link", name="Tidy Tables").click()
    expect(page.get_by_role("main")).to_contain_text(REASON)
    look_at(page, "journey-partner-changes-asked", briefly=True)
    page.get_by_role("link", name="Change: What it is").click()
    page.get_by_label("What it is for").fill("Put somebody on a free seat.")
    keep(page)
    send_it(page, "It never moves anybody.")


def connect_with_a_key(page: Page, service: RestService) -> None:
    """A key is tried at the far end: a wrong one is refused, the right one says whose it is."""
    page.get_by_role("link", name="Connect Tidy Tables").click()
    expect(page.get_by_text("Change tables and seats")).to_be_visible()
    page.get_by_label("Tidy Tables key").fill("mistyped")
    page.get_by_role("button", name="Connect Tidy Tables").click()
    expect(page.get_by_text("Tidy Tables does not accept what you entered.")).to_be_visible()
    look_at(page, "journey-key-refused", briefly=True)
    service.answers("GET", "/me", {"id": "b_7", "business": {"name": "Rosewood Weddings"}})
    page.get_by_role("link", name="Go on connecting").click()
    page.get_by_label("Tidy Tables key").fill(KEY)
    page.get_by_role("button", name="Connect Tidy Tables").click()
    expect(page.get_by_role("main")).to_contain_text("Rosewood Weddings")
    look_at(page, "journey-key-connected", briefly=True)
    assert service.asked[-1].headers["authorization"] == f"Bearer {KEY}"
