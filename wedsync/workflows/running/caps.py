"""How many runs of a workflow move at once, and how many start within an hour.

What is above a limit waits, and says for which and until when; it never fails. Counted under the
lock of the workflow's lane, from rows: nothing drifts. Items of loops are not counted: they are as
many as their loop lets be under way. A limit of an hour counts from when it was set.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.platform import batch
from wedsync.platform.batch import recordset

_MARKED_AT_ONCE = 200

_MOVING = text(
    "SELECT workflow_id, count(*) AS moving FROM runs WHERE state = 'running'"
    " AND workflow_id = ANY(:workflows) AND parent_run_id IS NULL AND id <> ALL(:leaving)"
    " GROUP BY 1"
)
_STARTED = text(
    "SELECT workflow_id, count(*) AS started, min(started_at) + interval '1 hour' AS until"
    " FROM run_starts WHERE workflow_id = ANY(:workflows)"
    " AND started_at > clock_timestamp() - interval '1 hour' GROUP BY 1"
)
_NOTE = text(
    "WITH old AS (DELETE FROM run_starts WHERE workflow_id = ANY(:workflows)"
    "  AND started_at <= clock_timestamp() - interval '1 hour')"
    " INSERT INTO run_starts (run_id, workflow_id, organization_id)"
    " SELECT id, workflow_id, organization_id FROM runs WHERE id = ANY(:runs)"
    " ON CONFLICT DO NOTHING"
)
_MARK = text(
    "UPDATE runs SET state = 'waiting', waiting_for = marked.waiting_for,"
    " revision = revision + 1 FROM (SELECT r.id, t.waiting_for FROM "
    + recordset("workflow_id uuid, waiting_for jsonb")
    + " CROSS JOIN LATERAL (SELECT id FROM runs WHERE workflow_id = t.workflow_id"
    "  AND state = 'queued' AND due_at <= clock_timestamp() AND parent_run_id IS NULL"
    f"  AND started_at IS NULL ORDER BY due_at LIMIT {_MARKED_AT_ONCE}) r) marked"
    " WHERE runs.id = marked.id AND runs.state = 'queued'"
)
_LOOK_AGAIN = text(
    "UPDATE lanes SET next_due_at = clock_timestamp() + interval '1 second'"
    " WHERE kind = 'runs' AND key = ANY(:lanes)"
)
# Not waited for: whoever holds the lane may need the workflow, which the caller holds.
_LOOK_AT_ALL = text(
    "UPDATE lanes SET next_due_at = least(next_due_at, (SELECT min(due_at) FROM runs"
    "  WHERE workflow_id = :workflow_id AND state IN ('queued', 'waiting')"
    "  AND due_at IS NOT NULL))"
    " WHERE (kind, key) IN (SELECT kind, key FROM lanes WHERE kind = 'runs'"
    "  AND key = CAST(:workflow_id AS text) FOR UPDATE SKIP LOCKED)"
)


@dataclass(slots=True)
class Room:
    """What a lane with limits may give: so many rows, of those so many runs that move, of those
    so many that start. `full` is what there is no room of."""

    lane: str
    places: int
    top: int
    fresh: int
    full: Mapping[str, Any] | None = None

    @property
    def workflow_id(self) -> UUID:
        return UUID(self.lane)


def is_limited(lane: Row[Any]) -> bool:
    return lane.at_once is not None or lane.per_hour is not None


def rooms(
    connection: Connection, lanes: Sequence[tuple[Row[Any], int]], leaving: Sequence[UUID]
) -> list[Room]:
    """What these lanes, which are locked, may give. `leaving` are runs that stop moving now."""
    workflows = [UUID(lane.key) for lane, _ in lanes]
    moving = {
        row.workflow_id: row.moving
        for row in connection.execute(_MOVING, {"workflows": workflows, "leaving": list(leaving)})
    }
    started = {
        row.workflow_id: row for row in connection.execute(_STARTED, {"workflows": workflows})
    }
    return [
        _room(lane, places, moving.get(UUID(lane.key), 0), started.get(UUID(lane.key)))
        for lane, places in lanes
    ]


def note(connection: Connection, rooms: Sequence[Room], rows: Sequence[Row[Any]]) -> None:
    """Remember which runs started, and say on those that could not what they wait for."""
    first = [row.id for row in rows if row.is_first and row.parent_run_id is None]
    if first:
        workflows = [room.workflow_id for room in rooms]
        connection.execute(_NOTE, {"workflows": workflows, "runs": first})
    full = [room for room in rooms if room.full is not None]
    if full:
        marks = [{"workflow_id": room.workflow_id, "waiting_for": room.full} for room in full]
        connection.execute(_MARK, batch.rows(marks))


def look_again(connection: Connection, rooms: Sequence[Room]) -> None:
    """Look at full lanes again in a second: whoever leaves room before that says so."""
    full = [room.lane for room in rooms if room.full is not None]
    if full:
        connection.execute(_LOOK_AGAIN, {"lanes": full})


def changed(connection: Connection, workflow_id: UUID) -> None:
    """After other limits were set: what they held back is due for long, and a lane without limits
    looks behind nothing that is due before it is. A lane that is in use is found by
    `claims.sweep_lanes`."""
    connection.execute(_LOOK_AT_ALL, {"workflow_id": workflow_id})


def _room(lane: Row[Any], places: int, moving: int, started: Row[Any] | None) -> Room:
    top = places if lane.at_once is None else max(0, min(places, lane.at_once - moving))
    if lane.per_hour is None:
        fresh = top
    else:
        fresh = max(0, min(top, lane.per_hour - (started.started if started else 0)))
    room = Room(lane.key, places, top, fresh)
    if not top:
        room.full = {"kind": "limit", "id": "at_once"}
    elif not fresh:
        room.full = {"kind": "limit", "id": "per_hour", "until": _until(started)}
    return room


def _until(started: Row[Any] | None) -> str | None:
    until: datetime | None = started.until if started else None
    return until.isoformat() if until else None
