"""Going through replays: a drain's work, page by page.

A page is one short transaction: it reads the next events, makes their deliveries (or opens again
those there are) and notes how far the replay is, under its fence. So a death leaves a page whole or
not at all, and the next worker goes on where it stood. What a replay has put in line and nobody
has tried yet is held to `AHEAD`, so that a pause is one, and what happens meanwhile does not wait
behind all of it.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, text

from wedsync.platform import batch, clock
from wedsync.platform.batch import recordset
from wedsync.webhooks.delivering import service as deliveries
from wedsync.webhooks.delivering.service import FannedEvent, Wanted
from wedsync.webhooks.replays import events as replay_events
from wedsync.webhooks.replays.events import Asked
from wedsync.webhooks.replays.service import kinds_of

PAGE = 1_000
PAGE_WITH_DATA = 100
"""Events of a page whose data must be looked at: each may be as large as an event can be."""
AHEAD = 5_000
PAGES_A_TURN = 10
MOST_TRIES = 3
MOST_COUNTED = 100_000
"""How many events are counted before the first page; more is said as “more than”."""
BROKE_OFF = "broke_off"

_LEASE_S = 10
_PAUSE_S = 1

log = logging.getLogger(__name__)

# Organizations take turns, however many replays one of them has.
_TAKE = text(
    "UPDATE replays SET tries = tries + 1, fence = fence + 1, served_at = clock_timestamp(),"
    " lease_until = clock_timestamp() + make_interval(secs => :lease)"
    " WHERE id = (SELECT r.id FROM replays r WHERE r.state = 'running'"
    "  AND (r.lease_until IS NULL OR r.lease_until <= clock_timestamp())"
    "  AND EXISTS (SELECT FROM endpoints e WHERE e.id = r.endpoint_id AND e.state = 'on')"
    "  ORDER BY (SELECT max(o.served_at) FROM replays o"
    "   WHERE o.organization_id = r.organization_id) NULLS FIRST, r.served_at NULLS FIRST, r.id"
    "  LIMIT 1 FOR UPDATE SKIP LOCKED)"
    " RETURNING id, organization_id, endpoint_id, fence, tries, total, after, ends_before,"
    "  event_types, which"
)
_COUNTED = text("UPDATE replays SET total = :total WHERE id = :id AND fence = :fence")
# The endpoint before its replay, as whoever takes the endpoint away does.
_ENDPOINT = text(
    "SELECT id, event_types, filter, ordered_by, receives FROM endpoints"
    " WHERE organization_id = :organization_id AND id = :endpoint_id AND state = 'on'"
    " FOR KEY SHARE"
)
_MINE = text(
    "SELECT after FROM replays WHERE id = :id AND fence = :fence AND state = 'running' FOR UPDATE"
)
_IN_LINE = text(
    "SELECT count(*) FROM (SELECT FROM deliveries WHERE replay_id = :id AND state = 'due'"
    " AND next_attempt_at <= clock_timestamp() LIMIT :most) untried"
)
_SEND = text(
    "INSERT INTO deliveries"
    " (id, organization_id, endpoint_id, event_id, event_type, wedding_id, lane, seq,"
    "  next_attempt_at, replay_id)"
    " SELECT id, organization_id, endpoint_id, event_id, event_type, wedding_id, lane, seq,"
    "  next_attempt_at, CAST(:replay AS uuid) FROM "
    + recordset(
        "id uuid, organization_id uuid, endpoint_id uuid, event_id uuid, event_type text,"
        " wedding_id uuid, lane text, seq bigint, next_attempt_at timestamptz"
    )
    # What its lane has stopped at keeps its place there: all that came later has waited for it.
    + " ON CONFLICT (endpoint_id, event_id) DO UPDATE SET state = 'due', failures = 0,"
    "  lane = excluded.lane, seq = CASE WHEN deliveries.state = 'exhausted'"
    "   AND deliveries.blocks_lane AND deliveries.lane = excluded.lane"
    "   THEN deliveries.seq ELSE excluded.seq END,"
    "  next_attempt_at = excluded.next_attempt_at, finished_at = NULL, blocks_lane = false,"
    "  replay_id = excluded.replay_id"
    # Asked again: another replay, or somebody by hand, may have opened it meanwhile.
    "  WHERE deliveries.state = ANY(CAST(:closed AS text[]))"
    " RETURNING event_id, xmax = 0 AS is_new"
)
_SOONER = text(
    "UPDATE deliveries SET next_attempt_at = :now, replay_id = CAST(:replay AS uuid)"
    " WHERE endpoint_id = :endpoint AND event_id = ANY(CAST(:events AS uuid[]))"
    " AND state = 'due' AND next_attempt_at > :now"
)
_NOTE = text(
    "UPDATE replays SET after = :after, seen = seen + :seen, queued = queued + :queued, tries = 0,"
    " lease_until = clock_timestamp() + make_interval(secs => :lease) WHERE id = :id"
)
_LEAVE = text(
    "UPDATE replays SET tries = 0,"
    " lease_until = clock_timestamp() + make_interval(secs => :pause)"
    " WHERE id = :id AND fence = :fence AND state = 'running'"
)
_DONE = text(
    "UPDATE replays SET state = 'done', finished_at = clock_timestamp(), lease_until = NULL"
    " WHERE id = :id AND fence = :fence AND state = 'running'"
)
_BREAK_OFF = text(
    "UPDATE replays SET state = 'paused', reason = :reason, tries = 0, lease_until = NULL"
    " WHERE id = :id AND fence = :fence AND state = 'running'"
)
_CLOSED = {
    "all": ["delivered", "exhausted", "cancelled"],
    "not_delivered": ["exhausted", "cancelled"],
    "failed": ["exhausted"],
}


@dataclass(frozen=True, slots=True)
class _Page:
    """What came of a page: how many were put in line, and whether there is more to do now.

    `must_wait` is one whose next event is still being fanned out.
    """

    queued: int = 0
    goes_on: bool = False
    must_wait: bool = False


def work(engine: Engine, stopping: threading.Event, ring: Callable[[], object]) -> int:
    """Give every replay that is due a turn; returns how many deliveries were put in line.

    `ring` is called for each page of them, so that the first need not wait for the last.
    """
    queued = 0
    while not stopping.is_set() and (replay := _take(engine)) is not None:
        if replay.tries > MOST_TRIES:
            _break_off(engine, replay)
        else:
            queued += _turn(engine, replay, stopping, ring)
    return queued


def _take(engine: Engine) -> Row[Any] | None:
    with engine.begin() as connection:
        return connection.execute(_TAKE, {"lease": _LEASE_S}).first()


def _break_off(engine: Engine, replay: Row[Any]) -> None:
    log.error("replay %s broke off %s times after event %s", replay.id, MOST_TRIES, replay.after)
    with engine.begin() as connection:
        connection.execute(_BREAK_OFF, {**_named(replay), "reason": BROKE_OFF})


def _turn(
    engine: Engine, replay: Row[Any], stopping: threading.Event, ring: Callable[[], object]
) -> int:
    """Some pages of a replay; it is left for others then, or until there is room again."""
    if replay.total is None:
        _count(engine, replay)
    queued, pause = 0, 0
    for _ in range(PAGES_A_TURN):
        if stopping.is_set():
            break
        if _is_far_ahead(engine, replay):
            pause = _PAUSE_S
            break
        page = _next_page(engine, replay)
        queued += page.queued
        if page.queued:
            ring()
        if page.must_wait:
            pause = _PAUSE_S
        if not page.goes_on:
            break
    with engine.begin() as connection:
        connection.execute(_LEAVE, {**_named(replay), "pause": pause})
    return queued


def _count(engine: Engine, replay: Row[Any]) -> None:
    with engine.begin() as connection:
        asked = _asked(replay, replay.after, None)
        total = replay_events.count(connection, asked, MOST_COUNTED + 1)
        connection.execute(_COUNTED, {**_named(replay), "total": total})


def _is_far_ahead(engine: Engine, replay: Row[Any]) -> bool:
    with engine.begin() as connection:
        asked = {"id": replay.id, "most": AHEAD}
        return bool(connection.execute(_IN_LINE, asked).scalar_one() >= AHEAD)


def _next_page(engine: Engine, replay: Row[Any]) -> _Page:
    with engine.begin() as connection:
        of = {"organization_id": replay.organization_id, "endpoint_id": replay.endpoint_id}
        endpoint = connection.execute(_ENDPOINT, of).first()
        mine = connection.execute(_MINE, _named(replay)).first()
        if endpoint is None or mine is None:
            return _Page()
        needs_data = endpoint.filter is not None or endpoint.ordered_by is not None
        limit = PAGE_WITH_DATA if needs_data else PAGE
        kinds = kinds_of(endpoint.event_types, replay.event_types)
        asked = _asked(replay, mine.after, kinds)
        found = replay_events.page(connection, asked, limit, with_data=needs_data)
        return _send(connection, replay, endpoint, found, is_last=len(found) < limit)


def _send(
    connection: Connection,
    replay: Row[Any],
    endpoint: Row[Any],
    found: Sequence[Row[Any]],
    *,
    is_last: bool,
) -> _Page:
    """Send what is wanted of these events, up to the first that is still to be fanned out: nobody
    knows yet whether the fan-out sees this endpoint."""
    ready = _ready(found)
    queued = _queue(connection, replay, endpoint, ready, clock.now())
    if ready:
        note = {"after": ready[-1].id, "seen": len(ready), "queued": queued, "lease": _LEASE_S}
        connection.execute(_NOTE, {"id": replay.id, **note})
    must_wait = len(ready) < len(found)
    if is_last and not must_wait:
        connection.execute(_DONE, _named(replay))
        return _Page(queued)
    return _Page(queued, goes_on=not must_wait, must_wait=must_wait)


def _ready(found: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    for place, row in enumerate(found):
        if not row.is_ready and not row.is_parked:
            return found[:place]
    return found


def _queue(
    connection: Connection,
    replay: Row[Any],
    endpoint: Row[Any],
    ready: Sequence[Row[Any]],
    now: datetime,
) -> int:
    """Make their deliveries, open again what came to an end, and let what waits go at once.

    A lane is locked before anything in it, as everywhere; returns how many go out.
    """
    wanted = [
        (row, _wanted(endpoint, row))
        for row in ready
        if row.is_ready and row.is_wanted and deliveries.wants(endpoint, FannedEvent.of(row))
    ]
    if not wanted:
        return 0
    new = [each for row, each in wanted if row.state != "due"]
    waiting = [row.id for row, _ in wanted if row.state == "due"]
    taken = deliveries.take_positions(connection, new)
    left = [_in_its_lane(endpoint, row) for row, _ in wanted if row.state == "exhausted"]
    deliveries.touch(connection, [*(each for _, each in wanted), *left], now)
    queued = 0
    if new:
        rows = deliveries.rows_of(connection, new, taken, now)
        given = {"replay": replay.id, "closed": _CLOSED[replay.which]}
        sent = connection.execute(_SEND, {**given, **batch.rows(rows)}).all()
        made = {row.event_id for row in sent if row.is_new}
        deliveries.count_hour(connection, [each for each in new if each.event.id in made])
        queued += len(sent)
    if waiting:
        given = {"replay": replay.id, "endpoint": endpoint.id, "events": waiting, "now": now}
        queued += connection.execute(_SOONER, given).rowcount
    return queued


def _wanted(endpoint: Row[Any], row: Row[Any]) -> Wanted:
    """Its delivery; one that waits stays in the lane it has, whatever the order is now."""
    if row.state == "due":
        return _in_its_lane(endpoint, row)
    return deliveries.wanted_by(endpoint, FannedEvent.of(row))


def _in_its_lane(endpoint: Row[Any], row: Row[Any]) -> Wanted:
    """Its delivery where it is; others may wait there behind it."""
    polled = endpoint.receives == "polls"
    return Wanted(
        endpoint.id, FannedEvent.of(row), row.lane, ordered=":" in row.lane, polled=polled
    )


def _asked(replay: Row[Any], after: UUID, kinds: tuple[str, ...] | None) -> Asked:
    return Asked(
        replay.organization_id, replay.endpoint_id, after, replay.ends_before, replay.which, kinds
    )


def _named(replay: Row[Any]) -> dict[str, Any]:
    return {"id": replay.id, "fence": replay.fence}
