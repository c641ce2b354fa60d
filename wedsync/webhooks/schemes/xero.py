"""Xero: https://developer.xero.com/documentation/guides/webhooks/configuring-your-server/.

`x-xero-signature` signs the body, in base64, with the webhook's key. Before it sends anything Xero
states its intent to receive: requests without events, rightly and wrongly signed, that want 200 and
401. No answer may have a body. One request holds several events and has no id of its own.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from wedsync.platform.documents import BadDocument
from wedsync.webhooks.schemes import naming, plain, signatures
from wedsync.webhooks.schemes.interface import (
    Handshake,
    Incoming,
    Request,
    Sample,
    Verdict,
    Verified,
)

SUCCESS_STATUS = 200
SIGNED_HEADERS = frozenset({"x-xero-signature"})
METHODS = plain.POST
ANSWERED_BARE = True
HAS_HANDSHAKE = False

_SIGNATURE = "x-xero-signature"
_LONGEST_INTENT = 1024

option_problems = plain.no_options
names_events = plain.never
new_secret = plain.theirs
secret_problem = signatures.plain_secret_problem
parse = plain.parse
data_of = plain.data_of


def verify(
    secrets: Sequence[str], _options: Mapping[str, Any], request: Request, _now: datetime
) -> Verdict:
    refused = signatures.refused_body(secrets, request, _SIGNATURE, encoding="base64")
    if refused is not None:
        return refused
    return Handshake() if _is_intent(request.body) else Verified()


def _is_intent(body: bytes) -> bool:
    if len(body) > _LONGEST_INTENT:
        return False
    try:
        document = parse(body)
    except BadDocument:
        return False
    return isinstance(document, dict) and document.get("events") == []


def read(
    document: Any, event_type: str | None, verified: Verified, received_at: datetime
) -> Incoming:
    """Events of one kind name it: the category `INVOICE` with the type `UPDATE` is
    `invoice.update`."""
    events = document.get("events") if isinstance(document, dict) else None
    if not isinstance(events, list):
        raise BadDocument("It is not a message of Xero's: it needs events.")
    kinds = {_kind(event) for event in events}
    kind = kinds.pop() if len(kinds) == 1 else None
    return plain.read(document, kind or event_type, verified, received_at)


def _kind(event: Any) -> str | None:
    if not isinstance(event, dict):
        return None
    kind = f"{event.get('eventCategory')}.{event.get('eventType')}".lower()
    return kind if naming.is_usable(kind) else None


def example(_event_type: str | None, now: datetime) -> str:
    return plain.written(
        {
            "events": [
                {
                    "resourceId": "717f2bfc-c6d4-41fd-b238-3f2f0c0cf777",
                    "eventDateUtc": now.isoformat(timespec="milliseconds").partition("+")[0],
                    "eventType": "UPDATE",
                    "eventCategory": "INVOICE",
                    "tenantId": "c2cc9b6e-9458-4c7d-93cc-f02b81b0594f",
                    "tenantType": "ORGANISATION",
                }
            ],
            "firstEventSequence": 1,
            "lastEventSequence": 1,
            "entropy": "S0m3r4Nd0mt3xt",
        }
    )


def sample(
    secret: str, _options: Mapping[str, Any], body: bytes, url: str, _now: datetime
) -> Sample:
    headers = {**plain.JSON, _SIGNATURE: signatures.made(secret, body, "base64")}
    return Sample(url, headers, body)
