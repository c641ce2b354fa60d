"""A florist makes a branched workflow from nothing, tries it, watches it happen, changes it and
goes back: by mouse, by keyboard alone, and by finger on a phone.

“When an RSVP changes after the lock date, ask for approval, then tell the caterer and update the
count; otherwise update silently.” Guests answer at the practice partner, which is connected on the
way; so is the mailbox. Pictures of each stage are taken where the mouse is used.
"""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.building import (
    BUILDER,
    add_step,
    ask_for,
    begin,
    choose_start,
    close_settings,
    fill_in,
    in_words,
    insert,
    open_settings,
    order,
    setting,
    settings_of,
)
from tests.browser.chromium import Chromium
from tests.browser.gestures import begin_a_business, come_back_until
from tests.browser.hands import FINGER, KEYS, MOUSE, Hand
from tests.browser.looking import DESK, PHONE, Trouble, look_at
from tests.far_ends.practice_partner import PracticePartner
from tests.live_site import LiveSite
from tests.sandbox.vendor import Vendor
from tests.workers.scene import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CATERER = "kitchen@olive-and-thyme.example"
QUESTION = "The count changed late. May we tell the caterer?"
SUBJECT = "A new final count for "
LETTER = "Dear kitchen, so many come now: "
LATER = "Dear kitchen, we know it is late: so many come now: "
COUPLE = "Ella and Noah’s wedding"
GRACE = "g_grace"
"""Somebody who said yes before the story begins."""


@dataclass
class Florist:
    """Somebody new, with one wedding: `page` is theirs, `hand` how they work it."""

    page: Page
    hand: Hand
    wedding: str = ""
    workflow: str = ""


@pytest.fixture(params=[MOUSE, KEYS, FINGER], ids=["mouse", "keys", "finger"])
def hand(request: pytest.FixtureRequest) -> Hand:
    found: Hand = request.param
    return found


@pytest.fixture
def florist(
    site: LiveSite, chromium: Chromium, practice: PracticePartner, trouble: Trouble, hand: Hand
) -> Iterator[Florist]:
    """Hazel, who has just begun: the couple of the practice partner is her only one."""
    practice.call("DELETE", "/practice")
    practice.accept()
    width, height = PHONE if hand.is_on_a_phone else DESK
    context = chromium.new_context(
        base_url=site.url,
        viewport={"width": width, "height": height},
        has_touch=hand.is_on_a_phone,
        is_mobile=hand.is_on_a_phone,
        reduced_motion="reduce",
        locale="en-GB",
    )
    context.set_default_timeout(20_000)
    page = context.new_page()
    trouble.listen(page)
    email = f"hazel.{secrets.token_hex(4)}@example.com"
    begin_a_business(page, name="Hazel Vine", business="Hazel & Vine", email=email)
    write_at_any_hour(page)
    yield Florist(page, hand, wedding=add_the_wedding(page, wedding_day(practice)))
    context.close()


def test_a_florist_makes_the_workflow_of_the_lock_date_and_trusts_it(
    florist: Florist, practice: PracticePartner
) -> None:
    start_by_changed_answers(florist)
    ask_whether_it_is_late(florist)
    ask_for_approval(florist)
    tell_the_caterer(florist, practice)
    update_the_count(florist)
    it_says_so(florist)
    try_it(florist)
    publish_it(florist)

    practice.answer(GRACE, "declined")
    it_went_on(florist, took="Otherwise", coming=3)
    pass_the_lock_date(florist)
    practice.answer(GRACE, "accepted")
    approve(florist)
    (mail,) = mails(practice)
    assert mail["subject"] == "A new final count for Ella and Noah"
    assert f"{LETTER}4" in mail["text"]
    it_went_on(florist, took="Yes", coming=4)

    change_the_letter(florist)
    go_back_to_the_first_version(florist)


# --- what Hazel does in the builder


def start_by_changed_answers(florist: Florist) -> None:
    """Choose what starts it, connect whose guest list that is, and be back where she was."""
    page, hand = florist.page, florist.hand
    begin(page, "Final count", hand)
    look(florist, "empty")
    choose_start(page, "changes answer", "When a guest changes their answer", hand)
    hand.press(page.get_by_role("link", name="Connect Petal Practice"))
    hand.press(page.get_by_role("button", name="Go to Petal Practice"))
    hand.press(page.get_by_role("button", name="Allow"))
    page.wait_for_url(BUILDER)
    expect(page.locator("#step-start")).to_contain_text("Petal Practice")
    expect(in_words(page)).to_contain_text("a guest changes their answer")
    florist.workflow = page.url.partition("/edit")[0]


def ask_whether_it_is_late(florist: Florist) -> None:
    page, hand = florist.page, florist.hand
    add_step(page, last_place(hand), "if", "If", hand)
    with settings_of(page, "choose", hand):
        ask_for(page, "due", "Final count due", "is before", "today", hand)
        look(florist, "condition")
    expect(in_words(page)).to_contain_text("count is due is before today")


def ask_for_approval(florist: Florist) -> None:
    """Somebody is asked, and only their yes lets it go on."""
    page, hand = florist.page, florist.hand
    add_step(page, "Add a step to Yes", "approve", "Ask somebody", hand)
    with settings_of(page, "approval", hand):
        fill_in(page, "What do you ask?", QUESTION, hand)
    add_step(page, "Add a step to Yes", "only if", "Go on only if", hand)
    with settings_of(page, "filter", hand):
        ask_for(page, "answer", "The answer", "is yes", hand=hand)


def tell_the_caterer(florist: Florist, practice: PracticePartner) -> None:
    """Write an e-mail; the mailbox is connected on the way, and nothing that was typed is lost."""
    page, hand = florist.page, florist.hand
    add_step(page, "Add a step to Yes", "mail", "Send an e-mail", hand)
    with settings_of(page, "action", hand):
        fill_in(page, "To", CATERER, hand)
        hand.press(page.locator("#panel").get_by_role("button", name="Connect E-mail"))
        connect_the_mailbox(florist, practice)
        page.wait_for_url(BUILDER)
        open_settings(page, "action", hand)
        expect(setting(page, "textbox", "To")).to_have_value(CATERER)
        expect(setting(page, "combobox", "Which account?")).to_contain_text("E-mail")
        fill_in(page, "Subject", SUBJECT, hand)
        insert(page, "Subject", "first names", "Couple’s first names", hand)
        fill_in(page, "Text", LETTER, hand)
        insert(page, "Text", "people coming", "People coming", hand)
        look(florist, "letter")


def connect_the_mailbox(florist: Florist, practice: PracticePartner) -> None:
    page, hand = florist.page, florist.hand
    hand.write(page.get_by_label("Mail server"), "127.0.0.1")
    hand.write(page.get_by_label("Port"), str(practice.smtp_port))
    hand.choose(page.get_by_label("Secure connection"), "None")
    hand.write(page.get_by_label("Your e-mail address"), "hazel@hazel-and-vine.example")
    hand.press(page.get_by_role("button", name="Connect E-mail"))


def update_the_count(florist: Florist) -> None:
    """As many as the partner says are coming, after the letter and otherwise at once."""
    page, hand = florist.page, florist.hand
    for place, step in (("Yes", "action-2"), ("Otherwise", "action-3")):
        add_step(page, f"Add a step to {place}", "count", "Change the wedding", hand)
        with settings_of(page, step, hand):
            insert(page, "Final count", "people coming", "People coming", hand)
            look(florist, f"count-{place.lower()}")


def it_says_so(florist: Florist) -> None:
    page = florist.page
    steps = ["choose", "approval", "filter", "action", "action-2", "action-3"]
    assert order(page) == steps
    expect(in_words(page)).to_contain_text(QUESTION)
    update = "change the wedding’s final count to people coming"
    expect(in_words(page)).to_contain_text(f"then {update}; otherwise {update}.", ignore_case=True)
    expect(page.get_by_label("Problems")).to_have_count(0)


def try_it(florist: Florist) -> None:
    """All of it as it would go today, then the letter as it would be sent: nothing leaves."""
    page, hand = florist.page, florist.hand
    hand.press(page.get_by_role("button", name="Try all, pretend"))
    expect(page.get_by_role("heading", name="What would happen")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("Takes “Otherwise”")
    look(florist, "tried")
    hand.press(page.get_by_role("link", name="Back to the workflow"))
    page.wait_for_url(BUILDER)
    open_settings(page, "action", hand)
    hand.press(page.get_by_role("button", name="Try this step, pretend"))
    expect(page.get_by_role("main")).to_contain_text("A new final count for Ella and Noah")
    expect(page.get_by_role("main")).to_contain_text(CATERER)
    look(florist, "letter-tried")
    hand.press(page.get_by_role("link", name="Back to the workflow"))
    page.wait_for_url(BUILDER)
    close_settings(page, hand)


def publish_it(florist: Florist) -> None:
    page, hand = florist.page, florist.hand
    hand.press(page.get_by_role("link", name=re.compile("^Publish")).first)
    expect(page.get_by_role("main")).to_contain_text(QUESTION)
    expect(page.get_by_role("main")).to_contain_text("Nothing is under way")
    look(florist, "publish")
    hand.press(page.get_by_role("button", name="Publish"))
    expect(page.get_by_text(re.compile("version 1 is live"))).to_be_visible()
    wait_to_be_told(florist)


def change_the_letter(florist: Florist) -> None:
    """Version 2 asks the caterer for more; the list of changes shows word for word what is new."""
    page, hand = florist.page, florist.hand
    page.goto(f"{florist.workflow}/edit")
    with settings_of(page, "action", hand):
        fill_in(page, "Text", LATER, hand)
        insert(page, "Text", "people coming", "People coming", hand)
    hand.press(page.get_by_role("link", name=re.compile("^Publish")).first)
    expect(page.get_by_role("insertion").first).to_contain_text("know it is late")
    look(florist, "publish-again")
    hand.press(page.get_by_role("button", name="Publish"))
    expect(page.get_by_text(re.compile("version 2 is live"))).to_be_visible()


def go_back_to_the_first_version(florist: Florist) -> None:
    page, hand = florist.page, florist.hand
    hand.press(page.get_by_role("link", name="All versions"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Versions")
    expect(page.get_by_role("insertion").first).to_contain_text("know it is late")
    look(florist, "versions")
    hand.press(page.get_by_role("link", name="Version 1", exact=True))
    expect(page.get_by_role("heading", level=1)).to_have_text("Version 1")
    look(florist, "version")
    hand.press(page.get_by_role("link", name="Go back to it"))
    expect(page.get_by_role("deletion").first).to_contain_text("know it is late")
    look(florist, "restore")
    hand.press(page.get_by_role("button", name="Go back to version 1"))
    expect(page.get_by_text(re.compile("version 3 is live"))).to_be_visible()
    page.goto(f"{florist.workflow}/versions/3?with=1")
    expect(page.get_by_role("main")).to_contain_text("Nothing: both say the same.")


# --- what happens then


def it_went_on(florist: Florist, *, took: str, coming: int) -> None:
    """The newest run took this way, and the wedding has as many people."""
    page = florist.page
    come_back_until(page, florist.workflow, lambda: newest_run(page))
    newest_run(page).click()
    expect(page.locator("#step-choose")).to_contain_text(f"Took {took}")
    expect(page.locator("#last-change")).not_to_contain_text("follows along")
    look(florist, f"run-{took.lower()}")
    page.goto(florist.wedding)
    expect(page.get_by_role("main")).to_contain_text(f"{coming} people")


def newest_run(page: Page) -> Locator:
    return page.get_by_role("link", name=COUPLE).first


def approve(florist: Florist) -> None:
    page, hand = florist.page, florist.hand
    asked = f"Answer: {QUESTION}"
    come_back_until(page, "/approvals", lambda: page.get_by_role("link", name=asked))
    hand.press(page.get_by_role("link", name=asked))
    hand.press(page.get_by_role("button", name="Say yes"))
    expect(page.get_by_text("You said yes. It goes on with that.")).to_be_visible()


def mails(practice: PracticePartner) -> list[dict[str, str]]:
    wait_until(lambda: bool(practice.inbox(CATERER)), seconds=30)
    return practice.inbox(CATERER)


# --- what was there before, and what changes outside the builder: always by mouse


def write_at_any_hour(page: Page) -> None:
    """No quiet hours, so that what happens does not depend on when the test runs."""
    page.goto("/settings/messages")
    page.get_by_label("Nothing is sent from").fill("03:00")
    page.get_by_label("Until").fill("03:00")
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator("#toasts")).to_contain_text("This holds from the next message on.")


def wedding_day(practice: PracticePartner) -> date:
    """The day of the couple at the practice partner, as it tells everybody with an account."""
    vendor = Vendor(practice)
    told = vendor.call("GET", "/me", vendor.tokens()["access_token"]).json()
    return date.fromisoformat(told["wedding"]["date"])


def add_the_wedding(page: Page, day: date) -> str:
    """The couple here; returns the address of their page."""
    page.goto("/weddings/new")
    page.get_by_label("Name").fill(COUPLE)
    page.get_by_label("Who marries").fill("Ella Marlow\nNoah Finch")
    page.get_by_label("Wedding day").fill(day.isoformat())
    page.get_by_label("Final count due").fill((day - timedelta(days=14)).isoformat())
    page.get_by_label("Final count", exact=True).fill("40")
    page.get_by_role("button", name="Add the wedding").click()
    expect(page.locator("#toasts")).to_contain_text("The wedding is added.")
    return page.url


def pass_the_lock_date(florist: Florist) -> None:
    """The day the final count is due moves to long ago."""
    page = florist.page
    page.goto(f"{florist.wedding}/move")
    page.get_by_label("Final count due").fill("2020-01-01")
    page.get_by_role("button", name="See what moves").click()
    page.get_by_role("button", name="Move them").click()
    expect(page.get_by_role("main")).to_contain_text("1 January 2020")


def wait_to_be_told(florist: Florist) -> None:
    """Before the partner was asked to tell us, what happens there is told to nobody."""
    page = florist.page
    page.goto("/connections")
    page.get_by_role("link", name="Petal Practice").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Petal Practice (")
    come_back_until(page, page.url, lambda: page.get_by_text("We arranged it"))


def last_place(hand: Hand) -> str:
    """Where a step goes at the end: a phone has it in its bar."""
    return "Add step" if hand.is_on_a_phone else "Add a step"


def look(florist: Florist, stage: str) -> None:
    """Keep pictures of a stage; those of one hand are enough."""
    if florist.hand is MOUSE:
        look_at(florist.page, f"builder-journey-{stage}", briefly=True)
