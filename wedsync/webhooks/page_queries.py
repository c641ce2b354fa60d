"""What the webhook pages read beside `queries`: names, what was refused, what stands still."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, func, select, text

from wedsync.events.models import Event
from wedsync.events.subjects import name_in
from wedsync.platform.db import db
from wedsync.webhooks.models import Endpoint, HookRejection
from wedsync.weddings.models import Wedding

# The state in words no index has: where the statistics know of nothing given up, the planner would
# read all that is.
_STANDSTILLS = text(
    "SELECT e.id, (SELECT count(*) FROM (SELECT 1 FROM deliveries d WHERE d.endpoint_id = e.id"
    "  AND d.blocks_lane AND d.state || '' = 'exhausted' LIMIT :most) counted) AS number,"
    " (SELECT d.id FROM deliveries d WHERE d.endpoint_id = e.id"
    "  AND d.blocks_lane AND d.state || '' = 'exhausted' LIMIT 1) AS first"
    " FROM unnest(CAST(:endpoints AS uuid[])) AS e(id)"
)
MOST_STANDSTILLS = 100


@dataclass(frozen=True, slots=True)
class Standstill:
    """How many deliveries hold up what comes after them, not counted beyond `MOST_STANDSTILLS`, and
    one of them."""

    number: int
    delivery_id: UUID


def standstills(endpoints: Iterable[Endpoint]) -> dict[UUID, Standstill]:
    """The endpoints that stopped at something and wait for a person."""
    may_stop = [each.id for each in endpoints if each.stops_at_failure]
    if not may_stop:
        return {}
    given = {"endpoints": may_stop, "most": MOST_STANDSTILLS + 1}
    rows = db.session.execute(_STANDSTILLS, given)
    return {row.id: Standstill(row.number, row.first) for row in rows if row.number}


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
