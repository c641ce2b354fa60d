"""Which parts of the builder are drawn anew, as one who says what they show is answered.

A list in which few steps came, went or moved is put right step by step, so that an answer stays
small however long the workflow is; in one that differs in many it is drawn as a whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
_STEP, _BRANCH = "step-", "in-"


@dataclass(frozen=True, slots=True)
class Differing:
    """`parts` are those of `board_changes.changed`, to be drawn where they stand. Before that the
    elements `gone` are taken away, and each step of `put` is drawn below the element beside it.
    Of steps with branches that are not drawn as a whole, `mains` are those that differ without
    them, and `branches` those that do, each beside its step; those that came are `put_branches`,
    each with the element that it is drawn below. What `stays` is there already, wherever it stands
    by now."""

    parts: frozenset[str] = frozenset()
    gone: tuple[str, ...] = ()
    put: tuple[tuple[str, BoardStep], ...] = ()
    mains: tuple[BoardStep, ...] = ()
    branches: tuple[tuple[BoardStep, BoardBranch], ...] = ()
    put_branches: tuple[tuple[str, BoardStep, BoardBranch], ...] = ()
    stays: frozenset[str] = frozenset()


def differing(
    held: Mapping[str, str], board: Board, retyped: frozenset[str] = frozenset()
) -> Differing:
    """What differs from what a page says that it holds (`board_changes.read_held`, in order), and
    what was `retyped`.

    Which steps stand in its list is told by those it names: what the list says of itself is as old
    as the list, in which single steps came and went since.
    """

    before = [name for name in held if name.startswith(_STEP)]
    now = [step.element for step in board.steps]
    others = (frozenset(changed(held, board).parts) | retyped) - {STEPS, *now}
    kept = _kept(before, now)
    inside = _branches_held(held)
    redrawn = {
        step.element
        for step in board.steps
        if step.element in kept
        and (board.parts[step.element] != held[step.element] or not _begins_alike(step, inside))
    }
    stay = [step for step in board.steps if step.branches and step.element in kept - redrawn]
    found = _within(stay, held, board, inside)
    if before == now:
        return replace(found, parts=others | redrawn)
    if not kept or len(redrawn) + len(now) - len(kept) > _FEW:
        return Differing(others | {STEPS})
    above = [board.trigger.element, *now]
    put = [(above[at], step) for at, step in enumerate(board.steps) if step.element not in kept]
    gone = tuple(each for each in before if each not in kept)
    return replace(found, parts=others | redrawn, gone=(*gone, *found.gone), put=tuple(put))


def staying(held: Mapping[str, str], board: Board) -> frozenset[str]:
    """The parts that a page has as they are now."""
    return frozenset(part for part, digest in board.parts.items() if held.get(part) == digest)


def _within(
    steps: Sequence[BoardStep],
    held: Mapping[str, str],
    board: Board,
    inside: Mapping[str, Sequence[str]],
) -> Differing:
    """What differs in `steps` with branches that stay as a whole."""

    def differs(part: str) -> bool:
        return held.get(part) != board.parts[part]

    mains = tuple(step for step in steps if differs(main_part(step)))
    branches, put, gone = [], [], []
    for step in steps:
        there = inside[step.element]
        parts = [branch_part(each) for each in step.branches]
        gone += [each.removeprefix(_BRANCH) for each in there if each not in parts]
        for at, each in enumerate(step.branches):
            if parts[at] not in there:
                put.append((step.branches[at - 1].element, step, each))
            elif differs(parts[at]):
                branches.append((step, each))
    return Differing(
        gone=tuple(gone), mains=mains, branches=tuple(branches), put_branches=tuple(put)
    )


def _branches_held(held: Mapping[str, str]) -> dict[str, list[str]]:
    """By step of the list, the parts of its branches that a page holds: they follow it."""
    found: dict[str, list[str]] = {}
    step = ""
    for name in held:
        if name.startswith(_STEP):
            step = name
            found[step] = []
        elif name.startswith(_BRANCH) and step:
            found[step].append(name)
    return found


def _begins_alike(step: BoardStep, inside: Mapping[str, Sequence[str]]) -> bool:
    """Whether the first branch of a step is there: the others are put below it."""
    return not step.branches or branch_part(step.branches[0]) in inside[step.element]


def _kept(before: Sequence[str], now: Sequence[str]) -> frozenset[str]:
    """The elements that stay where they are, as the others come and go around them."""
    matcher = SequenceMatcher(None, before, now, autojunk=False)
    blocks = matcher.get_matching_blocks()
    return frozenset(each for at, _, size in blocks for each in before[at : at + size])
