"""Making deliveries: one row per endpoint that subscribed to an event.

Called by the fan-out, in its transaction. Sending them is `sending.py`.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.events.as_trigger import as_trigger
from wedsync.platform import batch, documents, ids, leases
from wedsync.platform.batch import recordset
from wedsync.webhooks import filters

LANES = "deliveries"

_ENDPOINTS = text(
    "SELECT id, organization_id, event_types, filter, ordered_by FROM endpoints"
    " WHERE organization_id = ANY(:organizations) AND state = 'on'"
)
_INSERT = text(
    "INSERT INTO deliveries"
    " (id, organization_id, endpoint_id, event_id, lane, seq, next_attempt_at)"
    " SELECT id, organization_id, endpoint_id, event_id, lane, seq, next_attempt_at FROM "
    + recordset(
        "id uuid, organization_id uuid, endpoint_id uuid, event_id uuid, lane text, seq bigint,"
        " next_attempt_at timestamptz"
    )
    + " ON CONFLICT (endpoint_id, event_id) DO NOTHING"
)
_ORDER = text(
    "UPDATE lanes SET ordered = true WHERE kind = 'deliveries' AND key = ANY(:keys) AND NOT ordered"
)
_LAST_SEQ = text(
    "SELECT lane, max(seq) AS seq FROM deliveries"
    " WHERE lane = ANY(:lanes) AND state IN ('due', 'in_flight') GROUP BY lane"
)


@dataclass(frozen=True, slots=True)
class FannedEvent:
    """An event as the fan-out hands it on: opened, typed, its wedding resolved."""

    id: UUID
    organization_id: UUID
    type: str
    source: str
    occurred_at: datetime
    data: Any
    wedding_id: UUID | None
    causation: Mapping[str, Any]

    def as_trigger(self) -> dict[str, Any]:
        """The event as expressions see it, under `trigger`."""
        return as_trigger(self)


@dataclass(frozen=True, slots=True)
class _New:
    endpoint_id: UUID
    event: FannedEvent
    lane: str
    ordered: bool


def body_of(event_id: UUID, event_type: str, occurred_at: datetime, data: Any) -> dict[str, Any]:
    """The document a partner receives: `{"id", "type", "timestamp", "data"}`."""
    return {
        "id": str(event_id),
        "type": event_type,
        "timestamp": occurred_at.isoformat().replace("+00:00", "Z"),
        "data": data,
    }


def make_deliveries(connection: Connection, events: Sequence[FannedEvent], now: datetime) -> int:
    """Make a due delivery for every subscribed endpoint; returns how many were wanted."""
    organizations = list({event.organization_id for event in events})
    endpoints = connection.execute(_ENDPOINTS, {"organizations": organizations}).all()
    new = [
        _new(event, endpoint)
        for event in events
        for endpoint in endpoints
        if endpoint.organization_id == event.organization_id and _wants(endpoint, event)
    ]
    if new:
        # Order is settled under the lanes' locks. Without an order they are taken last, because
        # they are held until the commit and nobody can claim meanwhile.
        is_ordered = any(row.ordered for row in new)
        for step in (_touch, _insert) if is_ordered else (_insert, _touch):
            step(connection, new, now)
    return len(new)


def _wants(endpoint: Row[Any], event: FannedEvent) -> bool:
    types: list[str] = endpoint.event_types
    if types and event.type not in types:
        return False
    return endpoint.filter is None or filters.matches(endpoint.filter, event.as_trigger())


def _new(event: FannedEvent, endpoint: Row[Any]) -> _New:
    path = endpoint.ordered_by
    if path is None:
        return _New(endpoint.id, event, str(endpoint.id), ordered=False)
    body = body_of(event.id, event.type, event.occurred_at, event.data)
    key = hashlib.sha256(documents.write(_at(body, path))).hexdigest()[:16]
    return _New(endpoint.id, event, f"{endpoint.id}:{key}", ordered=True)


def _at(document: Any, path: str) -> Any:
    for part in path.split("."):
        document = document.get(part) if isinstance(document, dict) else None
    return document


def _touch(connection: Connection, new: Sequence[_New], now: datetime) -> None:
    """Lock every lane in key order; from here on the order of this transaction is settled."""
    lanes: defaultdict[UUID, dict[str, datetime]] = defaultdict(dict)
    for row in new:
        lanes[row.event.organization_id][row.lane] = now
    for organization_id in sorted(lanes):
        leases.touch_lanes(connection, LANES, organization_id, lanes[organization_id])
    ordered = [row.lane for row in new if row.ordered]
    if ordered:
        connection.execute(_ORDER, {"keys": ordered})


def _insert(connection: Connection, new: Sequence[_New], now: datetime) -> None:
    rows = [
        {
            "id": ids.new_id(),
            "organization_id": row.event.organization_id,
            "endpoint_id": row.endpoint_id,
            "event_id": row.event.id,
            "lane": row.lane,
            "seq": seq,
            "next_attempt_at": now,
        }
        for row, seq in zip(new, _seqs(connection, new), strict=True)
    ]
    connection.execute(_INSERT, batch.rows(rows))


def _seqs(connection: Connection, new: Sequence[_New]) -> list[int]:
    """The next number in each ordered lane; 0 where order does not matter."""
    ordered = list({row.lane for row in new if row.ordered})
    if not ordered:
        return [0] * len(new)
    last = {row.lane: row.seq for row in connection.execute(_LAST_SEQ, {"lanes": ordered})}
    seqs = []
    for row in new:
        if row.ordered:
            last[row.lane] = last.get(row.lane, 0) + 1
        seqs.append(last[row.lane] if row.ordered else 0)
    return seqs
