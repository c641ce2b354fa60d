"""Budgets in SQL: found beside a connection, taken from, and told what a far end said.

Whoever takes never waits: a bucket that is locked is being taken from, and gives nothing for that
moment. A connection's bucket and its listing's are taken from in one statement. Only the first call
of all makes them, and may wait for its connection.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.connections.limits.arithmetic import UNBOUNDED, Bucket, Pace, pace_of
from wedsync.connections.limits.headers import Said
from wedsync.connectors.manifest import Limits, Manifest
from wedsync.connectors.manifest_limits import Rate
from wedsync.listings import manifests
from wedsync.platform import batch
from wedsync.platform.batch import recordset

COLUMNS = (
    "own.key IS NOT NULL AS has_bucket, own.calls AS own_calls, own.seconds AS own_seconds,"
    " shared.calls AS shared_calls, shared.seconds AS shared_seconds,"
    " c.listing_version_id, l.published_version_id"
)
"""Of a connection `c` joined with its buckets: what `budget_of` needs beside its ids."""

JOINED = (
    " LEFT JOIN rate_buckets own ON own.key = c.id"
    " LEFT JOIN rate_buckets shared ON shared.key = c.listing_id"
    " JOIN listings l ON l.id = c.listing_id"
)

_FIND = text(
    f"SELECT c.id, c.organization_id, c.listing_id, {COLUMNS} FROM connections c{JOINED}"
    " WHERE c.organization_id = :organization_id AND c.id = :id"
)
_FREE = (
    "CASE WHEN b.held_until > clock_timestamp() THEN 0 ELSE CAST(greatest(0, least("
    " CASE WHEN b.per_s IS NOT NULL THEN floor(b.burst - b.per_s * greatest(0,"
    "  extract(epoch FROM b.full_at - clock_timestamp())) + 0.000001) END,"
    " CASE WHEN b.said_until > clock_timestamp() THEN b.said_left END,"
    f" {UNBOUNDED})) AS int) END"
)
_STATE = (
    "b.key, b.burst, b.per_s, b.full_at, b.held_until, b.said_left, b.said_until, b.waiting,"
    " clock_timestamp() AS now"
)
_KEPT = recordset(
    "key uuid, organization_id uuid, connection_id uuid, listing_id uuid, calls int, seconds int,"
    " burst float8, per_s float8"
)
# Who is making the same row this very moment has not committed it: the lock is only tried.
_MAKE = text(
    "INSERT INTO rate_buckets (key, organization_id, connection_id, listing_id, calls, seconds,"
    " burst, per_s) SELECT key, organization_id, connection_id, listing_id, calls, seconds, burst,"
    f" per_s FROM {_KEPT} WHERE pg_try_advisory_xact_lock(hashtextextended(key::text, 0))"
    " ORDER BY key ON CONFLICT (key) DO NOTHING"
)
# What is missing in a bucket stays missing, and comes back at the new pace.
_RENEW = text(
    "UPDATE rate_buckets b SET calls = t.calls, seconds = t.seconds, burst = t.burst,"
    " per_s = t.per_s, full_at = CASE WHEN b.full_at > clock_timestamp() AND b.per_s > 0"
    "  AND t.per_s > 0 THEN clock_timestamp() + (b.full_at - clock_timestamp())"
    "   * (b.per_s / t.per_s) END"
    f" FROM {_KEPT} WHERE b.key = t.key AND b.key IN"
    " (SELECT key FROM rate_buckets WHERE key = ANY(:keys) FOR NO KEY UPDATE SKIP LOCKED)"
    " AND (b.calls, b.seconds) IS DISTINCT FROM (t.calls, t.seconds)"
)
# Of what a connection may have its listing gives as much as it has left, connection by connection.
_TAKE = text(
    "WITH asked AS (SELECT * FROM "
    + recordset("key uuid, listing uuid, wanted int, yields bool, leaves int")
    + f"), locked AS MATERIALIZED (SELECT b.key, b.waiting, {_FREE} AS free FROM rate_buckets b"
    "  WHERE b.key IN (SELECT key FROM asked UNION SELECT listing FROM asked)"
    "  ORDER BY b.key FOR NO KEY UPDATE SKIP LOCKED),"
    " offered AS (SELECT a.key, a.listing, CASE WHEN a.yields AND own.waiting > 0 THEN 0"
    "  ELSE greatest(0, least(a.wanted, own.free - a.leaves)) END AS n, shared.free AS shared"
    "  FROM asked a JOIN locked own ON own.key = a.key"
    "  LEFT JOIN locked shared ON shared.key = a.listing),"
    " granted AS (SELECT key, listing, CASE WHEN listing IS NULL THEN n"
    "  ELSE greatest(0, least(n, coalesce(shared, 0)"
    "   - (sum(n) OVER (PARTITION BY listing ORDER BY key) - n))) END AS n FROM offered),"
    " spent AS (SELECT key, CAST(n AS int) AS n FROM granted UNION ALL SELECT listing,"
    "  CAST(sum(n) AS int) FROM granted WHERE listing IN (SELECT key FROM locked) GROUP BY 1)"
    " UPDATE rate_buckets b SET full_at = CASE WHEN b.per_s IS NULL OR spent.n = 0 THEN b.full_at"
    "  ELSE greatest(b.full_at, clock_timestamp()) + make_interval(secs => spent.n / b.per_s) END,"
    " said_left = CASE WHEN b.said_left > spent.n THEN b.said_left - spent.n"
    "  WHEN b.said_left IS NOT NULL THEN 0 END"
    f" FROM spent WHERE b.key = spent.key RETURNING spent.n, {_STATE}"
)
_SAME_WINDOW = (
    "b.said_left < excluded.said_left AND b.said_until > clock_timestamp()"
    " AND excluded.said_until - b.said_until < interval '2 seconds'"
)
_NOTE = text(
    "INSERT INTO rate_buckets AS b (key, organization_id, connection_id, held_until, said_limit,"
    " said_left, said_until) SELECT c.id, c.organization_id, c.id,"
    " clock_timestamp() + make_interval(secs => t.wait_s), t.limit_, t.left_,"
    " clock_timestamp() + make_interval(secs => t.reset_s) FROM "
    + recordset(
        "organization_id uuid, connection_id uuid, wait_s float8, limit_ int, left_ int,"
        " reset_s float8"
    )
    + " JOIN connections c ON c.organization_id = t.organization_id AND c.id = t.connection_id"
    " ORDER BY c.id ON CONFLICT (key) DO UPDATE SET"
    " held_until = greatest(b.held_until, excluded.held_until),"
    " said_limit = coalesce(excluded.said_limit, b.said_limit),"
    # Answers of one window overtake each other, and know nothing of what is on its way. A window
    # that slides is as far away in every answer, and another one by and by: ours stays where it is.
    f" said_left = CASE WHEN {_SAME_WINDOW} THEN b.said_left"
    "  ELSE coalesce(excluded.said_left, b.said_left) END,"
    f" said_until = CASE WHEN {_SAME_WINDOW} THEN b.said_until"
    "  ELSE coalesce(excluded.said_until, b.said_until) END"
)
_STATES = text(
    f"SELECT c.id AS connection_id, {_STATE}, lines.n, lines.others FROM connections c"
    " JOIN rate_buckets b ON b.key = ANY(ARRAY[c.id, c.listing_id])"
    " LEFT JOIN LATERAL (SELECT count(*) AS n,"
    "  coalesce(sum(o.waiting) FILTER (WHERE o.key <> c.id), 0) AS others FROM connections oc"
    "  JOIN rate_buckets o ON o.key = oc.id WHERE oc.listing_id = b.listing_id AND o.waiting > 0)"
    " lines ON b.listing_id IS NOT NULL"
    " WHERE c.id = ANY(:ids) ORDER BY c.id, b.key <> c.id"
)
_LOCK = text("SELECT FROM rate_buckets WHERE key = ANY(:keys) ORDER BY key FOR NO KEY UPDATE")


@dataclass(frozen=True, slots=True)
class Budget:
    """What calls over one connection are counted against. `limits` is what its manifest says;
    what all connections of its listing share is as the published version says. `is_kept`: the rows
    stand, and say the same."""

    organization_id: UUID
    connection_id: UUID
    listing_id: UUID
    limits: Limits | None
    is_kept: bool

    @property
    def shared_key(self) -> UUID | None:
        """The listing's bucket, where all its connections share one."""
        shared = self.limits.connector if self.limits else None
        return self.listing_id if shared is not None else None

    @property
    def keys(self) -> tuple[UUID, ...]:
        shared = self.shared_key
        return (self.connection_id,) if shared is None else (self.connection_id, shared)


@dataclass(frozen=True, slots=True)
class Asked:
    """So many calls are `wanted` of a budget now. One that `yields` gets none while actions wait
    in line, and never the last ones it `leaves`."""

    budget: Budget
    wanted: int
    yields: bool = False
    leaves: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """A bucket as it stands, at the database's `now`; `waiting` in its line, as last counted.

    Of a bucket that is shared: how many `lines` wait for it, and how many actions in `others`
    than the line it is looked at for. Only `states` counts them.
    """

    bucket: Bucket
    now: datetime
    waiting: int
    lines: int = 1
    others: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """`calls` of one budget may leave. `states` are its buckets, empty while one is locked."""

    calls: int = 0
    states: tuple[State, ...] = ()


NOTHING = Taken()


def budget_of(connection: Connection, row: Row[Any], manifest: Manifest) -> Budget | None:
    """The budget of a connection's row read with `COLUMNS`; None where nothing limits it."""
    limits = _limits(connection, row, manifest)
    own, shared = (limits.connection, limits.connector) if limits else (None, None)
    if own is None and shared is None and not row.has_bucket:
        return None
    says = (row.own_calls, row.own_seconds), (row.shared_calls, row.shared_seconds)
    is_kept = row.has_bucket and says[0] == _pair(own) and (not shared or says[1] == _pair(shared))
    return Budget(row.organization_id, row.id, row.listing_id, limits, is_kept)


def find(
    connection: Connection, organization_id: UUID, connection_id: UUID, manifest: Manifest
) -> Budget | None:
    """The budget of a connection; None where nothing limits it."""
    given = {"organization_id": organization_id, "id": connection_id}
    row = connection.execute(_FIND, given).one_or_none()
    return None if row is None else budget_of(connection, row, manifest)


def take(connection: Connection, asked: Sequence[Asked]) -> Mapping[UUID, Taken]:
    """Take calls, as many as there are, by the connections' ids."""
    keep(connection, [each.budget for each in asked])
    rows = [
        {
            "key": each.budget.connection_id,
            "listing": each.budget.shared_key,
            "wanted": each.wanted,
            "yields": each.yields,
            "leaves": each.leaves,
        }
        for each in asked
    ]
    found = {row.key: row for row in connection.execute(_TAKE, batch.rows(rows))}
    return {each.budget.connection_id: _taken(each.budget, found) for each in asked}


def states(connection: Connection, ids: Sequence[UUID]) -> Mapping[UUID, list[State]]:
    """The buckets of these connections: its own, then its listing's, as far as there are any."""
    found: dict[UUID, list[State]] = {}
    for row in connection.execute(_STATES, {"ids": list(ids)}):
        state = replace(state_of(row), lines=row.n or 1, others=row.others or 0)
        found.setdefault(row.connection_id, []).append(state)
    return found


def lock(connection: Connection, budget: Budget) -> None:
    """Wait for a budget's buckets; for who holds nothing else."""
    if not budget.is_kept:
        connection.execute(_MAKE, batch.rows(_rows(budget)))
    connection.execute(_LOCK, {"keys": list(budget.keys)})


def note(connection: Connection, said: Sequence[tuple[UUID, UUID, Said]]) -> None:
    """Remember what far ends said, by organization and connection; of one the last counts, and
    the longest wait."""
    told: dict[tuple[UUID, UUID], dict[str, Any]] = {}
    for organization_id, connection_id, each in said:
        before = told.get((organization_id, connection_id), {})
        waits = [wait for wait in (before.get("wait_s"), each.wait_s) if wait is not None]
        counted = {"limit_": each.limit, "left_": each.left, "reset_s": each.reset_s}
        told[organization_id, connection_id] = {
            "organization_id": organization_id,
            "connection_id": connection_id,
            "wait_s": max(waits, default=None),
            **(counted if each.left is not None else {**counted, **_counted(before)}),
        }
    if told:
        connection.execute(_NOTE, batch.rows(list(told.values())))


def keep(connection: Connection, budgets: Sequence[Budget]) -> None:
    """Have rows for these budgets that say what their manifests say, as far as nobody else has
    them in hand."""
    missing = [each for each in budgets if not each.is_kept]
    rows = {row["key"]: row for each in missing for row in _rows(each)}
    if rows:
        given = batch.rows(list(rows.values()))
        connection.execute(_MAKE, given)
        connection.execute(_RENEW, {"keys": list(rows), **given})


def state_of(row: Row[Any]) -> State:
    pace = None if row.per_s is None else Pace(row.burst, row.per_s)
    bucket = Bucket(pace, row.full_at, row.held_until, row.said_left, row.said_until)
    return State(bucket, row.now, row.waiting)


def _limits(connection: Connection, row: Row[Any], manifest: Manifest) -> Limits | None:
    """What a connection's own version says, and of what all share the published one, while there
    is one: they keep to the same, whichever versions they are of."""
    newest = row.published_version_id
    if newest is None or newest == row.listing_version_id:
        return manifest.limits
    said = manifests.of(connection, newest).limits
    shared = said.connector if said else None
    if manifest.limits is None:
        return Limits(connector=shared) if shared else None
    return manifest.limits.model_copy(update={"connector": shared})


def _taken(budget: Budget, found: Mapping[UUID, Row[Any]]) -> Taken:
    own = found.get(budget.connection_id)
    if own is None:
        return NOTHING
    return Taken(own.n, tuple(state_of(found[key]) for key in budget.keys if key in found))


def _counted(before: Mapping[str, Any]) -> dict[str, Any]:
    return {name: before.get(name) for name in ("limit_", "left_", "reset_s")}


def _rows(budget: Budget) -> list[dict[str, Any]]:
    limits = budget.limits
    own = {
        "key": budget.connection_id,
        "organization_id": budget.organization_id,
        "connection_id": budget.connection_id,
        **_paced(limits.connection if limits else None),
    }
    if limits is None or limits.connector is None:
        return [own]
    listing = {"key": budget.listing_id, "listing_id": budget.listing_id}
    return [own, {**listing, **_paced(limits.connector)}]


def _paced(rate: Rate | None) -> dict[str, Any]:
    if rate is None:
        return {}
    pace = pace_of(rate.calls, rate.seconds)
    return {
        "calls": rate.calls,
        "seconds": rate.seconds,
        "burst": pace.burst,
        "per_s": pace.per_s,
    }


def _pair(rate: Rate | None) -> tuple[int | None, int | None]:
    return (None, None) if rate is None else (rate.calls, rate.seconds)
