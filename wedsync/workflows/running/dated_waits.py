"""Waits until a day of a wedding, right in the moment they are written (promise 6).

A turn reads a wedding, works out a wait from it and writes that later. Whoever moves the day in
between does not see the wait yet. So the wedding is held before the wait is written, and compared:
a wait from an older day looks again at once, one whose wedding is over by now is stopped.
Likewise what a wait planned by may not move while its run goes on because of it. Nobody is waited
for; where somebody is changing the wedding just now, the run looks again in a moment.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.weddings.scope import scope_of
from wedsync.workflows.engine.anchors import moment
from wedsync.workflows.engine.state import position_of
from wedsync.workflows.running.live_run import Advance

OVER = {"cancelled": "The wedding was cancelled.", "archived": "The wedding was put away."}
"""Weddings whose days nothing waits for any more, and why a run that did was stopped."""

_MOMENT = timedelta(seconds=1)
_HOLD = text("SELECT * FROM weddings WHERE id = ANY(:ids) ORDER BY id FOR SHARE SKIP LOCKED")
_LOOK_IN_A_MOMENT = text("UPDATE runs SET due_at = :due_at WHERE id = ANY(:ids)")


def held(connection: Connection, rows: Sequence[Row[Any]], now: datetime) -> list[Row[Any]]:
    """Hold the weddings by whose days these claimed runs waited; those that go on now."""
    planned_for = {row.id: row.wedding_id for row in rows if _is_planned(row)}
    if not planned_for:
        return list(rows)
    wanted = {"ids": sorted(set(planned_for.values()))}
    found: set[UUID | None] = {row.id for row in connection.execute(_HOLD, wanted)}
    busy = [run_id for run_id, wedding_id in planned_for.items() if wedding_id not in found]
    if busy:
        connection.execute(_LOOK_IN_A_MOMENT, {"ids": busy, "due_at": now + _MOMENT})
    return [row for row in rows if row.id not in busy]


def hold(connection: Connection, advances: Sequence[Advance], now: datetime) -> None:
    """Hold the weddings these wait by, and have those look again whose day is another by now."""
    waiting = [one for one in advances if _is_dated(one)]
    if not waiting:
        return
    ids = sorted({one.run.wedding_id for one in waiting if one.run.wedding_id})
    weddings = {row.id: scope_of(row) for row in connection.execute(_HOLD, {"ids": ids})}
    for one in waiting:
        wedding = weddings.get(one.run.wedding_id) if one.run.wedding_id else None
        if wedding is None:
            one.move.due_at = now + _MOMENT
        elif _became_over(one, wedding):
            one.move.due_at = now
            one.move.pending_decision = {"stop": OVER[wedding["status"]]}
        elif planned_by(one.move.waiting_for, wedding) != one.move.due_at:
            one.move.due_at = now


def planned_by(waiting_for: Mapping[str, Any], wedding: Mapping[str, Any]) -> datetime | None:
    """Until when a run waits for a day of its wedding, as the wedding says it."""
    offset, at = waiting_for["offset_days"], waiting_for["at"]
    return moment(wedding, waiting_for["anchor"], offset, at)


def _is_planned(row: Row[Any]) -> bool:
    position = position_of(row.engine_state) if row.wedding_id else None
    return position is not None and bool((position.plan or {}).get("anchor"))


def _is_dated(one: Advance) -> bool:
    return one.move.state == "waiting" and (one.move.waiting_for or {}).get("anchor") is not None


def _became_over(one: Advance, wedding: Mapping[str, Any]) -> bool:
    """A run that began to wait when its wedding was over already knows what it does."""
    before = (one.wedding or {}).get("status")
    return wedding["status"] in OVER and wedding["status"] != before
