"""Editing drafts: a draft is the log of what was done to it.

Every change goes through that log (`draft_log`), so the draft after any of them can be worked out
again, and any can be undone and done again, also tomorrow and by somebody else.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol
from uuid import UUID

from wedsync.errors import Conflict, PreconditionRequired, Stale
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.workflows import queries
from wedsync.workflows.catalogue import entries, infos_of
from wedsync.workflows.editing import differences, draft_log, patches
from wedsync.workflows.editing.checking import problems_of
from wedsync.workflows.editing.differences import Difference
from wedsync.workflows.editing.draft_operations import KINDS, Move, Operation, Replace
from wedsync.workflows.editing.draft_operations import apply as done_to
from wedsync.workflows.editing.recording import record
from wedsync.workflows.engine import Problem
from wedsync.workflows.models import DraftOperation, Workflow
from wedsync.workflows.page_queries import source_names

_LONGEST_WORDS = 200


@dataclass(frozen=True)
class Draft:
    """A workflow whose draft is looked at: what stands in the way of publishing it, and what can be
    undone and done again, in words. Each is looked up when it is asked for first."""

    workflow: Workflow

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        workflow = self.workflow
        found = problems_of(workflow.organization_id, workflow.draft, workflow_id=workflow.id)
        return tuple(found)

    @property
    def undo(self) -> str | None:
        return self._words.get(self.workflow.draft_operation)

    @property
    def redo(self) -> str | None:
        return self._words.get(self.workflow.draft_operation + 1)

    @cached_property
    def _words(self) -> dict[int, str]:
        return draft_log.words_around(self.workflow)


class Step(Protocol):
    """Going one step along the log: `undo`, `redo`, `discard`."""

    def __call__(
        self,
        organization_id: UUID,
        workflow_id: UUID,
        *,
        expected_revision: int | None = None,
        by: Identity | None = None,
    ) -> Draft: ...


def look_at(workflow: Workflow) -> Draft:
    """The workflow's draft with its problems."""
    return Draft(workflow)


def validate(
    organization_id: UUID, workflow_id: UUID, definition: Any | None = None
) -> list[Problem]:
    """What stands in the way of publishing the draft, or this `definition` in its place."""
    workflow = queries.get_workflow(organization_id, workflow_id)
    looked_at = workflow.draft if definition is None else definition
    return problems_of(organization_id, looked_at, workflow_id=workflow_id)


def edit(
    organization_id: UUID,
    workflow_id: UUID,
    operations: Sequence[Operation],
    *,
    expected_revision: int | None,
    by: Identity | None = None,
    words: str | None = None,
    about: str | None = None,
) -> Draft:
    """Do all of this to the draft that is at `expected_revision`, as one thing to undo.

    Who knows what was done names it in `words`, and the step it is `about`; else what is different
    then tells.

    Raises PreconditionRequired without a revision; Stale, with the current draft, when somebody
    changed it since; Invalid and Conflict when one of the operations does not fit.
    """
    workflow = queries.get_workflow(organization_id, workflow_id, lock=True)
    if expected_revision is None:
        raise PreconditionRequired(
            "Say which draft you are changing: send its ETag as `If-Match`.",
        )
    check_revision(workflow, expected_revision)
    return change(workflow, operations, by=by, words=words, about=about)


def change(
    workflow: Workflow,
    operations: Sequence[Operation],
    *,
    by: Identity | None = None,
    words: str | None = None,
    about: str | None = None,
) -> Draft:
    """Do all of this to the draft as it is, its row locked by who asks; see `edit`."""
    document = done_to(workflow.draft, operations)
    said = (words, about) if words else None
    _become(workflow, document, _kind(operations), by, _taken(operations), said=said)
    return look_at(workflow)


def replace(
    organization_id: UUID,
    workflow_id: UUID,
    definition: Any,
    *,
    expected_revision: int | None,
    by: Identity | None = None,
) -> Draft:
    """Put another document in the place of the draft that is at `expected_revision`."""
    return edit(
        organization_id,
        workflow_id,
        [Replace(definition)],
        expected_revision=expected_revision,
        by=by,
    )


def undo(
    organization_id: UUID,
    workflow_id: UUID,
    *,
    expected_revision: int | None = None,
    by: Identity | None = None,
) -> Draft:
    """Take the last operation back. Raises Conflict when there is none, Stale."""
    workflow = _locked(organization_id, workflow_id, expected_revision)
    return take_back(workflow, draft_log.operation(workflow, workflow.draft_operation), by=by)


def take_back(
    workflow: Workflow, last: DraftOperation | None, *, by: Identity | None = None
) -> Draft:
    """The same where the row is locked by who asks, who read the `last` operation."""
    if last is None:
        raise Conflict("There is nothing to undo.", code="nothing_to_undo")
    workflow.draft = draft_log.before(workflow.draft, last)
    _step_to(workflow, last.number - 1)
    record("draft_undone", workflow, by, operation=last.number)
    return look_at(workflow)


def redo(
    organization_id: UUID,
    workflow_id: UUID,
    *,
    expected_revision: int | None = None,
    by: Identity | None = None,
) -> Draft:
    """Do again what was undone last. Raises Conflict when there is nothing, Stale."""
    workflow = _locked(organization_id, workflow_id, expected_revision)
    following = draft_log.operation(workflow, workflow.draft_operation + 1)
    return do_again(workflow, following, by=by)


def do_again(
    workflow: Workflow, following: DraftOperation | None, *, by: Identity | None = None
) -> Draft:
    """The same where the row is locked by who asks, who read the operation that is `following`."""
    if following is None:
        raise Conflict("There is nothing to redo.", code="nothing_to_redo")
    workflow.draft = draft_log.after(workflow.draft, following)
    _step_to(workflow, following.number)
    record("draft_redone", workflow, by, operation=following.number)
    return look_at(workflow)


def discard(
    organization_id: UUID,
    workflow_id: UUID,
    *,
    expected_revision: int | None = None,
    by: Identity | None = None,
) -> Draft:
    """Go back to what is live; that can be undone like anything else. Raises Conflict, Stale."""
    workflow = _locked(organization_id, workflow_id, expected_revision)
    live = queries.live_version(workflow)
    if live is None:
        raise Conflict(
            "Nothing is live yet that the draft could go back to.", code="workflow_not_published"
        )
    words = f"went back to version {live.number}"
    _become(workflow, live.definition, "replace", by, said=(words, None))
    return look_at(workflow)


def differences_between(organization_id: UUID, old: Any, new: Any) -> list[Difference]:
    """What is different, with everything called as this organization calls it."""
    known = infos_of(entries(organization_id))
    return differences.between(old, new, known, source_names(organization_id))


def check_revision(workflow: Workflow, expected: int | None) -> None:
    """Refuse who has not seen the draft as it is. Raises Stale."""
    if expected is None or expected == workflow.draft_revision:
        return
    raise Stale(
        "Somebody changed this workflow since you read it. Look at it again, then decide.",
        extra={
            "current": {
                "id": str(workflow.id),
                "draft_revision": workflow.draft_revision,
                "definition": workflow.draft,
            }
        },
    )


def _locked(organization_id: UUID, workflow_id: UUID, expected_revision: int | None) -> Workflow:
    workflow = queries.get_workflow(organization_id, workflow_id, lock=True)
    check_revision(workflow, expected_revision)
    return workflow


def _become(
    workflow: Workflow,
    document: Any,
    kind: str,
    by: Identity | None,
    taken: Collection[str] = (),
    *,
    said: tuple[str, str | None] | None = None,
) -> None:
    """Write the change that makes this document of the draft; nothing when it is one already.
    `said` are its words and the step it is about."""
    patch = patches.between(workflow.draft, document)
    if not patch.after:
        return
    words, about = said or _told(workflow, document, taken)
    row = {
        "kind": kind,
        "step_id": about,
        "words": words[:_LONGEST_WORDS],
        "made_by": by.user_id if by else None,
    }
    number = draft_log.add(workflow, patch, row)
    workflow.draft = document
    _step_to(workflow, number)
    draft_log.prune(workflow)
    record("draft_changed", workflow, by, revision=workflow.draft_revision, operation=number)


def _told(workflow: Workflow, document: Any, taken: Collection[str]) -> tuple[str, str | None]:
    """What is different in the document, as the name of what was done, and the step it is about."""
    known = infos_of(entries(workflow.organization_id))
    names = source_names(workflow.organization_id)
    found = differences.between(workflow.draft, document, known, names, taken=taken)
    steps = {each.step for each in found}
    return differences.done_words(found), steps.pop() if len(steps) == 1 else None


def _step_to(workflow: Workflow, number: int) -> None:
    workflow.draft_operation = number
    workflow.draft_revision += 1
    db.session.flush()


def _kind(operations: Sequence[Operation]) -> str:
    kinds = {KINDS[type(operation)] for operation in operations}
    return kinds.pop() if len(kinds) == 1 else "change"


def _taken(operations: Sequence[Operation]) -> frozenset[str]:
    """The steps somebody took hold of, of which the words say that they were moved."""
    return frozenset(each.step for each in operations if isinstance(each, Move))
