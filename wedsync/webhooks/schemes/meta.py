"""Meta (Facebook, Instagram, WhatsApp): https://developers.facebook.com/docs/graph-api/webhooks.

`X-Hub-Signature-256: sha256=<hex>` signs the body with the app's secret. Before it sends anything
Meta gets the address with `hub.mode=subscribe`, the words agreed on in `hub.verify_token`, and
wants `hub.challenge` back. One request holds several entries and has no id of its own.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from wedsync.webhooks.schemes import handshakes, naming, plain, signatures
from wedsync.webhooks.schemes.interface import (
    Handshake,
    Incoming,
    Rejected,
    Request,
    Sample,
    Verdict,
    Verified,
)

SUCCESS_STATUS = 200
SIGNED_HEADERS = frozenset({"x-hub-signature-256", "x-hub-signature"})
METHODS = frozenset({"GET", "POST"})
ANSWERED_BARE = False
HAS_HANDSHAKE = True

_SIGNATURE, _PREFIX = "X-Hub-Signature-256", b"sha256="

option_problems = plain.no_options
names_events = plain.never
new_secret = plain.theirs
secret_problem = signatures.plain_secret_problem
parse = plain.parse
data_of = plain.data_of


def verify_token(address: str) -> str:
    """The words to agree on with Meta for a hook at this address; as secret as the address."""
    return hashlib.sha256(b"hub.verify_token " + address.encode()).hexdigest()[:32]


def verify(
    secrets: Sequence[str], _options: Mapping[str, Any], request: Request, _now: datetime
) -> Verdict:
    if request.method == "GET":
        return _handshake(request)
    refused = signatures.refused_body(secrets, request, _SIGNATURE, encoding="hex", prefix=_PREFIX)
    return refused or Verified()


def _handshake(request: Request) -> Handshake | Rejected:
    asked = parse_qs(request.query)
    if asked.get("hub.mode") != ["subscribe"] or "hub.challenge" not in asked:
        return Rejected("signature_missing", "Send hub.mode, hub.verify_token and hub.challenge.")
    given = asked.get("hub.verify_token", [""])[0]
    wanted = verify_token(request.url.partition("?")[0])
    if not hmac.compare_digest(wanted.encode(), given.encode()):
        return Rejected("signature_invalid", "hub.verify_token is not the one agreed on.")
    return handshakes.asked(asked["hub.challenge"][0])


def read(
    document: Any, event_type: str | None, verified: Verified, received_at: datetime
) -> Incoming:
    """Named by its `object`: `page`, `instagram`, `whatsapp_business_account`."""
    kind = document.get("object") if isinstance(document, dict) else None
    named = kind if naming.is_usable(kind) else event_type
    return plain.read(document, named, verified, received_at)


def example(_event_type: str | None, now: datetime) -> str:
    return plain.written(
        {
            "object": "instagram",
            "entry": [
                {
                    "id": "17841405793187218",
                    "time": int(now.timestamp()),
                    "changes": [{"field": "comments", "value": {"text": "Which venue is this?"}}],
                }
            ],
        }
    )


def sample(
    secret: str, _options: Mapping[str, Any], body: bytes, url: str, _now: datetime
) -> Sample:
    headers = {**plain.JSON, _SIGNATURE: "sha256=" + signatures.made(secret, body, "hex")}
    return Sample(url, headers, body)
