"""Loading what claimed runs need to go on: their program, their cause, and what was recorded.

An item of a loop sees what the run people see recorded, then the items around it, then itself;
what several items of one run share is loaded once.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.events.as_trigger import as_trigger
from wedsync.platform import batch, leaves
from wedsync.platform.batch import recordset
from wedsync.platform.vault import Found
from wedsync.weddings.scope import Scope, scopes
from wedsync.workflows.engine import Program
from wedsync.workflows.engine.state import position_of
from wedsync.workflows.run_models import NO_ITEM
from wedsync.workflows.running.items import ITEMS_PER_LEVEL
from wedsync.workflows.running.journal import StepRow
from wedsync.workflows.running.live_run import LiveRun
from wedsync.workflows.running.loop_lists import (
    Family,
    Place,
    Recorded,
    inner_outputs,
    level,
    list_of,
    lists_wanted,
)
from wedsync.workflows.running.programs import Programs

_EVENTS = text(
    "SELECT id, type, source, occurred_at, data, wedding_id, causation FROM events"
    " WHERE id = ANY(:ids)"
)
_ROOTS = text(
    "SELECT id, version_id, event_id, wedding_id, input, causation, created_at, started_at"
    " FROM runs WHERE id = ANY(:ids)"
)
_COLUMNS = (
    "s.run_id, s.step_id, s.item, s.organization_id, s.state, s.input, s.output, s.generation,"
    " s.attempts, s.position"
)
_STEPS = text(
    f"SELECT {_COLUMNS} FROM run_steps s WHERE s.run_id = ANY(:ids) AND s.item = {NO_ITEM}"
)
_ITEM_STEPS = text(
    f"SELECT {_COLUMNS} FROM "
    + recordset("run_id uuid, item bigint")
    + " JOIN run_steps s ON s.run_id = t.run_id AND s.item = t.item"
)
_WITHOUT_EVENT = ("manual", "schedule", "wedding_date", "workflow")


def load(
    connection: Connection,
    programs: Programs,
    rows: Sequence[Row[Any]],
    keys_of: Callable[[UUID, Collection[UUID]], Mapping[UUID, Found]],
) -> list[LiveRun]:
    """The claimed rows with everything their next advance reads."""
    if not rows:
        return []
    compiled = programs.load(connection, {row.version_id for row in rows})
    families = [_family(row, compiled[row.version_id], programs) for row in rows]
    roots = _by_id(connection, _ROOTS, {row.root_run_id for row in rows if row.root_run_id})
    events = _by_id(connection, _EVENTS, {row.event_id for row in rows if row.event_id})
    weddings = scopes(connection, {row.wedding_id for row in rows if row.wedding_id})
    recorded = _recorded(connection, families)
    wanted = [list(lists_wanted(family, recorded)) for family in families]
    inner = inner_outputs(connection, families, wanted)
    return [
        _live(
            family,
            roots.get(family.root_id, family.row),
            events.get(family.row.event_id),
            weddings.get(family.row.wedding_id),
            recorded,
            {each.step: list_of(family.program, each, inner) for each in lists},
            partial(keys_of, family.row.organization_id),
        )
        for family, lists in zip(families, wanted, strict=True)
    ]


def event_as_trigger(connection: Connection, event_id: str) -> dict[str, Any] | None:
    """An event as expressions see it; None when it is not there any more."""
    row = connection.execute(_EVENTS, {"ids": [UUID(event_id)]}).one_or_none()
    return as_trigger(row) if row is not None else None


def _family(row: Row[Any], program: Program, programs: Programs) -> Family:
    position = position_of(row.engine_state)
    family = Family(row, program, programs.read_outside(row.version_id), position)
    if row.item != NO_ITEM:
        step = position.step if position else (row.pending_decision or {}).get("start_at")
        family.loops = program.loops.get(step or "", ())
        depth = len(family.loops)
        family.numbers = tuple(row.item // ITEMS_PER_LEVEL ** (depth - n - 1) for n in range(depth))
    return family


def _recorded(connection: Connection, families: Sequence[Family]) -> Recorded:
    begun = {
        family.root_id
        for family in families
        if family.numbers or family.row.engine_state or family.row.rerun_of
    }
    numbered = {place for family in families for place in family.places[1:]}
    found: dict[Place, list[Row[Any]]] = {}
    if begun:
        for row in connection.execute(_STEPS, {"ids": list(begun)}).all():
            found.setdefault((row.run_id, row.item), []).append(row)
    if numbered:
        places = [{"run_id": root, "item": number} for root, number in numbered]
        for row in connection.execute(_ITEM_STEPS, batch.rows(places)).all():
            found.setdefault((row.run_id, row.item), []).append(row)
    return found


def _live(
    family: Family,
    root: Row[Any],
    event: Row[Any] | None,
    wedding: Scope | None,
    recorded: Recorded,
    lists: Mapping[str, Any],
    keys: leaves.Keys,
) -> LiveRun:
    row = family.row
    run = LiveRun(
        id=row.id,
        organization_id=row.organization_id,
        workflow_id=row.workflow_id,
        origin_id=row.origin_run_id or row.id,
        wedding_id=row.wedding_id,
        fence=row.fence,
        program=family.program,
        trigger=_trigger(root, family.program, event),
        wedding=wedding,
        causation=_causation(root, event),
        started_at=root.started_at,
        engine_state=row.engine_state,
        keys=keys,
        root_id=family.root_id,
        parent_id=row.parent_run_id,
        caller_id=row.caller_run_id,
        item=row.item,
        element=row.input if row.item != NO_ITEM else None,
        is_capped=row.is_capped,
    )
    run.outputs.update(lists)
    for depth in range(len(family.loops) + 1):
        for step in level(family, depth, recorded):
            if depth == len(family.loops):
                run.recorded[step.step_id, step.item] = _step_row(step)
            if step.state not in ("started", "waiting"):
                run.outputs[step.step_id] = step.output
    return run


def _by_id(connection: Connection, statement: Any, ids: set[UUID]) -> dict[UUID, Row[Any]]:
    if not ids:
        return {}
    return {row.id: row for row in connection.execute(statement, {"ids": list(ids)}).all()}


def _step_row(step: Row[Any]) -> StepRow:
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


def _causation(root: Row[Any], event: Row[Any] | None) -> Mapping[str, Any]:
    if event is not None:
        found: Mapping[str, Any] = event.causation
        return found
    return root.causation or {"root": str(root.id), "depth": 0, "chain": []}


def _trigger(root: Row[Any], program: Program, event: Row[Any] | None) -> dict[str, Any]:
    if event is not None:
        return as_trigger(event)
    kind = program.trigger["kind"]
    return {
        "id": str(root.id),
        "type": kind if kind in _WITHOUT_EVENT else "manual",
        "source": "ours",
        "occurred_at": root.created_at.isoformat(),
        "data": root.input,
        "wedding_id": str(root.wedding_id) if root.wedding_id else None,
    }
