"""Effects over a connection leave as its budget lets them (`connections.limits`), in order.

An effect takes its call in the transaction that commits its intent. Where there is none to take,
or somebody older waits for one, its run stands in line: by its id, so that who was there first
goes first, whatever came in between. Of a line only so many are due as there are calls: who comes
to take, or to stand, has the next ones made due after its commit (`let_go`), the first one for
the moment in which its call is there. That needs the calls, not those who wait, and no worker in
particular; what a death leaves is found by `sweep`. Runs of paused workflows hold nobody up.
"""

import random
import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.connections.limits import arithmetic, budgets
from wedsync.connections.limits.budgets import NOTHING, Asked, State
from wedsync.connections.limits.lines import LINE, line_in, line_of
from wedsync.platform import batch, clock
from wedsync.platform.batch import recordset
from wedsync.workflows.running import journal
from wedsync.workflows.running.live_run import Advance

LET_GO_AT_ONCE = 50
"""So many of a line are made due in one go, however much there is room for."""

_LONGEST_ESTIMATE = timedelta(days=31)
_IN_LINE = (
    " FROM runs r JOIN workflows w ON w.id = r.workflow_id WHERE w.state <> 'paused'"
    " AND r.organization_id = t.organization_id AND r.state = 'waiting'"
    " AND r.waiting_for ->> 'kind' = 'limit' AND r.waiting_for ->> 'id' = t.line"
)
_OLDEST = text(
    "SELECT t.line, n.id FROM "
    + recordset("organization_id uuid, line text")
    + f" CROSS JOIN LATERAL (SELECT r.id{_IN_LINE} AND r.id <> ALL(:moving)"
    "  ORDER BY r.id LIMIT 1) n"
)
_HEADS = text(
    "SELECT t.connection_id, n.id, n.organization_id, n.workflow_id, n.due_at,"
    " clock_timestamp() AS now FROM "
    + recordset("organization_id uuid, connection_id uuid, line text, most int")
    + " CROSS JOIN LATERAL (SELECT r.id, r.organization_id, r.workflow_id, r.due_at"
    f" {_IN_LINE} ORDER BY r.id LIMIT t.most) n ORDER BY t.connection_id, n.id"
)
# Only those whose lanes were told, and none that somebody has in hand: it is on the move already.
_MAKE_DUE = text(
    "UPDATE runs SET due_at = t.due_at FROM "
    + recordset("id uuid, line text, due_at timestamptz")
    + " WHERE runs.id = t.id AND runs.id IN (SELECT r.id FROM "
    + recordset("id uuid, line text, due_at timestamptz").replace(" AS t(", " AS u(")
    + " JOIN runs r ON r.id = u.id WHERE r.state = 'waiting'"
    "  AND r.waiting_for ->> 'kind' = 'limit' AND r.waiting_for ->> 'id' = u.line"
    "  ORDER BY r.id FOR NO KEY UPDATE OF r SKIP LOCKED)"
)
_COUNTED = text(
    "UPDATE rate_buckets b SET waiting = greatest(0, b.waiting + t.more) FROM "
    + recordset("key uuid, more int")
    + " WHERE b.key = t.key AND b.key IN (SELECT key FROM rate_buckets WHERE key = ANY(:keys)"
    " FOR NO KEY UPDATE SKIP LOCKED)"
)
_LINES = text(
    "SELECT r.organization_id, r.waiting_for ->> 'id' AS line, count(*) AS n FROM runs r"
    " JOIN workflows w ON w.id = r.workflow_id WHERE w.state <> 'paused'"
    " AND r.state = 'waiting' AND r.waiting_for ->> 'kind' = 'limit'"
    f" AND r.waiting_for ->> 'id' LIKE '{LINE}%' GROUP BY 1, 2"
)
_RECOUNT = text(
    "UPDATE rate_buckets b SET waiting = counted.n FROM (SELECT k.key, coalesce(t.n, 0) AS n"
    "  FROM rate_buckets k LEFT JOIN "
    + recordset("key uuid, n int")
    + " ON t.key = k.key WHERE k.waiting <> coalesce(t.n, 0) AND k.key = ANY(ARRAY("
    "   SELECT key FROM rate_buckets WHERE waiting > 0"
    "   UNION SELECT unnest(CAST(:lines AS uuid[]))))"
    "  FOR NO KEY UPDATE OF k SKIP LOCKED) counted WHERE b.key = counted.key"
)

Place = tuple[UUID, UUID]
"""A connection: its organization's id, its own."""


@dataclass(frozen=True, slots=True)
class _Wanting:
    """Effects that are about to leave over one connection, by the ids of their runs."""

    advances: list[Advance]
    asked: Asked


def take(
    connection: Connection, advances: Sequence[Advance], written_later: Sequence[Advance] = ()
) -> None:
    """Take a call for each effect that keeps to a budget; whoever gets none stands in line.

    `written_later` are those of this transaction that stand in line since just now.
    """
    by_place: dict[UUID, list[Advance]] = defaultdict(list)
    for one in sorted(advances, key=lambda each: each.run.id):
        if one.performing is not None and one.performing.budget is not None:
            by_place[one.performing.budget.connection_id].append(one)
    if not by_place:
        return
    moving = [one.run.id for one in advances]
    oldest = dict(_oldest(connection, by_place, moving))
    for one in written_later:
        place = line_in(one.move.waiting_for)
        if place is not None:
            oldest[place] = min(one.run.id, oldest.get(place, one.run.id))
    wanting = [_wanting(ones, oldest.get(place)) for place, ones in by_place.items()]
    asked = [each.asked for each in wanting if each.asked.wanted]
    now = time.monotonic()
    taken = budgets.take(connection, asked) if asked else {}
    unasked = [each.asked.budget.connection_id for each in wanting if not each.asked.wanted]
    states = budgets.states(connection, unasked) if unasked else {}
    for each in wanting:
        place = each.asked.budget.connection_id
        got = taken.get(place, NOTHING)
        for one in each.advances[: got.calls]:
            one.call_taken_at = now
        _stand(each.advances[got.calls :], place, got.states or states.get(place, ()))


def is_too_late(taken_at: float | None) -> bool:
    """Whether what took its call then would arrive among the calls of others by now."""
    return taken_at is not None and time.monotonic() - taken_at > arithmetic.TRAVEL_S


def stand_in_line(
    result: Advance, connection_id: UUID, until: datetime, *, attempts: int = 0
) -> None:
    """Turn an effect that was about to leave, or was turned away, into a wait for its call."""
    waiting_for = {
        "kind": "limit",
        "id": line_of(connection_id),
        "connection_id": str(connection_id),
        "until": until.isoformat(),
    }
    result.stand_by(waiting_for, attempts=attempts)


def places_of(advances: Sequence[Advance]) -> dict[Place, int]:
    """The lines these moved in, each with by how many it is longer."""
    changed: dict[Place, int] = defaultdict(int)
    for one in advances:
        stands, stood = line_in(one.move.waiting_for), one.run.line
        if stood is not None:
            changed[one.run.organization_id, stood] -= 1
        if stands is not None and one.move.state == "waiting":
            changed[one.run.organization_id, stands] += 1
    return dict(changed)


def let_go(connection: Connection, places: Mapping[Place, int]) -> float | None:
    """Make due whoever may leave now, of each line; in how many seconds the next one may.

    A transaction of its own, after the commit of whoever moved there: lanes, runs, buckets.
    """
    states = budgets.states(connection, [place for _, place in places])
    wanted = [
        {
            "organization_id": organization_id,
            "connection_id": place,
            "line": line_of(place),
            "most": max(1, _free(states.get(place, ()))),
        }
        for organization_id, place in sorted(places)
    ]
    heads: dict[UUID, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(_HEADS, batch.rows(wanted)):
        heads[row.connection_id].append(row)
    moments = [
        (row, _due_at(number, states.get(place, ()), row.now))
        for place, rows in heads.items()
        for number, row in enumerate(rows)
    ]
    _make_due(connection, [each for each in moments if _is_sooner(*each)])
    _count(connection, places)
    waits = [(min(row.due_at or due, due) - row.now).total_seconds() for row, due in moments]
    return min((max(0.0, wait) for wait in waits), default=None)


def sweep(connection: Connection) -> None:
    """Make due who is first in lines where nobody is, and count who waits, whatever was missed."""
    lines = connection.execute(_LINES).all()
    places = {(row.organization_id, UUID(row.line.removeprefix(LINE))): 0 for row in lines}
    if places:
        let_go(connection, places)
    counted = [{"key": row.line.removeprefix(LINE), "n": row.n} for row in lines]
    keys = [UUID(row["key"]) for row in counted]
    connection.execute(_RECOUNT, {"lines": keys, **batch.rows(counted)})


def _wanting(ones: list[Advance], oldest: UUID | None) -> _Wanting:
    budget = ones[0].performing.budget if ones[0].performing else None
    if budget is None:
        raise ValueError(f"run {ones[0].run.id} keeps to no budget")
    before = [one for one in ones if oldest is None or one.run.id < oldest]
    return _Wanting(ones, Asked(budget, len(before)))


def _oldest(
    connection: Connection, by_place: Mapping[UUID, Sequence[Advance]], moving: Collection[UUID]
) -> Mapping[UUID, UUID]:
    """Who waits longest in each line, but for those on the move."""
    lines = {line_of(place): place for place in by_place}
    rows = [
        {"organization_id": by_place[place][0].run.organization_id, "line": line}
        for line, place in lines.items()
    ]
    found = connection.execute(_OLDEST, {"moving": list(moving), **batch.rows(rows)})
    return {lines[row.line]: row.id for row in found}


def _stand(ones: Sequence[Advance], place: UUID, states: Sequence[State]) -> None:
    for number, one in enumerate(ones):
        until = estimate(states, number)
        stand_in_line(one, place, until, attempts=1)


def estimate(states: Sequence[State], before: int) -> datetime:
    """When it may be the turn of who has so many before it besides those who stand in line."""
    if not states:
        return clock.now()
    now, waiting = states[0].now, states[0].waiting
    moments = [
        arithmetic.goes_at(each.bucket, waiting + each.others + before, now) for each in states
    ]
    return min(max(moments), now + _LONGEST_ESTIMATE)


def _free(states: Sequence[State]) -> int:
    found = [arithmetic.free(each.bucket, each.now) for each in states]
    return min([LET_GO_AT_ONCE, *found])


def _due_at(number: int, states: Sequence[State], now: datetime) -> datetime:
    """A minute ago for those who may leave: before those of their workflow that come only now."""
    if number < _free(states):
        return now - timedelta(minutes=1) + timedelta(microseconds=number)
    return max(arithmetic.goes_at(each.bucket, 0, each.now) + _apart(each) for each in states)


def _apart(state: State) -> timedelta:
    """Lines that share a bucket do not all come back in one moment for what one of them gets."""
    pace = state.bucket.pace
    if pace is None or state.lines < 2:
        return timedelta()
    return timedelta(seconds=random.random() * (state.lines - 1) / pace.per_s)


def _is_sooner(row: Row[Any], due_at: datetime) -> bool:
    return row.due_at is None or row.due_at > due_at


def _make_due(connection: Connection, moments: Sequence[tuple[Row[Any], datetime]]) -> None:
    if not moments:
        return
    woken = [_Woken(row.organization_id, row.workflow_id, due_at) for row, due_at in moments]
    journal.touch(connection, [], woken)
    rows = [
        {"id": row.id, "line": line_of(row.connection_id), "due_at": due_at}
        for row, due_at in moments
    ]
    connection.execute(_MAKE_DUE, batch.rows(rows))


@dataclass(frozen=True, slots=True)
class _Woken:
    organization_id: UUID
    workflow_id: UUID
    due_at: datetime


def _count(connection: Connection, places: Mapping[Place, int]) -> None:
    rows = [{"key": place, "more": more} for (_, place), more in places.items() if more]
    if rows:
        keys = [row["key"] for row in rows]
        connection.execute(_COUNTED, {"keys": keys, **batch.rows(rows)})
