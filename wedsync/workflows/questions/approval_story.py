"""A question as its page tells it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from wedsync.platform.db import db
from wedsync.platform.wording import State, Wording, capital, in_words
from wedsync.workflows.questions import approval_bounds, approval_people, approval_queries
from wedsync.workflows.questions.approval_queries import ApprovalLine
from wedsync.workflows.questions.approval_words import (
    Follows,
    NameOf,
    decided_words,
    label_of,
    state_words,
    what_follows,
)
from wedsync.workflows.run_models import NO_ITEM

_LONGEST_TITLE, _LONGEST_LINE = 90, 160


@dataclass(frozen=True, slots=True)
class ApprovalStory:
    """Everything the page says. The title is the question, `rest` what else was written;
    `item` says which of a loop's items it is about, `held_back` why an e-mail about it did not
    leave yet."""

    id: UUID
    run_id: UUID
    workflow_id: UUID
    workflow_name: str
    title: str
    rest: tuple[str, ...]
    in_a_line: str
    item: str
    asked: str
    held_back: str
    since: datetime
    state: State
    is_open: bool
    follows: Follows
    decided: str
    note: tuple[str, ...]


def tell(
    line: ApprovalLine,
    words: Wording,
    name_of: NameOf = label_of,
    *,
    for_outsiders: bool = False,
) -> ApprovalStory:
    """The story of one question, for somebody who looks at `words.now`."""
    approval = line.approval
    said = _paragraphs(approval.ask)
    title, rest = _titled(said)
    return ApprovalStory(
        id=approval.id,
        run_id=line.run_id,
        workflow_id=line.workflow_id,
        workflow_name=line.workflow_name,
        title=title,
        rest=rest,
        in_a_line=_cut(" ".join(said), _LONGEST_LINE),
        item=f"number {line.item + 1:,}" if line.item != NO_ITEM else "",
        asked=_asked(line),
        held_back=approval_bounds.WORDS if approval.held_until and line.is_open else "",
        since=approval.created_at,
        state=state_words(line),
        is_open=line.is_open,
        follows=what_follows(
            approval_queries.definition_of(line),
            approval.step_id,
            approval.on_expiry,
            approval.expires_at,
            words,
            name_of,
            for_outsiders=for_outsiders,
        ),
        decided=decided_words(line, words),
        note=_paragraphs(approval.note or ""),
    )


def _titled(said: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The title and what stands below it: the question itself where reasons lead up to it, else
    how it begins."""
    if not said:
        return "", ()
    if len(said) > 1 and said[-1].endswith("?") and len(said[-1]) <= _LONGEST_TITLE:
        return said[-1], said[:-1]
    title = _cut(said[0], _LONGEST_TITLE)
    return title, said[1:] if title == said[0] else said


def _asked(line: ApprovalLine) -> str:
    named = (
        approval_people.asked_words(db.session, line.organization_id, who) for who in line.asked_of
    )
    return ", then ".join(dict.fromkeys(named))


def _cut(said: str, longest: int) -> str:
    """At most so many characters, cut between two words."""
    if len(said) <= longest:
        return said
    whole_words = said[:longest].rpartition(" ")[0] or said[:longest]
    return f"{whole_words.rstrip(' ,;:')} …"


def _paragraphs(said: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in said.splitlines() if part.strip())


def news(open_ones: Sequence[ApprovalLine]) -> str:
    """What the list begins with."""
    if not open_ones:
        return "Nothing waits for a yes or a no."
    if len(open_ones) == 1:
        return "One thing waits for a yes or a no before it goes on."
    several = capital(in_words(len(open_ones)))
    return f"{several} things wait for a yes or a no before they go on."
