"""Random secrets that are shown once and kept as a hash."""

import hashlib
import secrets
import zlib

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM = 40  # characters of 62: 238 bits
_CHECK = 6


def new(prefix: str) -> str:
    """`<prefix><40 random characters><6 characters of checksum>`.

    The checksum lets a mistyped or made-up secret be refused without a look at the database, and
    lets scanners of source code recognise a real one.
    """
    body = prefix + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return body + _checksum(body)


def is_well_formed(raw: str, prefix: str) -> bool:
    """Whether this could be a secret made by `new(prefix)`."""
    if not raw.isascii() or len(raw) != len(prefix) + _RANDOM + _CHECK:
        return False
    return raw.startswith(prefix) and raw[-_CHECK:] == _checksum(raw[:-_CHECK])


def hashed(raw: str) -> bytes:
    """What is stored: SHA-256, enough for a secret that is random all through."""
    return hashlib.sha256(raw.encode()).digest()


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(_CHECK):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
