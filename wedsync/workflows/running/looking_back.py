"""Looking back for events that came before the run that waits for them did (promise 7).

It happens in a transaction after the commit that wrote the wait. A fan-out that is under way at
that very moment may have read the waits without it, and its events are not marked as fanned out
yet. So every fan-out holds a lock of its organizations, from before it reads the waits until it is
committed, and nobody looks back while one does: those that were under way are over then, and those
that begin later see the wait. Who finds the lock taken leaves the look to `sweep`, which waits for
it.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text
from sqlalchemy.exc import OperationalError

from wedsync.events.as_trigger import as_trigger
from wedsync.platform import ids
from wedsync.workflows.running.event_matching import Paths, hash_at

log = logging.getLogger(__name__)

CHUNK = 500
_SWEPT_AT_ONCE = 5000
# Ids are made by the clock of whichever machine took the event in.
_CLOCKS_APART = timedelta(hours=1)

_OPEN = (
    "SELECT w.id, w.organization_id, w.event_type, w.run_id, w.paths, w.match_hash, w.since,"
    " r.workflow_id, r.event_id AS cause FROM event_waits w JOIN runs r ON r.id = w.run_id"
    " WHERE w.closed_at IS NULL AND w.looked_back_at IS NULL"
)
_THESE = text(f"{_OPEN} AND w.id = ANY(:ids)")
_LEFT = text(f"{_OPEN} ORDER BY w.id LIMIT :limit")
_QUIET = text(
    "SELECT id FROM unnest(CAST(:organizations AS uuid[])) AS o(id)"
    " WHERE pg_try_advisory_xact_lock(hashtextextended('fan-out ' || id, 0))"
)
_WAIT = text(
    "SELECT pg_advisory_xact_lock(hashtextextended('fan-out ' || CAST(:organization_id AS uuid),"
    " 0))"
)
_BE_PATIENT = text("SET LOCAL lock_timeout = '300ms'")
_EVENTS = text(
    "SELECT id, organization_id, type, source, occurred_at, accepted_at, data, wedding_id,"
    " causation FROM events WHERE organization_id = :organization_id AND type = :event_type"
    " AND id > :after AND fanned_out_at IS NOT NULL ORDER BY id LIMIT :chunk"
)
_LOOKED_BACK = text(
    "UPDATE event_waits SET looked_back_at = clock_timestamp()"
    " WHERE id = ANY(:ids) AND looked_back_at IS NULL"
)


@dataclass(frozen=True, slots=True)
class Found:
    """An event that answers a wait; `id` is the wait's."""

    id: UUID
    organization_id: UUID
    workflow_id: UUID
    run_id: UUID
    event_id: UUID


@dataclass(frozen=True, slots=True)
class Looked:
    """The waits that were looked back for, and the events found."""

    waits: Sequence[UUID]
    found: Sequence[Found]


def look(connection: Connection, waits: Sequence[UUID]) -> Looked:
    """Look for these where no fan-out is under way. Reads only."""
    rows = connection.execute(_THESE, {"ids": list(waits)}).all()
    quiet = _quiet(connection, _organizations(rows))
    return _look([row for row in rows if row.organization_id in quiet], connection)


def look_for_the_others(connection: Connection) -> Looked:
    """Look for those that were not looked for yet, the oldest first. Reads only."""
    rows = connection.execute(_LEFT, {"limit": _SWEPT_AT_ONCE}).all()
    organizations = _organizations(rows)
    quiet = _quiet(connection, organizations)
    for owner in organizations:
        if owner not in quiet and not _becomes_quiet(connection, owner):
            break  # patience is for one: the others are looked at next time
        quiet.add(owner)
    return _look([row for row in rows if row.organization_id in quiet], connection)


def note(connection: Connection, looked: Looked) -> None:
    """Remember that it was done, in its transaction and after what it found was given."""
    if looked.waits:
        connection.execute(_LOOKED_BACK, {"ids": looked.waits})


def _organizations(rows: Sequence[Row[Any]]) -> list[UUID]:
    return sorted({row.organization_id for row in rows})


def _quiet(connection: Connection, organizations: Sequence[UUID]) -> set[UUID]:
    """Where none is under way; the locks are given back at once."""
    with _for_a_moment(connection):
        found = connection.execute(_QUIET, {"organizations": list(organizations)})
        return set(found.scalars())


def _becomes_quiet(connection: Connection, organization_id: UUID) -> bool:
    """Wait until those under way are over; False when that takes too long."""
    try:
        with _for_a_moment(connection):
            connection.execute(_BE_PATIENT)
            connection.execute(_WAIT, {"organization_id": organization_id})
    except OperationalError:
        log.info("a fan-out takes long; it is looked back after it")
        return False
    return True


@contextmanager
def _for_a_moment(connection: Connection) -> Iterator[None]:
    """Give back at the end what is locked in here, though the transaction goes on."""
    savepoint = connection.begin_nested()
    try:
        yield
    finally:
        savepoint.rollback()


def _look(rows: Sequence[Row[Any]], connection: Connection) -> Looked:
    groups: defaultdict[tuple[UUID, str], list[Row[Any]]] = defaultdict(list)
    for row in rows:
        groups[row.organization_id, row.event_type].append(row)
    found = [each for waits in groups.values() for each in _look_in_group(connection, waits)]
    return Looked([row.id for row in rows], found)


def _look_in_group(connection: Connection, waits: Sequence[Row[Any]]) -> Iterator[Found]:
    """The first event for each of these waits, which are of one organization and event type."""
    unmet: defaultdict[Paths, defaultdict[str, list[Row[Any]]]]
    unmet = defaultdict(lambda: defaultdict(list))
    for wait in waits:
        unmet[tuple(wait.paths)][wait.match_hash].append(wait)
    for event in _events(connection, waits):
        trigger = as_trigger(event)
        for paths, by_hash in unmet.items():
            equal = by_hash.get(hash_at(trigger, paths) or "", [])
            met = [wait for wait in equal if _counts(event, wait)]
            for wait in met:
                equal.remove(wait)
                yield Found(wait.id, wait.organization_id, wait.workflow_id, wait.run_id, event.id)


def _counts(event: Row[Any], wait: Row[Any]) -> bool:
    return bool(event.accepted_at >= wait.since and event.id != wait.cause)


def _events(connection: Connection, waits: Sequence[Row[Any]]) -> Iterator[Row[Any]]:
    """What was fanned out since the first of these waits' runs began, in order."""
    after = ids.first_at(min(wait.since for wait in waits) - _CLOCKS_APART)
    wait = waits[0]
    given = {"organization_id": wait.organization_id, "event_type": wait.event_type}
    while True:
        chunk = connection.execute(_EVENTS, {**given, "after": after, "chunk": CHUNK}).all()
        yield from chunk
        if len(chunk) < CHUNK:
            return
        after = chunk[-1].id
