"""Making deliveries: one row per endpoint that subscribed to an event.

Called by the fan-out, in its transaction. Sending them is `sending.py`; replays make them again
(`replays.replaying`). An endpoint that polls has no lane: its deliveries wait in the order of
`positions.py` until they are fetched (`polling.py`).
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from wedsync.events.as_trigger import as_trigger
from wedsync.platform import batch, documents, ids, leases, leaves
from wedsync.platform.batch import recordset
from wedsync.webhooks.delivering import operational, positions
from wedsync.webhooks.endpoints import filters
from wedsync.webhooks.models import OPEN_IN_ORDER

LANES = "deliveries"

_ENDPOINTS = text(
    "SELECT id, organization_id, event_types, filter, ordered_by, receives FROM endpoints"
    " WHERE organization_id = ANY(:organizations) AND state = 'on'"
)
_INSERT = text(
    "INSERT INTO deliveries"
    " (id, organization_id, endpoint_id, event_id, event_type, wedding_id, lane, seq,"
    "  next_attempt_at)"
    " SELECT id, organization_id, endpoint_id, event_id, event_type, wedding_id, lane, seq,"
    "  next_attempt_at FROM "
    + recordset(
        "id uuid, organization_id uuid, endpoint_id uuid, event_id uuid, event_type text,"
        " wedding_id uuid, lane text, seq bigint, next_attempt_at timestamptz"
    )
    + " ON CONFLICT (endpoint_id, event_id) DO NOTHING"
)
_COUNT = text(
    "INSERT INTO delivery_hours (endpoint_id, organization_id, hour, made)"
    " SELECT endpoint_id, organization_id, date_trunc('hour', clock_timestamp(), 'UTC'), made FROM "
    + recordset("endpoint_id uuid, organization_id uuid, made bigint")
    + " ORDER BY endpoint_id"
    " ON CONFLICT (endpoint_id, hour) DO UPDATE SET made = delivery_hours.made + excluded.made"
)
_LAST_SEQ = text(
    "SELECT lane, max(seq) AS seq FROM deliveries"
    f" WHERE lane = ANY(:lanes) AND {OPEN_IN_ORDER} GROUP BY lane"
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

    @classmethod
    def of(cls, event: Any) -> "FannedEvent":
        """A row of `events` that was fanned out before."""
        return cls(
            event.id,
            event.organization_id,
            event.type,
            event.source,
            event.occurred_at,
            event.data,
            event.wedding_id,
            event.causation,
        )

    def as_trigger(self) -> dict[str, Any]:
        """The event as expressions see it, under `trigger`."""
        return as_trigger(self)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A delivery that is to be made: for an ordered endpoint in its key's lane, for one that polls
    at a position instead of a lane's turn."""

    endpoint_id: UUID
    event: FannedEvent
    lane: str
    ordered: bool
    polled: bool


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
    wanted = [
        wanted_by(endpoint, event)
        for event in events
        for endpoint in endpoints
        if endpoint.organization_id == event.organization_id and wants(endpoint, event)
    ]
    if wanted:
        taken = take_positions(connection, wanted)
        # Order is settled under the lanes' locks. Without an order they are taken last, because
        # they are held until the commit and nobody can claim meanwhile.
        if any(each.ordered for each in wanted):
            touch(connection, wanted, now)
            _insert(connection, wanted, taken, now)
        else:
            _insert(connection, wanted, taken, now)
            touch(connection, wanted, now)
        count_hour(connection, wanted)
    return len(wanted)


def count_hour(connection: Connection, made: Sequence[Wanted]) -> None:
    """Add them to what was made in this hour. Behind the lanes' locks, so that two who make
    deliveries for the same endpoints cannot wait for each other."""
    numbers = Counter((each.endpoint_id, each.event.organization_id) for each in made)
    rows = [
        {"endpoint_id": endpoint_id, "organization_id": organization_id, "made": number}
        for (endpoint_id, organization_id), number in numbers.items()
    ]
    connection.execute(_COUNT, batch.rows(rows))


def wants(endpoint: Any, event: FannedEvent) -> bool:
    """Whether an endpoint (its `event_types` and `filter`) is told of an event."""
    types: list[str] = endpoint.event_types
    if types and event.type not in types:
        return False
    if operational.is_about(event.type, event.source, event.data, endpoint.id):
        return False
    return endpoint.filter is None or filters.matches(endpoint.filter, event.as_trigger())


def wanted_by(endpoint: Any, event: FannedEvent) -> Wanted:
    """The delivery of an event to an endpoint, in the lane its order asks for. Values that are
    sealed are all alike to it: each sealing of one value has other bytes."""
    path = endpoint.ordered_by
    polled = endpoint.receives == "polls"
    if path is None or polled:
        return Wanted(endpoint.id, event, str(endpoint.id), ordered=False, polled=polled)
    body = body_of(event.id, event.type, event.occurred_at, event.data)
    value = documents.write_alike(leaves.mask_all(_at(body, path)))
    key = hashlib.sha256(value).hexdigest()[:16]
    return Wanted(endpoint.id, event, f"{endpoint.id}:{key}", ordered=True, polled=False)


def _at(document: Any, path: str) -> Any:
    for part in path.split("."):
        document = document.get(part) if isinstance(document, dict) else None
    return document


def take_positions(connection: Connection, wanted: Sequence[Wanted]) -> dict[UUID, int]:
    """The first position of each endpoint that polls; the next thing after this is `touch`."""
    return positions.take(connection, Counter(each.endpoint_id for each in wanted if each.polled))


def touch(connection: Connection, wanted: Sequence[Wanted], now: datetime) -> None:
    """Lock every lane in key order; from here on the order of this transaction is settled."""
    lanes: defaultdict[UUID, dict[str, datetime]] = defaultdict(dict)
    for each in wanted:
        if not each.polled:
            lanes[each.event.organization_id][each.lane] = now
    for organization_id in sorted(lanes):
        leases.touch_lanes(connection, LANES, organization_id, lanes[organization_id])


def place_one(connection: Connection, wanted: Wanted, now: datetime) -> int:
    """Wake its lane, or take its position; the number it has there, behind all that is open."""
    taken = take_positions(connection, [wanted])
    touch(connection, [wanted], now)
    return seqs_of(connection, [wanted], taken)[0]


def _insert(
    connection: Connection, wanted: Sequence[Wanted], taken: Mapping[UUID, int], now: datetime
) -> None:
    connection.execute(_INSERT, batch.rows(rows_of(connection, wanted, taken, now)))


def rows_of(
    connection: Connection, wanted: Sequence[Wanted], taken: Mapping[UUID, int], now: datetime
) -> list[dict[str, Any]]:
    """The rows of these deliveries, due, behind all that is open in their lanes."""
    return [
        {
            "id": ids.new_id(),
            "organization_id": each.event.organization_id,
            "endpoint_id": each.endpoint_id,
            "event_id": each.event.id,
            "event_type": each.event.type,
            "wedding_id": each.event.wedding_id,
            "lane": each.lane,
            "seq": seq,
            "next_attempt_at": now,
        }
        for each, seq in zip(wanted, seqs_of(connection, wanted, taken), strict=True)
    ]


def seqs_of(
    connection: Connection, wanted: Sequence[Wanted], taken: Mapping[UUID, int]
) -> list[int]:
    """The next number in each ordered lane, or the position; 0 where order does not matter."""
    following = {str(endpoint_id): first for endpoint_id, first in taken.items()}
    ordered = list({each.lane for each in wanted if each.ordered})
    if ordered:
        last = connection.execute(_LAST_SEQ, {"lanes": ordered})
        following.update(dict.fromkeys(ordered, 1) | {row.lane: row.seq + 1 for row in last})
    seqs = []
    for each in wanted:
        seqs.append(following.get(each.lane, 0))
        if each.ordered or each.polled:
            following[each.lane] = seqs[-1] + 1
    return seqs
