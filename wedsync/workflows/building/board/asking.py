"""Problems that are questions, in the words of the row: `Step 4 needs an answer: which date?`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from wedsync.workflows.building.board.board_parts import BoardProblem
from wedsync.workflows.building.board.lede import Said
from wedsync.workflows.building.board.repairs import is_of_gone
from wedsync.workflows.building.board.setting import Setting
from wedsync.workflows.building.sentences.action_slots import question_for
from wedsync.workflows.building.sentences.slots import questions

_INPUT = "input."


def asked(
    setting: Setting,
    problems: Sequence[BoardProblem],
    said: Said,
    numbers: Mapping[str, str],
    uses: Mapping[str, str],
) -> tuple[BoardProblem, ...]:
    """The problems, those that a row asks for in its words. `uses` are the actions of steps."""
    asking = {
        (step, slot.field): slot.words for step, parts in said.items() for slot in questions(parts)
    }
    return tuple(
        _asking(setting, each, asking[each.step, each.field], numbers, uses.get(each.step or ""))
        if (each.step, each.field) in asking and not is_of_gone(each)
        else each
        for each in problems
    )


def _asking(
    setting: Setting,
    problem: BoardProblem,
    question: str,
    numbers: Mapping[str, str],
    use: str | None,
) -> BoardProblem:
    place = "The start" if problem.step is None else f"Step {numbers[problem.step]}"
    entry = setting.entries.get(use or "")
    if problem.field == "connection" and entry and not setting.accounts.get(entry.connector):
        connecting = tuple(each for each in problem.repairs if each.connect)
        return replace(
            problem,
            place=f"{place} needs an account",
            message=f"{entry.connector_name} is not connected.",
            fix="",
            repairs=connecting or problem.repairs,
        )
    if entry and problem.field.startswith(_INPUT):
        question = question_for(entry, problem.field.removeprefix(_INPUT))
    return replace(problem, place=f"{place} needs an answer", message=question, fix="")
