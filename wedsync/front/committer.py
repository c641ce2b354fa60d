"""Group commit: whatever waits is written in one statement, and every request of it is answered.

While one batch is being committed the next one gathers, so a busy moment makes batches longer
instead of queues.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

from wedsync.errors import WedSyncError
from wedsync.front.answers import Unreadable, busy, database_away, unknown_hook
from wedsync.front.limits import Limits
from wedsync.front.link import DatabaseAway, Link

_MOST_ROWS = 256

# One statement, so that a receipt and its event are there together or not at all. Receipts are
# taken in key order: two processes at the same ids cannot deadlock. A receipt holds on to its hook
# by its foreign key; what has none must do so itself, or a hook deleted at this very moment leaves
# an event behind that nobody can read.
_STORE = (
    "WITH arrived AS (SELECT * FROM unnest(%b::uuid[], %b::uuid[], %b::uuid[], %b::text[],"
    " %b::bytea[], %b::text[], %b::text[], %b::timestamptz[], %b::bytea[], %b::text[])"
    " AS t (id, organization_id, hook_id, sender_event_id, body_hash, type, source, occurred_at,"
    " raw_body, headers)),"
    " fresh AS (INSERT INTO hook_receipts"
    " (hook_id, sender_event_id, organization_id, event_id, body_hash)"
    " SELECT hook_id, sender_event_id, organization_id, id, body_hash FROM arrived"
    " WHERE sender_event_id IS NOT NULL ORDER BY hook_id, sender_event_id"
    " ON CONFLICT (hook_id, sender_event_id) DO NOTHING RETURNING event_id)"
    " INSERT INTO events (id, organization_id, type, source, occurred_at, sender_event_id,"
    " raw_body, headers, causation)"
    " SELECT id, organization_id, type, source, occurred_at, sender_event_id,"
    " raw_body, headers::jsonb,"
    " jsonb_build_object('root', id, 'depth', 0, 'chain', jsonb_build_array())"
    " FROM arrived WHERE id IN (SELECT event_id FROM fresh) OR sender_event_id IS NULL"
    " AND EXISTS (SELECT FROM hooks WHERE hooks.id = hook_id FOR KEY SHARE)"
    " RETURNING id"
)
_FIRST = (
    "SELECT r.hook_id, r.sender_event_id, r.event_id, r.body_hash FROM hook_receipts r"
    " JOIN unnest(%b::uuid[], %b::text[]) AS t (hook_id, sender_event_id)"
    " USING (hook_id, sender_event_id)"
)

log = logging.getLogger(__name__)


class Arrival(NamedTuple):
    """A verified request, ready to be stored, in the order `_STORE` names its fields. `raw_body` is
    sealed, `headers` JSON."""

    id: UUID
    organization_id: UUID
    hook_id: UUID
    sender_event_id: str | None
    body_hash: bytes
    type: str
    source: str
    occurred_at: datetime
    raw_body: bytes
    headers: str


class Kept(NamedTuple):
    """What stands in the log: the first event of this id. `conflict`: its body was another."""

    event_id: UUID
    conflict: bool = False


_Waiting = tuple[Arrival, "asyncio.Future[Kept]"]


class Committer:
    """Stores arrivals over one connection; `committed` is called after each commit."""

    def __init__(self, link: Link, committed: Callable[[], None], limits: Limits) -> None:
        self._link = link
        self._committed = committed
        self._limits = limits
        self._waiting: list[_Waiting] = []
        self._bytes = 0
        self._arrived = asyncio.Event()

    async def store(self, arrival: Arrival) -> Kept:
        """Keep `arrival`, or find the one that came first; committed when this returns.

        Raises a WedSyncError: busy, the database away, the hook deleted meanwhile.
        """
        size = len(arrival.raw_body)
        if (
            len(self._waiting) >= self._limits.arrivals
            or self._bytes + size > self._limits.arrived_bytes
        ):
            raise busy()
        kept: asyncio.Future[Kept] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrival, kept))
        self._bytes += size
        self._arrived.set()
        return await kept

    async def run(self) -> None:
        """Store what waits, until cancelled."""
        while True:
            await self._arrived.wait()
            batch, self._waiting = self._waiting[:_MOST_ROWS], self._waiting[_MOST_ROWS:]
            if not self._waiting:
                self._arrived.clear()
            self._bytes -= sum(len(arrival.raw_body) for arrival, _ in batch)
            await self._store(batch)

    async def _store(self, batch: Sequence[_Waiting]) -> None:
        try:
            await self._store_together(batch)
        except DatabaseAway:
            _fail(batch, database_away())
        except psycopg.Error as error:
            if len(batch) == 1:
                _fail(batch, _meaning(error))
                return
            # One of them cannot be stored; alone, each speaks for itself.
            for waiting in batch:
                if not waiting[1].done():
                    await self._store([waiting])
        finally:
            _fail(batch, database_away())  # whoever is still without an answer

    async def _store_together(self, batch: Sequence[_Waiting]) -> None:
        arrivals = [arrival for arrival, _ in batch]
        stored = {row[0] for row in await self._link.run(_STORE, _columns(arrivals))}
        if stored:
            self._committed()
        # At once: what is stored is stored, whatever becomes of the look at the others.
        _answer(batch, {event_id: Kept(event_id) for event_id in stored})
        left_out = [waiting for waiting in batch if waiting[0].id not in stored]
        _fail([each for each in left_out if each[0].sender_event_id is None], unknown_hook())
        repeats = [arrival for arrival, _ in left_out if arrival.sender_event_id is not None]
        if repeats:
            _answer(batch, await self._first(repeats))

    async def _first(self, repeats: Sequence[Arrival]) -> dict[UUID, Kept]:
        """What was kept under the ids of `repeats`, by the arrivals' own ids.

        A receipt that was pruned, or a hook deleted, at this very moment is missing; its sender
        tries again.
        """
        rows: list[TupleRow] = await self._link.run(
            _FIRST,
            [
                [arrival.hook_id for arrival in repeats],
                [arrival.sender_event_id for arrival in repeats],
            ],
        )
        found = {
            (hook_id, sender_id): (event, digest) for hook_id, sender_id, event, digest in rows
        }
        first = {}
        for arrival in repeats:
            receipt = found.get((arrival.hook_id, arrival.sender_event_id))
            if receipt is not None:
                event_id, digest = receipt
                first[arrival.id] = Kept(event_id, conflict=digest != arrival.body_hash)
        return first


def _columns(arrivals: Sequence[Arrival]) -> list[list[Any]]:
    """Column by column, in the order of `_STORE`."""
    return [list(column) for column in zip(*arrivals, strict=True)]


def _meaning(error: psycopg.Error) -> WedSyncError:
    """What it says to the one sender whose row cannot be stored."""
    if isinstance(error, psycopg.errors.ForeignKeyViolation):
        return unknown_hook()
    log.warning("an arrival could not be stored: %s", type(error).__name__)
    if isinstance(error, psycopg.DataError):
        return Unreadable("The body holds something that cannot be kept.")
    return database_away()


def _answer(batch: Sequence[_Waiting], found: Mapping[UUID, Kept]) -> None:
    for arrival, kept in batch:
        if arrival.id in found and not kept.done():
            kept.set_result(found[arrival.id])


def _fail(batch: Sequence[_Waiting], error: WedSyncError) -> None:
    for _, kept in batch:
        if not kept.done():
            kept.set_exception(error)
