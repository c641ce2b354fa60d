"""Lanes of endpoints that nothing may leave for: held, so that no claim reads past them.

An endpoint rests (`RESTING`) while its breaker is open and while it is not on. Whoever meets one
of its lanes while claiming holds it, and some of those behind it; each claim lets go what belongs
to endpoints that do not rest any more, for the breaker's probe a few of them only. A held lane
keeps `next_due_at`, and who makes work for it may lower that.

Both go under the endpoint's lock, and nobody waits for a lock here: what somebody else has in hand
is held or let go by the next claim. So an endpoint without the mark `has_held_lanes` has none. The
caller reads along indexes (`platform/plans.py`).
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.webhooks.delivering.service import LANES

RESTING = "(e.state <> 'on' OR coalesce(e.breaker_until > clock_timestamp(), false))"
"""Of an endpoint `e`: nothing leaves for it until somebody, or the time, changes that."""

MET_AT_ONCE = 2_000
"""How many due lanes are looked at for others to hold, once one is met."""
LET_GO_AT_ONCE = 2_000
_TO_PROBE = 10
_ENDPOINTS_AT_ONCE = 20

_LOCK = text(
    f"SELECT id FROM endpoints e WHERE e.id = ANY(:endpoints) AND {RESTING}"
    " ORDER BY id FOR NO KEY UPDATE SKIP LOCKED"
)
_MARK = text(
    "UPDATE endpoints SET has_held_lanes = true WHERE id = ANY(:endpoints) AND NOT has_held_lanes"
)
_BEHIND = text(
    "SELECT key FROM lanes WHERE kind = :kind AND next_due_at <= clock_timestamp()"
    " AND held_by IS NULL ORDER BY kind, served_at LIMIT :most"
)
_HOLD = text(
    "UPDATE lanes SET held_by = CAST(left(key, 36) AS uuid) WHERE ctid = ANY(ARRAY("
    " SELECT ctid FROM lanes WHERE kind = :kind AND key = ANY(:keys) AND held_by IS NULL"
    " FOR NO KEY UPDATE SKIP LOCKED))"
)
_AWAKE = text(
    "SELECT id, breaker_until IS NOT NULL AS is_probed FROM endpoints"
    " WHERE has_held_lanes AND state = 'on'"
    " AND coalesce(breaker_until, '-infinity') <= clock_timestamp()"
    f" ORDER BY coalesce(breaker_until, '-infinity') LIMIT {_ENDPOINTS_AT_ONCE}"
    " FOR NO KEY UPDATE SKIP LOCKED"
)
_LET_GO = text(
    "UPDATE lanes SET held_by = NULL WHERE ctid = ANY(ARRAY("
    " SELECT ctid FROM lanes WHERE held_by = :endpoint ORDER BY held_by, served_at LIMIT :most"
    " FOR NO KEY UPDATE SKIP LOCKED))"
)
_UNMARK = text(
    "UPDATE endpoints SET has_held_lanes = false WHERE id = :endpoint"
    " AND NOT EXISTS (SELECT FROM lanes WHERE held_by = :endpoint)"
)


def endpoint_of(lane: str) -> UUID:
    return UUID(lane[:36])


def hold(connection: Connection, met: Sequence[str]) -> int:
    """Hold these lanes of endpoints that rest, and what is due behind them for the same endpoints,
    a portion; how many lanes that were."""
    resting = _locked(connection, {endpoint_of(lane) for lane in met})
    if not resting:
        return 0
    connection.execute(_MARK, {"endpoints": sorted(resting)})
    behind = connection.scalars(_BEHIND, {"kind": LANES, "most": MET_AT_ONCE}).all()
    keys = [lane for lane in {*met, *behind} if endpoint_of(lane) in resting]
    return connection.execute(_HOLD, {"kind": LANES, "keys": keys}).rowcount


def let_go(connection: Connection) -> int:
    """Let a portion of held lanes go whose endpoints do not rest any more; how many."""
    left = LET_GO_AT_ONCE
    for endpoint in connection.execute(_AWAKE).all():
        left -= _let_go(connection, endpoint, left)
    return LET_GO_AT_ONCE - left


def _locked(connection: Connection, endpoints: Iterable[UUID]) -> set[UUID]:
    """Those of them that rest, as long as this transaction goes on."""
    return set(connection.scalars(_LOCK, {"endpoints": sorted(endpoints)}))


def _let_go(connection: Connection, endpoint: Row[tuple[UUID, bool]], left: int) -> int:
    most = min(left, _TO_PROBE) if endpoint.is_probed else left
    freed = connection.execute(_LET_GO, {"endpoint": endpoint.id, "most": most}).rowcount
    if freed < most:
        connection.execute(_UNMARK, {"endpoint": endpoint.id})
    return freed
