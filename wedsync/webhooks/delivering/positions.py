"""Positions: where a message stands in the row of an endpoint that polls.

They are given under the lock of the endpoint's row, which is held until the commit. So whoever
makes the next message waits until these can be read, and a reader never passes one that is not
committed yet.
"""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Connection, text

_TAKE = text(
    "UPDATE endpoints SET last_position = last_position + :count WHERE id = :endpoint"
    " RETURNING last_position"
)


def take(connection: Connection, wanted: Mapping[UUID, int]) -> dict[UUID, int]:
    """Take that many positions of each endpoint; the first of them, by endpoint.

    Before any lane is locked, and in the order of ids: two that do both cannot deadlock.
    """
    first = {}
    for endpoint_id in sorted(wanted):
        count = wanted[endpoint_id]
        last = connection.execute(_TAKE, {"endpoint": endpoint_id, "count": count}).scalar()
        if last is not None:  # else the endpoint is gone, and what refers to it cannot be written
            first[endpoint_id] = int(last) - count + 1
    return first
