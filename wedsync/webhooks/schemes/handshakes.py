"""Echoes: what a sender wants to hear back before it sends anything.

A stranger chooses the words and we say them, so they are few, plain text, and only said while a
person awaits it.
"""

import re
from datetime import datetime

from wedsync.webhooks.schemes.interface import Handshake, Rejected

MOST_BYTES = 256
NOT_AWAITED = (
    "No handshake is awaited here. Open the hook's page, let it await one, and begin it again."
)

_PLAIN = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def is_awaited(until: datetime | None, now: datetime) -> bool:
    """Whether an echo is given now; `until` is when that ends, if it began."""
    return until is not None and until >= now


def asked(words: object) -> Handshake | Rejected:
    """The handshake that wants these words back; refused when they cannot be said."""
    if isinstance(words, str) and _PLAIN.fullmatch(words):
        echo = words.encode()
        if len(echo) <= MOST_BYTES:
            return Handshake(echo)
    return Rejected(
        "body_invalid", f"What is to be echoed should be 1 to {MOST_BYTES} bytes of plain text."
    )
