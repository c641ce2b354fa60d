"""Workflows that start at set times.

`plan` is `{"cron", "zone", "for"}`, `for` being the next occurrence nobody has taken. An
occurrence up to ten minutes late is done; an older one was missed, and so was every one while the
workflow was not on. Of those missed, `missed: once` does the latest and `skip` none.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from wedsync.platform import documents
from wedsync.workflows.clockwork.timer_rows import Timer
from wedsync.workflows.engine.schedules import next_after, occurrences
from wedsync.workflows.engine.view import instant
from wedsync.workflows.engine.zones import zone_named
from wedsync.workflows.models import Workflow
from wedsync.workflows.running.new_runs import NewRun

KIND = KEY = "schedule"
ON_TIME = timedelta(minutes=10)

_MINUTE = timedelta(minutes=1)
_JUST = timedelta(microseconds=1)
_MOST_ON_TIME = 11
_FIND = text(
    "SELECT due_at, plan FROM workflow_timers WHERE workflow_id = :workflow_id AND key = 'schedule'"
)
_KEEP = text(
    "INSERT INTO workflow_timers (workflow_id, key, organization_id, kind, due_at, plan)"
    " VALUES (:workflow_id, 'schedule', :organization_id, 'schedule', :due_at,"
    "  CAST(:plan AS jsonb))"
    " ON CONFLICT (workflow_id, key) DO UPDATE SET due_at = excluded.due_at, plan = excluded.plan,"
    "  error = NULL, failures = 0"
)


def keep(
    connection: Connection, workflow: Workflow, trigger: Mapping[str, Any], now: datetime
) -> None:
    """Plan the next occurrence of a workflow that is on; the same schedule keeps the one it has."""
    row = connection.execute(_FIND, {"workflow_id": workflow.id}).first()
    is_same = row is not None and _same_schedule(row.plan, trigger)
    if is_same and row is not None and row.due_at is not None:
        return
    due = _missed_while_held(row.plan, trigger, now) if is_same and row is not None else None
    due = due or next_after(trigger["cron"], trigger["zone"], now)
    connection.execute(
        _KEEP,
        {
            "workflow_id": workflow.id,
            "organization_id": workflow.organization_id,
            "due_at": due,
            "plan": documents.write(_plan(trigger, due)).decode(),
        },
    )


def take(timer: Timer, now: datetime) -> list[NewRun]:
    """The runs a due schedule starts, and its next occurrence planned."""
    cron, zone = timer.trigger["cron"], timer.trigger["zone"]
    moments = _to_do(timer.trigger, timer.due_at or now, now)
    timer.due_at = next_after(cron, zone, now)
    timer.plan = _plan(timer.trigger, timer.due_at)
    timer.fired_at = now if moments else timer.fired_at
    timer.generation += len(moments)
    return [_run(timer, moment) for moment in moments]


def _to_do(trigger: Mapping[str, Any], due: datetime, now: datetime) -> list[datetime]:
    cron, zone = trigger["cron"], trigger["zone"]
    on_time = max(due, now - ON_TIME)
    found = occurrences(cron, zone, on_time - _JUST, now, _MOST_ON_TIME)
    if trigger.get("missed") == "once" and due < on_time:
        missed = _latest(cron, zone, due - _JUST, on_time - _JUST)
        found = [missed, *found] if missed else found
    return found


def _missed_while_held(
    plan: Mapping[str, Any], trigger: Mapping[str, Any], now: datetime
) -> datetime | None:
    """The occurrence to make up for what was missed while the workflow was not on, if any."""
    if trigger.get("missed") != "once" or plan["for"] is None:
        return None
    since = datetime.fromisoformat(plan["for"])
    return _latest(trigger["cron"], trigger["zone"], since - _JUST, now)


def _latest(cron: str, zone: str, after: datetime, until: datetime) -> datetime | None:
    """The last occurrence after one instant up to another, however many there are: what lies
    between the latest one known and the end is halved until nothing fits in."""
    latest = None
    low = next_after(cron, zone, after)
    while low is not None and low <= until:
        latest = low
        if until - latest < _MINUTE:
            break
        middle = latest + (until - latest) / 2
        later = next_after(cron, zone, middle)
        if later is not None and later <= until:
            low = later
        else:
            until = middle
    return latest


def _same_schedule(plan: Mapping[str, Any] | None, trigger: Mapping[str, Any]) -> bool:
    return plan is not None and all(plan[name] == trigger[name] for name in ("cron", "zone"))


def _plan(trigger: Mapping[str, Any], due: datetime | None) -> dict[str, Any]:
    return {
        "cron": trigger["cron"],
        "zone": trigger["zone"],
        "for": due.isoformat() if due else None,
    }


def _run(timer: Timer, moment: datetime) -> NewRun:
    cause = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    local = moment.astimezone(zone_named(timer.trigger["zone"]) or UTC).isoformat()
    return NewRun(
        organization_id=timer.organization_id,
        workflow_id=timer.workflow_id,
        version_id=timer.version_id,
        cause=f"schedule:{cause}",
        input={"scheduled_for": instant(moment), "local": local},
    )
