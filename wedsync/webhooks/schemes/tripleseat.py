"""Tripleseat: https://support.tripleseat.com/hc/en-us/articles/40075780832919-API-Webhooks.

`X-Signature: t=<seconds>,v1=<hex>` signs `<seconds>.<body>` with the webhook's signing key, as its
integrators describe it; where Tripleseat sends the hexadecimal alone, that signs the body. Not yet
tried against the live service. It wants 200 and tries five times more. `webhook_trigger_type` in
the body names the kind; nothing names the event.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from wedsync.webhooks.schemes import naming, plain, signatures, stripe
from wedsync.webhooks.schemes.interface import Incoming, Request, Sample, Verdict, Verified

SUCCESS_STATUS = 200
SIGNED_HEADERS = frozenset({"x-signature"})
METHODS = plain.POST
ANSWERED_BARE = False
HAS_HANDSHAKE = False

_SIGNATURE = "X-Signature"

option_problems = plain.no_options
names_events = plain.never
new_secret = plain.theirs
secret_problem = signatures.plain_secret_problem
parse = plain.parse
data_of = plain.data_of


def verify(
    secrets: Sequence[str], _options: Mapping[str, Any], request: Request, now: datetime
) -> Verdict:
    if b"=" in (request.headers.get(b"x-signature") or b""):
        return stripe.refused_moment(secrets, request, _SIGNATURE, now) or Verified()
    return signatures.refused_body(secrets, request, _SIGNATURE, encoding="hex") or Verified()


def read(
    document: Any, event_type: str | None, verified: Verified, received_at: datetime
) -> Incoming:
    """`CREATE_LEAD` is `create_lead`."""
    kind = document.get("webhook_trigger_type") if isinstance(document, dict) else None
    if isinstance(kind, str) and naming.is_usable(kind.lower()):
        event_type = kind.lower()
    return plain.read(document, event_type, verified, received_at)


def example(_event_type: str | None, now: datetime) -> str:
    return plain.written(
        {
            "webhook_trigger_type": "CREATE_LEAD",
            "message": "Lead was created",
            "lead": {
                "id": 4711,
                "first_name": "Zoë",
                "last_name": "Marchetti",
                "event_date": now.date().isoformat(),
                "guest_count": 90,
            },
        }
    )


def sample(
    secret: str, _options: Mapping[str, Any], body: bytes, url: str, now: datetime
) -> Sample:
    return Sample(url, {**plain.JSON, _SIGNATURE: stripe.signature(secret, body, now)}, body)
