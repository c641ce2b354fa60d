"""How many deliveries there are, without reading them all.

What was made is counted by the hour as it is made (`DeliveryHour`). What stands in a state is
counted along the index of states, and no further than `MOST`: a person who reads “10,000+” knows
enough.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, text

from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.platform.wording import number
from wedsync.webhooks.delivery_log.finding import STATES, by_index
from wedsync.webhooks.models import DeliveryHour

MOST = 10_000
HOURS = 24
MOST_OF_EACH = 1_000
"""How far the deliveries of each of several endpoints are counted."""

_HOUR = timedelta(hours=1)
_LATE_AFTER = timedelta(minutes=5)
_NEVER = UUID(int=2**128 - 1)
_IN_STATE = (
    "SELECT 1 FROM deliveries d"
    " WHERE (d.organization_id, d.endpoint_id, d.state, d.id) >="
    "  (CAST(:id AS uuid), {endpoint}, {state}, {first})"
    " AND (d.organization_id, d.endpoint_id, d.state, d.id) <"
    "  (CAST(:id AS uuid), {endpoint}, {state}, {last})"
    " ORDER BY d.organization_id, d.endpoint_id, d.state, d.id"
)
_OF_ONE = {"endpoint": "e.id", "state": "s.state", "first": "s.first", "last": "s.last"}
_COUNTS = text(
    "SELECT s.state, (SELECT count(*) FROM (SELECT 1"
    "  FROM unnest(CAST(:endpoints AS uuid[])) AS e(id)"
    f"  CROSS JOIN LATERAL ({_IN_STATE.format(**_OF_ONE)}) one LIMIT :most) counted) AS number"
    " FROM (SELECT unnest(CAST(:states AS text[])) AS state, CAST(:first AS uuid) AS first,"
    "  CAST(:last AS uuid) AS last) s"
)
_OF_EACH = text(
    "SELECT e.id, s.name, (SELECT count(*) FROM"
    f" ({_IN_STATE.format(**_OF_ONE)} LIMIT :most) counted) AS number"
    " FROM unnest(CAST(:endpoints AS uuid[])) AS e(id) CROSS JOIN"
    " unnest(CAST(:names AS text[]), CAST(:states AS text[]), CAST(:firsts AS uuid[]),"
    "  CAST(:lasts AS uuid[])) AS s(name, state, first, last)"
)
_LATE = text(
    "SELECT DISTINCT s.place FROM unnest(CAST(:places AS int[]), CAST(:states AS text[]),"
    "  CAST(:firsts AS uuid[]), CAST(:lasts AS uuid[])) AS s(place, state, first, last)"
    " CROSS JOIN unnest(CAST(:endpoints AS uuid[])) AS e(id)"
    # Not EXISTS: that is planned as a join, which may read everything for each hour.
    f" WHERE ({_IN_STATE.format(**_OF_ONE)} LIMIT 1) IS NOT NULL"
)
_NEXT_TRIES = text(
    "SELECT e.id, (SELECT min(counted.at) FROM (SELECT d.next_attempt_at AS at FROM deliveries d"
    "  WHERE (d.organization_id, d.endpoint_id, d.state, d.id) >="
    "   (CAST(:id AS uuid), e.id, 'due', CAST(:first AS uuid))"
    "  AND (d.organization_id, d.endpoint_id, d.state, d.id) <"
    "   (CAST(:id AS uuid), e.id, 'due', CAST(:last AS uuid))"
    "  ORDER BY d.organization_id, d.endpoint_id, d.state, d.id LIMIT :most) counted) AS at"
    " FROM unnest(CAST(:endpoints AS uuid[])) AS e(id)"
)


@dataclass(frozen=True, slots=True)
class Traffic:
    """How an endpoint did in the last day, and what waits for it.

    `missing` of what was `made` has not arrived; that, and `waiting`, is not counted beyond
    `MOST_OF_EACH`. `next_at` is the next try, None where more wait than are counted.
    """

    made: int = 0
    missing: int = 0
    waiting: int = 0
    next_at: datetime | None = None

    @property
    def arrived(self) -> int:
        return max(0, self.made - self.missing)

    @property
    def is_exact(self) -> bool:
        """Whether everything that has not arrived was counted."""
        return self.missing <= MOST_OF_EACH


@dataclass(frozen=True, slots=True)
class Hour:
    """Deliveries made in an hour of the last day; `is_late`: some of them have not arrived, and
    should have."""

    began: datetime
    made: int
    is_late: bool


def number_words(counted: int, most: int = MOST) -> str:
    """`74`, `10,000+`."""
    return number(counted) if counted <= most else f"{number(most)}+"


def by_state(
    organization_id: UUID,
    endpoints: Sequence[UUID],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> dict[str, int]:
    """How many are in each state, to these endpoints together; `MOST` + 1 stands for more."""
    given = {
        "id": organization_id,
        "endpoints": list(endpoints),
        "states": list(STATES),
        "first": ids.first_at(since) if since else UUID(int=0),
        "last": ids.first_at(until) if until else _NEVER,
        "most": MOST + 1,
    }
    with by_index():
        return {row.state: row.number for row in db.session.execute(_COUNTS, given)}


def traffic(organization_id: UUID, endpoints: Sequence[UUID], now: datetime) -> dict[UUID, Traffic]:
    """The last day of each of these endpoints."""
    first = ids.first_at(_first_hour(now))
    wanted = [(f"missing {state}", state, first) for state in STATES if state != "delivered"]
    wanted += [(f"waiting {state}", state, UUID(int=0)) for state in ("due", "in_flight")]
    given = {
        "id": organization_id,
        "endpoints": list(endpoints),
        "names": [name for name, _, _ in wanted],
        "states": [state for _, state, _ in wanted],
        "firsts": [begin for _, _, begin in wanted],
        "lasts": [_NEVER] * len(wanted),
        "most": MOST_OF_EACH + 1,
    }
    counted: dict[UUID, dict[str, int]] = {each: {} for each in endpoints}
    with by_index():
        for row in db.session.execute(_OF_EACH, given):
            kind = row.name.partition(" ")[0]
            counted[row.id][kind] = counted[row.id].get(kind, 0) + row.number
        next_tries = _next_tries(organization_id, endpoints)
    made = _made(organization_id, endpoints, now)
    return {
        each: Traffic(made=made.get(each, 0), next_at=next_tries.get(each), **counted[each])
        for each in endpoints
    }


def hours(organization_id: UUID, endpoint_id: UUID, now: datetime) -> list[Hour]:
    """The last day of an endpoint, hour by hour (of UTC), the present one last."""
    made = dict(
        db.session.execute(
            select(DeliveryHour.hour, DeliveryHour.made).where(
                DeliveryHour.organization_id == organization_id,
                DeliveryHour.endpoint_id == endpoint_id,
                DeliveryHour.hour >= _first_hour(now),
            )
        ).all()
    )
    late = _late(organization_id, endpoint_id, now)
    began = [_first_hour(now) + place * _HOUR for place in range(HOURS)]
    return [Hour(hour, made.get(hour, 0), place in late) for place, hour in enumerate(began)]


def _first_hour(now: datetime) -> datetime:
    """The begin of the first of the day's hours, of which the last is not over."""
    this_hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return this_hour - (HOURS - 1) * _HOUR


def _made(organization_id: UUID, endpoints: Sequence[UUID], now: datetime) -> Mapping[UUID, int]:
    rows = db.session.execute(
        select(DeliveryHour.endpoint_id, func.sum(DeliveryHour.made))
        .where(
            DeliveryHour.organization_id == organization_id,
            DeliveryHour.endpoint_id.in_(endpoints),
            DeliveryHour.hour >= _first_hour(now),
        )
        .group_by(DeliveryHour.endpoint_id)
    )
    return {endpoint_id: int(made) for endpoint_id, made in rows}


def _late(organization_id: UUID, endpoint_id: UUID, now: datetime) -> set[int]:
    """In which of the hours something was given up, or waits longer than it should."""
    looked = []
    for place in range(HOURS):
        begin = _first_hour(now) + place * _HOUR
        end = begin + _HOUR
        looked.append((place, "exhausted", begin, end))
        looked.append((place, "due", begin, max(begin, min(end, now - _LATE_AFTER))))
    given = {
        "id": organization_id,
        "endpoints": [endpoint_id],
        "places": [place for place, _, _, _ in looked],
        "states": [state for _, state, _, _ in looked],
        "firsts": [ids.first_at(begin) for _, _, begin, _ in looked],
        "lasts": [ids.first_at(end) for _, _, _, end in looked],
    }
    with by_index():
        return set(db.session.scalars(_LATE, given))


def _next_tries(organization_id: UUID, endpoints: Sequence[UUID]) -> dict[UUID, datetime]:
    given = {
        "id": organization_id,
        "endpoints": list(endpoints),
        "first": UUID(int=0),
        "last": _NEVER,
        "most": MOST_OF_EACH,
    }
    rows = db.session.execute(_NEXT_TRIES, given)
    return {row.id: row.at for row in rows if row.at is not None}
