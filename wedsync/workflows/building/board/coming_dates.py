"""When what is counted from a date of the wedding comes, for the couples whose wedding is next.

A wait is asked of the engine as if a run reached it now; what starts around a wedding's dates is
planned as its timers are. So nothing here can say another day than the one it will be.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import Text, and_, cast, select

from wedsync.platform.db import db
from wedsync.platform.wording import Wording
from wedsync.weddings import policy
from wedsync.weddings.models import Wedding
from wedsync.weddings.scope import scope_of
from wedsync.workflows.building.board.leaf_days import Week, weeks_of
from wedsync.workflows.building.known.made_up import EXAMPLE_NAME, example_wedding
from wedsync.workflows.clockwork import wedding_plans
from wedsync.workflows.clockwork.timer_rows import Timer
from wedsync.workflows.clockwork.wedding_plans import Planned
from wedsync.workflows.engine import (
    ANCHORS,
    FORMAT,
    DefinitionInvalid,
    EngineEvent,
    NeedsAttention,
    WaitUntil,
    advance,
    compile_definition,
    moment,
)
from wedsync.workflows.engine.outline import steps_of
from wedsync.workflows.engine.shape import Readable
from wedsync.workflows.engine.steps.kind import mapping
from wedsync.workflows.engine.zones import wall_time, zone_named
from wedsync.workflows.models import Workflow, WorkflowTimer
from wedsync.workflows.words.waiting_words import moment_there

MOST = 3
KIND = "wedding_date"

_COUNTED = tuple(each for each in policy.LIVE if each in wedding_plans.LIVE)
_OF_TIMER = ("plan", "fired_at", "fired_for", "fired_generation")
_NO_VERSION = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Couple:
    """One whose wedding is next, or the example. `timer` is the workflow's own for it, or one
    that never came."""

    name: str
    wedding: Mapping[str, Any]
    timer: Timer = field(repr=False)

    @property
    def day(self) -> date:
        return date.fromisoformat(self.wedding["date"])


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf of the calendar for one couple, and the same as a sentence."""

    name: str
    weeks: tuple[Week, ...]
    told: str


Told: TypeAlias = Callable[[Couple, datetime], str]
"""What is said of a couple for whom it comes at an instant."""


def couples_for(workflow: Workflow, draft: Readable, words: Wording) -> tuple[Couple, ...]:
    """The couples whose weddings come next, and the example where they are fewer than three; none
    where nothing in the draft is counted from a date of the wedding."""
    if not _counts_from_dates(draft):
        return ()
    rows = db.session.execute(_coming(workflow, words.today)).all()
    found = [Couple(row.title, _scope(row), _timer(row, workflow)) for row in rows]
    if len(found) < MOST:
        example = {**example_wedding(words.today), "date_generation": 0}
        found.append(Couple(EXAMPLE_NAME, example, _timer(None, workflow)))
    return tuple(found)


def leaves_of_wait(
    step: Mapping[str, Any], couples: tuple[Couple, ...], words: Wording
) -> tuple[Leaf, ...]:
    """When this wait would be over for each couple; none for one of another kind, or unfinished."""
    if not is_counted(step):
        return ()
    draft = {"format": FORMAT, "trigger": {"kind": "manual"}, "steps": [{**step, "id": "wait"}]}
    try:
        program = compile_definition(draft)
    except DefinitionInvalid:
        return ()

    def told(couple: Couple, comes: datetime) -> str:
        scope = {"trigger": {}, "wedding": couple.wedding, "steps": {}, "run": {}}
        event = EngineEvent(kind="start", now=words.now, random=0.5, scope=scope)
        decision = advance(program, None, event)
        when = _when(couple, comes, words)
        if any(isinstance(each, WaitUntil) for each in decision.actions):
            return f"Goes on {when}"
        if any(isinstance(each, NeedsAttention) for each in decision.actions):
            return f"{when} has passed, so it would ask you first"
        outcome = mapping(decision.state).get("outcome")
        then = "go on at once" if outcome == "succeeded" else "end there"
        return f"{when} has passed, so it would {then}"

    return tuple(_leaf(step, couple, told, "waits for that", words) for couple in couples)


def leaves_of_trigger(
    trigger: Mapping[str, Any], couples: tuple[Couple, ...], words: Wording
) -> tuple[Leaf, ...]:
    """When it starts for each couple; none for what starts otherwise, or is unfinished."""
    if trigger.get("kind") != KIND:
        return ()
    step = {"id": "end", "kind": "stop", "outcome": "done"}
    try:
        compile_definition({"format": FORMAT, "trigger": trigger, "steps": [step]})
    except DefinitionInvalid:
        return ()

    def told(couple: Couple, comes: datetime) -> str:
        timer = replace(couple.timer, trigger=trigger)
        plan = wedding_plans.planned(timer, couple.wedding, words.now)
        return _planned_words(timer, plan, couple, comes, words)

    return tuple(_leaf(trigger, couple, told, "does not start", words) for couple in couples)


def is_counted(step: Mapping[str, Any]) -> bool:
    """Whether a step waits for a date of the wedding."""
    return step.get("kind") == "wait" and step.get("anchor") is not None


def _leaf(
    written: Mapping[str, Any], couple: Couple, told: Told, without: str, words: Wording
) -> Leaf:
    rule = wedding_plans.rule_of(written)
    comes = moment(couple.wedding, *rule)
    wedding = f"wedding {words.day(couple.day)}"
    if comes is None:
        said = f"No date yet for {ANCHORS[rule[0]]}, so it {without}"
        return Leaf(couple.name, weeks_of(None, couple.day), f"{said}; {wedding}")
    goes = wall_time(comes, zone_named(couple.wedding["zone"]) or UTC).date()
    return Leaf(couple.name, weeks_of(goes, couple.day), f"{told(couple, comes)}; {wedding}")


def _planned_words(
    timer: Timer, plan: Planned, couple: Couple, comes: datetime, words: Wording
) -> str:
    when = _when(couple, comes, words)
    if plan.passed is not None:
        return f"{when} has passed, so it is left out"
    if plan.moment is None:
        return f"Started on {_when(couple, timer.fired_at or comes, words)}"
    if plan.asks == "moved":
        return f"Asks you first on {when}, since it had started before the day moved"
    if plan.moment > words.now:
        return f"Starts on {when}"
    return f"{when} has passed, so it would {'ask you first' if plan.asks else 'start at once'}"


def _when(couple: Couple, moment: datetime, words: Wording) -> str:
    return moment_there(moment, words, couple.wedding["zone"])


def _counts_from_dates(draft: Readable) -> bool:
    if mapping(draft.get("trigger")).get("kind") == KIND:
        return True
    return any(is_counted(placed.step) for placed in steps_of(draft))


def _coming(workflow: Workflow, today: date) -> Any:
    """The weddings from today on, each with the timer of the workflow, if it has one for it."""
    own = and_(
        WorkflowTimer.workflow_id == workflow.id,
        WorkflowTimer.organization_id == workflow.organization_id,
        WorkflowTimer.key == cast(Wedding.id, Text),
    )
    return (
        select(
            *Wedding.__table__.c,
            *(getattr(WorkflowTimer, name).label(f"timer_{name}") for name in _OF_TIMER),
        )
        .outerjoin(WorkflowTimer, own)
        .where(
            Wedding.organization_id == workflow.organization_id,
            Wedding.status.in_(_COUNTED),
            Wedding.date >= today,
        )
        .order_by(Wedding.date, Wedding.id)
        .limit(MOST)
    )


def _scope(row: Any) -> Mapping[str, Any]:
    return {**scope_of(row), "date_generation": row.date_generation}


def _timer(row: Any, workflow: Workflow) -> Timer:
    """What is kept of the moment that was planned for a wedding; the trigger is the draft's."""
    kept = {name: getattr(row, f"timer_{name}", None) for name in _OF_TIMER}
    return Timer(
        workflow_id=workflow.id,
        key="",
        organization_id=workflow.organization_id,
        kind=KIND,
        wedding_id=None,
        due_at=None,
        generation=0,
        causation=None,
        version_id=workflow.live_version_id or _NO_VERSION,
        trigger={},
        **kept,
    )
