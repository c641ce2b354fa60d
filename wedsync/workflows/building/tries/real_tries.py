"""Tries that really happen, as a window's work (see `platform/window.py`): one action step each.

A try is taken up, its effect begins as that of a run does (the outbound door, the connection opened
for this call, a key of its own), and `going_on` is committed before the first byte leaves. A death
in between leaves it `unsure`: nobody does it a second time but the person who asked.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, insert, text
from sqlalchemy.exc import DBAPIError

from wedsync.connections import access as connections
from wedsync.connections.limits import beside_runs
from wedsync.connectors.contract import (
    Begun,
    Call,
    Change,
    Failed,
    LocalContext,
    Publish,
    Succeeded,
    Task,
)
from wedsync.events.models import Event
from wedsync.events.types import OURS
from wedsync.platform import clock, documents, ids, leases, leaves
from wedsync.platform.culprits import CULPABLE
from wedsync.platform.effects import Effect, Ended
from wedsync.platform.shares import Shares
from wedsync.platform.vault import Vault
from wedsync.platform.wake import Wake
from wedsync.platform.window import Turn
from wedsync.settings import Settings
from wedsync.workflows.building.tries import keeping
from wedsync.workflows.engine import Perform
from wedsync.workflows.engine.walk import refused_output
from wedsync.workflows.running import guardrails
from wedsync.workflows.running.live_run import Performing
from wedsync.workflows.running.performing import begun_with, effect, far_end_of, finished_with
from wedsync.workflows.running.reach import Reach, Reached, Unreachable

MOST_TAKEN = 20
"""Tries taken up in one turn."""

_COLUMNS = (
    "t.id, t.organization_id, t.workflow_id, t.user_id, t.step_id, t.use, t.connection_id, t.input,"
    " t.timeout_s, t.wedding_id, t.to_me, t.fingerprint, t.told ->> 'done' AS done"
)
_CLAIM = text(
    "UPDATE tries t SET state = 'going_on', owner = :owner, began_at = clock_timestamp(),"
    " lease_until = clock_timestamp() + make_interval(secs => :lease)"
    " WHERE t.id IN (SELECT id FROM tries WHERE state = 'asked' ORDER BY id LIMIT :most"
    f"  FOR UPDATE SKIP LOCKED) RETURNING {_COLUMNS}"
)
_BACK = text(
    "UPDATE tries SET state = 'asked', owner = NULL, lease_until = NULL, began_at = NULL"
    " WHERE id = :id"
)
_END = text(
    "UPDATE tries SET state = :state, message = :message, owner = NULL, lease_until = NULL,"
    " input = NULL, ended_at = clock_timestamp(),"
    " told = told || jsonb_build_object('output', CAST(:output AS jsonb))"
    " WHERE id = :id AND state = 'going_on' AND owner = :owner"
)
_RENEW = text(
    "UPDATE tries SET lease_until = clock_timestamp() + make_interval(secs => :lease)"
    " WHERE id = ANY(:ids) AND owner = :owner AND state = 'going_on'"
)
_RELEASE = text(
    "UPDATE tries SET state = 'unsure', message = :message, owner = NULL, lease_until = NULL,"
    " input = NULL, ended_at = clock_timestamp() WHERE state = 'going_on'"
    f" AND (owner = ANY(:owners) OR lease_until < clock_timestamp() OR {leases.FORGOTTEN})"
)
_INTERRUPTED = "We were interrupted, and do not know whether it happened."
_PERHAPS = "It may have happened all the same."
_UNREACHABLE = Failed(
    "not_sent",
    "connection_unusable",
    "This account cannot be used just now. Look at it under Connections, then try again.",
)
_NOT_ALLOWED = Failed(
    "not_sent",
    "permission_missing",
    "This account is not allowed to do this yet. Ask for the permission under Connections.",
)
_BROKEN = "Something on our side went wrong with this try. Our engineers can see it."
_NO_CALLS_LEFT = Failed(
    "rate_limit",
    "no_calls_left",
    "This account takes only so many calls at a time, and your workflows need them just now. Try"
    " again in a moment.",
)
_NOT_KEPT = "It happened, but what came back could not be kept."

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RealTry:
    """One try that is under way. Its lane is whom it is done to."""

    row: Row[Any]
    lane: str
    performing: Performing

    @property
    def id(self) -> UUID:
        found: UUID = self.row.id
        return found

    @property
    def organization_id(self) -> UUID:
        found: UUID = self.row.organization_id
        return found


Begin: TypeAlias = tuple[RealTry, Effect] | Literal["over", "not yet"]
"""What leaves for a try; `over` when it ended at once, `not yet` when it is not its turn."""


class TrySource:
    """The tries of all organizations that are to happen."""

    def __init__(
        self,
        engine: Engine,
        vault: Vault,
        settings: Settings,
        wake: Wake,
        owner: leases.OwnerLock,
    ) -> None:
        self.owner = owner
        self._engine = engine
        self._vault = vault
        self._settings = settings
        self._wake = wake

    def turn(
        self, owner: UUID, finished: Sequence[tuple[RealTry, Ended]], room: int, shares: Shares
    ) -> Turn[RealTry]:
        with self._engine.begin() as connection:
            for one, ended in finished:
                _come_home(connection, owner, one, ended)
            taken = self._claim(connection, owner, min(room, MOST_TAKEN))
            reach = Reach(connection, self._vault, self._settings)
            begun = [_begin(connection, owner, reach, row, self._engine) for row in taken]
        if taken:
            self._wake.ring("events")  # one that publishes has nothing else to tell of it
        starts = [one for one in begun if isinstance(one, tuple)]
        return Turn(starts, claimed=sum(one != "not yet" for one in begun))

    def renew(self, owner: UUID, rows: Sequence[UUID]) -> None:
        given = {"owner": owner, "ids": list(rows), "lease": leases.LEASE_SECONDS}
        with self._engine.begin() as connection:
            connection.execute(_RENEW, given)

    def _claim(self, connection: Connection, owner: UUID, most: int) -> Sequence[Row[Any]]:
        if most <= 0:
            return ()
        given = {"owner": owner, "most": most, "lease": leases.LEASE_SECONDS}
        return connection.execute(_CLAIM, given).all()


def _begin(
    connection: Connection, owner: UUID, reach: Reach, row: Row[Any], engine: Engine
) -> Begin:
    """Take up one try; one that cannot even be looked at ends, and holds none of the others up."""
    try:
        with connection.begin_nested():
            return _begun(connection, owner, reach, row, engine)
    except CULPABLE:
        log.exception("try %s cannot be taken up", row.id)
        _end(connection, owner, row, Failed("permanent", "internal", _BROKEN))
        return "over"


def _begun(
    connection: Connection, owner: UUID, reach: Reach, row: Row[Any], engine: Engine
) -> Begin:
    wanted = _perform_of(row)
    found = reach.of(row.organization_id, wanted.use, wanted.connection)
    if isinstance(found, Unreachable):
        found = _NOT_ALLOWED if found.lacking else _UNREACHABLE
    if isinstance(found, Failed):
        _end(connection, owner, row, found)
        return "over"
    begun = begun_with(found, wanted, wanted.input, f"try:{row.id}")
    if not isinstance(begun, Call | Task):
        _end(connection, owner, row, _done_here(connection, row, begun))
        return "over"
    held = _held(connection, row, found)
    if held is not None and held.code == guardrails.WEDDING:
        connection.execute(_BACK, {"id": row.id})
        return "not yet"
    if held is not None:
        _end(connection, owner, row, held)
        return "over"
    if beside_runs.wait_s_of(engine, found.budget) is not None:
        _end(connection, owner, row, _NO_CALLS_LEFT)
        return "over"
    lane = f"{row.organization_id}:{far_end_of(wanted, begun)}"
    is_task = isinstance(begun, Task)
    performing = Performing(found.action, wanted, found.access, is_task, found.is_message)
    return RealTry(row, lane, performing), effect(begun, lane)


def _come_home(connection: Connection, owner: UUID, one: RealTry, ended: Ended) -> None:
    finished = finished_with(one.performing, ended)
    access = one.performing.access
    if access is not None and isinstance(finished, Failed) and finished.kind == "auth":
        place = (one.organization_id, access.connection_id, access.generation)
        connections.refused(connection, *place)
    _end(connection, owner, one.row, finished)


def release(connection: Connection, owners: Sequence[UUID]) -> int:
    """End what the dead had under way: nobody knows what became of it."""
    given = {"owners": list(owners), "message": _INTERRUPTED}
    released: int = connection.execute(_RELEASE, given).rowcount
    return released


def _perform_of(row: Row[Any]) -> Perform:
    return Perform(
        step=row.step_id,
        item=None,
        use=row.use,
        connection=row.connection_id,
        input=row.input,
        timeout_s=row.timeout_s,
        attempt=1,
        key_generation=0,
        on_unsure="ask",
    )


def _held(connection: Connection, row: Row[Any], found: Reached) -> Failed | None:
    """Why a message to the people of a wedding does not leave; what goes to oneself always may."""
    if not found.is_message or row.to_me or row.wedding_id is None:
        return None
    return guardrails.take_now(
        connection, row.organization_id, row.wedding_id, row.step_id, clock.now()
    )


def _done_here(connection: Connection, row: Row[Any], begun: Begun) -> Succeeded | Failed:
    """Do what leaves nothing; a record that cannot be changed is left as it was."""
    if isinstance(begun, Failed):
        return begun
    now = clock.now()
    if isinstance(begun, Publish):
        source = f"workflow:{row.workflow_id}"
        told = (begun.event_type, begun.data, row.wedding_id)
        return Succeeded({"event_id": str(_announce(connection, row, now, source, *told))})
    if isinstance(begun, Change):
        return _changed(connection, row, now, begun)
    raise TypeError(f"{type(begun).__name__} leaves, and is not done here")


def _changed(
    connection: Connection, row: Row[Any], now: datetime, wanted: Change
) -> Succeeded | Failed:
    def announce(event_type: str, data: Mapping[str, Any], about: UUID | None) -> None:
        _announce(connection, row, now, OURS, event_type, data, about)

    context = LocalContext(row.organization_id, row.wedding_id, now, announce)
    with connection.begin_nested() as attempt:
        finished = wanted.apply(connection, context)
        if isinstance(finished, Failed):
            attempt.rollback()
    return finished


def _announce(
    connection: Connection,
    row: Row[Any],
    now: datetime,
    source: str,
    event_type: str,
    data: Any,
    about: UUID | None,
) -> UUID:
    """An event that a try causes, as a run of the workflow would."""
    event_id = ids.new_id()
    event = {
        "id": event_id,
        "organization_id": row.organization_id,
        "type": event_type,
        "source": source,
        "occurred_at": now,
        "wedding_id": about,
        "data": data,
        "causation": {"root": str(event_id), "depth": 1, "chain": [str(row.workflow_id)]},
    }
    connection.execute(insert(Event), event)
    return event_id


def _end(connection: Connection, owner: UUID, row: Row[Any], finished: Succeeded | Failed) -> None:
    """Write how a try went out. What came back and cannot be kept is left out, and that is said."""
    state, message = _told(row, finished)
    output = finished.output if isinstance(finished, Succeeded) else None
    shown = leaves.mask_all(output)
    if state == "done" and refused_output(shown) is not None:
        message, shown = f"{message} {_NOT_KEPT}", None
    try:
        with connection.begin_nested():
            if state == "done":
                keeping.keep_real(connection, row, shown)
            _write(connection, owner, row, state, message, shown)
    except DBAPIError:
        log.exception("what came of try %s could not be written", row.id)
        _write(connection, owner, row, state, _NOT_KEPT if state == "done" else _PERHAPS, None)


def _write(
    connection: Connection, owner: UUID, row: Row[Any], state: str, message: str, output: Any
) -> None:
    written = documents.write(output).decode()
    given = {"id": row.id, "owner": owner, "state": state, "message": message, "output": written}
    connection.execute(_END, given)


def _told(row: Row[Any], finished: Succeeded | Failed) -> tuple[str, str]:
    if isinstance(finished, Succeeded):
        return "done", f"{row.done}."
    message = finished.message.rstrip(".")
    if finished.kind == "maybe":
        return "unsure", f"{message}. {_PERHAPS}"
    return "failed", f"{message}."
