"""When a wedding's moment comes for a workflow, and what then: pure, for firing and for previews.

`plan` of a wedding's timer is `{"rule": [anchor, offset_days, at], "for": instant or null, "asks":
null, "late" or "moved", "days": n}`. The row's `due_at` only says when to look: whoever looks plans
anew from the wedding as it is then, and what comes of it is what counts.

A moment comes once. It comes again when the wedding was postponed since, or when the day it is
counted from moved by more than `AGAIN_AFTER_DAYS`; after a smaller move somebody is asked, at the
new moment, whether it should. A moment that has passed when it is planned follows the trigger's
`late`; one that is planned for the first time more than `TOO_OLD` ago is never taken.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from wedsync.workflows.clockwork.timer_rows import Timer
from wedsync.workflows.engine.anchors import anchor_date, moment

LIVE = ("tentative", "booked", "postponed", "completed")
"""Weddings something is counted for: an inquiry is none yet, a cancelled one is over."""

AGAIN_AFTER_DAYS = 30
TOO_OLD = timedelta(days=30)

Asks = Literal["late", "moved"]


@dataclass(frozen=True, slots=True)
class Planned:
    """The moment that is to come, None for none; `asks` when a person decides whether it does.
    `passed`: it has gone by and is left out, as the trigger's `late` says."""

    moment: datetime | None
    asks: Asks | None = None
    days: int = 0
    passed: datetime | None = None


NOTHING = Planned(None)


def planned(timer: Timer, wedding: Mapping[str, Any], now: datetime) -> Planned:
    """What is to come for this timer, as the wedding stands (`scope` and `date_generation`)."""
    anchor, offset, at = rule_of(timer.trigger)
    day = anchor_date(wedding, anchor)
    comes = moment(wedding, anchor, offset, at)
    if day is None or comes is None or wedding["status"] not in LIVE:
        return NOTHING
    moved = _moved_days(timer, wedding, day)
    if moved == 0:
        return NOTHING
    if moved is not None and moved <= AGAIN_AFTER_DAYS:
        return Planned(comes, "moved", moved)
    if comes > now or _is_as_planned(timer, comes):
        return Planned(comes)
    return _late(timer, comes, now)


def settle(timer: Timer, plan: Planned, wedding: Mapping[str, Any], now: datetime) -> None:
    """Write the plan into the timer: due when it comes, at once when it has gone by."""
    rule = list(rule_of(timer.trigger))
    if timer.fired_at and (timer.fired_for is None or _rule(timer)[:1] != rule[:1]):
        timer.fired_for = anchor_date(wedding, str(rule[0]))  # counted from another day since
    timer.plan = {
        "rule": rule,
        "for": plan.moment.isoformat() if plan.moment else None,
        "asks": plan.asks,
        "days": plan.days,
    }
    timer.due_at = max(plan.moment, now) if plan.moment else None


def fired(timer: Timer, wedding: Mapping[str, Any], now: datetime) -> None:
    """The moment came: nothing more is planned until the wedding's dates say so."""
    timer.fired_at = now
    timer.fired_for = anchor_date(wedding, str(timer.trigger["anchor"]))
    timer.fired_generation = wedding["date_generation"]
    timer.generation += 1
    timer.due_at = None
    timer.plan = {"rule": list(rule_of(timer.trigger)), "for": None, "asks": None, "days": 0}


def rule_of(trigger: Mapping[str, Any]) -> tuple[str, int, str]:
    """What a trigger counts: anchor, days, time of day."""
    return str(trigger["anchor"]), int(trigger["offset_days"]), str(trigger["at"])


def planned_for(timer: Timer) -> datetime | None:
    """The moment that was planned last."""
    written = (timer.plan or {}).get("for")
    return datetime.fromisoformat(written) if written else None


def _moved_days(timer: Timer, wedding: Mapping[str, Any], day: date) -> int | None:
    """By how many days it moved since it came; None when it may come as if it never had."""
    if timer.fired_at is None or wedding["date_generation"] != timer.fired_generation:
        return None
    if timer.fired_for is None or _rule(timer)[:1] != [timer.trigger["anchor"]]:
        return 0
    days = abs((day - timer.fired_for).days)
    return days if days <= AGAIN_AFTER_DAYS else None


def _late(timer: Timer, comes: datetime, now: datetime) -> Planned:
    is_first = planned_for(timer) is None or _rule(timer) != list(rule_of(timer.trigger))
    policy = timer.trigger.get("late", "ask")
    if policy == "skip" or (is_first and comes < now - TOO_OLD):
        return Planned(None, passed=comes)
    return Planned(comes, "late" if policy == "ask" else None)


def _is_as_planned(timer: Timer, comes: datetime) -> bool:
    """Whether it was planned while it was still to come: a drain that is behind is not late."""
    plan = timer.plan or {}
    is_same = planned_for(timer) == comes and _rule(timer) == list(rule_of(timer.trigger))
    return is_same and plan.get("asks") != "late"


def _rule(timer: Timer) -> list[Any]:
    return list((timer.plan or {}).get("rule", ()))
