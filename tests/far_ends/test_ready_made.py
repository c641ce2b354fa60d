"""Ready-made workflows, started from the gallery and tried at the practice partner itself.

A whole WedSync in processes of its own, connected by the consent page and by a mailbox's password:
what guests and couples do at Petal Practice comes in as signed webhooks, seats and dates change
there by its API, letters arrive in its inbox.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.far_ends.payments import LocalStripe, started_localstripe
from tests.far_ends.practice_partner import PracticePartner, started_practice_partner
from tests.live_site import LiveSite, live_site
from tests.servers import Addresses
from wedsync.cli.demonstration.visitor import Page, Visitor
from wedsync.cli.installation.logins import DEMO_PASSWORD
from wedsync.workflows.ready_made import find

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

ALLERGY = "sesame-4c1d"
SECRET = "whsec_rosewood0123456789abcdef"
_PATIENCE_S = 40
_OVER = {"succeeded", "failed", "stopped", "filtered", "needs_attention"}


@dataclass
class Business:
    """Rosewood, its owner at the browser, and what it has connected."""

    site: LiveSite
    visitor: Visitor
    partner: PracticePartner
    connections: dict[str, str]

    def start(self, key: str, **answers: str) -> str:
        """Answer the questions, read the preview, publish; the workflow's id."""
        path = f"/workflows/gallery/{key}"
        chosen = {
            question.key: self.connections[question.connector]
            for question in find(key).questions
            if question.connector
        }
        preview = self.visitor.submit(
            self.visitor.visit(path), f"{path}/preview", **chosen, **answers
        )
        assert preview.status == 200, preview.text
        page = self.visitor.submit(preview, path)
        assert "It waits for its first time" in page.text, page.text
        return page.url.rpartition("/")[2]

    def run_of(self, workflow: str) -> dict[str, Any]:
        """The latest run of a workflow, when it is over."""

        def over() -> dict[str, Any] | None:
            latest = self._latest(workflow)
            return latest if latest and latest["state"] in _OVER else None

        return wait_for(over, lambda: f"not over: {self._latest(workflow)}")

    def _latest(self, workflow: str) -> dict[str, Any] | None:
        """Its latest run, whole."""
        runs = self.site.api("GET", f"/workflows/{workflow}/runs")["data"]
        found: dict[str, Any] | None = (
            self.site.api("GET", f"/runs/{runs[0]['id']}") if runs else None
        )
        return found

    def letter_to(self, address: str) -> dict[str, Any]:
        """The newest letter to an address."""
        return wait_for(
            lambda: next(iter(self.partner.inbox(address)), None),
            lambda: f"no letter came to {address}",
        )


def wait_for(look: Callable[[], Any], otherwise: Callable[[], str]) -> Any:
    deadline = time.monotonic() + _PATIENCE_S
    while (found := look()) is None:
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.2)
    return found


@pytest.fixture(scope="module")
def business(servers: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Business]:
    home: Path = tmp_path_factory.mktemp("ready-made")
    with live_site(servers, home) as site:
        redirect_uri = f"{site.url}/oauth/callback/sandbox"
        with started_practice_partner(site.settings.sandbox_url, redirect_uri) as partner:
            partner.accept()
            visitor = Visitor(site.url)
            signed_in = visitor.submit(
                visitor.visit("/sign-in"),
                "/sign-in",
                email="imogen@rosewood.example",
                password=DEMO_PASSWORD,
            )
            assert signed_in.status == 200, signed_in.text
            made = {
                "sandbox": connect_the_partner(visitor),
                "smtp": connect_a_mailbox(visitor, partner),
            }
            yield Business(site, visitor, partner, made)


def connect_the_partner(visitor: Visitor) -> str:
    onwards = visitor.submit(visitor.visit("/connect/sandbox"), "/connect/sandbox")
    consent = visitor.visit(onwards.link("/oauth/authorize"))
    connection = id_of(visitor.submit(consent, "/oauth/authorize", decision="allow"))
    # Before the partner is asked to tell us, what happens there is told to nobody.
    hook = f"/webhooks/of-connection/{connection}"
    wait_for(
        lambda: "We arranged it" in visitor.visit(hook).text or None,
        lambda: f"not told of anything: {visitor.visit(hook).text}",
    )
    return connection


def connect_a_mailbox(visitor: Visitor, partner: PracticePartner) -> str:
    page = visitor.submit(
        visitor.visit("/connect/smtp"),
        "/connect/smtp",
        host="localhost",
        port=str(partner.smtp_port),
        security="None",
        username="rosewood",
        password="practice",
        from_address="hello@rosewood.example",
        from_name="Rosewood Weddings",
    )
    return id_of(page)


def connect_payments(visitor: Visitor, far_end: LocalStripe) -> str:
    """By its key; the address and the secret of its events go over by hand."""
    page = visitor.submit(
        visitor.visit("/connect/stripe"),
        "/connect/stripe",
        api_key="sk_test_rosewood",
        address=far_end.url,
    )
    connection = id_of(page)
    hook = f"/webhooks/of-connection/{connection}"
    told = wait_for(
        lambda: re.search(r"http://localhost:\d+/\S+", visitor.visit(hook).text),
        lambda: "no hook was made",
    )
    visitor.submit(visitor.visit(hook), "/secret", secret=SECRET)
    far_end.tell(told[0], SECRET)
    return connection


def id_of(page: Page) -> str:
    assert page.status == 200, page.text
    return str(UUID(page.url.partition("?")[0].rpartition("/")[2]))


def test_a_guest_declines(business: Business) -> None:
    workflow = business.start("guest-declines", caterer="kitchen@olive.example", answer="received")
    business.partner.answer("g_ben", "declined")
    run = business.run_of(workflow)
    assert run["state"] == "succeeded", run
    steps = {step["id"]: step for step in run["steps"]}
    assert steps["coming"]["output"]["branch"] == "They cannot come"
    letter = business.letter_to("kitchen@olive.example")
    assert letter["subject"] == "One meal less: Ben Carter cannot come"
    assert "Ella & Noah" in letter["text"]
    assert letter["text"].rstrip().endswith("With kind regards,\nRosewood Weddings")
    told = business.site.api("GET", f"/events/{steps['venue']['output']['event_id']}")
    assert told["type"] == "seating.seat_freed"
    assert told["data"]["guest"] == "Ben Carter"


def test_an_allergy_reaches_the_chef_and_nobody_else(business: Business) -> None:
    workflow = business.start("allergy", chef="chef@olive.example", words="whole")
    business.partner.answer("g_maya", "accepted", allergy=ALLERGY)
    run = business.run_of(workflow)
    assert run["state"] == "succeeded", run
    assert ALLERGY not in str(run)
    letter = business.letter_to("chef@olive.example")
    assert ALLERGY in letter["text"]
    assert ALLERGY not in letter["subject"]
    page = business.visitor.visit(f"/runs/{run['id']}")
    assert ALLERGY not in page.text
    assert "hidden here" in page.text


def test_a_free_date_is_held_and_a_taken_one_gets_others(business: Business) -> None:
    workflow = business.start(
        "enquiry", brochure="https://rosewood.example/brochure.pdf", others="5 June or 19 June"
    )
    business.partner.enquire("Lena & Omar", "lena@example.com", "2031-06-14")
    run = business.run_of(workflow)
    assert run["state"] == "succeeded", run
    letter = business.letter_to("lena@example.com")
    assert letter["subject"] == "Saturday 14 June 2031 is free, and held for you"
    assert "https://rosewood.example/brochure.pdf" in letter["text"]
    business.partner.enquire("Priya & Tom", "priya@example.com", "2031-06-14")
    refused = business.letter_to("priya@example.com")
    assert "5 June or 19 June" in refused["text"]
    assert "Saturday 14 June 2031 is already promised" in refused["text"]


def test_the_meals_follow_the_count(business: Business) -> None:
    workflow = business.start("final-count", lock_date="2099-06-01", caterer="count@olive.example")
    business.partner.answer("g_theo", "accepted", party_size=2)
    run = business.run_of(workflow)
    assert run["state"] == "succeeded", run
    (meals,) = [step for step in run["steps"] if step["id"] == "meals"]
    assert meals["output"]["locked"] is False
    assert business.partner.inbox("count@olive.example") == []


def test_too_few_favourites_get_a_nudge_and_enough_a_task(business: Business) -> None:
    workflow = business.start("favourites", enough="60")
    business.partner.choose(12)
    nudged = business.run_of(workflow)
    assert nudged["state"] == "succeeded", nudged
    assert {step["id"] for step in nudged["steps"]} == {"is_enough", "nudge"}
    business.partner.choose(64)
    wait_for(
        lambda: business.run_of(workflow)["id"] != nudged["id"] or None,
        lambda: "no second run began",
    )
    begun = business.run_of(workflow)
    assert begun["state"] == "succeeded", begun
    (task,) = [step for step in begun["steps"] if step["id"] == "album"]
    assert "64 pictures chosen" in task["output"]["title"]


def test_a_payment_is_receipted_or_comes_to_its_owner(business: Business) -> None:
    with started_localstripe() as far_end:
        business.connections["stripe"] = connect_payments(business.visitor, far_end)
        workflow = business.start("payment", owner="owner@rosewood.example")
        far_end.pay(150_005, "gbp", invoice_number="ROSE-0042", email="ella@example.com")
        receipt = business.letter_to("ella@example.com")
        assert receipt["subject"] == "Your receipt, invoice ROSE-0042"
        assert "Your payment of £1,500.05" in receipt["text"]
        told = {step["id"] for step in business.run_of(workflow)["steps"]}
        assert told == {"paid", "known", "receipt", "books"}
        far_end.pay(20_000, "jpy")
        review = business.letter_to("owner@rosewood.example")
        assert review["subject"] == "A payment of JP¥20,000 needs your eyes"
        assert "Invoice: none named" in review["text"]
