"""How often what starts a workflow happened lately, and when last.

Of what comes in that is counted among the events themselves (`sample_events`), so that it is true
before anything is published; of what starts by hand, by the clock or from another workflow, among
the runs that were started so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select

from wedsync.platform.db import db
from wedsync.platform.wording import Wording, count
from wedsync.weddings.models import Wedding
from wedsync.workflows.models import Workflow
from wedsync.workflows.run_models import Run

LATELY = timedelta(days=90)
MOST_TOLD = 1_000
COMES_IN = ("event", "webhook", "poll")

_IN_90_DAYS = "in the last 90 days"
_NEVER = {
    True: f"Not started {_IN_90_DAYS}",
    False: "Not published yet, so it has never started",
}
_MOST_RUNS = 1_001
_CAUSES: Mapping[str, str] = {
    "schedule": "schedule:",
    "wedding_date": "date:",
    "manual": "manual:",
    "workflow": "call:",
}
"""What the cause of a run begins with that was started by a trigger of this kind."""


@dataclass(frozen=True, slots=True)
class Happened:
    """So many `times` in ninety days; at least so many where that is not all there is (`is_all`).
    The last was at `last_at`, about the couple `last_for` if about one."""

    times: int = 0
    is_all: bool = True
    last_at: datetime | None = None
    last_for: str | None = None


NEVER = Happened()


def started(workflow: Workflow, trigger: Mapping[str, Any], first: UUID) -> Happened:
    """How often a workflow was started by a trigger of this kind, among the latest of its runs;
    none from before the id `first`."""
    cause = _CAUSES.get(str(trigger.get("kind")))
    if cause is None or workflow.live_version_id is None:
        return NEVER
    latest = (
        select(Run.id, Run.organization_id, Run.cause, Run.created_at, Run.wedding_id)
        .where(
            Run.organization_id == workflow.organization_id,
            Run.workflow_id == workflow.id,
            Run.parent_run_id.is_(None),
            Run.id >= first,
        )
        .order_by(Run.id.desc())
        .limit(_MOST_RUNS)
        .cte("latest")
    )
    fitting = select(latest).where(latest.c.cause.startswith(cause)).cte("fitting")
    last = select(fitting).order_by(fitting.c.id.desc()).limit(1).subquery("last")
    about = and_(Wedding.organization_id == last.c.organization_id, Wedding.id == last.c.wedding_id)
    row = db.session.execute(
        select(
            last.c.created_at,
            Wedding.title,
            select(func.count()).select_from(fitting).scalar_subquery().label("times"),
            select(func.count()).select_from(latest).scalar_subquery().label("looked_at"),
        )
        .select_from(last)
        .outerjoin(Wedding, about)
    ).first()
    if row is None:
        return NEVER
    return Happened(row.times, row.looked_at < _MOST_RUNS, row.created_at, row.title)


def happened_words(
    trigger: Mapping[str, Any], found: Happened, words: Wording, *, is_published: bool
) -> str:
    """`Happened 9 times in the last 90 days, last for Amara & Daniel at 10:42 today`; empty where
    nothing came in."""
    kind = str(trigger.get("kind"))
    verb = {"event": "Happened", "webhook": "Came in", "poll": "Came in"}.get(kind, "Started")
    if not found.times or found.last_at is None:
        return _NEVER[is_published] if verb == "Started" else ""
    whatever = ", whether it fits or not" if trigger.get("filter") else ""
    about = f" for {found.last_for}" if found.last_for else ""
    return (
        f"{verb} {_times(found)} {_IN_90_DAYS}{whatever}, last{about} {_at(found.last_at, words)}"
    )


def _times(found: Happened) -> str:
    if found.times > MOST_TOLD:
        return f"more than {MOST_TOLD:,} times"
    told = "once" if found.times == 1 else count(found.times, "time")
    return told if found.is_all else f"at least {told}"


def _at(moment: datetime, words: Wording) -> str:
    is_today = words.local(moment).date() == words.today
    return f"{words.at(moment)}{' today' if is_today else ''}"
