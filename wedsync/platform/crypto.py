"""Authenticated encryption and the keys it needs; knows no row and no organization.

Sealed bytes: one version byte, 16 bytes naming the key, 12 bytes nonce, then AES-256-GCM
ciphertext with its tag (NIST SP 800-38D).
"""

import os
import secrets
from pathlib import Path
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


def new_key() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(32)


def derive(key: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose (HKDF, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(key)


def read_or_create_key_file(path: Path) -> bytes:
    """The 32-byte master key in `path`, made with mode 0600 when absent.

    Created with O_EXCL, so that two processes starting at once agree on one key.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    if not path.exists():
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(new_key())
            file.flush()
            os.fsync(descriptor)
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass  # another process was first; its key is the key
        finally:
            fresh.unlink()
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise Unsealable(f"{path} should hold the {KEY_BYTES} bytes of the master key.")
    return key
