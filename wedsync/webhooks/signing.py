"""Signing what we send: Standard Webhooks, symmetric (`v1`).

https://github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md, "Signature
scheme". Pure: time and secrets come in.
"""

import base64
import hmac
from collections.abc import Sequence

from wedsync.webhooks.schemes.standard_webhooks import PREFIX


def sign(event_id: str, timestamp: int, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """The three headers of one attempt at `timestamp` (seconds since 1970).

    Every one of `secrets` (`whsec_<base64>`) signs: while one replaces another, receivers may
    still know only the old one.
    """
    signed = b"%b.%d.%b" % (event_id.encode(), timestamp, body)
    signatures = (hmac.digest(_key(secret), signed, "sha256") for secret in secrets)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(
            f"v1,{base64.b64encode(signature).decode()}" for signature in signatures
        ),
    }


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(PREFIX))
