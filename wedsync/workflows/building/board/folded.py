"""What a branch says of its steps while they are folded."""

from collections.abc import Sequence

from wedsync.platform.wording import count
from wedsync.workflows.building.board.board_parts import BoardStep
from wedsync.workflows.engine.plain_words import clip

_FIRST, _LONGEST = 2, 40


def summary_of(steps: Sequence[BoardStep]) -> str:
    """`3 steps`, those inside them counted; `nothing yet`."""
    return count(_inside(steps), "step") if steps else "nothing yet"


def folded_words(steps: Sequence[BoardStep]) -> str:
    """`4 steps: Ask Imogen, Send the count and 2 more; 1 to mend`"""
    if not steps:
        return "Nothing yet"
    first = ", ".join(clip(step.called, _LONGEST) for step in steps[:_FIRST])
    left = len(steps) - _FIRST
    more = f" and {left} more" if left > 0 else ""
    unready = _unready(steps)
    mend = f"; {unready} to mend" if unready else ""
    return f"{summary_of(steps)}: {first}{more}{mend}"


def _inside(steps: Sequence[BoardStep]) -> int:
    return sum(1 + sum(_inside(branch.steps) for branch in step.branches) for step in steps)


def _unready(steps: Sequence[BoardStep]) -> int:
    return sum(
        (step.state.kind == "needs") + sum(_unready(branch.steps) for branch in step.branches)
        for step in steps
    )
