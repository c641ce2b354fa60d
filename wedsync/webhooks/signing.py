"""Signing what we send: Standard Webhooks, symmetric (`v1`) and asymmetric (`v1a`, Ed25519).

https://github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md, "Signature
scheme"; Ed25519 is RFC 8032. Pure: time and keys come in.

| written | what it is |
|---|---|
| `whsec_<base64>` | a shared secret: it signs `v1`, and whoever checks has it too |
| `whsk_<base64>` | a signing key, the 32 bytes RFC 8032 calls seed: it signs `v1a`, never shown |
| `whpk_<base64>` | the public key to it: all that whoever checks needs |
"""

import base64
import hmac
from collections.abc import Sequence
from secrets import token_bytes

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from wedsync.webhooks.schemes.standard_webhooks import PREFIX

SIGNING_KEY, PUBLIC_KEY = "whsk_", "whpk_"
_SEED_BYTES = 32


def sign(event_id: str, timestamp: int, body: bytes, keys: Sequence[str]) -> dict[str, str]:
    """The three headers of one attempt at `timestamp` (seconds since 1970).

    Every one of `keys` signs, a secret `v1` and a signing key `v1a`: while one replaces another,
    receivers may still know only the old one.
    """
    signed = b"%b.%d.%b" % (event_id.encode(), timestamp, body)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_signature(key, signed) for key in keys),
    }


def new_signing_key() -> str:
    """`whsk_` and 32 random bytes in base64."""
    return SIGNING_KEY + base64.b64encode(token_bytes(_SEED_BYTES)).decode()


def public_key(signing_key: str) -> str:
    """The `whpk_…` that checks what this `whsk_…` signs."""
    return (
        PUBLIC_KEY + base64.b64encode(_pair(signing_key).public_key().public_bytes_raw()).decode()
    )


def _signature(key: str, signed: bytes) -> str:
    if key.startswith(SIGNING_KEY):
        version, made = "v1a", _pair(key).sign(signed)
    else:
        version, made = "v1", hmac.digest(_bytes(key, PREFIX), signed, "sha256")
    return f"{version},{base64.b64encode(made).decode()}"


def _pair(signing_key: str) -> Ed25519PrivateKey:
    # Others write the public key behind the seed, as libsodium keeps it.
    return Ed25519PrivateKey.from_private_bytes(_bytes(signing_key, SIGNING_KEY)[:_SEED_BYTES])


def _bytes(key: str, prefix: str) -> bytes:
    return base64.b64decode(key.removeprefix(prefix))
