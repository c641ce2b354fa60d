"""Records that were fetched from a partner: each is accepted as an event of its connection."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert

from wedsync.events.models import Event
from wedsync.events.types import stored_event_type
from wedsync.platform import ids

POLLED_BY = "polled_by"
"""In an event's causation: the one workflow it was fetched for."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record as the partner gave it, what is sensitive in it sealed; `id` is their own."""

    id: str
    data: Any


def accept(
    connection: Connection,
    organization_id: UUID,
    connection_id: UUID,
    event_type: str,
    records: Sequence[Record],
    *,
    polled_by: UUID,
    now: datetime,
) -> int:
    """Store one event per record, for one workflow only; returns how many.

    The caller knows that they were not stored before (see `connectors.streams`), and that each
    can be kept (`service.problem_with_data`).
    """
    source = f"connection:{connection_id}"
    rows = []
    for record in records:
        new_id = ids.new_id()
        causation = {"root": str(new_id), "depth": 0, "chain": [], POLLED_BY: str(polled_by)}
        row = {
            "id": new_id,
            "organization_id": organization_id,
            "type": stored_event_type(event_type, source),
            "source": source,
            "occurred_at": now,
            "sender_event_id": record.id,
            "data": record.data,
            "causation": causation,
        }
        rows.append(row)
    if rows:
        connection.execute(insert(Event), rows)
    return len(rows)
