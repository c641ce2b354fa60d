"""Endpoints that poll: what waits for them, a page at a time, until they say that they have it.

Messages wait in the order of their positions (`positions.py`). An iterator is a position, sealed to
its endpoint; whoever comes without one begins with the first that was not acknowledged.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from wedsync.errors import Conflict, FieldError, Invalid
from wedsync.platform import crypto, leaves
from wedsync.platform.db import db
from wedsync.platform.plans import along_an_index
from wedsync.platform.runtime import vault
from wedsync.platform.vault import place
from wedsync.webhooks import queries
from wedsync.webhooks.delivering.service import body_of
from wedsync.webhooks.models import Endpoint

MOST_AHEAD = 10_000
"""How many positions somebody may read on without acknowledging."""

MOST_BYTES = 4 * 1024 * 1024
"""How much data a page holds: it ends with the message that goes past it."""

_BEFORE_ALL = 0
_ITERATOR = "iterator"
_BYTES = 8

# In the words of an index, and in its order: see `platform/plans.py`.
_WAITING = (
    "SELECT id, event_id, seq FROM deliveries"
    " WHERE (lane, seq) > (:lane, CAST(:after AS bigint))"
    " AND (lane, seq) <= (:lane, CAST(9223372036854775807 AS bigint))"
    " AND state IN ('due', 'in_flight') ORDER BY lane, seq LIMIT :limit"
)
_MESSAGES = text(
    f"WITH page AS MATERIALIZED ({_WAITING}), message AS ("
    " SELECT page.id, page.seq, e.id AS event_id, e.type, e.occurred_at, e.data,"
    "  octet_length(e.data::text) AS bytes"
    "  FROM page CROSS JOIN LATERAL (SELECT * FROM events WHERE events.organization_id ="
    "   :organization AND events.id = page.event_id LIMIT 1) e)"
    " SELECT id, seq, event_id, type, occurred_at, data, waiting FROM (SELECT *,"
    "  sum(bytes) OVER (ORDER BY seq) - bytes AS bytes_before, count(*) OVER () AS waiting"
    "  FROM message) each WHERE bytes_before < :most_bytes"
)
_FIRST = text(f"SELECT seq FROM ({_WAITING}) page")
_COUNT = text(f"SELECT count(*) FROM ({_WAITING}) page")
_SAID = text(
    "UPDATE endpoints SET acknowledged_at = clock_timestamp()"
    " WHERE organization_id = :organization AND id = :endpoint"
)
_ARRIVED = text(
    "UPDATE deliveries SET state = 'delivered', next_attempt_at = NULL,"
    " finished_at = clock_timestamp() WHERE id IN"
    f" (SELECT id FROM ({_WAITING}) page WHERE seq <= :upto)"
    " AND organization_id = :organization AND state = 'due'"
)


@dataclass(frozen=True, slots=True)
class Message:
    """One message: the delivery's id, and the body that would have been sent."""

    id: UUID
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page of messages, the iterator behind them, and whether nothing more waits now."""

    messages: tuple[Message, ...]
    iterator: str
    done: bool


def fetch(organization_id: UUID, endpoint_id: UUID, *, iterator: str | None, limit: int) -> Fetched:
    """The messages behind `iterator`, or the first that were not acknowledged.

    Raises NotFound, Invalid for an iterator that is not of this endpoint, Conflict when the
    endpoint does not poll, is off, or read too far ahead of what it acknowledged.
    """
    endpoint = _polling(organization_id, endpoint_id)
    if endpoint.state != "on":
        raise Conflict("This endpoint is off. Turn it on first.", code="endpoint_off")
    after = _BEFORE_ALL if iterator is None else _read(endpoint, iterator, "/query/iterator")
    _hold_back(endpoint, after)
    given = {
        **_asked(endpoint, after, limit + 1),
        "organization": organization_id,
        "most_bytes": MOST_BYTES,
    }
    with along_an_index(db.session):
        found = sorted(db.session.execute(_MESSAGES, given), key=lambda row: int(row.seq))
    page = found[:limit]
    last, waiting = (page[-1].seq, page[-1].waiting) if page else (after, 0)
    return Fetched(_opened(endpoint, page), _write(endpoint, last), done=waiting <= len(page))


def acknowledge(organization_id: UUID, endpoint_id: UUID, iterator: str) -> int:
    """Everything up to `iterator` has arrived; returns how many messages that newly are.

    Saying it again changes nothing. Raises NotFound, Invalid, Conflict.
    """
    endpoint = _polling(organization_id, endpoint_id)
    upto = _read(endpoint, iterator, "/iterator")
    given = {"organization": organization_id, "endpoint": endpoint.id}
    db.session.execute(_SAID, given)  # before its messages, as whoever makes them does
    asked = {**_asked(endpoint, _BEFORE_ALL, 2 * MOST_AHEAD), **given, "upto": upto}
    with along_an_index(db.session):
        arrived: Any = db.session.execute(_ARRIVED, asked)
    return int(arrived.rowcount)


def waiting(endpoint: Endpoint, most: int) -> int:
    """How many messages were not acknowledged yet; at most `most`."""
    with along_an_index(db.session):
        found = db.session.execute(_COUNT, _asked(endpoint, _BEFORE_ALL, most))
    return int(found.scalar_one())


def _polling(organization_id: UUID, endpoint_id: UUID) -> Endpoint:
    endpoint = queries.get_endpoint(organization_id, endpoint_id)
    if endpoint.receives != "polls":
        words = "We send to this endpoint, so there is nothing to fetch."
        raise Conflict(words, code="endpoint_not_polled")
    return endpoint


def _hold_back(endpoint: Endpoint, after: int) -> None:
    """What was read and not acknowledged is given again, so it must not grow without end."""
    with along_an_index(db.session):
        first = db.session.execute(_FIRST, _asked(endpoint, _BEFORE_ALL, 1)).scalar()
    if first is not None and after - first + 1 >= MOST_AHEAD:
        words = f"More than {MOST_AHEAD:,} messages were fetched and not acknowledged."
        raise Conflict(f"{words} Acknowledge them first.", code="acknowledge_first")


def _opened(endpoint: Endpoint, page: Sequence[Row[Any]]) -> tuple[Message, ...]:
    """As they would have been sent, what is sealed in them opened."""
    keys = partial(vault().keys, db.session, endpoint.organization_id)
    vault().read(
        db.session,
        {(endpoint.organization_id, key_id) for row in page for key_id in leaves.key_ids(row.data)},
    )
    return tuple(
        Message(
            row.id,
            body_of(
                row.event_id,
                row.type,
                row.occurred_at,
                leaves.open_what_is_left(row.data, endpoint.organization_id, keys),
            ),
        )
        for row in page
    )


def _asked(endpoint: Endpoint, after: int, limit: int) -> dict[str, Any]:
    return {"lane": str(endpoint.id), "after": after, "limit": limit}


def _write(endpoint: Endpoint, position: int) -> str:
    sealed = vault().seal(
        db.session,
        endpoint.organization_id,
        place("endpoints", endpoint.id, _ITERATOR),
        position.to_bytes(_BYTES, "big"),
    )
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _read(endpoint: Endpoint, iterator: str, pointer: str) -> int:
    """The position it names. Raises Invalid for what we did not write, or not for this endpoint;
    `pointer` is where it was sent."""
    where = place("endpoints", endpoint.id, _ITERATOR)
    try:
        sealed = base64.b64decode(
            iterator + "=" * (-len(iterator) % 4), altchars=b"-_", validate=True
        )
        opened = vault().open(db.session, endpoint.organization_id, where, sealed)
        return int.from_bytes(opened, "big")
    except (crypto.Unsealable, binascii.Error, ValueError) as error:
        problem = "This iterator is not one of this endpoint's. Begin again without it."
        raise Invalid(problem, errors=[FieldError(pointer, "iterator", problem)]) from error
