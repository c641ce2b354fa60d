"""What happens to endpoints and deliveries, told as events of ours.

An endpoint is never sent what is about itself, and giving up one of these events is not told
again: two endpoints that are down cannot keep telling each other. What was given up goes on as
the cause, so workflows that send because something could not be sent are seen as a ring.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import Connection, text

from wedsync.events import service as events
from wedsync.events.types import OURS
from wedsync.webhooks.delivering.verdicts import Verdict

FAILING, DISABLED, EXHAUSTED = "endpoint.failing", "endpoint.disabled", "delivery.exhausted"
TYPES = frozenset({FAILING, DISABLED, EXHAUSTED})

_CAUSATION = text("SELECT causation FROM events WHERE id = :id")


def is_about(event_type: str, source: str, data: Any, endpoint_id: UUID) -> bool:
    """Whether an event is one of these, about this endpoint."""
    if source != OURS or event_type not in TYPES:
        return False
    return isinstance(data, dict) and data.get("endpoint_id") == str(endpoint_id)


def exhausted(connection: Connection, verdict: Verdict, *, blocks_lane: bool) -> None:
    """A delivery was given up. In an ordered lane it leaves a gap, unless the lane stops there."""
    sending = verdict.sending
    if sending.event_type in TYPES:
        return
    data = {
        "delivery_id": str(sending.id),
        "endpoint_id": str(sending.endpoint_id),
        "event_id": str(sending.event_id),
        "event_type": sending.event_type,
        "attempts": sending.number,
        "error": verdict.error,
        "order": _order(sending.is_ordered, blocks_lane),
    }
    before = connection.execute(_CAUSATION, {"id": sending.event_id}).scalar_one()
    caused = {**before, "depth": before["depth"] + 1}
    events.announce(connection, sending.organization_id, EXHAUSTED, data, causation=caused)


def gone(connection: Connection, endpoints: Iterable[Any]) -> None:
    """Endpoints were disabled because they answered that they are gone."""
    for endpoint in sorted(endpoints, key=lambda row: row.id.bytes):
        about(connection, DISABLED, endpoint, reason="gone")


def about(connection: Connection, event_type: str, endpoint: Any, **facts: Any) -> None:
    """Something came to pass with an endpoint (`id`, `organization_id`, `url`, `description`).

    Of its address only where it is: the rest of it is often a secret, and the others are told.
    """
    data = {
        "endpoint_id": str(endpoint.id),
        "url": origin(endpoint.url),
        "description": endpoint.description,
        **facts,
    }
    events.announce(connection, endpoint.organization_id, event_type, data)


def origin(url: str) -> str:
    """Scheme and host of an address: the rest of it may be a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _order(is_ordered: bool, blocks_lane: bool) -> str | None:
    """What became of those behind it: they wait, they go on past a gap, or there is no order."""
    if not is_ordered:
        return None
    return "waits" if blocks_lane else "gap"
