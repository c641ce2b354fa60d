"""Questions runs ask a person: written with the run's move, closed when it goes on without one.

Who is asked is told by the clock (`approval_letters`), how they answer is `approvals`.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection, text

from wedsync.platform import batch, clock
from wedsync.platform.batch import recordset
from wedsync.workflows.running.live_run import Advance

_INSERT = text(
    "INSERT INTO approvals (organization_id, run_id, step_id, ask, who, then_ask, remind_at,"
    " expires_at, on_expiry)"
    " SELECT organization_id, run_id, step_id, ask, who, then_ask, remind_at, expires_at,"
    "  on_expiry FROM "
    + recordset(
        "organization_id uuid, run_id uuid, step_id text, ask text, who jsonb, then_ask jsonb,"
        " remind_at timestamptz, expires_at timestamptz, on_expiry text"
    )
    + " ON CONFLICT (run_id, step_id) DO NOTHING"
)
_CLOSE = text(
    "UPDATE approvals SET state = CASE WHEN expires_at <= clock_timestamp() THEN 'expired'"
    " ELSE 'cancelled' END, decided_at = clock_timestamp()"
    " WHERE run_id = ANY(:runs) AND state = 'open'"
)


def write(connection: Connection, advances: Sequence[Advance]) -> None:
    """Write what these runs ask, in the transaction of their moves."""
    now = clock.now()
    rows = [
        {
            "organization_id": advance.run.organization_id,
            "run_id": advance.run.id,
            "step_id": ask.step,
            "ask": ask.ask,
            "who": ask.who,
            "then_ask": ask.then_ask,
            "remind_at": now + timedelta(seconds=ask.remind_after_s)
            if ask.remind_after_s is not None
            else None,
            "expires_at": ask.until,
            "on_expiry": ask.on_expiry,
        }
        for advance in advances
        for ask in advance.asks
    ]
    if rows:
        connection.execute(_INSERT, batch.rows(rows))


def close(connection: Connection, run_ids: Sequence[UUID]) -> None:
    """These runs go on without an answer: nobody answered in time, or they were stopped."""
    if run_ids:
        connection.execute(_CLOSE, {"runs": list(run_ids)})
