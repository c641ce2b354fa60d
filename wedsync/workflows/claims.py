"""Claiming runs that are due: a lane's share of them, under its owner's fence."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.platform import leases
from wedsync.platform.shares import Allotment
from wedsync.workflows import journal
from wedsync.workflows.journal import LANES

_LANES = leases.lanes_with_work(
    "SELECT 1 FROM workflows w WHERE w.id = CAST(lanes.key AS uuid) AND w.state = 'paused'"
)
_CLAIM = text(
    "WITH allowed AS (SELECT * FROM unnest(CAST(:lanes AS text[]), CAST(:allowances AS int[]))"
    "  AS t(lane, allowance)),"
    " picked AS (SELECT r.id FROM allowed CROSS JOIN LATERAL"
    "  (SELECT id FROM runs WHERE workflow_id = CAST(allowed.lane AS uuid)"
    "   AND state IN ('queued', 'waiting') AND due_at <= (SELECT clock_timestamp())"
    "   ORDER BY due_at LIMIT allowed.allowance) r)"
    " UPDATE runs SET state = 'running', owner = :owner, fence = fence + 1, due_at = NULL,"
    "  started_at = coalesce(started_at, clock_timestamp()),"
    "  lease_until = clock_timestamp() + make_interval(secs => :lease)"
    # Asked again: whoever stopped a run meanwhile did so without the lane.
    " FROM picked WHERE runs.id = picked.id AND runs.state IN ('queued', 'waiting')"
    " RETURNING runs.id, runs.organization_id, runs.workflow_id, runs.version_id, runs.fence,"
    "  runs.event_id, runs.wedding_id, runs.input, runs.causation, runs.rerun_of,"
    "  runs.origin_run_id, runs.parent_run_id, runs.root_run_id, runs.caller_run_id, runs.item,"
    "  runs.items_total, runs.engine_state, runs.waiting_for, runs.pending_decision,"
    "  runs.created_at, runs.started_at"
)
_SERVED = text(
    "UPDATE lanes SET served_at = clock_timestamp(), next_due_at ="
    " (SELECT min(due_at) FROM runs WHERE workflow_id = CAST(lanes.key AS uuid)"
    "  AND state IN ('queued', 'waiting') AND due_at IS NOT NULL)"
    " WHERE kind = 'runs' AND key = ANY(:lanes)"
)
_PAUSED = text("SELECT id FROM workflows WHERE id = ANY(:ids) AND state = 'paused'")
_RENEW = text(
    "UPDATE runs SET lease_until = clock_timestamp() + make_interval(secs => :lease)"
    " WHERE id = ANY(:runs) AND owner = :owner AND state = 'running'"
)
_ABANDONED = (
    "state = 'running' AND (owner = ANY(:owners) OR lease_until < clock_timestamp()"
    f" OR {leases.FORGOTTEN})"
)
_SLEEPING = text(
    "SELECT w.organization_id, w.id AS workflow_id, r.due_at FROM workflows w"
    " LEFT JOIN lanes l ON l.kind = 'runs' AND l.key = CAST(w.id AS text)"
    " CROSS JOIN LATERAL (SELECT due_at FROM runs WHERE workflow_id = w.id"
    "  AND state IN ('queued', 'waiting') AND due_at IS NOT NULL ORDER BY due_at LIMIT 1) r"
    " WHERE r.due_at < clock_timestamp() - interval '5 seconds'"
    " AND (l.next_due_at IS NULL OR l.next_due_at > clock_timestamp())"
)
_LANES_ABANDONED = text(
    "SELECT DISTINCT organization_id, workflow_id, clock_timestamp() AS due_at FROM runs"
    f" WHERE {_ABANDONED}"
)
_RELEASE = text(
    "UPDATE runs SET state = 'queued', owner = NULL, lease_until = NULL,"
    " due_at = clock_timestamp()"
    f" WHERE {_ABANDONED}"
)


def claim(connection: Connection, owner: UUID, allotment: Allotment) -> Sequence[Row[Any]]:
    """Take due runs for `owner`, lane by lane; they are `running` from here on."""
    taken = leases.take_lanes(connection, _LANES, LANES, allotment)
    if not taken:
        return []
    rows = connection.execute(
        _CLAIM,
        {
            "lanes": list(taken),
            "allowances": list(taken.values()),
            "owner": owner,
            "lease": leases.LEASE_SECONDS,
        },
    ).all()
    connection.execute(_SERVED, {"lanes": list(taken)})
    return rows


def paused(connection: Connection, workflow_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these workflows that are paused."""
    if not workflow_ids:
        return set()
    return set(connection.execute(_PAUSED, {"ids": list(set(workflow_ids))}).scalars())


def renew(connection: Connection, owner: UUID, runs: Sequence[UUID]) -> None:
    """Lengthen the leases `owner` has on these runs."""
    given = {"owner": owner, "runs": list(runs), "lease": leases.LEASE_SECONDS}
    connection.execute(_RENEW, given)


def release(connection: Connection, owners: Sequence[UUID]) -> int:
    """Give back what the dead held and what outlived its lease; returns how many."""
    lanes = connection.execute(_LANES_ABANDONED, {"owners": list(owners)}).all()
    if not lanes:
        return 0
    journal.touch(connection, [], lanes)
    released: int = connection.execute(_RELEASE, {"owners": list(owners)}).rowcount
    return released


def sweep_lanes(connection: Connection) -> None:
    """Wake lanes in which something is due that nobody told them of: whoever starts a run of
    another lane tells it after the commit, and may die in between."""
    journal.touch(connection, [], connection.execute(_SLEEPING).all())
