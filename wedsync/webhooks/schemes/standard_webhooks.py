"""Standard Webhooks, symmetric (`v1`): https://github.com/standard-webhooks/standard-webhooks,
spec/standard-webhooks.md, "Verifying webhook authenticity".

`webhook-id.webhook-timestamp.body` is signed with the bytes that `whsec_<base64>` stands for. The
body is `{"type", "timestamp", "data"}`; any other body is data as a whole.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from wedsync.webhooks.schemes import naming, signatures
from wedsync.webhooks.schemes.interface import Headers, Incoming, Rejected, Verdict, Verified

SUCCESS_STATUS = 202
SIGNED_HEADERS = frozenset({"webhook-signature"})
PREFIX = "whsec_"

_ID, _TIMESTAMP, _SIGNATURE = b"webhook-id", b"webhook-timestamp", b"webhook-signature"
_LEAST_BYTES, _MOST_BYTES = 24, 64


def option_problems(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    return naming.unknown_options(options, known=())


def new_secret() -> str:
    return signatures.new_standard_secret()


def secret_problem(secret: str) -> str | None:
    key = _key(secret)
    if key is None or not secret.startswith(PREFIX):
        return "The secret should be whsec_ followed by base64."
    if not _LEAST_BYTES <= len(key) <= _MOST_BYTES:
        return f"The secret should stand for {_LEAST_BYTES} to {_MOST_BYTES} bytes."
    return None


def _key(secret: str) -> bytes | None:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None


def verify(
    secrets: Sequence[str],
    _options: Mapping[str, Any],
    headers: Headers,
    body: bytes,
    now: datetime,
) -> Verdict:
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
    signed = b"%b.%b.%b" % (identifier, timestamp, body)
    given = [part[3:] for part in signature.split(b" ") if part.startswith(b"v1,")]
    keys = [key for secret in secrets if (key := _key(secret))]
    if not signatures.made_by_any(keys, "sha256", signed, "base64", given):
        return Rejected("signature_invalid", "The signature does not fit this body and our secret.")
    return signatures.stale(seconds, now) or Verified(named)


def read(
    document: Any, event_type: str | None, sent_as: str | None, received_at: datetime
) -> Incoming:
    if not _is_enveloped(document):
        return Incoming(sent_as, naming.own_name(event_type), received_at, document)
    return Incoming(
        sent_as,
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
