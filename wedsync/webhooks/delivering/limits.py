"""How much may leave for an endpoint now: its rate, its places, and the breaker's one probe.

Held across all workers: the endpoint's row is locked while it is asked and spent, and all clocks
are the database's. Endpoints without any of it are never asked about.

A rate is kept by moving `next_free_at` on by `1/rate` for each request; at most a tenth of a
second's worth leaves at once. An endpoint whose places are all taken is passed over for a second,
or until one of its own comes home. The probe holds the breaker shut for everybody else until it
has come home, or would have.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from wedsync.platform import batch
from wedsync.platform.plans import along_an_index

BOUNDED = "(e.rate_per_s IS NOT NULL OR e.max_in_flight IS NOT NULL OR e.breaker_until IS NOT NULL)"
"""Of an endpoint `e`: that it is one to be asked about."""

HELD = "greatest(e.breaker_until, e.next_free_at, e.full_until) > clock_timestamp()"
"""Of an endpoint `e`: nothing may leave for it yet."""

PROBE_S = 30.0
"""How long a probe may be away: its time-out, and what it takes to be written down."""

_ANY_NUMBER = 1_000_000
_BURST = "greatest(1, floor(e.rate_per_s * 0.1))"
_LOCK = text(
    "SELECT id FROM endpoints WHERE id = ANY(:endpoints) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED"
)
# A statement of its own, whose snapshot has all that was claimed before the lock was got. What is
# in flight is counted in an order that no other index has, so that no statistics lead elsewhere.
_PLACES = text(
    "SELECT e.id, e.breaker_until IS NOT NULL AS is_probe, e.max_in_flight, taken.n AS taken,"
    " CAST(coalesce(least("
    "  CASE WHEN e.breaker_until IS NOT NULL THEN 1 END,"
    "  e.max_in_flight - taken.n,"
    f" CASE WHEN e.rate_per_s IS NOT NULL THEN least({_BURST}, 1 + floor(e.rate_per_s"
    "   * extract(epoch FROM clock_timestamp() - coalesce(e.next_free_at, to_timestamp(0)))))"
    # What was limited when its lanes were looked at may be so no more.
    f"  END), {_ANY_NUMBER}) AS int) AS places"
    " FROM endpoints e CROSS JOIN LATERAL (SELECT CASE WHEN e.max_in_flight IS NOT NULL THEN"
    "  (SELECT count(*) FROM (SELECT FROM deliveries d WHERE d.endpoint_id = e.id"
    "    AND d.state = 'in_flight' ORDER BY d.owner LIMIT e.max_in_flight) d) END AS n) taken"
    f" WHERE e.id = ANY(:endpoints) AND ({HELD}) IS NOT TRUE"
)
_SPEND = text(
    "UPDATE endpoints e SET"
    " next_free_at = CASE WHEN e.rate_per_s IS NULL THEN NULL WHEN t.leaving = 0 THEN"
    "  e.next_free_at ELSE greatest(e.next_free_at, clock_timestamp()"
    f"  - make_interval(secs => ({_BURST} - 1) / e.rate_per_s))"
    "  + make_interval(secs => t.leaving / e.rate_per_s) END,"
    " full_until = CASE WHEN t.full THEN clock_timestamp() + interval '1 second' END,"
    " breaker_until = CASE WHEN t.is_probe AND t.leaving > 0"
    " THEN clock_timestamp() + make_interval(secs => :probe_s) ELSE e.breaker_until END"
    ' FROM json_to_recordset(CAST(:rows AS json)) AS t(id uuid, leaving int, "full" bool,'
    " is_probe bool)"
    " WHERE e.id = t.id"
    " RETURNING CAST(extract(epoch FROM e.next_free_at - clock_timestamp()) AS float) AS free_in_s"
)


@dataclass(slots=True)
class Bound:
    """What one endpoint may still be sent in this turn."""

    left: int
    is_probe: bool
    free: int | None


def bounds_of(connection: Connection, endpoints: Sequence[UUID]) -> dict[UUID, Bound]:
    """Lock these endpoints and say what each may be sent now.

    One that is missing is being asked about elsewhere, or may be sent nothing yet.
    """
    locked = list(connection.scalars(_LOCK, {"endpoints": list(endpoints)}))
    if not locked:
        return {}
    with along_an_index(connection):
        rows = connection.execute(_PLACES, {"endpoints": locked}).all()
    return {row.id: Bound(max(0, row.places), row.is_probe, _free(row)) for row in rows}


def spend(
    connection: Connection, bounds: Mapping[UUID, Bound], leaving: Mapping[UUID, int]
) -> float | None:
    """Write down how much leaves for each; in how many seconds the first of them may be sent
    something again that its rate holds back now, None where none does."""
    if not bounds:
        return None
    rows = [
        {
            "id": endpoint_id,
            "leaving": leaving.get(endpoint_id, 0),
            "full": bound.free is not None and leaving.get(endpoint_id, 0) >= bound.free,
            "is_probe": bound.is_probe,
        }
        for endpoint_id, bound in bounds.items()
    ]
    spent = connection.execute(_SPEND, {"probe_s": PROBE_S, **batch.rows(rows)})
    waits = [row.free_in_s for row in spent if (row.free_in_s or 0) > 0]
    return min(waits, default=None)


def _free(row: Any) -> int | None:
    """Its free places; None where they are not counted."""
    return None if row.max_in_flight is None else row.max_in_flight - row.taken
