"""Taking away what is left of deleted endpoints, a portion at a time.

A deleted endpoint is not there for anybody; its deliveries go first, with their attempts and the
lanes they waited in, then its replays, then its row. A portion is one transaction, so a kill costs
a portion. Nobody waits for a lock here: what somebody else has in hand, and what is on its way at
this moment, goes later.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.platform.plans import along_an_index
from wedsync.webhooks.delivering.service import LANES

AT_ONCE = 4_000
_ENDPOINTS_AT_ONCE = 20

_DELETED = text(
    "SELECT organization_id, id FROM endpoints WHERE state = 'deleted'"
    f" ORDER BY organization_id, id LIMIT {_ENDPOINTS_AT_ONCE}"
)
# In the words of an index, and in its order: see `platform/plans.py`.
_DELIVERIES = text(
    "SELECT id, lane FROM deliveries"
    " WHERE (organization_id, endpoint_id) >= (:organization_id, :id)"
    " AND (organization_id, endpoint_id) <= (:organization_id, :id)"
    " ORDER BY organization_id, endpoint_id, id LIMIT :most"
)
_LANES = text(
    "DELETE FROM lanes WHERE ctid = ANY(ARRAY(SELECT ctid FROM lanes WHERE kind = :kind"
    " AND key = ANY(:lanes) FOR UPDATE SKIP LOCKED))"
)
_LOCK = text(
    "SELECT id FROM deliveries WHERE id = ANY(:deliveries) AND state <> 'in_flight'"
    " FOR UPDATE SKIP LOCKED"
)
_ATTEMPTS = text("DELETE FROM delivery_attempts WHERE delivery_id = ANY(:deliveries)")
_GO = text("DELETE FROM deliveries WHERE id = ANY(:deliveries)")
_HELD_LANES = text(
    "DELETE FROM lanes WHERE ctid = ANY(ARRAY(SELECT ctid FROM lanes WHERE held_by = :id"
    " ORDER BY held_by, served_at LIMIT :most FOR UPDATE SKIP LOCKED))"
)
_REPLAYS = text(
    "DELETE FROM replays WHERE id = ANY(ARRAY(SELECT id FROM replays"
    " WHERE organization_id = :organization_id AND endpoint_id = :id"
    " LIMIT :most FOR UPDATE SKIP LOCKED))"
)
_ENDPOINT = text(
    "DELETE FROM endpoints WHERE id = ANY(ARRAY(SELECT id FROM endpoints WHERE id = :id"
    " FOR UPDATE SKIP LOCKED))"
)


def take_away(connection: Connection) -> int:
    """Take away a portion of what is left of deleted endpoints; how many rows that were, attempts
    aside."""
    left = AT_ONCE
    with along_an_index(connection):
        for endpoint in connection.execute(_DELETED).all():
            if left > 0:
                left -= _take_away(connection, endpoint, left)
    return AT_ONCE - left


def _take_away(connection: Connection, endpoint: Row[Any], most: int) -> int:
    given = {"organization_id": endpoint.organization_id, "id": endpoint.id, "most": most}
    found = connection.execute(_DELIVERIES, given).all()
    if found:
        return _deliveries(connection, found)
    gone = connection.execute(_HELD_LANES, given).rowcount
    gone += connection.execute(_REPLAYS, given).rowcount
    return gone if gone else connection.execute(_ENDPOINT, given).rowcount


def _deliveries(connection: Connection, found: Sequence[Row[Any]]) -> int:
    """Lanes before deliveries, as everybody locks."""
    lanes = sorted({row.lane for row in found})
    connection.execute(_LANES, {"kind": LANES, "lanes": lanes})
    ids: list[UUID] = list(connection.scalars(_LOCK, {"deliveries": [row.id for row in found]}))
    if ids:
        connection.execute(_ATTEMPTS, {"deliveries": ids})
        connection.execute(_GO, {"deliveries": ids})
    return len(ids)
