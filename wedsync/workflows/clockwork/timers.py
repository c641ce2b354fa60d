"""What starts by the clock: keeping a workflow's timers in step with it, and taking those due.

`keep` is called by whatever changes what is live or switches a workflow; the timers of its live
trigger are due from then on, others are held. `Clock` takes due schedules and wedding dates: runs
and next moments are one transaction, so any number of workers may do it and any may die. Looking
at partners is `polling`.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, text

from wedsync.platform import clock, documents
from wedsync.platform.culprits import CULPABLE, Patience
from wedsync.platform.db import db
from wedsync.workflows.clockwork import poll_timers, schedule_timers, timer_rows, wedding_timers
from wedsync.workflows.clockwork.timer_rows import Timer
from wedsync.workflows.models import Workflow
from wedsync.workflows.running.new_runs import insert_runs

BATCH = 200
KINDS = (schedule_timers.KIND, wedding_timers.KIND)

_PUT_OFF_FOR = timedelta(hours=1)

log = logging.getLogger(__name__)

_TRIGGER = text(
    "SELECT v.definition -> 'trigger' AS trigger FROM workflow_versions v"
    " WHERE v.organization_id = :organization_id AND v.id = :version_id"
)
# Switched off, what was planned is forgotten; paused, it comes when the pause is over.
_HOLD = text(
    "UPDATE workflow_timers SET due_at = NULL,"
    " plan = CASE WHEN kind = 'wedding_date' AND :is_off THEN plan - 'for' ELSE plan END"
    " WHERE workflow_id = :workflow_id AND key <> ALL(CAST(:serving AS text[]))"
    " AND kind <> ALL(CAST(:serving AS text[]))"
)
_REMOVE = text(
    "DELETE FROM workflow_timers WHERE workflow_id = :workflow_id AND kind <> :kind"
    " AND (kind = 'schedule' OR kind = 'wedding_date' AND fired_at IS NULL)"
)
_BROKEN = {
    "code": "timer_failed",
    "message": "The next start could not be worked out.",
}


def keep(workflow: Workflow) -> None:
    """Bring a workflow's timers in step with its live trigger and its state.

    The same schedule keeps its next occurrence, the same stream its cursor, a wedding whose moment
    came stays so; another kind of trigger removes what was only planned.
    """
    db.session.flush()
    connection, now = db.session.connection(), clock.now()
    given = {"organization_id": workflow.organization_id, "version_id": workflow.live_version_id}
    trigger: dict[str, Any] = connection.execute(_TRIGGER, given).scalar() or {}
    kind = trigger.get("kind")
    is_on = workflow.state == "on"
    serving = {"schedule": ["schedule"], "wedding_date": ["wedding_date"]}.get(str(kind), [])
    if kind == poll_timers.KIND:
        serving = [poll_timers.key_of(trigger)]
    held = {"serving": serving if is_on else [], "is_off": workflow.state == "off"}
    connection.execute(_REMOVE, {"workflow_id": workflow.id, "kind": kind})
    connection.execute(_HOLD, {"workflow_id": workflow.id, **held})
    if is_on:
        _plan(connection, workflow, trigger, now)


def _plan(
    connection: Connection, workflow: Workflow, trigger: dict[str, Any], now: datetime
) -> None:
    match trigger.get("kind"):
        case schedule_timers.KIND:
            schedule_timers.keep(connection, workflow, trigger, now)
        case wedding_timers.KIND:
            wedding_timers.keep(connection, workflow, now)
        case poll_timers.KIND:
            poll_timers.keep(connection, workflow, trigger, now)


class Clock:
    """The drain `timers` of one worker process; `ring` tells that runs were started."""

    def __init__(self, engine: Engine, ring: Callable[[], object]) -> None:
        self._engine = engine
        self._ring = ring
        self._patience = Patience()

    def work(self, stopping: threading.Event) -> None:
        """Take what is due until nothing is."""
        while not stopping.is_set():
            expanded = self._expand()
            taken, started = self._batch()
            if started:
                self._ring()
            if not expanded and not taken:
                return

    def _expand(self) -> bool:
        with self._engine.begin() as connection:
            return wedding_timers.expand(connection, clock.now())

    def _batch(self) -> tuple[bool, bool]:
        """Whether any was taken and moved on, and whether runs were started."""
        try:
            with self._engine.begin() as connection:
                now = clock.now()
                done = _take(connection, timer_rows.claim(connection, KINDS, now, BATCH), now)
        except CULPABLE as error:
            if not self._patience.blames(error):
                raise
            log.exception("a batch of timers could not be taken; taking them one by one")
            done = self._one_by_one()
        self._patience.restore()
        return done

    def _one_by_one(self) -> tuple[bool, bool]:
        any_taken = any_started = False
        for _ in range(BATCH):
            with self._engine.begin() as connection:
                now = clock.now()
                timers = timer_rows.claim(connection, KINDS, now, 1)
                taken, started = self._take_or_put_off(connection, timers, now)
            any_started = any_started or started
            if not taken:
                break
            any_taken = True
        return any_taken, any_started

    def _take_or_put_off(
        self, connection: Connection, timers: list[Timer], now: datetime
    ) -> tuple[bool, bool]:
        try:
            with connection.begin_nested():
                return _take(connection, timers, now)
        except CULPABLE as error:
            if not self._patience.blames_it(error):
                raise
            (timer,) = timers
            log.exception("a timer of workflow %s cannot be taken: put off", timer.workflow_id)
            told = documents.write(_BROKEN).decode()
            timer_rows.put_off(connection, timer, told, now + _PUT_OFF_FOR)
            return True, False


def _take(connection: Connection, timers: list[Timer], now: datetime) -> tuple[bool, bool]:
    schedules = [timer for timer in timers if timer.kind == schedule_timers.KIND]
    runs = [run for timer in schedules for run in schedule_timers.take(timer, now)]
    timer_rows.write(connection, schedules)
    dates = [timer for timer in timers if timer.kind == wedding_timers.KIND]
    moved, started = wedding_timers.take(connection, dates, now)
    insert_runs(connection, [*runs, *started], now)
    return bool(schedules or moved), bool(runs or started)
