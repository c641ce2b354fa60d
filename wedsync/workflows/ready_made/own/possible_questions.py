"""What of a workflow can be asked each time it is made again, the likeliest first.

Accounts always are. People, addresses and what is chosen at an account are asked or left open,
since they are nobody else's; a length of time or a subject line is asked or stays as it is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from wedsync.workflows.catalogue import Entries
from wedsync.workflows.editing.draft_operations import located
from wedsync.workflows.ready_made.own import field_questions, named_questions
from wedsync.workflows.ready_made.own.leaving_out import Privacy
from wedsync.workflows.ready_made.own.possible_question import REST, Looked, Possible
from wedsync.workflows.ready_made.recipe import MOST_QUESTIONS

FEWEST_SUGGESTED = 2


def possible(
    organization_id: UUID, definition: Any, entries: Entries, privacy: Privacy
) -> tuple[Possible, ...]:
    """Everything that can be asked, the likeliest first, then in reading order."""
    steps = {str(each.step.get("id")): each.step for each in located(definition)}
    looked = Looked(organization_id, definition, entries, privacy, steps)
    found = _joined([*named_questions.questions(looked), *field_questions.questions(looked)])
    return tuple(sorted(found, key=lambda each: each.rank))


def suggested(found: Sequence[Possible]) -> tuple[Possible, ...]:
    """The likeliest: every account there is room for, then people, lengths of time and subjects."""
    likely = [each for each in found if each.rank < REST][:MOST_QUESTIONS]
    others = [each for each in found if each.rank == REST]
    return (*likely, *others[: max(FEWEST_SUGGESTED - len(likely), 0)])


def _joined(found: Iterable[Possible]) -> list[Possible]:
    """What stands in several places is one question with all of them."""
    by_key: dict[str, Possible] = {}
    for each in found:
        there = by_key.setdefault(each.question.key, each)
        if there is not each:
            places = (*there.question.places, *each.question.places)
            question = there.question.model_copy(update={"places": places})
            by_key[each.question.key] = replace(there, question=question)
    return list(by_key.values())
