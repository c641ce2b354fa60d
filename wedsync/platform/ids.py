"""Row ids that sort by time: UUID version 7 (RFC 9562, section 5.7).

PostgreSQL makes them too (`uuidv7()`); they are made here when a row's id must be known before
the row exists, because its secrets are sealed to that id.
"""

import os
import time
from uuid import UUID

_VERSION_AND_VARIANT = (0x7 << 76) | (0x2 << 62)


def new_id() -> UUID:
    """A new UUIDv7: 48 bits of Unix milliseconds, 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    random_a = (random >> 62) & 0xFFF
    random_b = random & ((1 << 62) - 1)
    return UUID(int=(milliseconds << 80) | _VERSION_AND_VARIANT | (random_a << 64) | random_b)
