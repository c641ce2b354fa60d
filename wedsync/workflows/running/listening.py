"""Runs that wait for an event, and why none misses it (design `engine.md`, promise 7).

A wait is written in the transaction of its run's move; every fan-out that reads the waits after
that commit sees it. What was fanned out before is found by `looking_back`. The first event that
equals what is wanted is the answer (in the moment before the look back, one that comes in just
then may be quicker), and one event may answer many.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from wedsync.platform import batch, clock
from wedsync.platform.batch import recordset
from wedsync.webhooks.delivering.service import FannedEvent
from wedsync.workflows.running import answering, looking_back
from wedsync.workflows.running.event_matching import hash_at, paths_of, wanted_hash
from wedsync.workflows.running.live_run import Advance
from wedsync.workflows.running.looking_back import Found

NEVER = "nothing equals this"
"""In place of a hash where the wanted values are empty or sealed."""

# The moment of a run's cause is that of the event which started it, or of the first of its runs:
# what came while a run, its loop or its re-run was still on the way counts too.
_INSERT = text(
    "INSERT INTO event_waits (organization_id, run_id, step_id, event_type, paths, match_hash,"
    " since)"
    " SELECT t.organization_id, t.run_id, t.step_id, t.event_type, t.paths, t.match_hash,"
    "  coalesce(e.accepted_at, first.created_at) FROM "
    + recordset(
        "organization_id uuid, run_id uuid, step_id text, event_type text, paths jsonb,"
        " match_hash text"
    )
    + " JOIN runs r ON r.id = t.run_id"
    " LEFT JOIN runs root ON root.id = r.root_run_id"
    " JOIN runs first ON first.id = coalesce(root.origin_run_id, root.id, r.origin_run_id, r.id)"
    " LEFT JOIN events e ON e.id = r.event_id"
    " ON CONFLICT (run_id, step_id) DO UPDATE SET event_type = excluded.event_type,"
    "  paths = excluded.paths, match_hash = excluded.match_hash, since = excluded.since,"
    "  looked_back_at = NULL, event_id = NULL, closed_at = NULL"
    " RETURNING id"
)
_CLOSE = text(
    "UPDATE event_waits SET closed_at = clock_timestamp()"
    " WHERE run_id = ANY(:runs) AND closed_at IS NULL"
)
_FANNING_OUT = text(
    "SELECT pg_advisory_xact_lock_shared(hashtextextended('fan-out ' || organization_id, 0))"
    " FROM (SELECT organization_id FROM unnest(CAST(:organizations AS text[]))"
    "  AS o(organization_id) ORDER BY organization_id) in_order"
)
# From one set of paths to the next by the index: what it costs does not grow with the waits.
_PATHS = text(
    "WITH RECURSIVE sets AS (SELECT organization_id, event_type,"
    " (SELECT paths FROM event_waits w WHERE w.organization_id = t.organization_id"
    "   AND w.event_type = t.event_type AND w.closed_at IS NULL ORDER BY paths LIMIT 1) AS paths"
    " FROM " + recordset("organization_id uuid, event_type text") + " UNION ALL"
    " SELECT organization_id, event_type,"
    " (SELECT paths FROM event_waits w WHERE w.organization_id = sets.organization_id"
    "   AND w.event_type = sets.event_type AND w.closed_at IS NULL AND w.paths > sets.paths"
    "   ORDER BY paths LIMIT 1)"
    " FROM sets WHERE paths IS NOT NULL)"
    " SELECT organization_id, event_type, paths FROM sets WHERE paths IS NOT NULL"
)
_ANSWERED = text(
    "SELECT DISTINCT ON (w.id) w.id, r.organization_id, r.workflow_id, w.run_id, t.event_id FROM "
    + recordset(
        "organization_id uuid, event_type text, paths jsonb, match_hash text, event_id uuid"
    )
    + " JOIN event_waits w ON w.organization_id = t.organization_id"
    "  AND w.event_type = t.event_type AND w.paths = t.paths AND w.match_hash = t.match_hash"
    "  AND w.closed_at IS NULL"
    " JOIN events e ON e.id = t.event_id AND e.accepted_at >= w.since"
    " JOIN runs r ON r.id = w.run_id AND r.event_id IS DISTINCT FROM t.event_id"
    " ORDER BY w.id, t.event_id"
)
_RESOLVE = text(
    "UPDATE event_waits SET event_id = t.event_id, closed_at = clock_timestamp() FROM "
    + recordset("id uuid, run_id uuid, event_id uuid")
    + " WHERE event_waits.id = t.id AND closed_at IS NULL AND t.run_id = ANY(:held)"
    " RETURNING event_waits.run_id, event_waits.event_id"
)


def write(connection: Connection, advances: Sequence[Advance]) -> list[UUID]:
    """Write what these runs wait for, in the transaction of their moves; the ids of the waits.

    After the commit the caller gives them to `look_back`.
    """
    rows = [
        {
            "organization_id": advance.run.organization_id,
            "run_id": advance.run.id,
            "step_id": listen.step,
            "event_type": listen.event_type,
            "paths": paths_of(listen.match),
            "match_hash": wanted_hash(listen.match) or NEVER,
        }
        for advance in advances
        for listen in advance.listens
    ]
    return list(connection.execute(_INSERT, batch.rows(rows)).scalars()) if rows else []


def close(connection: Connection, run_ids: Sequence[UUID]) -> None:
    """These runs go on without the event they waited for."""
    if run_ids:
        connection.execute(_CLOSE, {"runs": list(run_ids)})


def find(connection: Connection, events: Sequence[FannedEvent]) -> list[Found]:
    """Called by the fan-out: who waits for these events. It touches their lanes, then calls
    `resolve`. From here until the commit nobody looks back."""
    organizations = {str(event.organization_id) for event in events}
    connection.execute(_FANNING_OUT, {"organizations": list(organizations)})
    probes = list(_probes(connection, events))
    if not probes:
        return []
    return [Found(*row) for row in connection.execute(_ANSWERED, batch.rows(probes))]


def resolve(connection: Connection, found: Sequence[Found]) -> int:
    """Answer waits that are still open and whose run still waits; how many.

    Their lanes are touched before. The caller commits and rings `runs`.
    """
    held = answering.lock(connection, [each.run_id for each in found]) if found else []
    if not held:
        return 0
    resolved = connection.execute(_RESOLVE, {"held": held, **batch.rows(found)}).all()
    answers = {row.run_id: {"event_id": str(row.event_id)} for row in resolved}
    answering.give(connection, answers)
    return len(answers)


def look_back(engine: Engine, waits: Sequence[UUID]) -> int:
    """After the commit that wrote these waits: answer those whose event came before; how many.

    The caller rings `runs` when there were any. Where a fan-out is under way it is left to
    `sweep`.
    """
    if not waits:
        return 0
    with engine.begin() as connection:
        return _looked_back(connection, looking_back.look(connection, waits))


def sweep(connection: Connection) -> int:
    """Look back for whom nobody did yet: a worker died, or a fan-out was under way."""
    return _looked_back(connection, looking_back.look_for_the_others(connection))


def _looked_back(connection: Connection, looked: looking_back.Looked) -> int:
    answering.touch(connection, looked.found, clock.now())
    resolved = resolve(connection, looked.found)
    looking_back.note(connection, looked)
    return resolved


def _probes(connection: Connection, events: Sequence[FannedEvent]) -> Iterator[Mapping[str, Any]]:
    """For every event, what a wait it answers would have as its hash."""
    kinds = {(event.organization_id, event.type) for event in events}
    wanted = [{"organization_id": owner, "event_type": each} for owner, each in kinds]
    paths: dict[tuple[UUID, str], list[list[str]]] = {}
    for row in connection.execute(_PATHS, batch.rows(wanted)):
        paths.setdefault((row.organization_id, row.event_type), []).append(row.paths)
    for event in events:
        for each in paths.get((event.organization_id, event.type), ()):
            if (found := hash_at(event.as_trigger(), each)) is not None:
                yield {
                    "organization_id": event.organization_id,
                    "event_type": event.type,
                    "paths": each,
                    "match_hash": found,
                    "event_id": event.id,
                }
