"""Fan-out: the one place where an accepted event meets everybody it concerns.

One transaction claims new events, opens what came in, resolves their wedding, tells hooks and
waiting runs what became of their connections, makes deliveries, starts runs, lets go on those that
wait for such an event, and marks the events fanned out. An event that makes the batch fail is
parked alone, and so is one that kills whoever reads it (`deadly_events`).
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, text

from wedsync.events import returning
from wedsync.platform import batch, clock
from wedsync.platform.batch import recordset
from wedsync.platform.culprits import CULPABLE, Patience, sorted_out, took_too_long
from wedsync.platform.leases import OwnerLock
from wedsync.platform.vault import Vault, place
from wedsync.webhooks.delivering.service import FannedEvent, make_deliveries
from wedsync.webhooks.hooks import incoming, of_connections
from wedsync.workflows.clockwork import poll_timers, replanning, wedding_timers
from wedsync.workflows.running import answering, listening, start, waiting_on
from wedsync.workflows.running.programs import Programs
from workers import deadly_events, sealed_events
from workers.weddings_of_events import weddings_of

BATCH = 200
PER_ORGANIZATION = 100
BYTES_PER_ORGANIZATION = 2 * 1024 * 1024
"""Of bodies as they came, whatever there is taken of one organization; the first always is. Read, a
body of a megabyte may take twenty."""

log = logging.getLogger(__name__)

# One index probe per organization that has something new, however many events it has. Where an
# endpoint keeps an order only one worker at a time takes an organization's events: whoever took
# later ones could be sooner with the lanes.
_CLAIM = text(
    "WITH RECURSIVE waiting AS ("
    " (SELECT organization_id FROM events WHERE fanned_out_at IS NULL AND parked_at IS NULL"
    "  ORDER BY organization_id LIMIT 1)"
    " UNION ALL"
    " SELECT (SELECT e.organization_id FROM events e WHERE e.fanned_out_at IS NULL"
    "   AND e.parked_at IS NULL AND e.organization_id > waiting.organization_id"
    "   ORDER BY e.organization_id LIMIT 1)"
    "  FROM waiting WHERE waiting.organization_id IS NOT NULL)"
    " SELECT e.id, e.organization_id, e.type, e.source, e.occurred_at, e.wedding_id, e.data,"
    "  e.raw_body, e.sender_event_id, e.causation, e.deaths"
    " FROM (SELECT organization_id FROM waiting WHERE organization_id IS NOT NULL"
    "  ORDER BY random()) o CROSS JOIN LATERAL"
    "  (SELECT CASE WHEN EXISTS (SELECT FROM endpoints WHERE organization_id = o.organization_id"
    "     AND ordered_by IS NOT NULL AND state = 'on')"
    "    THEN pg_try_advisory_xact_lock(hashtextextended('in order ' || o.organization_id, 0))"
    "    ELSE true END AS is_mine OFFSET 0) turn CROSS JOIN LATERAL"
    "  (SELECT * FROM (SELECT few.*, size.octets, sum(size.octets) OVER (ORDER BY id) AS together"
    "    FROM (SELECT * FROM events WHERE turn.is_mine AND organization_id = o.organization_id"
    "      AND fanned_out_at IS NULL AND parked_at IS NULL"
    "      ORDER BY id LIMIT :per_organization FOR UPDATE SKIP LOCKED) few"
    "    CROSS JOIN LATERAL (SELECT coalesce(octet_length(raw_body), 0) AS octets) size) sized"
    f"  WHERE together - octets < {BYTES_PER_ORGANIZATION}) e"
    " LIMIT :batch"
)
_HOOKS = text(
    "SELECT coalesce('connection:' || connection_id, 'hook:' || id) AS source, scheme, options"
    " FROM hooks WHERE id = ANY(:hooks) OR connection_id = ANY(:connections)"
)
_DONE = text(
    "UPDATE events SET fanned_out_at = clock_timestamp(),"
    " data = coalesce(events.data, t.data), wedding_id = t.wedding_id, causation = t.causation"
    " FROM "
    + recordset("id uuid, data jsonb, wedding_id uuid, causation jsonb")
    + " WHERE events.id = t.id"
)
_PARK = text(
    "UPDATE events SET parked_at = clock_timestamp(), parked_reason = :reason"
    " WHERE id = :id AND fanned_out_at IS NULL AND parked_at IS NULL"
)
_TOO_SLOW = "Passing this on took too long each time we tried."


class FanOut:
    """The fan-out of one worker process."""

    def __init__(
        self, engine: Engine, vault: Vault, owner: OwnerLock, deaths_before_parking: int
    ) -> None:
        self._engine = engine
        self._vault = vault
        self._owner = owner
        self._deaths_before_parking = deaths_before_parking
        self._patience = Patience()
        self._programs = Programs()

    def batch(self) -> int:
        """Fan out at most `BATCH` events; returns how many were claimed."""
        owner = self._owner.id
        if owner is None:
            return 0
        try:
            taken = self._together(owner)
        except CULPABLE as error:
            if not self._patience.blames(error):
                raise
            log.exception("a batch could not be fanned out; taking its events one by one")
            taken = self._one_by_one(owner)
        self._patience.restore()
        return taken

    def _together(self, owner: UUID) -> int:
        with self._engine.begin() as connection:
            given = {"batch": BATCH, "per_organization": PER_ORGANIZATION}
            # By id, as they came: no statement promises the order of what it joins.
            claimed = sorted(connection.execute(_CLAIM, given), key=attrgetter("id"))
            rows = self._sorted_out(connection, owner, claimed)
            if rows:
                self._fan_out(connection, rows)
        return len(claimed)

    def _one_by_one(self, owner: UUID) -> int:
        taken = 0
        while taken < BATCH and self._alone(owner):
            taken += 1
        return taken

    def _alone(self, owner: UUID) -> bool:
        """Fan out one event, or park it; whether there was any."""
        rows: Sequence[Row[Any]] = ()
        try:
            with self._engine.begin() as connection:
                claimed = connection.execute(_CLAIM, {"batch": 1, "per_organization": 1}).all()
                rows = self._sorted_out(connection, owner, claimed)
                if rows:
                    self._fan_out(connection, rows)
        except CULPABLE as error:
            if not rows or not self._patience.blames_it(error):
                raise
            self._park(rows[0], error)
            return True
        return bool(claimed)

    def _sorted_out(
        self, connection: Connection, owner: UUID, claimed: Sequence[Row[Any]]
    ) -> Sequence[Row[Any]]:
        """The claimed events to read now; those that killed often enough are parked."""
        rows, hopeless = sorted_out(claimed, self._deaths_before_parking)
        for row in hopeless:
            log.error("event %s kills who fans it out; it is parked", row.id)
            connection.execute(_PARK, {"id": row.id, "reason": deadly_events.REASON})
        deadly_events.note(self._engine, owner, rows)
        return rows

    def _park(self, row: Row[Any], error: Exception) -> None:
        """Set aside what cannot be fanned out, in a transaction of its own: the one before may have
        ended with its session."""
        log.error("event %s cannot be fanned out; it is parked", row.id, exc_info=error)
        reason = type(error).__name__
        if took_too_long(error):
            reason = _TOO_SLOW
            self._patience.restore()  # should it be the database after all, few are parked
        with self._engine.begin() as connection:
            connection.execute(_PARK, {"id": row.id, "reason": reason})

    def _fan_out(self, connection: Connection, rows: Sequence[Row[Any]]) -> None:
        events = _still_going(connection, self._open(connection, rows))
        now = clock.now()
        connection.execute(_DONE, batch.rows(events))
        of_connections.connection_changed(connection, events)
        # Timers before lanes, as whoever takes them does.
        wedding_timers.touch(connection, events, now)
        poll_timers.connection_changed(connection, events, now)
        # The lanes of deliveries before those of runs, as the sweep of claims does: two that lock
        # lanes in one order cannot deadlock.
        make_deliveries(connection, events, now)
        waiting_on.connection_changed(connection, events)
        replanning.wedding_changed(connection, events, now)
        self._runs(connection, events, now)

    def _runs(self, connection: Connection, events: Sequence[FannedEvent], now: datetime) -> None:
        """Start what these events start, and let go on what waits for them."""
        new = start.runs_for(connection, self._programs, events, now)
        found = listening.find(connection, events)
        if found:
            # All lanes at once and in order, like everybody's: two batches cannot deadlock.
            queued = [run for run in new if run.state == "queued"]
            answering.touch(connection, [*queued, *found], now)
        start.insert_runs(connection, new, now)
        listening.resolve(connection, found)

    def _open(self, connection: Connection, rows: Sequence[Row[Any]]) -> list[FannedEvent]:
        hooks = _hooks(connection, rows)
        opened = [(row, self._data(connection, hooks, row)) for row in rows]
        weddings = weddings_of(connection, opened, hooks)
        opened = sealed_events.sealed(connection, self._vault, opened, hooks, weddings)
        returned = returning.causations(connection, [row for row in rows if row.raw_body])
        return [
            FannedEvent(
                row.id,
                row.organization_id,
                row.type,
                row.source,
                row.occurred_at,
                data,
                weddings.get(row.id),
                returned.get(row.id, row.causation),
            )
            for row, data in opened
        ]

    def _data(self, connection: Connection, hooks: Mapping[str, Row[Any]], row: Row[Any]) -> Any:
        if row.raw_body is None:
            return row.data
        where = place("events", row.id, incoming.RAW_BODY)
        body = self._vault.open(connection, row.organization_id, where, row.raw_body)
        return incoming.data_of_raw(hooks[row.source].scheme, body)


def _still_going(connection: Connection, opened: Sequence[FannedEvent]) -> list[FannedEvent]:
    """Those that go on; what came back from outside too often is parked, where it can be seen."""
    going = []
    for event in opened:
        if returning.is_too_often(event.source, event.causation):
            connection.execute(_PARK, {"id": event.id, "reason": returning.TOO_OFTEN})
        else:
            going.append(event)
    return going


def _hooks(connection: Connection, rows: Sequence[Row[Any]]) -> dict[str, Row[Any]]:
    """The hooks that took these events, by source: a connection's hook speaks in its name."""
    named = {row.source.partition(":")[::2] for row in rows if row.raw_body is not None}
    if not named:
        return {}
    ids = {
        "hooks": [UUID(name) for kind, name in named if kind == "hook"],
        "connections": [UUID(name) for kind, name in named if kind == "connection"],
    }
    return {row.source: row for row in connection.execute(_HOOKS, ids)}
