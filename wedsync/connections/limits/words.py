"""A connection's budget in sentences."""

from collections.abc import Sequence

from wedsync.connections.limits.queries import Budget
from wedsync.platform.wording import Wording, count, number

_SPANS = {1: "a second", 60: "a minute", 3_600: "an hour", 86_400: "a day"}


def sentences(budget: Budget | None, name: str, words: Wording) -> Sequence[str]:
    """How often `name` may be called, what is left, and when what waits goes on; nothing where
    nobody knows of a limit."""
    if budget is None:
        return ()
    said = (_allowed(budget), _left(budget, name, words), _waiting(budget, words))
    return tuple(each for each in said if each)


def _allowed(budget: Budget) -> str:
    if budget.limit is None or budget.seconds is None:
        return ""
    span = _SPANS.get(budget.seconds) or f"in {_length(budget.seconds)}"
    return f"Up to {count(budget.limit, 'call')} {span}."


def _length(seconds: int) -> str:
    for unit, one in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds % unit == 0:
            return count(seconds // unit, one)
    return count(seconds, "second")


def _left(budget: Budget, name: str, words: Wording) -> str:
    if budget.held_until is not None:
        return f"{name} asked us to wait; we go on {words.at(budget.held_until)}."
    if budget.resets_at is None or budget.remaining is None:
        return ""
    left = number(budget.remaining) if budget.remaining else "None"
    of = f"{left} of {count(budget.limit, 'call')}" if budget.limit else f"{left} of the calls"
    return f"{of} left until {words.moment(budget.resets_at)}."


def _waiting(budget: Budget, words: Wording) -> str:
    if not budget.waiting or budget.goes_on_at is None or budget.done_at is None:
        return ""
    waits = "waits" if budget.waiting == 1 else "wait"
    who = f"{count(budget.waiting, 'action')} {waits} for a turn"
    if budget.waiting == 1:
        return f"{who} and goes on {words.at(budget.goes_on_at)}."
    ends = words.at(budget.done_at)
    return f"{who}. The next goes on {words.at(budget.goes_on_at)}, the last {ends}."
