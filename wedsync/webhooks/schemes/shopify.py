"""Shopify: https://shopify.dev/docs/apps/build/webhooks/verify-deliveries.

`X-Shopify-Hmac-Sha256` signs the body, in base64, with the app's client secret.
`X-Shopify-Topic` names the kind (`orders/create`), `X-Shopify-Webhook-Id` the event, the same for
every try; they are not signed, so they make a repeat a repeat and prove nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from wedsync.webhooks.schemes import naming, plain, signatures
from wedsync.webhooks.schemes.interface import Rejected, Request, Sample, Verdict, Verified

SUCCESS_STATUS = 202
SIGNED_HEADERS = frozenset({"x-shopify-hmac-sha256"})
METHODS = plain.POST
ANSWERED_BARE = False
HAS_HANDSHAKE = False

_SIGNATURE = "X-Shopify-Hmac-Sha256"
_TOPIC, _ID, _AT = b"x-shopify-topic", b"x-shopify-webhook-id", b"x-shopify-triggered-at"

option_problems = plain.no_options
names_events = plain.always
new_secret = plain.theirs
secret_problem = signatures.plain_secret_problem
parse = plain.parse
read = plain.read
data_of = plain.data_of


def verify(
    secrets: Sequence[str], _options: Mapping[str, Any], request: Request, now: datetime
) -> Verdict:
    headers = request.headers
    refused = signatures.refused_body(secrets, request, _SIGNATURE, encoding="base64")
    if refused is not None:
        return refused
    if headers.repeats(_TOPIC, _ID, _AT):
        return Rejected("signature_invalid", "A header that names the event was sent twice.")
    topic = headers.get(_TOPIC)
    return Verified(
        signatures.sender_id(headers.get(_ID)),
        naming.from_header(topic.replace(b"/", b".") if topic else None),
        signatures.moment((headers.get(_AT) or b"").decode("latin-1"), now),
    )


def example(_event_type: str | None, now: datetime) -> str:
    return plain.written(
        {
            "id": 820982911946154500,
            "created_at": now.isoformat(timespec="seconds"),
            "customer": {"first_name": "Zoë", "last_name": "Marchetti"},
            "line_items": [{"title": "Save the date, letterpress", "quantity": 90}],
            "total_price": "412.00",
        }
    )


def sample(
    secret: str, _options: Mapping[str, Any], body: bytes, url: str, now: datetime
) -> Sample:
    headers = {
        **plain.JSON,
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Webhook-Id": naming.sample_id(body, now),
        "X-Shopify-Triggered-At": now.isoformat(timespec="seconds"),
        _SIGNATURE: signatures.made(secret, body, "base64"),
    }
    return Sample(url, headers, body)
