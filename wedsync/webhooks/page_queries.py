"""What the webhook pages read beside `queries`: names, and counts of the last day."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select, text

from wedsync.events.models import Event
from wedsync.events.subjects import name_in
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.webhooks.models import HookRejection
from wedsync.weddings.models import Wedding

# Ids begin with the moment they were made, so an index on them bounds the day.
_OF_THE_DAY = text(
    "SELECT endpoint_id, count(*) FILTER (WHERE state = 'delivered') AS arrived, count(*) AS made"
    " FROM deliveries WHERE organization_id = :id AND id >= :first GROUP BY endpoint_id"
)
_WAITING = text(
    "SELECT endpoint_id, count(*) AS waiting, min(next_attempt_at) AS next_at FROM deliveries"
    " WHERE organization_id = :id AND state = 'due' GROUP BY endpoint_id"
)
_BY_HOUR = text(
    "SELECT date_trunc('hour', created_at) AS hour, count(*) AS made,"
    " count(*) FILTER (WHERE state = 'exhausted' OR state = 'due' AND failures > 0) AS bad"
    " FROM deliveries WHERE organization_id = :id AND endpoint_id = :endpoint AND id >= :first"
    " GROUP BY 1"
)
_RECEIVED = text(
    "SELECT source, count(*) FROM events WHERE organization_id = :id AND id >= :first"
    " AND (source LIKE 'hook:%' OR source LIKE 'connection:%') GROUP BY source"
)


@dataclass(frozen=True, slots=True)
class Traffic:
    """How an endpoint did in the last day, and what waits for it."""

    arrived: int = 0
    made: int = 0
    waiting: int = 0
    next_at: datetime | None = None


def traffic(organization_id: UUID, since: datetime) -> dict[UUID, Traffic]:
    """Every endpoint that was sent something since then, or for which something waits."""
    day = db.session.execute(_OF_THE_DAY, {"id": organization_id, "first": ids.first_at(since)})
    made = {row.endpoint_id: row for row in day}
    waiting = {
        row.endpoint_id: row for row in db.session.execute(_WAITING, {"id": organization_id})
    }
    return {
        endpoint_id: Traffic(
            arrived=made[endpoint_id].arrived if endpoint_id in made else 0,
            made=made[endpoint_id].made if endpoint_id in made else 0,
            waiting=waiting[endpoint_id].waiting if endpoint_id in waiting else 0,
            next_at=waiting[endpoint_id].next_at if endpoint_id in waiting else None,
        )
        for endpoint_id in made.keys() | waiting.keys()
    }


def by_hour(
    organization_id: UUID, endpoint_id: UUID, since: datetime
) -> dict[datetime, tuple[int, int]]:
    """Deliveries made in each hour since then: all, and those that did not arrive."""
    rows = db.session.execute(
        _BY_HOUR, {"id": organization_id, "endpoint": endpoint_id, "first": ids.first_at(since)}
    )
    return {row.hour: (row.made, row.bad) for row in rows}


def received(organization_id: UUID, since: datetime) -> dict[str, int]:
    """How many events each hook took since then, by source; a connection's are the connection's."""
    rows = db.session.execute(_RECEIVED, {"id": organization_id, "first": ids.first_at(since)})
    return dict(rows.all())


def rejection_counts(organization_id: UUID) -> dict[UUID, int]:
    """How often each hook refused."""
    rows = db.session.execute(
        select(HookRejection.hook_id, func.sum(HookRejection.count))
        .where(HookRejection.organization_id == organization_id)
        .group_by(HookRejection.hook_id)
    )
    return {hook_id: int(number) for hook_id, number in rows}


def subjects(organization_id: UUID, event_ids: Collection[UUID]) -> dict[UUID, str]:
    """Whom these events are about: the couple, else a name in what came in."""
    rows = db.session.execute(
        select(Event.id, func.coalesce(Wedding.title, name_in(Event.data)))
        .outerjoin(
            Wedding,
            and_(Wedding.organization_id == Event.organization_id, Wedding.id == Event.wedding_id),
        )
        .where(Event.organization_id == organization_id, Event.id.in_(set(event_ids)))
    )
    return {event_id: name for event_id, name in rows if name}


def event_sent(organization_id: UUID, event_id: UUID) -> Any:
    """What a delivery's body is made from: `id`, `type`, `occurred_at` and `data`."""
    return db.session.execute(
        select(Event.id, Event.type, Event.occurred_at, Event.data).where(
            Event.organization_id == organization_id, Event.id == event_id
        )
    ).one()
