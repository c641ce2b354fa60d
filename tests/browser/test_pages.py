"""Every page of the product, looked at in both themes and at both widths."""

import pytest
from apiflask import APIFlask
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage, SignIn
from tests.browser.looking import Trouble, look_at
from tests.live_site import LiveSite
from wedsync import api

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

SIGNED_IN = {
    "vendor": "imogen@rosewood.example",
    "new vendor": "marek@lumen.example",
    "partner": "nuria@petal.example",
    "admin": "ada@wedsync.example",
}
"""Who sees each page: where a lot has happened, where nothing has, who offers, who runs it."""


@pytest.fixture(scope="module")
def seen() -> set[str]:
    """The addresses looked at so far, and what they said."""
    return set()


@pytest.fixture
def paths(app: APIFlask) -> list[str]:
    """Every page that an address alone leads to, so that a new one is looked at as well."""
    return sorted(
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in rule.methods and not rule.arguments and not api.is_below_base_path(rule.rule)
    )


def name_of(path: str) -> str:
    """`/settings/api-keys` is `settings-api-keys`."""
    return path.strip("/").replace("/", "-") or "today"


def look_through(page: Page, paths: list[str], seen: set[str], who: str) -> None:
    """Look at each page this person may see, unless somebody before them saw the very same.

    Whole at an address nobody was shown yet, briefly where it only says other things.
    """
    for path in paths:
        # Asked for without being shown: what machines read has no icon, and a browser misses it.
        answer = page.request.get(path)
        is_page = answer.headers["content-type"].startswith("text/html")
        if answer.status in (403, 404) or not is_page:
            continue
        assert answer.status == 200, f"{path}: {answer.status}"
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        words = page.get_by_role("main").inner_text()
        if words not in seen:
            look_at(page, f"{name_of(path)}-{who}", briefly=path in seen)
            seen.update((words, path))


@pytest.mark.parametrize("who", SIGNED_IN)
def test_every_page_of(who: str, sign_in: SignIn, paths: list[str], seen: set[str]) -> None:
    look_through(sign_in(SIGNED_IN[who]), paths, seen, who.replace(" ", "-"))


def test_every_page_before_signing_in(new_page: NewPage, paths: list[str], seen: set[str]) -> None:
    look_through(new_page(), paths, seen, "nobody")


def test_a_new_vendor_s_pages_hold_nothing_of_others(marek: Page) -> None:
    for path in ("/", "/weddings", "/workflows", "/runs", "/webhooks", "/connections", "/health"):
        marek.goto(path)
        expect(marek.get_by_role("heading", level=1)).to_have_count(1)
        expect(marek.get_by_role("main")).not_to_contain_text("Rosewood")


def test_the_questions_of_a_ready_made_workflow(marek: Page) -> None:
    marek.goto("/workflows/gallery/guest-declines")
    look_at(marek, "ready-made")


def test_a_hook_and_an_endpoint(site: LiveSite, imogen: Page) -> None:
    imogen.goto("/webhooks")
    imogen.get_by_role("link", name="Enquiry form").click()
    look_at(imogen, "hook")
    imogen.goto("/webhooks")
    imogen.get_by_role("link", name="Olive & Thyme kitchen").click()
    look_at(imogen, "endpoint-off")


def test_a_page_that_is_not_there(imogen: Page, trouble: Trouble) -> None:
    trouble.expected = "404"
    imogen.goto("/weddings/of-the-century")
    look_at(imogen, "not-found")


def test_a_wrong_password_is_said_beside_the_form(new_page: NewPage, trouble: Trouble) -> None:
    trouble.expected = "status of 4"
    page = new_page()
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill("imogen@rosewood.example")
    page.get_by_label("Password").fill("something borrowed something blue")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    look_at(page, "sign-in-refused")
