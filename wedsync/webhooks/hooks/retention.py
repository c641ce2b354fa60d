"""What hooks keep only for a while, and how long.

| what | how long | why |
|---|---|---|
| receipts, which make a repeat a repeat | 30 days | the longest a sender tries again is days |
| raw bodies | 30 days | `data` holds what is worth keeping; parked events keep theirs |
| examples of refusals | 30 days | by then whoever sent them has mended it, or gone |
| how much came in a minute | a day | the page shows a day |

Everything goes in portions, so that no transaction is long.
"""

from datetime import timedelta

from sqlalchemy import Connection, text

from wedsync.platform import clock, ids
from wedsync.platform.plans import along_an_index
from wedsync.webhooks import retention_marks

KEPT = timedelta(days=30)
MINUTES_KEPT = timedelta(days=1, hours=1)
_MOST = 5_000
_RAW_BODIES = "raw bodies"

_FORGET_RECEIPTS = text(
    "DELETE FROM hook_receipts WHERE ctid = ANY(ARRAY(SELECT ctid FROM hook_receipts"
    " WHERE received_at < :before ORDER BY received_at LIMIT :most FOR UPDATE SKIP LOCKED))"
)
_PRUNE_SAMPLES = text(
    "DELETE FROM hook_rejection_samples WHERE id IN"
    " (SELECT id FROM hook_rejection_samples WHERE created_at < :before LIMIT :most)"
)
_PRUNE_MINUTES = text(
    "DELETE FROM hook_minutes WHERE (hook_id, minute) IN"
    " (SELECT hook_id, minute FROM hook_minutes WHERE minute < :before LIMIT :most)"
)
_NEXT = text("SELECT id FROM events WHERE id > :reached AND id < :before ORDER BY id LIMIT :most")
_FORGET = text(
    "UPDATE events SET raw_body = NULL WHERE id > :reached AND id <= :last"
    " AND raw_body IS NOT NULL AND fanned_out_at IS NOT NULL"
)


def prune(connection: Connection) -> None:
    """Let go a portion of refusals and minutes."""
    now = clock.now()
    connection.execute(_PRUNE_SAMPLES, {"before": now - KEPT, "most": _MOST})
    connection.execute(_PRUNE_MINUTES, {"before": now - MINUTES_KEPT, "most": _MOST})


def forget_receipts(connection: Connection) -> int:
    """Let go a portion of receipts, the oldest first; how many."""
    with along_an_index(connection):
        asked = {"before": clock.now() - KEPT, "most": _MOST}
        return connection.execute(_FORGET_RECEIPTS, asked).rowcount


def forget_raw_bodies(connection: Connection) -> None:
    """Let go a portion of raw bodies, from where the last time ended."""
    reached = retention_marks.reached(connection, _RAW_BODIES)
    before = ids.first_at(clock.now() - KEPT)
    asked = {"reached": reached, "before": before, "most": _MOST}
    found = connection.execute(_NEXT, asked).scalars().all()
    if found:
        connection.execute(_FORGET, {"reached": reached, "last": found[-1]})
        retention_marks.reach(connection, _RAW_BODIES, found[-1])
