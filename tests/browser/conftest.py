"""Chromium before a whole WedSync, and somebody signed in."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.chromium import Chromium
from tests.browser.looking import DESK, Trouble
from tests.far_ends.practice_partner import PracticePartner, kept_url, practice_beside
from tests.live_site import LiveSite, live_site
from tests.servers import Addresses
from tests.workers.scene import Sink, started_sink
from wedsync.cli.installation.logins import DEMO_PASSWORD

_HERE = Path(__file__).parent
_PATIENCE_MS = 20_000
expect.set_options(timeout=_PATIENCE_MS)

NewPage = Callable[[], Page]
SignIn = Callable[[str], Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser that dies under a test says nothing about the product: once more with a new one.

    For no other reason is any test repeated.
    """
    died = pytest.mark.flaky(reruns=1, only_rerun=["TargetClosedError"])
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(died)


@pytest.fixture(scope="module")
def site(servers: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    with live_site(servers, tmp_path_factory.mktemp("live")) as running:
        yield running


@pytest.fixture(scope="module")
def posting_site(
    servers: Addresses, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveSite]:
    """One whose own e-mail goes to the practice inbox."""
    sandbox_url = kept_url()
    smtp_port = int(sandbox_url.rpartition(":")[2]) + 1
    told = {"sandbox_url": sandbox_url, "mail_url": f"smtp://127.0.0.1:{smtp_port}"}
    with live_site(servers, tmp_path_factory.mktemp("posting"), **told) as running:
        yield running


@pytest.fixture(scope="module")
def practice(site: LiveSite) -> Iterator[PracticePartner]:
    """The practice partner of this module's site, with its inbox."""
    with practice_beside(site.settings) as partner:
        yield partner


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """For a module only: Playwright's loop lives in the test's thread, and should not outlive the
    tests that know of it."""
    with sync_playwright() as playwright:
        browser = Chromium(playwright)
        yield browser
        browser.close()


@pytest.fixture
def sink() -> Iterator[Sink]:
    with started_sink() as running:
        yield running


@pytest.fixture
def trouble() -> Iterator[Trouble]:
    """What the pages of this test complain about: nothing, or the test fails."""
    found = Trouble()
    yield found
    assert found.said == []


@pytest.fixture
def new_page(site: LiveSite, chromium: Chromium, trouble: Trouble) -> Iterator[NewPage]:
    """A browser of somebody's own, with nobody signed in."""
    contexts = []

    def open_one() -> Page:
        context = chromium.new_context(
            base_url=site.url,
            viewport={"width": DESK[0], "height": DESK[1]},
            reduced_motion="reduce",
            locale="en-GB",
        )
        context.set_default_timeout(_PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        trouble.listen(page)
        return page

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def sign_in(new_page: NewPage) -> SignIn:
    """Somebody of the demo, by e-mail, who has just signed in."""

    def enter(email: str) -> Page:
        page = new_page()
        page.goto("/sign-in")
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password").fill(DEMO_PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("/")
        return page

    return enter


@pytest.fixture
def imogen(sign_in: SignIn) -> Page:
    """The owner of Rosewood, signed in."""
    return sign_in("imogen@rosewood.example")


@pytest.fixture
def plain(site: LiveSite, chromium: Chromium, imogen: Page) -> Iterator[Page]:
    """Imogen's browser without script."""
    context = chromium.new_context(
        base_url=site.url,
        java_script_enabled=False,
        locale="en-GB",
        storage_state=imogen.context.storage_state(),
    )
    context.set_default_timeout(_PATIENCE_MS)
    yield context.new_page()
    context.close()


@pytest.fixture
def marek(sign_in: SignIn) -> Page:
    """The owner of Lumen, where nothing is set up yet, signed in."""
    return sign_in("marek@lumen.example")
