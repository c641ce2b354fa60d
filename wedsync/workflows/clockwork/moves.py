"""What waits for the days of a wedding, and what would become of it if they moved: read only.

Worked out by the very functions that plan: `wedding_plans` for what starts, the anchors of the
engine for runs that wait.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, text

from wedsync.errors import NotFound
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.weddings.scope import scope_of
from wedsync.workflows.clockwork import wedding_plans
from wedsync.workflows.clockwork.timer_rows import Timer
from wedsync.workflows.engine import sentence, steps_in_order
from wedsync.workflows.running.dated_waits import OVER, planned_by

MOST = 200

Outcome = Literal["stays", "moves", "waits", "at_once", "left_out", "asked", "ends"]
"""What becomes of it: its time stays, or moves; it waits for a day that is not known; its new time
has passed, so it happens at once, is left out, or somebody is asked; it ends with the wedding."""

_WEDDING = text("SELECT * FROM weddings WHERE organization_id = :organization_id AND id = :id")
_RUNS = text(
    "SELECT w.id AS workflow_id, w.name, r.waiting_for, v.definition,"
    " r.engine_state #>> '{positions,0,step}' AS step, count(*) AS many,"
    " (array_agg(coalesce(r.root_run_id, r.id) ORDER BY r.id))[1] AS run_id"
    " FROM runs r JOIN workflows w ON w.id = r.workflow_id"
    " JOIN workflow_versions v ON v.id = r.version_id"
    " WHERE r.organization_id = :organization_id AND r.wedding_id = :id AND r.state = 'waiting'"
    "  AND r.waiting_for ->> 'anchor' IS NOT NULL"
    " GROUP BY w.id, w.name, r.waiting_for, v.id, step ORDER BY w.name, run_id LIMIT :most"
)
_STARTS = text(
    "SELECT w.id AS workflow_id, w.name, w.organization_id, v.id AS version_id,"
    " v.definition -> 'trigger' AS trigger, t.due_at, t.plan, coalesce(t.generation, 0)"
    "  AS generation, t.fired_at, t.fired_for, t.fired_generation"
    " FROM workflows w JOIN workflow_versions v ON v.id = w.live_version_id"
    "  AND v.trigger_kind = 'wedding_date'"
    " LEFT JOIN workflow_timers t ON t.workflow_id = w.id AND t.key = CAST(:id AS text)"
    " WHERE w.organization_id = :organization_id AND w.state IN ('on', 'paused')"
    " ORDER BY w.name, w.id LIMIT :most"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What would change: days by name (None: not known any more), and where the wedding stands."""

    days: Mapping[str, date | None]
    status: str | None = None
    is_postponed: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that waits for a day: `many` runs at the same step, or a workflow's start.

    `run_id` is the first of the runs, None for a start; `happened` says that it came before and
    would come again.
    """

    workflow_id: UUID
    workflow_name: str
    step: str | None
    run_id: UUID | None
    many: int
    before: datetime | None
    after: datetime | None
    outcome: Outcome
    happened: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """All of it, in the order of their times; `zone` is the wedding's."""

    wedding_id: UUID
    title: str
    zone: str
    moves: tuple[Move, ...]

    @property
    def late(self) -> tuple[Move, ...]:
        """Those whose new time has passed."""
        return tuple(move for move in self.moves if move.outcome in _LATE)


_LATE = ("at_once", "left_out", "asked")
_POLICIES: Mapping[str, Outcome] = {"run": "at_once", "skip": "left_out", "ask": "asked"}


def preview(organization_id: UUID, wedding_id: UUID, asked: Asked) -> Preview:
    """What waits for this wedding's days, as they are and as they would be. Raises NotFound."""
    given = {"organization_id": organization_id, "id": wedding_id, "most": MOST}
    row = db.session.execute(_WEDDING, given).one_or_none()
    if row is None:
        raise NotFound("There is no such wedding.")
    now, before = clock.now(), _as_planned(row)
    after = _as_asked(before, asked)
    moves = [_of_runs(each, after, now) for each in db.session.execute(_RUNS, given)]
    for start in db.session.execute(_STARTS, given):
        moves += _of_start(start, wedding_id, before, after, now)
    return Preview(wedding_id, row.title, row.zone, tuple(sorted(moves, key=_by_time)))


def _as_planned(row: Row[Any]) -> dict[str, Any]:
    return {**scope_of(row), "date_generation": row.date_generation}


def _as_asked(wedding: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    days = {name: day.isoformat() if day else None for name, day in asked.days.items()}
    status = "postponed" if asked.is_postponed else asked.status or wedding["status"]
    generation = wedding["date_generation"] + int(asked.is_postponed)
    return {**wedding, **days, "status": status, "date_generation": generation}


def _of_runs(row: Row[Any], after: dict[str, Any], now: datetime) -> Move:
    waits = row.waiting_for
    before = datetime.fromisoformat(waits["until"]) if waits.get("until") else None
    comes = planned_by(waits, after)
    return Move(
        row.workflow_id,
        row.name,
        _label(row.definition, row.step),
        row.run_id,
        row.many,
        before,
        comes,
        _outcome_of_run(waits, before, comes, after, now),
    )


def _outcome_of_run(
    waits: Mapping[str, Any],
    before: datetime | None,
    comes: datetime | None,
    after: Mapping[str, Any],
    now: datetime,
) -> Outcome:
    if after["status"] in OVER:
        return "ends"
    if comes is None:
        return "waits"
    if comes == before:
        return "stays"
    return "moves" if comes > now else _POLICIES[waits["late"]]


def _of_start(
    row: Row[Any],
    wedding_id: UUID,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    now: datetime,
) -> Iterator[Move]:
    """The start of one workflow, unless there is none before and none after."""
    timer = _timer(row, wedding_id)
    old, new = (wedding_plans.planned(timer, each, now) for each in (before, after))
    if old.moment is None and new.moment is None and new.passed is None:
        return
    yield Move(
        row.workflow_id,
        row.name,
        None,
        None,
        1,
        old.moment,
        new.moment or new.passed,
        _outcome_of_start(old, new, after, now),
        happened=timer.fired_at is not None,
    )


def _outcome_of_start(
    old: wedding_plans.Planned,
    new: wedding_plans.Planned,
    after: Mapping[str, Any],
    now: datetime,
) -> Outcome:
    if new.passed is not None:
        return "left_out"
    if new.moment is None:
        return "ends" if after["status"] not in wedding_plans.LIVE else "waits"
    if new.asks is not None:
        return "asked"
    if new.moment == old.moment:
        return "stays"
    return "moves" if new.moment > now else "at_once"


def _timer(row: Row[Any], wedding_id: UUID) -> Timer:
    return Timer(
        workflow_id=row.workflow_id,
        key=str(wedding_id),
        organization_id=row.organization_id,
        kind="wedding_date",
        wedding_id=wedding_id,
        due_at=row.due_at,
        plan=row.plan,
        generation=row.generation,
        fired_at=row.fired_at,
        fired_for=row.fired_for,
        fired_generation=row.fired_generation,
        causation=None,
        version_id=row.version_id,
        trigger=row.trigger,
    )


def _label(definition: Any, step_id: str | None) -> str:
    """What a step is called, or what it does."""
    found = (each.step for each in steps_in_order(definition) if each.step.get("id") == step_id)
    step = next(found, None)
    if step is None:
        return step_id or ""
    return str(step.get("label") or sentence(step, {}).removesuffix("."))


def _by_time(move: Move) -> tuple[bool, datetime, str]:
    at = move.after or move.before
    return at is None, at or datetime.max.replace(tzinfo=clock.now().tzinfo), move.workflow_name
