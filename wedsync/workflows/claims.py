"""Claiming runs that are due: a lane's share of them, under its owner's fence."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.platform import batch, leases
from wedsync.platform.batch import recordset
from wedsync.platform.shares import Allotment
from wedsync.workflows import caps, journal
from wedsync.workflows.journal import LANES

_LANES = text(
    "SELECT lanes.key, lanes.organization_id, w.at_once, w.per_hour"
    " FROM lanes JOIN workflows w ON w.id = CAST(lanes.key AS uuid)"
    " WHERE lanes.kind = :kind AND lanes.next_due_at <= clock_timestamp()"
    " AND lanes.key <> ALL(CAST(:full AS text[]))"
    " AND lanes.organization_id <> ALL(CAST(:full_organizations AS uuid[]))"
    " AND w.state <> 'paused'"
    " ORDER BY lanes.served_at LIMIT :limit FOR UPDATE OF lanes SKIP LOCKED"
)
_DUE = (
    "(SELECT id, due_at FROM runs WHERE workflow_id = CAST(allowed.lane AS uuid)"
    " AND state IN ('queued', 'waiting') AND due_at <= (SELECT clock_timestamp()){0}"
    " ORDER BY due_at LIMIT allowed.{1})"
)
_TAKE = (
    " UPDATE runs SET state = 'running', owner = :owner, fence = fence + 1, due_at = NULL,"
    "  started_at = coalesce(started_at, clock_timestamp()),"
    "  lease_until = clock_timestamp() + make_interval(secs => :lease)"
    # Asked again: whoever stopped a run meanwhile did so without the lane.
    " FROM picked WHERE runs.id = picked.id AND runs.state IN ('queued', 'waiting')"
    " RETURNING new.id, new.organization_id, new.workflow_id, new.version_id, new.fence,"
    "  new.event_id, new.wedding_id, new.input, new.causation, new.rerun_of,"
    "  new.origin_run_id, new.parent_run_id, new.root_run_id, new.caller_run_id, new.item,"
    "  new.items_total, new.engine_state, new.waiting_for, new.pending_decision,"
    "  new.created_at, new.started_at, old.started_at IS NULL AS is_first,"
)
_CLAIM = text(
    "WITH allowed AS (SELECT * FROM unnest(CAST(:lanes AS text[]), CAST(:allowances AS int[]))"
    "  AS t(lane, allowance)),"
    " picked AS (SELECT r.id FROM allowed CROSS JOIN LATERAL"
    f" {_DUE.format('', 'allowance')} r)"
    f"{_TAKE} false AS is_capped"
)
_TOP, _ITEMS = " AND parent_run_id IS NULL", " AND parent_run_id IS NOT NULL"
_CLAIM_LIMITED = text(
    "WITH allowed AS (SELECT * FROM "
    + recordset("lane text, places int, top int, fresh int")
    + "), picked AS (SELECT r.id FROM allowed CROSS JOIN LATERAL (SELECT id FROM ("
    f" {_DUE.format(_ITEMS, 'places')} UNION ALL (SELECT id, due_at FROM ("
    f" {_DUE.format(_TOP + ' AND started_at IS NOT NULL', 'top')} UNION ALL"
    f" {_DUE.format(_TOP + ' AND started_at IS NULL', 'fresh')}) moving"
    " ORDER BY due_at LIMIT allowed.top)) due ORDER BY due_at LIMIT allowed.places) r)"
    f"{_TAKE} true AS is_capped"
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


def claim(
    connection: Connection, owner: UUID, allotment: Allotment, leaving: Sequence[UUID] = ()
) -> Sequence[Row[Any]]:
    """Take due runs for `owner`, lane by lane; they are `running` from here on.

    `leaving` are runs that are written later in this transaction and move no more.
    """
    granted = leases.grant_lanes(connection, _LANES, LANES, allotment)
    if not granted:
        return []
    limited = [(lane, places) for lane, places in granted if caps.is_limited(lane)]
    free = {lane.key: places for lane, places in granted if not caps.is_limited(lane)}
    rows = list(_claim(connection, owner, free)) if free else []
    rooms = caps.rooms(connection, limited, leaving) if limited else []
    if rooms:
        taken = _claim_limited(connection, owner, rooms)
        caps.note(connection, rooms, taken)
        rows += taken
    connection.execute(_SERVED, {"lanes": [lane.key for lane, _ in granted]})
    caps.look_again(connection, rooms)
    return rows


def _claim(
    connection: Connection, owner: UUID, allowances: Mapping[str, int]
) -> Sequence[Row[Any]]:
    given = {"lanes": list(allowances), "allowances": list(allowances.values())}
    lease = {"owner": owner, "lease": leases.LEASE_SECONDS}
    return connection.execute(_CLAIM, given | lease).all()


def _claim_limited(
    connection: Connection, owner: UUID, rooms: Sequence[caps.Room]
) -> Sequence[Row[Any]]:
    given = [
        {"lane": room.lane, "places": room.places, "top": room.top, "fresh": room.fresh}
        for room in rooms
    ]
    lease = {"owner": owner, "lease": leases.LEASE_SECONDS}
    return connection.execute(_CLAIM_LIMITED, lease | batch.rows(given)).all()


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
