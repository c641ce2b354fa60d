"""Standard Webhooks, symmetric (`v1`): https://github.com/standard-webhooks/standard-webhooks,
spec/standard-webhooks.md, "Verifying webhook authenticity".

`webhook-id.webhook-timestamp.body` is signed with the bytes that `whsec_<base64>` stands for. The
body is `{"type", "timestamp", "data"}`; any other body is data as a whole.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wedsync.webhooks.schemes import naming, plain, signatures
from wedsync.webhooks.schemes.interface import (
    Incoming,
    Rejected,
    Request,
    Sample,
    Verdict,
    Verified,
)

SUCCESS_STATUS = 202
SIGNED_HEADERS = frozenset({"webhook-signature"})
METHODS = plain.POST
ANSWERED_BARE = False
HAS_HANDSHAKE = False
PREFIX = "whsec_"

_ID, _TIMESTAMP, _SIGNATURE = b"webhook-id", b"webhook-timestamp", b"webhook-signature"
_LEAST_BYTES, _MOST_BYTES = 24, 64

option_problems = plain.no_options
names_events = plain.always
new_secret = signatures.new_standard_secret
parse = plain.parse


def secret_problem(secret: str) -> str | None:
    key = key_of(secret, PREFIX)
    if key is None or not secret.startswith(PREFIX):
        return "The secret should be whsec_ followed by base64."
    if not _LEAST_BYTES <= len(key) <= _MOST_BYTES:
        return f"The secret should stand for {_LEAST_BYTES} to {_MOST_BYTES} bytes."
    return None


def key_of(secret: str, prefix: str) -> bytes | None:
    """The bytes that a written key stands for; None when it stands for none."""
    try:
        return base64.b64decode(secret.removeprefix(prefix), validate=True)
    except (binascii.Error, ValueError):
        return None


@dataclass(slots=True)
class Said:
    """What the three headers say of a body, nothing of it believed yet."""

    identifier: str
    seconds: int
    signed: bytes
    signatures: list[bytes]


def said(request: Request) -> Said | Rejected:
    """Read the three headers, or say what is wrong with them."""
    headers = request.headers
    identifier, timestamp = headers.get(_ID), headers.get(_TIMESTAMP)
    signature = headers.get(_SIGNATURE)
    if identifier is None or timestamp is None or signature is None:
        return Rejected(
            "signature_missing", "Send webhook-id, webhook-timestamp and webhook-signature."
        )
    if headers.repeats(_ID, _TIMESTAMP, _SIGNATURE):
        return Rejected("signature_invalid", "A webhook header was sent twice.")
    seconds, named = signatures.whole_seconds(timestamp), signatures.sender_id(identifier)
    if seconds is None or named is None:
        return Rejected(
            "signature_invalid",
            "webhook-id should be plain text and webhook-timestamp whole seconds since 1970.",
        )
    signed = b"%b.%b.%b" % (identifier, timestamp, request.body)
    return Said(named, seconds, signed, signature.split(b" "))


def verify(
    secrets: Sequence[str], _options: Mapping[str, Any], request: Request, now: datetime
) -> Verdict:
    found = said(request)
    if isinstance(found, Rejected):
        return found
    given = [part[3:] for part in found.signatures if part.startswith(b"v1,")]
    keys = [key for secret in secrets if (key := key_of(secret, PREFIX))]
    if not signatures.made_by_any(keys, "sha256", found.signed, "base64", given):
        return signatures.UNFIT
    return signatures.stale(found.seconds, now) or Verified(found.identifier)


def read(
    document: Any, event_type: str | None, verified: Verified, received_at: datetime
) -> Incoming:
    if not _is_enveloped(document):
        return plain.read(document, event_type, verified, received_at)
    return Incoming(
        verified.sender_event_id,
        document["type"],
        signatures.moment(document.get("timestamp"), received_at),
        document["data"],
    )


def data_of(document: Any) -> Any:
    return document["data"] if _is_enveloped(document) else document


def _is_enveloped(document: Any) -> bool:
    return (
        isinstance(document, dict) and "data" in document and naming.is_usable(document.get("type"))
    )


def example(event_type: str | None, now: datetime) -> str:
    return plain.written(
        {
            "type": naming.own_name(event_type),
            "timestamp": now.isoformat(timespec="seconds"),
            "data": {"guest": {"name": "Zoë Marchetti", "coming": True, "meal": "risotto"}},
        }
    )


def sample(
    secret: str, _options: Mapping[str, Any], body: bytes, url: str, now: datetime
) -> Sample:
    identifier, seconds = naming.sample_id(body, now), str(int(now.timestamp()))
    signed = b"%b.%b.%b" % (identifier.encode(), seconds.encode(), body)
    made = hmac.digest(key_of(secret, PREFIX) or b"", signed, "sha256")
    headers = {
        **plain.JSON,
        "webhook-id": identifier,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{base64.b64encode(made).decode()}",
    }
    return Sample(url, headers, body)
