"""The drain of endings: taken away and added to the rollups, in one transaction."""

import threading

from sqlalchemy import Connection, Engine, text

from wedsync.rollups import tallies

AT_ONCE = 5_000

ONE_AT_A_TIME = "hashtext('wedsync rollups')"
"""The advisory lock of whoever counts."""

_TRY_LOCK = text(f"SELECT pg_try_advisory_xact_lock({ONE_AT_A_TIME})")
# By their places: whatever the planner thinks of a table that is empty most of the time.
_TAKE = (
    "DELETE FROM endings"
    " WHERE ctid = ANY(ARRAY(SELECT ctid FROM endings ORDER BY id LIMIT :most)) RETURNING *"
)


def work(engine: Engine, stopping: threading.Event) -> None:
    """Count until little is left; what another process counts is left to it."""
    while not stopping.is_set():
        with engine.begin() as connection:
            if count(connection) < AT_ONCE:
                return


def count(connection: Connection, most: int = AT_ONCE) -> int:
    """Add at most so many endings to the rollups; returns how many, 0 while another counts."""
    if not connection.scalar(_TRY_LOCK):
        return 0
    taken = tallies.by_minute(connection, _TAKE, {"most": most})
    tallies.keep(connection, taken)
    return tallies.endings_in(taken)
