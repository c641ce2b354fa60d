"""A payment in a real Stripe stand-in reaches a subscriber, without a browser."""

from collections.abc import Iterator
from typing import Any

import psutil
import pytest
import stripe
from standardwebhooks import Webhook

from tests.far_ends.payments import DECLINED_CARD, LocalStripe, started_localstripe
from tests.live_site import LiveSite, live_site
from tests.processes import told_by_family
from tests.servers import Addresses
from tests.workers.scene import Sink, started_sink
from wedsync.platform.embedded import process

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

PATIENCE_S = 20
SECRET = "whsec_rosewood0123456789abcdef"


@pytest.fixture(scope="module")
def site(servers: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    with live_site(servers, tmp_path_factory.mktemp("live")) as running:
        yield running


@pytest.fixture
def far_end() -> Iterator[LocalStripe]:
    with started_localstripe() as running:
        yield running


@pytest.fixture
def sink() -> Iterator[Sink]:
    with started_sink() as running:
        yield running


@pytest.fixture
def far_end_at_the_hook(site: LiveSite, far_end: LocalStripe) -> LocalStripe:
    """Stripe, which sends what happens to Rosewood's hook."""
    hook = site.named("hooks", "Stripe payments")
    site.api("PATCH", f"/hooks/{hook['id']}", {"secret": SECRET})
    far_end.tell(hook["url"], SECRET)
    return far_end


def test_a_payment_runs_the_workflow_and_its_signed_delivery_verifies(
    site: LiveSite, far_end_at_the_hook: LocalStripe, sink: Sink
) -> None:
    endpoint = site.api(
        "POST", "/endpoints", {"url": sink.url("/ok/paid"), "event_types": ["deposit.received"]}
    )
    paid = far_end_at_the_hook.pay(150_000, "gbp")
    assert paid.status == "succeeded"
    assert process.wait_until(lambda: bool(sink.requests()), PATIENCE_S)
    delivered = sink.requests()[0]
    document = Webhook(endpoint["secret"]).verify(delivered["body"], delivered["headers"])
    assert document["type"] == "deposit.received"
    assert document["data"] == {"amount": 150_000, "currency": "gbp", "reference": paid.id}
    assert sink.paths() == {"/ok/paid": 1}


def test_a_payment_that_fails_ends_quietly(
    site: LiveSite, far_end_at_the_hook: LocalStripe
) -> None:
    with pytest.raises(stripe.CardError, match="declined"):
        far_end_at_the_hook.pay(150_000, "gbp", DECLINED_CARD)

    def quiet() -> list[dict[str, Any]]:
        return list(site.api("GET", "/runs?state=filtered")["data"])

    assert process.wait_until(lambda: bool(quiet()), PATIENCE_S)
    assert "payment_intent.payment_failed" in quiet()[0]["reason"]["message"]


def test_it_listens_on_this_machine_only(far_end: LocalStripe) -> None:
    listening = {
        (connection.laddr.ip, connection.laddr.port)
        for _, sockets in told_by_family(psutil.Process(), psutil.Process.net_connections)
        for connection in sockets
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == far_end.port
    }
    assert listening == {("127.0.0.1", far_end.port)}
