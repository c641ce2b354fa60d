"""An event as the workflows it starts see it."""

from typing import Any


def as_trigger(event: Any) -> dict[str, Any]:
    """What expressions read under `trigger`, as JSON. `event` is a row of `events`, or whatever
    else has its `id, type, source, occurred_at, data, wedding_id` and `causation`."""
    return {
        "id": str(event.id),
        "type": event.type,
        "source": event.source,
        "occurred_at": event.occurred_at.isoformat(),
        "data": event.data,
        "wedding_id": str(event.wedding_id) if event.wedding_id else None,
        "causation": dict(event.causation),
    }
