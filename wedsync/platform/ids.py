"""Row ids that sort by time: UUID version 7 (RFC 9562, section 5.7).

PostgreSQL makes them too (`uuidv7()`); they are made here when a row's id must be known before
the row exists, because its secrets are sealed to that id.
"""

import os
import time
from datetime import UTC, datetime
from uuid import UUID

_VERSION_AND_VARIANT = (0x7 << 76) | (0x2 << 62)
_PARTS_OF_A_MILLISECOND = 4096


def new_id() -> UUID:
    """A new UUIDv7: 48 bits of Unix milliseconds, 12 bits of their fraction, 62 random bits.

    The fraction (method 3 of section 6.2, as PostgreSQL's own) keeps what one process makes one
    after the other in that order.
    """
    milliseconds, rest_ns = divmod(time.time_ns(), 1_000_000)
    fraction = rest_ns * _PARTS_OF_A_MILLISECOND // 1_000_000
    random = int.from_bytes(os.urandom(8), "big") >> 2
    return UUID(int=(milliseconds << 80) | _VERSION_AND_VARIANT | (fraction << 64) | random)


def first_at(moment: datetime) -> UUID:
    """No id made at `moment` or later is smaller, so an index on ids bounds a time.

    Of a moment before 1970, when no id was made, it is the smallest there is.
    """
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)


def made_at(row_id: UUID) -> datetime:
    """When an id was made, to the millisecond."""
    return datetime.fromtimestamp((row_id.int >> 80) / 1000, UTC)


def read(written: object) -> UUID | None:
    """The id that is written here; None for what is none."""
    try:
        return UUID(str(written))
    except ValueError:
        return None
