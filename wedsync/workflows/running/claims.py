"""Claiming runs that are due: a lane's share of them.

Every move, stop and giving back raises a run's fence, so whoever knows its fence knows that it is
still theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.platform import batch, leases
from wedsync.platform.batch import recordset
from wedsync.platform.shares import Allotment
from wedsync.workflows.running import caps, journal
from wedsync.workflows.running.journal import LANES

_LANES = text(
    "SELECT lanes.key, lanes.organization_id, lanes.next_due_at, w.at_once, w.per_hour"
    " FROM lanes JOIN workflows w ON w.id = CAST(lanes.key AS uuid)"
    " WHERE lanes.kind = :kind AND lanes.next_due_at <= clock_timestamp()"
    " AND lanes.held_by IS NULL AND lanes.key <> ALL(CAST(:full AS text[]))"
    " AND lanes.organization_id <> ALL(CAST(:full_organizations AS uuid[]))"
    " AND w.state <> 'paused'"
    " ORDER BY lanes.served_at LIMIT :limit FOR UPDATE OF lanes SKIP LOCKED"
)
# Nothing is due before its lane is, but for the difference of clocks. So a search begins behind
# what was taken before, which lies dead in the index for as long as anybody reads an old snapshot.
# Not so in lanes with limits, where what is above them stays due.
_CLOCKS_APART = "interval '2 seconds'"
_SINCE = f" AND due_at >= allowed.since - {_CLOCKS_APART}"
_DUE = (
    "(SELECT id, due_at FROM runs WHERE workflow_id = CAST(allowed.lane AS uuid)"
    " AND state IN ('queued', 'waiting') AND due_at <= (SELECT clock_timestamp()){0}"
    " ORDER BY due_at LIMIT allowed.{1})"
)
# Locked, not written: what becomes of a run is written once, by its move, in this transaction.
_TAKE = (
    " SELECT runs.id, runs.organization_id, runs.workflow_id, runs.version_id, runs.fence,"
    "  runs.event_id, runs.wedding_id, runs.input, runs.causation, runs.rerun_of,"
    "  runs.origin_run_id, runs.parent_run_id, runs.root_run_id, runs.caller_run_id, runs.item,"
    "  runs.items_total, runs.deaths, runs.engine_state, runs.waiting_for, runs.pending_decision,"
    "  runs.created_at, coalesce(runs.started_at, clock_timestamp()) AS started_at,"
    "  runs.started_at IS NULL AS is_first,"
)
_LOCKED = (
    " FROM picked JOIN runs ON runs.id = picked.id WHERE runs.state IN ('queued', 'waiting')"
    " ORDER BY picked.due_at FOR NO KEY UPDATE OF runs SKIP LOCKED"
)
_CLAIM = text(
    "WITH allowed AS (SELECT * FROM unnest(CAST(:lanes AS text[]), CAST(:allowances AS int[]),"
    "  CAST(:since AS timestamptz[])) AS t(lane, allowance, since)),"
    " picked AS MATERIALIZED (SELECT r.id, r.due_at FROM allowed CROSS JOIN LATERAL"
    f" {_DUE.format(_SINCE, 'allowance')} r)"
    f"{_TAKE} false AS is_capped{_LOCKED}"
)
_TOP, _ITEMS = " AND parent_run_id IS NULL", " AND parent_run_id IS NOT NULL"
_CLAIM_LIMITED = text(
    "WITH allowed AS (SELECT * FROM "
    + recordset("lane text, places int, top int, fresh int")
    + "), picked AS MATERIALIZED (SELECT r.id, r.due_at FROM allowed CROSS JOIN LATERAL"
    " (SELECT id, due_at FROM ("
    f" {_DUE.format(_ITEMS, 'places')} UNION ALL (SELECT id, due_at FROM ("
    f" {_DUE.format(_TOP + ' AND started_at IS NOT NULL', 'top')} UNION ALL"
    f" {_DUE.format(_TOP + ' AND started_at IS NULL', 'fresh')}) moving"
    " ORDER BY due_at LIMIT allowed.top)) due ORDER BY due_at LIMIT allowed.places) r)"
    f"{_TAKE} true AS is_capped{_LOCKED}"
)
_SERVED = text(
    "UPDATE lanes SET served_at = clock_timestamp(), next_due_at ="
    " (SELECT min(due_at) FROM runs WHERE workflow_id = CAST(lanes.key AS uuid)"
    "  AND state IN ('queued', 'waiting') AND due_at IS NOT NULL"
    "  AND due_at >= CASE WHEN lanes.key = ANY(:limited) THEN '-infinity'"
    f"   ELSE lanes.next_due_at - {_CLOCKS_APART} END)"
    " WHERE kind = 'runs' AND key = ANY(:lanes)"
)
_PAUSED = text("SELECT id FROM workflows WHERE id = ANY(:ids) AND state = 'paused'")
# What somebody has in hand is passed over here and below: it is written or stopped right now, and
# whoever waits for one row while holding others can stand in a ring.
_RENEW = text(
    "UPDATE runs SET lease_until = clock_timestamp() + make_interval(secs => :lease)"
    " WHERE id IN (SELECT id FROM runs WHERE id = ANY(:runs) AND owner = :owner"
    "  AND state = 'running' FOR NO KEY UPDATE SKIP LOCKED)"
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
    " AND (l.next_due_at IS NULL OR l.next_due_at > r.due_at + interval '1 second')"
)
_FIND_ABANDONED = text(
    "SELECT id, organization_id, workflow_id, clock_timestamp() AS due_at FROM runs"
    f" WHERE {_ABANDONED}"
)
_RELEASE = text(
    "UPDATE runs SET state = 'queued', owner = NULL, lease_until = NULL, fence = fence + 1,"
    " due_at = clock_timestamp()"
    " WHERE id IN (SELECT id FROM runs WHERE id = ANY(:found)"
    f"  AND {_ABANDONED} FOR NO KEY UPDATE SKIP LOCKED)"
)


@dataclass(slots=True)
class Claimed:
    """Runs locked by this transaction, whose moves are still to be written, and their lanes."""

    rows: list[Row[Any]] = field(default_factory=list)
    lanes: list[str] = field(default_factory=list)
    rooms: list[caps.Room] = field(default_factory=list)


def claim(connection: Connection, allotment: Allotment, leaving: Sequence[UUID] = ()) -> Claimed:
    """Lock due runs, lane by lane; they are taken once their moves are written.

    `leaving` are runs that are written later in this transaction and move no more.
    """
    granted = leases.grant_lanes(connection, _LANES, LANES, allotment)
    claimed = Claimed(lanes=[lane.key for lane, _ in granted])
    limited = [(lane, places) for lane, places in granted if caps.is_limited(lane)]
    free = [(lane, places) for lane, places in granted if not caps.is_limited(lane)]
    if free:
        claimed.rows += _claim(connection, free)
    if limited:
        claimed.rooms = caps.rooms(connection, limited, leaving)
        claimed.rows += _claim_limited(connection, claimed.rooms)
    return claimed


def served(connection: Connection, claimed: Claimed) -> None:
    """After the moves are written: say when the lanes have work again."""
    if claimed.rooms:
        caps.note(connection, claimed.rooms, claimed.rows)
    if claimed.lanes:
        limited = [room.lane for room in claimed.rooms]
        connection.execute(_SERVED, {"lanes": claimed.lanes, "limited": limited})
    caps.look_again(connection, claimed.rooms)


def _claim(connection: Connection, granted: Sequence[tuple[Row[Any], int]]) -> Sequence[Row[Any]]:
    given = {
        "lanes": [lane.key for lane, _ in granted],
        "allowances": [places for _, places in granted],
        "since": [lane.next_due_at for lane, _ in granted],
    }
    return connection.execute(_CLAIM, given).all()


def _claim_limited(connection: Connection, rooms: Sequence[caps.Room]) -> Sequence[Row[Any]]:
    return connection.execute(_CLAIM_LIMITED, batch.rows(rooms)).all()


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
    """Give back what the dead held and what outlived its lease; returns how many.

    Only what was found before its lanes were told: what outlives its lease in between is the next
    sweep's.
    """
    found = connection.execute(_FIND_ABANDONED, {"owners": list(owners)}).all()
    if not found:
        return 0
    journal.touch(connection, [], found)
    given = {"owners": list(owners), "found": [row.id for row in found]}
    released: int = connection.execute(_RELEASE, given).rowcount
    return released


def sweep_lanes(connection: Connection) -> None:
    """Wake lanes in which something is due that nobody told them of: whoever starts a run of
    another lane tells it after the commit, and may die in between."""
    journal.touch(connection, [], connection.execute(_SLEEPING).all())
