"""A Stripe of our own, in a separate process, and the official library to talk to it."""

import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import orjson
import stripe

from tests.far_ends.processes import far_end
from wedsync.settings import CHECKOUT

_SERVER = CHECKOUT / "tests" / "far_ends" / "localstripe_server.py"
_KEY = "sk_test_rosewood"
GOOD_CARD = "4242424242424242"
DECLINED_CARD = "4000000000000341"


@dataclass(frozen=True)
class LocalStripe:
    """Where it answers."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def tell(self, hook_url: str, secret: str) -> None:
        """Send every event to this address from now on, signed with the secret."""
        request = urllib.request.Request(
            f"{self.url}/_config/webhooks/rosewood",
            data=orjson.dumps({"url": hook_url, "secret": secret}),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200

    def pay(
        self, amount: int, currency: str, number: str = GOOD_CARD, **metadata: str
    ) -> stripe.PaymentIntent:
        """Pay by card, in minor units, through the official library."""
        client = stripe.StripeClient(_KEY, base_addresses={"api": self.url})
        card = client.v1.payment_methods.create(
            {
                "type": "card",
                "card": {"number": number, "exp_month": 12, "exp_year": 2034, "cvc": "123"},
            }
        )
        return client.v1.payment_intents.create(
            {
                "amount": amount,
                "currency": currency,
                "payment_method": card.id,
                "confirm": True,
                "metadata": metadata,
            }
        )


@contextmanager
def started_localstripe() -> Iterator[LocalStripe]:
    """A Stripe that starts empty and ends with the block, or with this test run."""
    with far_end([sys.executable, str(_SERVER)]) as port:
        yield LocalStripe(int(port))
