"""Workflows that start around a wedding's dates: one timer per workflow and wedding.

Publishing or switching on leaves one row, key `weddings`: once that is committed, a drain makes the
timers of all weddings from it, a batch at a time, and a wedding that changes meanwhile is touched
by its own event. Neither plans anything: they make a timer due, and whoever takes it locks the
wedding, plans (see `wedding_plans`) and starts what is to start.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from wedsync.platform import batch, leases
from wedsync.platform.batch import recordset
from wedsync.webhooks.delivering.service import FannedEvent
from wedsync.weddings.scope import scope_of
from wedsync.workflows.clockwork import timer_rows, wedding_plans
from wedsync.workflows.clockwork.timer_rows import Timer
from wedsync.workflows.clockwork.wedding_plans import Planned
from wedsync.workflows.engine.view import instant
from wedsync.workflows.models import Workflow
from wedsync.workflows.running import chain_budgets
from wedsync.workflows.running.journal import LANES
from wedsync.workflows.running.new_runs import NewRun, loop_words
from wedsync.workflows.words.wedding_words import late_question, moved_question

KIND = "wedding_date"
WEDDINGS_AT_ONCE = 1_000
CHANGES = (
    "wedding.created",
    "wedding.updated",
    "wedding.date_changed",
    "wedding.postponed",
    "wedding.cancelled",
)

_PLAN_ALL = text(
    "INSERT INTO workflow_timers (workflow_id, key, organization_id, kind, due_at)"
    " VALUES (:workflow_id, 'weddings', :organization_id, 'wedding_date', :now)"
    " ON CONFLICT (workflow_id, key) DO UPDATE SET due_at = :now, cursor = NULL"
)
_TO_EXPAND = text(
    "SELECT t.workflow_id, t.organization_id, t.cursor FROM workflow_timers t"
    " JOIN workflows w ON w.id = t.workflow_id AND w.state = 'on'"
    " WHERE t.key = 'weddings' AND t.kind = 'wedding_date' AND t.due_at <= :now"
    " ORDER BY t.due_at LIMIT 1 FOR UPDATE OF t SKIP LOCKED FOR SHARE OF w SKIP LOCKED"
)
_EXPAND = text(
    "WITH chosen AS (SELECT id FROM weddings WHERE organization_id = :organization_id"
    "  AND status = ANY(:live) AND (CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid))"
    "  ORDER BY id LIMIT :limit),"
    " made AS (INSERT INTO workflow_timers"
    "   (workflow_id, key, organization_id, kind, wedding_id, due_at)"
    "  SELECT :workflow_id, CAST(chosen.id AS text), :organization_id, 'wedding_date',"
    "   chosen.id, :now"
    "  FROM chosen ORDER BY chosen.id"
    "  ON CONFLICT (workflow_id, key) DO UPDATE SET due_at = :now)"
    " SELECT id FROM chosen ORDER BY id DESC LIMIT 1"
)
_GO_ON_AFTER = text(
    "UPDATE workflow_timers SET cursor = jsonb_build_object('after', CAST(:after AS text))"
    " WHERE workflow_id = :workflow_id AND key = 'weddings'"
)
_EXPANDED = text(
    "DELETE FROM workflow_timers WHERE workflow_id = :workflow_id AND key = 'weddings'"
)
_TOUCH = text(
    "INSERT INTO workflow_timers"
    " (workflow_id, key, organization_id, kind, wedding_id, due_at, causation)"
    " SELECT w.id, CAST(wd.id AS text), w.organization_id, 'wedding_date', wd.id, :now, t.causation"
    " FROM "
    + recordset("organization_id uuid, wedding_id uuid, causation jsonb")
    + " JOIN workflows w ON w.organization_id = t.organization_id AND w.state = 'on'"
    " JOIN workflow_versions v ON v.id = w.live_version_id AND v.trigger_kind = 'wedding_date'"
    " JOIN weddings wd ON wd.organization_id = t.organization_id AND wd.id = t.wedding_id"
    " ORDER BY w.id, wd.id FOR SHARE OF w"
    " ON CONFLICT (workflow_id, key) DO UPDATE SET due_at = :now, causation = excluded.causation"
)
# Whoever moves a wedding waits for us, and we for nobody: what is locked is looked at in a moment.
_WEDDINGS = text("SELECT * FROM weddings WHERE id = ANY(:ids) ORDER BY id FOR SHARE SKIP LOCKED")


def keep(connection: Connection, workflow: Workflow, now: datetime) -> None:
    """Have the moments of all weddings planned, after the commit."""
    given = {"workflow_id": workflow.id, "organization_id": workflow.organization_id, "now": now}
    connection.execute(_PLAN_ALL, given)


def expand(connection: Connection, now: datetime) -> bool:
    """Make the timers of the next weddings of one workflow that asked for it; whether one had."""
    asked = connection.execute(_TO_EXPAND, {"now": now}).first()
    if asked is None:
        return False
    given = {
        "workflow_id": asked.workflow_id,
        "organization_id": asked.organization_id,
        "live": list(wedding_plans.LIVE),
        "after": (asked.cursor or {}).get("after"),
        "limit": WEDDINGS_AT_ONCE,
        "now": now,
    }
    last = connection.execute(_EXPAND, given).scalar()
    if last is None:
        connection.execute(_EXPANDED, {"workflow_id": asked.workflow_id})
    else:
        connection.execute(_GO_ON_AFTER, {"workflow_id": asked.workflow_id, "after": str(last)})
    return True


def touch(connection: Connection, events: Sequence[FannedEvent], now: datetime) -> None:
    """Called by the fan-out, before it locks lanes: the timers of weddings that changed are looked
    at again, and those that never had one get theirs. What led to the change goes with them, so
    that a workflow that moves the very day it starts at is known for a ring."""
    changed = changed_weddings(events)
    if changed:
        touched = [
            {"organization_id": organization, "wedding_id": wedding, "causation": causation}
            for (organization, wedding), causation in changed.items()
        ]
        connection.execute(_TOUCH, {"now": now, **batch.rows(touched)})


def changed_weddings(
    events: Sequence[FannedEvent],
) -> dict[tuple[UUID, UUID], Mapping[str, Any]]:
    """The weddings (organization, own id) these events of ours tell a change of, each with the
    longest causation of its changes."""
    changed = [
        event
        for event in events
        if event.wedding_id and event.source == "ours" and event.type in CHANGES
    ]
    changed.sort(key=lambda event: int(event.causation["depth"]))
    return {
        (event.organization_id, event.wedding_id): event.causation
        for event in changed
        if event.wedding_id
    }


def take(
    connection: Connection, timers: Sequence[Timer], now: datetime
) -> tuple[int, list[NewRun]]:
    """Plan these due timers anew and keep what came of it; how many, and the runs that start.

    Those whose wedding somebody is changing right now stay due.
    """
    _lock_lanes(connection, timers, now)
    weddings = _locked(connection, timers)
    runs: list[NewRun] = []
    kept: list[Timer] = []
    gone: list[Timer] = []
    for timer in timers:
        wedding = weddings.get(timer.wedding_id) if timer.wedding_id else None
        if wedding is None:
            continue
        run = _look(timer, wedding, now)
        says_nothing = timer.due_at is None and timer.fired_at is None
        (gone if says_nothing else kept).append(timer)
        runs += [run] if run else []
    timer_rows.write(connection, kept)
    timer_rows.forget(connection, gone)
    return len(kept) + len(gone), runs


def _look(timer: Timer, wedding: Mapping[str, Any], now: datetime) -> NewRun | None:
    """The run that starts now, if any; the timer says what comes next."""
    plan = wedding_plans.planned(timer, wedding, now)
    if plan.moment is None or plan.moment > now:
        wedding_plans.settle(timer, plan, wedding, now)
        return None
    run = _run(timer, wedding, plan, plan.moment)
    wedding_plans.fired(timer, wedding, now)
    return run


def _run(timer: Timer, wedding: Mapping[str, Any], plan: Planned, moment: datetime) -> NewRun:
    reason = _reason(timer, wedding, plan, moment)
    return NewRun(
        organization_id=timer.organization_id,
        workflow_id=timer.workflow_id,
        version_id=timer.version_id,
        cause=f"date:{timer.wedding_id}:{timer.generation}",
        wedding_id=timer.wedding_id,
        input={
            "wedding_id": str(timer.wedding_id),
            "anchor": timer.trigger["anchor"],
            "planned_for": instant(moment),
        },
        state="needs_attention" if reason else "queued",
        reason=reason,
        causation=timer.causation,
        root_id=chain_budgets.root_of(timer.causation) if timer.causation else None,
    )


def _reason(
    timer: Timer, wedding: Mapping[str, Any], plan: Planned, moment: datetime
) -> dict[str, Any] | None:
    """Why somebody has to look before this run goes on, if anybody has to."""
    loop = loop_words(timer.workflow_id, timer.causation) if timer.causation else None
    if loop:
        return {"code": "loop", "message": loop}
    question = _question(timer, wedding, plan, moment)
    return {"code": "late", "message": question} if question else None


def _question(
    timer: Timer, wedding: Mapping[str, Any], plan: Planned, moment: datetime
) -> str | None:
    if plan.asks == "late":
        return late_question(wedding, moment)
    return moved_question(timer.trigger, plan.days) if plan.asks == "moved" else None


def _lock_lanes(connection: Connection, timers: Sequence[Timer], now: datetime) -> None:
    """Lanes before weddings: a turn of the runs may change a wedding while it holds its lanes."""
    lanes: dict[UUID, dict[str, datetime]] = {}
    for timer in timers:
        lanes.setdefault(timer.organization_id, {})[str(timer.workflow_id)] = now
    for organization_id in sorted(lanes):
        leases.touch_lanes(connection, LANES, organization_id, lanes[organization_id])


def _locked(connection: Connection, timers: Sequence[Timer]) -> dict[UUID, dict[str, Any]]:
    ids = sorted({timer.wedding_id for timer in timers if timer.wedding_id})
    rows = connection.execute(_WEDDINGS, {"ids": ids}).all() if ids else []
    return {row.id: {**scope_of(row), "date_generation": row.date_generation} for row in rows}
