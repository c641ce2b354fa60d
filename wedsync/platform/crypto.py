"""Authenticated encryption and the keys it needs; knows no row and no organization.

Sealed bytes: one version byte, 16 bytes naming the key, 12 bytes nonce, then AES-256-GCM
ciphertext with its tag (NIST SP 800-38D).
"""

import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = b"\x01"
_NONCE = 12
KEY_BYTES = 32
_HEADER = 1 + 16 + _NONCE


class Unsealable(Exception):
    """Sealed bytes that this key, or this place, does not open."""


def seal(key_id: UUID, key: bytes, plaintext: bytes, associated: bytes) -> bytes:
    """Encrypt `plaintext` under a 32-byte `key`, bound to `associated`."""
    header = _VERSION + key_id.bytes
    nonce = os.urandom(_NONCE)
    return header + nonce + AESGCM(key).encrypt(nonce, plaintext, header + associated)


def unseal(key: bytes, sealed: bytes, associated: bytes) -> bytes:
    """Decrypt what `seal` made. Raises Unsealable when key, place or bytes do not match."""
    header, nonce = sealed[:17], sealed[17:_HEADER]
    try:
        return AESGCM(key).decrypt(nonce, sealed[_HEADER:], header + associated)
    except (InvalidTag, ValueError) as error:
        raise Unsealable("These sealed bytes do not open here.") from error


def key_id_of(sealed: bytes) -> UUID:
    """Which key sealed these bytes."""
    if len(sealed) < _HEADER or sealed[:1] != _VERSION:
        raise Unsealable("These bytes were not sealed by this product.")
    return UUID(bytes=sealed[1:17])


def key_ids_of(values: Iterable[bytes | None]) -> set[UUID]:
    """Which keys sealed these; of what was not sealed by us, nothing is said."""
    found = set()
    for value in values:
        with suppress(Unsealable):
            found.add(key_id_of(value or b""))
    return found


def new_key() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(32)


def derive(key: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose (HKDF, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(key)
