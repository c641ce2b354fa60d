"""What people do in a browser, a gesture a function; each ends on a page that says it worked."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect

from tests.far_ends.practice_partner import PracticePartner
from wedsync.platform.embedded import process

PASSWORD = "peonies and a borrowed car"
PATIENCE_S = 30
_MOST_TABS = 160
_LIES_BEFORE = """(wanted) => Boolean(
  document.activeElement.compareDocumentPosition(wanted) & Node.DOCUMENT_POSITION_PRECEDING
)"""


def sign_up(page: Page, *, name: str, business: str, email: str, builds: bool = False) -> None:
    """Begin with an organization that holds nothing, and be asked whose e-mail that is; `builds`
    integrations instead of weddings."""
    begin_a_business(page, name=name, business=business, email=email, builds=builds)
    expect(page.get_by_text(f"Is {email} your e-mail?")).to_be_visible()


def begin_a_business(
    page: Page, *, name: str, business: str, email: str, builds: bool = False
) -> None:
    """The same where this installation sends no e-mail."""
    page.goto("/sign-up")
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Your business").fill(business)
    if builds:
        page.get_by_label("build integrations for them").check()
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url(lambda url: urlsplit(url).path != "/sign-up")


def read_mail(inbox: Page, practice: PracticePartner, to: str, subject: str) -> str:
    """Open the newest mail of this subject in the practice inbox, as soon as it is there."""

    def it_came() -> bool:
        return any(subject in mail["subject"] for mail in practice.inbox(to))

    assert process.wait_until(it_came, PATIENCE_S), f"No “{subject}” came: {practice.inbox(to)}"
    inbox.goto(f"{practice.url}/inbox")
    inbox.get_by_role("listitem").filter(has_text=to).get_by_role(
        "link", name=subject
    ).first.click()
    expect(inbox.get_by_role("heading", level=1)).to_contain_text(subject)
    return inbox.get_by_role("main").inner_text()


def confirm_e_mail(inbox: Page, practice: PracticePartner, email: str) -> None:
    """Follow the link in the mail that asks."""
    read_mail(inbox, practice, email, "Is this your e-mail?")
    inbox.get_by_role("link", name=re.compile("confirm")).click()
    inbox.get_by_role("button", name="Yes, it is mine").click()
    expect(inbox.get_by_text(re.compile("confirmed|is yours", re.IGNORECASE)).first).to_be_visible()


def find_in_marketplace(page: Page, words: str, name: str) -> None:
    """Search by typing, and open what is found."""
    page.get_by_label("Search integrations").press_sequentially(words)
    expect(page.locator("#found")).to_contain_text("the closest first")
    page.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def allow_at_practice(page: Page) -> None:
    """From the page that asks for permission, by the partner's consent page, and back."""
    page.get_by_role("button", name="Go to Petal Practice").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("would like to work with")
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Petal Practice")
    expect(page.locator("#toasts")).to_contain_text("Petal Practice (Meadow Weddings) is connected")


def connect_a_mailbox(page: Page, practice: PracticePartner, address: str) -> None:
    """Fill in the mail account, from the page that asks for it."""
    page.get_by_label("Mail server").fill("127.0.0.1")
    page.get_by_label("Port").fill(str(practice.smtp_port))
    page.get_by_label("Secure connection").select_option("None")
    page.get_by_label("User name").fill("hazel")
    page.get_by_label("Password").fill("practice")
    page.get_by_label("Your e-mail address").fill(address)
    page.get_by_label("Name beside it").fill("Hazel & Vine")
    page.get_by_role("button", name="Connect E-mail").click()


def make_an_endpoint(page: Page, url: str, description: str, event_type: str) -> str:
    """Ask to be told at an address; returns the secret that is shown once."""
    page.goto("/webhooks/endpoints/new")
    page.get_by_label("Address", exact=True).fill(url)
    page.get_by_label("Name", exact=True).fill(description)
    page.get_by_label("Something else, by its name").fill(event_type)
    page.get_by_role("button", name="Add the endpoint").click()
    secret = page.get_by_text(re.compile(r"^whsec_"))
    expect(secret).to_be_visible()
    return secret.inner_text().strip()


def decline(guests: Page, practice: PracticePartner, guest_id: str) -> None:
    """A guest says at the practice partner that they cannot come."""
    guests.goto(practice.url)
    row = guests.locator(f"#{guest_id}")
    row.get_by_text("Answer for").click()
    row.get_by_role("button", name="declines").click()
    expect(guests.get_by_text("The answer is in.")).to_be_visible()
    expect(row).to_contain_text("Not coming")


def seat_of(guests: Page, practice: PracticePartner, guest_id: str) -> str | None:
    """The seat the partner's page shows beside a guest; None where it is free again."""
    guests.goto(practice.url)
    found = re.search(r"Table \d, seat \d", guests.locator(f"#{guest_id}").inner_text())
    return found.group() if found else None


def come_back_until(page: Page, url: str, shown: Callable[[], Locator]) -> Locator:
    """Look at a page again until it shows something, as somebody does who waits for news."""

    def it_is_there() -> bool:
        page.goto(url)
        return shown().count() > 0

    assert process.wait_until(it_is_there, PATIENCE_S), page.get_by_role("main").inner_text()
    return shown().first


def tab_to(page: Page, wanted: Locator) -> None:
    """Reach it as somebody does who has no mouse, by the way that is shorter."""
    expect(wanted).to_be_visible()
    keys = "Shift+Tab" if wanted.evaluate(_LIES_BEFORE) else "Tab"
    for _ in range(_MOST_TABS):
        page.keyboard.press(keys)
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"not reached by Tab: {wanted}")


def press(page: Page, wanted: Locator) -> None:
    """Reach it by Tab, and press Enter."""
    tab_to(page, wanted)
    page.keyboard.press("Enter")
