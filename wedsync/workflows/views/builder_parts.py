"""Which parts of the builder are drawn anew, as one who says what they show is answered.

A list in which few steps came, went or moved is put right step by step, so that an answer stays
small however long the workflow is; in one that differs in many it is drawn as a whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from wedsync.workflows.building.board.board_changes import (
    STEPS,
    branch_part,
    changed,
    main_part,
)
from wedsync.workflows.building.board.board_parts import Board, BoardBranch, BoardStep

_FEW = 4
"""Steps of a list that are drawn one by one at most; so many are no less work than the list."""
_STEP = "step-"


@dataclass(frozen=True, slots=True)
class Differing:
    """`parts` are those of `board_changes.changed`, to be drawn where they stand. Before that the
    elements `gone` are taken away, and each step of `put` is drawn below the element beside it.
    Of steps with branches that are not drawn as a whole, `mains` are those that differ without
    them, and `branches` those that do, each beside its step."""

    parts: frozenset[str] = frozenset()
    gone: tuple[str, ...] = ()
    put: tuple[tuple[str, BoardStep], ...] = ()
    mains: tuple[BoardStep, ...] = ()
    branches: tuple[tuple[BoardStep, BoardBranch], ...] = ()


def differing(
    held: Mapping[str, str], board: Board, retyped: frozenset[str] = frozenset()
) -> Differing:
    """What differs from what a page says that it holds (`board_changes.read_held`, in order), and
    what was `retyped`.

    Which steps stand in its list is told by those it names: what the list says of itself is as old
    as the list, in which single steps came and went since.
    """

    def differs(part: str) -> bool:
        return held.get(part) != board.parts[part]

    before = [name for name in held if name.startswith(_STEP)]
    now = [step.element for step in board.steps]
    others = (frozenset(changed(held, board).parts) | retyped) - {STEPS, *now}
    kept = _kept(before, now)
    redrawn = {each for each in kept if board.parts.get(each) != held[each]}
    stay = [step for step in board.steps if step.branches and step.element in kept - redrawn]
    mains = tuple(step for step in stay if differs(main_part(step)))
    branches = tuple(
        (step, each) for step in stay for each in step.branches if differs(branch_part(each))
    )
    if before == now:
        return Differing(others | redrawn, mains=mains, branches=branches)
    if not kept or len(redrawn) + len(now) - len(kept) > _FEW:
        return Differing(others | {STEPS})
    above = [board.trigger.element, *now]
    put = [(above[at], step) for at, step in enumerate(board.steps) if step.element not in kept]
    gone = [each for each in before if each not in kept]
    return Differing(others | redrawn, tuple(gone), tuple(put), mains, branches)


def _kept(before: Sequence[str], now: Sequence[str]) -> frozenset[str]:
    """The elements that stay where they are, as the others come and go around them."""
    matcher = SequenceMatcher(None, before, now, autojunk=False)
    blocks = matcher.get_matching_blocks()
    return frozenset(each for at, _, size in blocks for each in before[at : at + size])
