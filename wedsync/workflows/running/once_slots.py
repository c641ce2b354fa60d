"""Effects that may happen once start one at a time per far end (design `engine.md`, promise 4).

A far end is a connection or, without one, a host. Its slot is taken in the transaction that
commits the intent (or put back in it, where the effect lacks a call of its budget) and given back
in the one that records the result, so that a death leaves one effect per far end in doubt, not a
window full. A run that finds the slot taken waits for it, in the order the runs were made; whoever
gives the slot back makes the next one due, and only that one: ten thousand who look again by
themselves leave no time to send. Whom nobody woke, because it began to wait in the very moment in
which the slot was given back, is found by `sweep`.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.platform import batch, leases
from wedsync.platform.batch import recordset
from wedsync.platform.effects import Blocking, Effect
from wedsync.workflows.running import journal
from wedsync.workflows.running.live_run import Advance

_MARGIN_S = 30

# Nothing here waits for another worker: the lock is only tried, and a slot that is being given
# back this very moment counts as taken.
_TAKE = text(
    "INSERT INTO once_slots AS slot (organization_id, far_end, run_id, owner, held_until)"
    " SELECT organization_id, far_end, run_id, :owner,"
    "  clock_timestamp() + make_interval(secs => seconds) FROM "
    + recordset("organization_id uuid, far_end text, run_id uuid, seconds float8")
    + " WHERE pg_try_advisory_xact_lock(hashtextextended(organization_id::text || far_end, 0))"
    " AND NOT EXISTS (SELECT FROM once_slots held WHERE held.organization_id = t.organization_id"
    "  AND held.far_end = t.far_end AND held.held_until > clock_timestamp())"
    # Nobody overtakes who was there before, except those whose workflow is paused.
    " AND NOT EXISTS (SELECT FROM runs older JOIN workflows ON workflows.id = older.workflow_id"
    "  WHERE older.organization_id = t.organization_id AND older.state = 'waiting'"
    "  AND older.waiting_for ->> 'kind' = 'limit' AND older.waiting_for ->> 'id' = t.far_end"
    "  AND older.id < t.run_id AND older.id <> ALL(:moving) AND workflows.state <> 'paused')"
    " ORDER BY organization_id, far_end"
    " ON CONFLICT (organization_id, far_end) DO UPDATE SET run_id = excluded.run_id,"
    "  owner = excluded.owner, held_until = excluded.held_until"
    "  WHERE slot.held_until <= clock_timestamp()"
    " RETURNING run_id"
)
_GIVE_BACK = text(
    "DELETE FROM once_slots WHERE run_id = ANY(:runs) AND owner = :owner"
    " RETURNING organization_id, far_end"
)
_GIVE_BACK_OF = text(
    f"DELETE FROM once_slots WHERE owner = ANY(:owners) OR {leases.FORGOTTEN}"
    " RETURNING organization_id, far_end"
)
# A minute ago: before those of its workflow that have not come as far yet, and due as they are.
_NEXT = text(
    "SELECT n.id, n.organization_id, n.workflow_id,"
    " clock_timestamp() - interval '1 minute' AS due_at FROM "
    + recordset("organization_id uuid, far_end text")
    + " CROSS JOIN LATERAL (SELECT r.id, r.organization_id, r.workflow_id FROM runs r"
    "  JOIN workflows ON workflows.id = r.workflow_id"
    "  WHERE r.organization_id = t.organization_id AND r.state = 'waiting'"
    "  AND r.waiting_for ->> 'kind' = 'limit' AND r.waiting_for ->> 'id' = t.far_end"
    "  AND workflows.state <> 'paused' ORDER BY r.id LIMIT 1) n"
)
_WAKE = text(
    "UPDATE runs SET due_at = t.due_at FROM "
    + recordset("id uuid, due_at timestamptz")
    + " WHERE runs.id = t.id AND runs.state = 'waiting'"
    " AND runs.waiting_for ->> 'kind' = 'limit'"
)
_FREE = text(
    "SELECT DISTINCT organization_id, waiting_for ->> 'id' AS far_end FROM runs"
    " WHERE state = 'waiting' AND waiting_for ->> 'kind' = 'limit'"
    # With an `until` it goes on by itself: it waits for something else than a slot.
    " AND waiting_for ->> 'until' IS NULL AND due_at IS NULL"
    " AND NOT EXISTS (SELECT FROM once_slots held"
    "  WHERE held.organization_id = runs.organization_id"
    "  AND held.far_end = runs.waiting_for ->> 'id' AND held.held_until > clock_timestamp())"
)


def give_back(connection: Connection, owner: UUID, runs: Sequence[UUID]) -> Sequence[Row[Any]]:
    """Free the slots these runs held for `owner`, not what another took up for them since; who is
    next there, to be made due by `wake`."""
    if not runs:
        return []
    return _next(
        connection, connection.execute(_GIVE_BACK, {"runs": list(runs), "owner": owner}).all()
    )


def put_back(connection: Connection, owner: UUID, runs: Sequence[UUID]) -> None:
    """Free the slots these runs took just now and have no use for. Nobody is woken: who waits for
    the slot lacks what these lack; who came to wait in this very moment is found by `sweep`."""
    if runs:
        connection.execute(_GIVE_BACK, {"runs": list(runs), "owner": owner})


def give_back_of(connection: Connection, owners: Sequence[UUID]) -> None:
    """Free the slots of dead or forgotten owners."""
    _wake_next(connection, connection.execute(_GIVE_BACK_OF, {"owners": list(owners)}).all())


def sweep(connection: Connection) -> None:
    """Make due who is first at a far end whose slot is free, whatever was missed."""
    _wake_next(connection, connection.execute(_FREE).all())


def wake(connection: Connection, following: Sequence[Row[Any]]) -> None:
    """Make due who is next; their lanes were touched before.

    Who went on by itself meanwhile leaves the slot to the next sweep.
    """
    if following:
        rows = [{"id": row.id, "due_at": row.due_at} for row in following]
        connection.execute(_WAKE, batch.rows(rows))


def take(connection: Connection, owner: UUID, advances: Sequence[Advance]) -> None:
    """Take a slot for each effect that may happen once; whoever finds none waits instead."""
    wanting = [result for result in advances if result.far_end is not None]
    if not wanting:
        return
    in_order = sorted(wanting, key=lambda one: one.run.id, reverse=True)
    first = {(one.run.organization_id, one.far_end): one for one in in_order}
    rows = [
        {
            "organization_id": organization_id,
            "far_end": far_end,
            "run_id": one.run.id,
            "seconds": _longest_s(one.leaving) + _MARGIN_S,
        }
        for (organization_id, far_end), one in first.items()
    ]
    # These are on the move, whatever they waited for.
    moving = [one.run.id for one in advances]
    taken = connection.execute(_TAKE, {"owner": owner, "moving": moving, **batch.rows(rows)})
    started = {row.run_id for row in taken}
    for one in wanting:
        if one.run.id not in started:
            _postpone(one)


def _postpone(result: Advance) -> None:
    """Turn an effect that was about to leave into a wait for its slot."""
    result.stand_by({"kind": "limit", "id": result.far_end}, attempts=1)


def _longest_s(effect: Effect | None) -> float:
    """Blocking work may wait for its turn as long as it may take."""
    if effect is None:
        return 0.0
    return effect.timeout_s * 2 if isinstance(effect, Blocking) else effect.timeout_s


def _wake_next(connection: Connection, freed: Sequence[Row[Any]]) -> None:
    following = _next(connection, freed)
    journal.touch(connection, [], following)
    wake(connection, following)


def _next(connection: Connection, freed: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    if not freed:
        return []
    places = [{"organization_id": row.organization_id, "far_end": row.far_end} for row in freed]
    return connection.execute(_NEXT, batch.rows(places)).all()
