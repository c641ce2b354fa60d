"""Standard Webhooks, asymmetric (`v1a`, Ed25519): the same headers as
https://github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md, "Signature
scheme", signed with a key that only the sender has. Ed25519 is RFC 8032.

The secret is the sender's public key, `whpk_<base64>`: it verifies and cannot sign, so no sample
can be made with it.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from wedsync.webhooks.schemes import plain, signatures, standard_webhooks
from wedsync.webhooks.schemes.interface import Rejected, Request, Verdict, Verified

SUCCESS_STATUS = 202
SIGNED_HEADERS = standard_webhooks.SIGNED_HEADERS
METHODS = plain.POST
ANSWERED_BARE = False
HAS_HANDSHAKE = False
PREFIX = "whpk_"

_KEY_BYTES, _SIGNATURE_BYTES = 32, 64
_MOST_SIGNATURES = 4

option_problems = plain.no_options
names_events = plain.always
new_secret = plain.theirs
parse = plain.parse
read = standard_webhooks.read
data_of = standard_webhooks.data_of
example = standard_webhooks.example


def secret_problem(secret: str) -> str | None:
    if secret.startswith(PREFIX) and _public_key(secret) is not None:
        return None
    return "It should be the sender's public key: whpk_ followed by base64 for 32 bytes."


def verify(
    secrets: Sequence[str], _options: Mapping[str, Any], request: Request, now: datetime
) -> Verdict:
    said = standard_webhooks.said(request)
    if isinstance(said, Rejected):
        return said
    given = [_signature(part[4:]) for part in said.signatures if part.startswith(b"v1a,")]
    keys = [key for secret in secrets if (key := _public_key(secret))]
    if not any(_fits(key, said.signed, made) for key in keys for made in given[:_MOST_SIGNATURES]):
        return signatures.UNFIT
    return signatures.stale(said.seconds, now) or Verified(said.identifier)


def _public_key(secret: str) -> Ed25519PublicKey | None:
    key = standard_webhooks.key_of(secret, PREFIX)
    if key is None or len(key) != _KEY_BYTES:
        return None
    return Ed25519PublicKey.from_public_bytes(key)


def _signature(text: bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _fits(key: Ed25519PublicKey, signed: bytes, made: bytes) -> bool:
    # A public key is no secret, so the time this takes tells nothing.
    if len(made) != _SIGNATURE_BYTES:
        return False
    try:
        key.verify(made, signed)
    except InvalidSignature:
        return False
    return True


def sample(
    _secret: str, _options: Mapping[str, Any], _body: bytes, _url: str, _now: datetime
) -> None:
    return None
