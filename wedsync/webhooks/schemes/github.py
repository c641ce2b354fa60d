"""GitHub: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries.

`X-Hub-Signature-256: sha256=<hex>` signs the body. `X-GitHub-Event` names the kind,
`X-GitHub-Delivery` the event; neither is signed, so they make a repeat a repeat and prove nothing.
The body is JSON, or a form whose `payload` is.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from wedsync.webhooks.schemes import forms, naming, plain, signatures
from wedsync.webhooks.schemes.interface import (
    Incoming,
    Rejected,
    Request,
    Sample,
    Verdict,
    Verified,
)

SUCCESS_STATUS = 202
SIGNED_HEADERS = frozenset({"x-hub-signature-256", "x-hub-signature"})
METHODS = plain.POST
ANSWERED_BARE = False
HAS_HANDSHAKE = False

_SIGNATURE, _PREFIX = "X-Hub-Signature-256", b"sha256="
_EVENT, _DELIVERY = b"x-github-event", b"x-github-delivery"

option_problems = plain.no_options
names_events = plain.always
new_secret = signatures.new_standard_secret
secret_problem = signatures.plain_secret_problem
parse = forms.parse
data_of = plain.data_of


def verify(
    secrets: Sequence[str], _options: Mapping[str, Any], request: Request, _now: datetime
) -> Verdict:
    headers = request.headers
    refused = signatures.refused_body(secrets, request, _SIGNATURE, encoding="hex", prefix=_PREFIX)
    if refused is not None:
        return refused
    if headers.repeats(_EVENT, _DELIVERY):
        return Rejected("signature_invalid", "A header that names the event was sent twice.")
    named = signatures.sender_id(headers.get(_DELIVERY))
    return Verified(named, naming.from_header(headers.get(_EVENT)))


def read(
    document: Any, event_type: str | None, verified: Verified, received_at: datetime
) -> Incoming:
    """`X-GitHub-Event: issues` with the action `opened` is `issues.opened`."""
    incoming = plain.read(document, event_type, verified, received_at)
    action = document.get("action") if isinstance(document, dict) else None
    named = f"{verified.type}.{action}"
    if verified.type is None or not isinstance(action, str) or not naming.is_usable(named):
        return incoming
    return Incoming(incoming.sender_event_id, named, incoming.occurred_at, incoming.data)


def example(_event_type: str | None, _now: datetime) -> str:
    return plain.written(
        {
            "action": "opened",
            "issue": {"number": 7, "title": "The table plan prints on two pages"},
            "repository": {"full_name": "rosewood/website"},
        }
    )


def sample(
    secret: str, _options: Mapping[str, Any], body: bytes, url: str, now: datetime
) -> Sample:
    headers = {
        **plain.JSON,
        "X-GitHub-Event": "issues",
        "X-GitHub-Delivery": naming.sample_id(body, now),
        _SIGNATURE: "sha256=" + signatures.made(secret, body, "hex"),
    }
    return Sample(url, headers, body)
