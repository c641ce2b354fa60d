"""What goes wrong with connections, each looked at: what happened, and the button that leads on."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import create_engine, text

from tests.browser.looking import Trouble, look_at
from tests.far_ends.practice_partner import PracticePartner, practice_beside
from tests.live_site import LiveSite

Change = Callable[[str], None]
NEVER_CAME_ABOUT = "Not connected yet"


@pytest.fixture(scope="module")
def practice(site: LiveSite) -> Iterator[PracticePartner]:
    published = site.run("db", "upgrade")
    assert published.returncode == 0, published.stderr
    with practice_beside(site.settings) as partner:
        partner.accept()
        yield partner


@pytest.fixture(autouse=True)
def nothing_wrong(practice: PracticePartner) -> None:
    """Each test begins with a partner that does as it should."""
    practice.call("DELETE", "/faults")


@pytest.fixture
def change(site: LiveSite) -> Change:
    """Let something be so with the connection to the practice partner."""
    engine = create_engine(site.settings.database_url)

    def now(assignments: str) -> None:
        with engine.begin() as database:
            newest = "SELECT max(id::text)::uuid FROM connections WHERE connected_at IS NOT NULL"
            query = text(f"UPDATE connections SET {assignments} WHERE id = ({newest})")
            assert database.execute(query).rowcount == 1

    return now


def go_out(page: Page) -> None:
    page.goto("/connect/sandbox")
    page.get_by_role("button", name="Go to Petal Practice").click()


def look_at_what_never_came_about(page: Page) -> None:
    """Other tests of this module leave accounts that are connected."""
    page.goto("/connections")
    rows = page.get_by_role("main").get_by_role("listitem")
    rows.filter(has_text=NEVER_CAME_ABOUT).get_by_role("link").first.click()


def forget(page: Page) -> None:
    """Forget what did not come about."""
    look_at_what_never_came_about(page)
    page.get_by_role("link", name="Forget it…").click()
    page.get_by_role("button", name="Forget it").click()
    expect(page.get_by_text("is forgotten.")).to_be_visible()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_each_way_to_fail_says_what_happened_and_leads_on(
    practice: PracticePartner, marek: Page, trouble: Trouble
) -> None:
    page = marek
    go_out(page)
    page.get_by_label("Change answers, seats").uncheck()
    page.get_by_role("button", name="Allow").click()
    expect(page.locator("#standing")).to_contain_text("this does not work without")
    expect(page.get_by_role("link", name="Go on connecting")).to_be_visible()
    look_at(page, "failed-permission-left-out", briefly=True)
    forget(page)

    practice.faults(consent_answers="server_error")
    go_out(page)
    expect(page.locator("#standing")).to_contain_text("could not ask for your permission")
    look_at(page, "failed-consent", briefly=True)
    forget(page)

    practice.faults(consent_answers="error_page")
    trouble.expected = "500"
    go_out(page)
    page.wait_for_url(f"{practice.url}/**")
    look_at_what_never_came_about(page)
    expect(page.locator("#standing")).to_contain_text("You were on the way to Petal Practice.")
    look_at(page, "failed-closed-window", briefly=True)
    practice.faults(consent_answers=None)
    forget(page)

    for answers, said in (("html", "something we could not read"), ("500", "fault of its own")):
        practice.faults(token_answers=answers)
        go_out(page)
        page.get_by_role("button", name="Allow").click()
        expect(page.locator("#standing")).to_contain_text(said)
        look_at(page, f"failed-token-{answers}", briefly=True)
        practice.faults(token_answers=None)
        forget(page)

    practice.faults(token_slow_s=8)
    go_out(page)
    page.get_by_role("button", name="Allow").click()
    expect(page.locator("#standing")).to_contain_text("did not answer in time")
    look_at(page, "failed-hanging", briefly=True)
    practice.faults(token_slow_s=0)
    forget(page)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_an_answer_that_is_good_for_nothing_leads_back(
    practice: PracticePartner, marek: Page, trouble: Trouble
) -> None:
    page, answers = marek, []
    page.on(
        "request", lambda sent: answers.append(sent.url) if "/oauth/callback/" in sent.url else None
    )
    go_out(page)
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", name="Petal Practice (", level=1)).to_be_visible()
    trouble.expected = "422"
    page.goto(answers[0])
    expect(page.get_by_text("used before")).to_be_visible()
    look_at(page, "refused-used", briefly=True)
    page.get_by_role("link", name="Look at Petal Practice").click()
    expect(page.get_by_text("lets us in")).to_be_visible()
    page.goto("/oauth/callback/sandbox?state=nobody-began-this&code=abc")
    expect(page.get_by_role("link", name="Go to your connections")).to_be_visible()
    look_at(page, "refused-unknown", briefly=True)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_happens_to_it_afterwards_is_said_with_what_to_do(
    practice: PracticePartner, marek: Page, change: Change, trouble: Trouble
) -> None:
    page = marek
    go_out(page)
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", name="Petal Practice (", level=1)).to_be_visible()
    practice.faults(token_answers="500")
    change("refresh_due_at = now() - interval '1 s', refresh_failures = 2")
    wait_for(page, "does not answer when we renew")
    look_at(page, "connection-degraded")
    practice.faults(token_answers="drop")
    change("refresh_due_at = now() - interval '1 s', access_expires_at = now() + interval '1 h'")
    wait_for(page, "We were interrupted")
    look_at(page, "connection-interrupted", briefly=True)
    practice.faults(token_answers=None)
    change("access_expires_at = now(), refresh_due_at = now()")
    wait_for(page, ">Connect again<")
    expect(page.get_by_role("link", name="Connect again", exact=True)).to_be_visible()
    look_at(page, "connection-interrupted-needs-you", briefly=True)


def wait_for(page: Page, words: str) -> None:
    """Look at the page again and again until it says so."""
    assert page.evaluate(_SAYS, words), f"the page does not say “{words}”"
    page.reload()


_SAYS = """async (words) => {
  for (const until = Date.now() + 40000; Date.now() < until; ) {
    if ((await (await fetch(location.href)).text()).includes(words)) return true;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  return false;
}"""
