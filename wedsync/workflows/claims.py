"""Claiming runs that are due, and loading what they need to go on."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.platform import clock, leases
from wedsync.platform.shares import Allotment
from wedsync.platform.vault import OpenKey
from wedsync.weddings.scope import Scope, scopes
from wedsync.workflows.engine import Program, compile_definition
from wedsync.workflows.journal import LANES, StepRow
from wedsync.workflows.live_run import LiveRun

_PROGRAMS_KEPT = 500

_LANES = leases.lanes_with_work(
    "SELECT 1 FROM workflows w WHERE w.id = CAST(lanes.key AS uuid) AND w.state = 'paused'"
)
_CLAIM = text(
    "WITH allowed AS (SELECT * FROM unnest(CAST(:lanes AS text[]), CAST(:allowances AS int[]))"
    "  AS t(lane, allowance)),"
    " picked AS (SELECT r.id FROM allowed CROSS JOIN LATERAL"
    "  (SELECT id FROM runs WHERE workflow_id = CAST(allowed.lane AS uuid)"
    "   AND state IN ('queued', 'waiting') AND due_at <= (SELECT clock_timestamp())"
    "   ORDER BY due_at LIMIT allowed.allowance) r)"
    " UPDATE runs SET state = 'running', owner = :owner, fence = fence + 1, due_at = NULL,"
    "  started_at = coalesce(started_at, clock_timestamp()),"
    "  lease_until = clock_timestamp() + make_interval(secs => :lease)"
    # Asked again: whoever stopped a run meanwhile did so without the lane.
    " FROM picked WHERE runs.id = picked.id AND runs.state IN ('queued', 'waiting')"
    " RETURNING runs.id, runs.organization_id, runs.workflow_id, runs.version_id, runs.fence,"
    "  runs.event_id, runs.wedding_id, runs.input, runs.rerun_of, runs.origin_run_id,"
    "  runs.engine_state, runs.pending_decision, runs.created_at, runs.started_at"
)
_SERVED = text(
    "UPDATE lanes SET served_at = clock_timestamp(), next_due_at ="
    " (SELECT min(due_at) FROM runs WHERE workflow_id = CAST(lanes.key AS uuid)"
    "  AND state IN ('queued', 'waiting') AND due_at IS NOT NULL)"
    " WHERE kind = 'runs' AND key = ANY(:lanes)"
)
_VERSIONS = text("SELECT id, definition FROM workflow_versions WHERE id = ANY(:ids)")
_EVENTS = text(
    "SELECT id, type, source, occurred_at, data, wedding_id, causation FROM events"
    " WHERE id = ANY(:ids)"
)
_STEPS = text(
    "SELECT run_id, step_id, item, organization_id, state, input, output, generation, attempts,"
    " position FROM run_steps WHERE run_id = ANY(:ids)"
)
_RENEW = text(
    "UPDATE runs SET lease_until = clock_timestamp() + make_interval(secs => :lease)"
    " WHERE id = ANY(:runs) AND owner = :owner AND state = 'running'"
)
_RELEASE = text(
    "UPDATE runs SET state = 'queued', owner = NULL, lease_until = NULL,"
    " due_at = clock_timestamp()"
    " WHERE state = 'running' AND (owner = ANY(:owners) OR lease_until < clock_timestamp()"
    f" OR {leases.FORGOTTEN})"
    " RETURNING id, organization_id, workflow_id"
)


class Programs:
    """Compiled versions, the most recently used kept."""

    def __init__(self) -> None:
        self._kept: OrderedDict[UUID, Program] = OrderedDict()

    def load(self, connection: Connection, version_ids: set[UUID]) -> Mapping[UUID, Program]:
        """The programs of these versions, compiling those not seen before."""
        missing = [version for version in version_ids if version not in self._kept]
        if missing:
            for row in connection.execute(_VERSIONS, {"ids": missing}):
                self._kept[row.id] = compile_definition(row.definition)
        found = {version: self._kept[version] for version in version_ids}
        for version in version_ids:
            self._kept.move_to_end(version)
        while len(self._kept) > max(_PROGRAMS_KEPT, len(version_ids)):
            self._kept.popitem(last=False)
        return found


def claim(connection: Connection, owner: UUID, allotment: Allotment) -> Sequence[Row[Any]]:
    """Take due runs for `owner`, lane by lane; they are `running` from here on."""
    taken = leases.take_lanes(connection, _LANES, LANES, allotment)
    if not taken:
        return []
    rows = connection.execute(
        _CLAIM,
        {
            "lanes": list(taken),
            "allowances": list(taken.values()),
            "owner": owner,
            "lease": leases.LEASE_SECONDS,
        },
    ).all()
    connection.execute(_SERVED, {"lanes": list(taken)})
    return rows


def load(
    connection: Connection,
    programs: Programs,
    rows: Sequence[Row[Any]],
    key_of: Callable[[UUID], OpenKey],
) -> list[LiveRun]:
    """The claimed rows with everything their next advance reads."""
    if not rows:
        return []
    compiled = programs.load(connection, {row.version_id for row in rows})
    events = _by_id(connection, _EVENTS, {row.event_id for row in rows if row.event_id})
    weddings = scopes(connection, {row.wedding_id for row in rows if row.wedding_id})
    begun = [row.id for row in rows if row.engine_state or row.rerun_of]
    steps = _steps(connection, begun)
    return [
        _live(
            row,
            compiled[row.version_id],
            events.get(row.event_id),
            weddings.get(row.wedding_id),
            steps.get(row.id, []),
            partial(key_of, row.organization_id),
        )
        for row in rows
    ]


def renew(connection: Connection, owner: UUID, runs: Sequence[UUID]) -> None:
    """Lengthen the leases `owner` has on these runs."""
    given = {"owner": owner, "runs": list(runs), "lease": leases.LEASE_SECONDS}
    connection.execute(_RENEW, given)


def release(connection: Connection, owners: Sequence[UUID]) -> int:
    """Give back what the dead held and what outlived its lease; returns how many."""
    rows = connection.execute(_RELEASE, {"owners": list(owners)}).all()
    for organization_id in sorted({row.organization_id for row in rows}):
        lanes = {
            str(row.workflow_id): clock.now()
            for row in rows
            if row.organization_id == organization_id
        }
        leases.touch_lanes(connection, LANES, organization_id, lanes)
    return len(rows)


def _by_id(connection: Connection, statement: Any, ids: set[UUID]) -> dict[UUID, Row[Any]]:
    if not ids:
        return {}
    return {row.id: row for row in connection.execute(statement, {"ids": list(ids)})}


def _steps(connection: Connection, run_ids: Sequence[UUID]) -> dict[UUID, list[Row[Any]]]:
    found: dict[UUID, list[Row[Any]]] = {}
    if run_ids:
        for row in connection.execute(_STEPS, {"ids": list(run_ids)}):
            found.setdefault(row.run_id, []).append(row)
    return found


def _live(
    row: Row[Any],
    program: Program,
    event: Row[Any] | None,
    wedding: Scope | None,
    steps: Sequence[Row[Any]],
    key: Callable[[], OpenKey],
) -> LiveRun:
    run = LiveRun(
        id=row.id,
        organization_id=row.organization_id,
        workflow_id=row.workflow_id,
        origin_id=row.origin_run_id or row.id,
        wedding_id=row.wedding_id,
        fence=row.fence,
        program=program,
        trigger=_trigger(row, event),
        wedding=wedding,
        causation=event.causation if event else {"root": str(row.id), "depth": 0, "chain": []},
        started_at=row.started_at,
        engine_state=row.engine_state,
        key=key,
    )
    for step in steps:
        run.recorded[step.step_id, step.item] = _recorded(step)
        if step.item < 0 and step.state not in ("started", "waiting"):
            run.outputs[step.step_id] = step.output
    return run


def _recorded(step: Row[Any]) -> StepRow:
    return StepRow(
        step.run_id,
        step.step_id,
        step.item,
        step.organization_id,
        step.state,
        input=step.input,
        output=step.output,
        generation=step.generation,
        attempts=step.attempts,
        position=step.position,
    )


def _trigger(row: Row[Any], event: Row[Any] | None) -> dict[str, Any]:
    if event is None:
        return {
            "id": str(row.id),
            "type": "manual",
            "source": "ours",
            "occurred_at": row.created_at.isoformat(),
            "data": row.input,
            "wedding_id": str(row.wedding_id) if row.wedding_id else None,
        }
    return {
        "id": str(event.id),
        "type": event.type,
        "source": event.source,
        "occurred_at": event.occurred_at.isoformat(),
        "data": event.data,
        "wedding_id": str(event.wedding_id) if event.wedding_id else None,
        "causation": event.causation,
    }
