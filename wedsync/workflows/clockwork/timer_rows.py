"""Timers as a drain holds them: taken together with their live trigger, written back together.

Locks are taken in one order everywhere: workflow, its timers, lanes, weddings. What a drain takes
it takes without waiting, so nobody who changes a workflow can stand in a ring with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from wedsync.platform import batch
from wedsync.platform.batch import recordset

_CLAIM = text(
    "SELECT t.workflow_id, t.key, t.organization_id, t.kind, t.wedding_id, t.due_at, t.plan,"
    " t.generation, t.fired_at, t.fired_for, t.fired_generation, t.causation,"
    " w.live_version_id AS version_id, v.definition -> 'trigger' AS trigger"
    " FROM workflow_timers t"
    " JOIN workflows w ON w.id = t.workflow_id AND w.state = 'on'"
    " JOIN workflow_versions v ON v.id = w.live_version_id AND v.trigger_kind = t.kind"
    " WHERE t.due_at <= :now AND t.kind = ANY(:kinds) AND t.key <> 'weddings'"
    " ORDER BY t.due_at LIMIT :limit"
    " FOR UPDATE OF t SKIP LOCKED FOR SHARE OF w SKIP LOCKED"
)
_WRITE = text(
    "UPDATE workflow_timers SET due_at = t.due_at, plan = t.plan, generation = t.generation,"
    " fired_at = t.fired_at, fired_for = t.fired_for, fired_generation = t.fired_generation,"
    " causation = NULL, error = NULL FROM "
    + recordset(
        "workflow_id uuid, key text, due_at timestamptz, plan jsonb, generation int,"
        " fired_at timestamptz, fired_for date, fired_generation int"
    )
    + " WHERE workflow_timers.workflow_id = t.workflow_id AND workflow_timers.key = t.key"
)
_FORGET = text(
    "DELETE FROM workflow_timers USING "
    + recordset("workflow_id uuid, key text")
    + " WHERE workflow_timers.workflow_id = t.workflow_id AND workflow_timers.key = t.key"
)
_PUT_OFF = text(
    "UPDATE workflow_timers SET due_at = CAST(:again AS timestamptz), failures = failures + 1,"
    " error = CAST(:error AS jsonb) WHERE workflow_id = :workflow_id AND key = :key"
)


@dataclass(slots=True)
class Timer:
    """A row of `workflow_timers` and the trigger it serves; changed here, kept by `write`."""

    workflow_id: UUID
    key: str
    organization_id: UUID
    kind: str
    wedding_id: UUID | None
    due_at: datetime | None
    plan: Mapping[str, Any] | None
    generation: int
    fired_at: datetime | None
    fired_for: date | None
    fired_generation: int | None
    causation: Mapping[str, Any] | None
    version_id: UUID
    trigger: Mapping[str, Any]


def claim(connection: Connection, kinds: Sequence[str], now: datetime, limit: int) -> list[Timer]:
    """Due timers of workflows that are on, longest due first; theirs and ours until the commit."""
    given = {"now": now, "kinds": list(kinds), "limit": limit}
    return [Timer(**row) for row in connection.execute(_CLAIM, given).mappings()]


def write(connection: Connection, timers: Sequence[Timer]) -> None:
    """Keep what became of these."""
    if timers:
        kept = [{name: getattr(timer, name) for name in _KEPT} for timer in timers]
        connection.execute(_WRITE, batch.rows(kept))


def forget(connection: Connection, timers: Sequence[Timer]) -> None:
    """Remove those that say nothing: nothing is planned, and nothing ever happened."""
    if timers:
        gone = [{"workflow_id": each.workflow_id, "key": each.key} for each in timers]
        connection.execute(_FORGET, batch.rows(gone))


def put_off(connection: Connection, timer: Timer, error: str, again: datetime) -> None:
    """Note what is wrong with this timer, and look at it no sooner than `again`."""
    given = {"workflow_id": timer.workflow_id, "key": timer.key, "error": error, "again": again}
    connection.execute(_PUT_OFF, given)


_KEPT = (
    "workflow_id",
    "key",
    "due_at",
    "plan",
    "generation",
    "fired_at",
    "fired_for",
    "fired_generation",
)
