"""The pages of a bad day, looked at as its owner sees them."""

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import Chromium
from tests.browser.looking import Trouble, look_at
from tests.far_ends.troubles import Troubles, connect_the_partner, troubles
from tests.servers import Addresses
from tests.workers.scene import retrying, wait_until
from wedsync.cli.installation.logins import DEMO_PASSWORD

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def business(servers: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Troubles]:
    with troubles(servers, tmp_path_factory.mktemp("trouble")) as made:
        yield made


@pytest.fixture
def page(chromium: Chromium, business: Troubles) -> Iterator[Page]:
    """Imogen's browser."""
    context = chromium.new_context(base_url=business.site.url, reduced_motion="reduce")
    page = context.new_page()
    trouble = Trouble()
    trouble.listen(page)
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill("imogen@rosewood.example")
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile(r"/$"))
    yield page
    context.close()
    assert not trouble.said


def test_every_page_of_a_bad_day(business: Troubles, page: Page) -> None:
    def look(path: str, name: str) -> None:
        page.goto(path)
        look_at(page, f"trouble-{name}")

    for name, run_id in _bad_day(business):
        look(f"/runs/{run_id}", name)
    look(f"/connections/{business.connections['sandbox']}", "connection-withdrawn")
    look(f"/connections/{business.connections['smtp']}", "connection-mailbox")
    look("/connections", "connections")
    look("/", "today")
    look("/health", "health")


def _bad_day(business: Troubles) -> Iterator[tuple[str, UUID]]:
    """One run for each way a far end can let us down, where it stands."""
    business.partner.faults(api_answers="html", api_times=1, api_path="/seats")
    run = business.freeing_a_seat("A web page", **retrying(3, delay_s=600))
    business.reaches(run, "waiting", kind="retry")
    yield "run-html", run
    business.partner.faults(api_answers="429", api_times=1, api_path="/seats", retry_after_s=900)
    run = business.freeing_a_seat("Too many requests", **retrying(3, delay_s=1))
    business.reaches(run, "waiting", kind="limit")
    yield "run-429", run
    business.office.refuses["RCPT"] = "451 Come back a little later"
    run = business.writing("Busy mail server", **retrying(3, delay_s=600))
    business.reaches(run, "waiting", kind="retry")
    yield "run-mail-busy", run
    business.office.refuses.clear()
    business.office.hangs_up_after_the_dot = True
    run = business.writing("Lost after the dot")
    business.reaches(run, "needs_attention")
    yield "run-mail-unsure", run
    # The one they asked us to wait on lets nobody through for a quarter of an hour.
    business.connections["sandbox"] = connect_the_partner(business.owner)
    business.partner.faults(revoke_grants=True)
    run = business.freeing_a_seat("Withdrawn permission")
    business.reaches(run, "waiting", kind="connection")
    withdrawn = "the permission was withdrawn"
    wait_until(lambda: withdrawn in business.connection_page("sandbox"), 20)
    yield "run-withdrawn", run
