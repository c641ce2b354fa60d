"""Which parts of the board differ from what a page shows, so that an answer holds only those.

A page says what it shows by the digests it was given: what others changed is drawn anew as well.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from wedsync.workflows.building.board.board_parts import Board, BoardBranch, BoardStep
from wedsync.workflows.building.sentences.slots import questions

STEPS = "steps"
"""The part of the list itself: which steps stand in it, in which order."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The parts to be drawn anew, in the order of the page. Where other steps stand in the list, or
    in another order, it is drawn as a whole: `steps` is among them, and no single step."""

    parts: tuple[str, ...]

    @property
    def is_nothing(self) -> bool:
        return not self.parts


def with_digests(board: Board) -> Board:
    """The board with a digest of what each part shows."""
    return replace(board, parts=_digests(board))


def _digests(board: Board) -> dict[str, str]:
    is_begun = board.count > 0 or board.trigger.is_chosen
    found = {
        "bar": digest(board.bar, board.errors, board.revision),
        "menu": digest(bool(board.bar.live and board.bar.draft)),
        "lede": digest(board.lede, is_begun),
        "problems": digest(board.problems, board.unreadable),
        "others": digest(board.others),
        "samples": digest(board.sample, board.samples, board.count == 0, is_begun),
        "trigger": digest(board.trigger, board.may_edit),
        STEPS: digest([step.element for step in board.steps]),
        "tools": digest(board.end, board.paste, board.may_edit, board.count == 0),
    }
    for step in board.steps:
        alone = replace(step, branches=()), board.may_edit
        if step.branches:
            found[main_part(step)] = digest(alone)
        found[step.element] = digest(_layout(step) if step.branches else alone, board.may_edit)
        for branch in step.branches:
            own = branch, step.id, _is_asked(step, branch), board.may_edit
            found[branch_part(branch)] = digest(own)
    return found


def branch_part(branch: BoardBranch) -> str:
    """The part that a branch of one of the workflow's own steps is."""
    return f"in-{branch.element}"


def main_part(step: BoardStep) -> str:
    """The part that a step with branches is without them."""
    return f"main-{step.element}"


def _is_asked(step: BoardStep, branch: BoardBranch) -> bool:
    """Whether the step's own sentence asks when this branch is taken."""
    asked = f"branches.{branch.number}.when"
    return any(each.field == asked for each in questions(step.said))


def _layout(step: BoardStep) -> tuple[object, ...]:
    """How a step stands in its list, and how its branches stand beside one another: one below the
    other where they hold branches of their own, else by how many they are."""
    stands = step.is_off, step.is_passed_over, step.is_selected, step.is_last, step.role
    is_stacked = any(inner.branches for each in step.branches for inner in each.steps)
    count = len(step.branches)
    return stands, is_stacked or (count == 1, count in (2, 4))


def changed(held: Board | Mapping[str, str], after: Board) -> Changes:
    """What differs between what a page shows (`Board.parts` of it) and the board of now."""
    before = held.parts if isinstance(held, Board) else held
    now = after.parts
    differ = [part for part, digest in now.items() if before.get(part) != digest]
    if STEPS in differ:
        elements = {step.element for step in after.steps}
        elements |= {main_part(step) for step in after.steps}
        elements |= {branch_part(each) for step in after.steps for each in step.branches}
        differ = [part for part in differ if part not in elements]
    return Changes(tuple(differ))


def read_held(posted: str) -> dict[str, str]:
    """What a page says that it shows: a line for each part, its name and its digest."""
    pairs = (line.split() for line in posted.splitlines())
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def digest(*shown: object) -> str:
    """A few letters that differ where what is shown does."""
    return hashlib.blake2b(repr(shown).encode("utf-8", "replace"), digest_size=6).hexdigest()
