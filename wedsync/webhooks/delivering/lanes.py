"""Keeping the lanes of deliveries: those that sleep over work are woken, the idle forgotten."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from wedsync.platform import clock, leases
from wedsync.webhooks.delivering.service import LANES
from wedsync.webhooks.models import OPEN_IN_ORDER

IDLE = "1 hour"
_AT_ONCE = 5_000

# A held lane knows of its work (`holding`).
_SLEEPING = text(
    "SELECT l.organization_id, l.key, d.next_attempt_at FROM lanes l CROSS JOIN LATERAL"
    " (SELECT next_attempt_at FROM deliveries WHERE lane = l.key AND state = 'due'"
    "  ORDER BY next_attempt_at LIMIT 1) d WHERE l.kind = 'deliveries' AND NOT l.ordered"
    " AND l.held_by IS NULL"
    " AND d.next_attempt_at < clock_timestamp() - interval '5 seconds'"
    " AND (l.next_due_at IS NULL OR l.next_due_at > d.next_attempt_at + interval '1 second')"
)
_SLEEPING_IN_ORDER = text(
    "SELECT l.organization_id, l.key, d.next_attempt_at FROM lanes l CROSS JOIN LATERAL"
    " (SELECT state, next_attempt_at FROM deliveries"
    f"  WHERE lane = l.key AND {OPEN_IN_ORDER} ORDER BY seq LIMIT 1) d"
    " WHERE l.kind = 'deliveries' AND l.ordered AND l.held_by IS NULL AND d.state = 'due'"
    " AND d.next_attempt_at < clock_timestamp() - interval '5 seconds'"
    " AND (l.next_due_at IS NULL OR l.next_due_at > d.next_attempt_at + interval '1 second')"
)
# The state in words no index has: where the statistics know of nothing given up, the planner would
# read all that is.
_STOPPED_IN_VAIN = (
    "e.id = d.endpoint_id AND NOT e.stops_at_failure"
    " AND d.state || '' = 'exhausted' AND d.blocks_lane"
)
_TO_GO_ON = text(
    "SELECT d.id, d.organization_id, d.lane FROM deliveries d, endpoints e"
    f" WHERE {_STOPPED_IN_VAIN} LIMIT {_AT_ONCE}"
)
_GO_ON = text(
    "UPDATE deliveries SET blocks_lane = false FROM (SELECT d.id FROM deliveries d, endpoints e"
    f"  WHERE d.id = ANY(:deliveries) AND {_STOPPED_IN_VAIN}"
    "  ORDER BY d.id FOR NO KEY UPDATE OF d) named WHERE deliveries.id = named.id"
)
# Whoever makes work does so under the lane's lock or touches it afterwards, and makes it anew. What
# was due for an endpoint that was deleted went with it, and nobody serves its lanes any more.
_FORGET = text(
    "DELETE FROM lanes USING (SELECT l.key FROM lanes l WHERE l.kind = 'deliveries'"
    f"  AND l.served_at < clock_timestamp() - interval '{IDLE}'"
    "  AND (l.next_due_at IS NULL OR NOT EXISTS"
    "   (SELECT FROM endpoints e WHERE e.id = CAST(left(l.key, 36) AS uuid)))"
    f"  AND NOT EXISTS (SELECT FROM deliveries WHERE lane = l.key AND {OPEN_IN_ORDER})"
    f"  LIMIT {_AT_ONCE} FOR UPDATE SKIP LOCKED) idle"
    " WHERE lanes.kind = 'deliveries' AND lanes.key = idle.key"
)


def sweep_lanes(connection: Connection) -> None:
    """Wake lanes in which something is due from before they know of work; those too that wait
    behind a message their endpoint does not stop at any more."""
    now = clock.now()
    due: dict[UUID, dict[str, datetime]] = {}
    stopped = connection.execute(_TO_GO_ON).all()
    for row in stopped:
        due.setdefault(row.organization_id, {})[row.lane] = now
    for statement in (_SLEEPING, _SLEEPING_IN_ORDER):
        for lane in connection.execute(statement):
            due.setdefault(lane.organization_id, {})[lane.key] = lane.next_attempt_at
    for organization_id in sorted(due):
        leases.touch_lanes(connection, LANES, organization_id, due[organization_id])
    if stopped:  # behind their lanes, as everybody locks
        connection.execute(_GO_ON, {"deliveries": [row.id for row in stopped]})


def forget_idle_lanes(connection: Connection) -> int:
    """Forget lanes in which nothing is open and nothing was for a while, and what is left of those
    of deleted endpoints; how many."""
    return connection.execute(_FORGET).rowcount
