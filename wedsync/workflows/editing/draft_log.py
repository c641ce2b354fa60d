"""The log of a draft: an operation a row, each with the parts of the document it replaced.

`Workflow.draft` is the document after `Workflow.draft_operation`; operations after that one were
undone. The oldest are forgotten, and can then no longer be undone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select

from wedsync.platform.db import db
from wedsync.workflows.editing import patches
from wedsync.workflows.editing.patches import Patch
from wedsync.workflows.models import DraftOperation, Workflow

MOST_KEPT = 1_000
MOST_KEPT_BYTES = 16 * 1024 * 1024
_PRUNED_EVERY = 20


@dataclass(frozen=True, slots=True)
class Passed:
    """An operation, and the draft before and after it."""

    operation: DraftOperation
    before: Any
    after: Any


def add(workflow: Workflow, patch: Patch, said: Mapping[str, Any]) -> int:
    """Write down what is done to the draft, with what is said of it; its number. What was undone
    is forgotten."""
    number = workflow.draft_operation + 1
    _forget_undone(workflow)
    db.session.add(
        DraftOperation(
            workflow_id=workflow.id,
            organization_id=workflow.organization_id,
            number=number,
            before=patch.before,
            after=patch.after,
            **said,
        )
    )
    return number


def operation(workflow: Workflow, number: int) -> DraftOperation | None:
    """The operation of this number, undone or not; None when there is none, or none any more."""
    return db.session.scalar(
        select(DraftOperation).where(*_of(workflow), DraftOperation.number == number)
    )


def words_around(workflow: Workflow) -> dict[int, str]:
    """What was done last, and what was undone last, by number."""
    here = workflow.draft_operation
    rows = db.session.execute(
        select(DraftOperation.number, DraftOperation.words).where(
            *_of(workflow), DraftOperation.number.in_((here, here + 1))
        )
    )
    return dict(rows.all())


def before(document: Any, operation: DraftOperation) -> Any:
    """The document as it was before this operation, which was the last that was done to it."""
    return patches.revert(document, _patch_of(operation))


def after(document: Any, operation: DraftOperation) -> Any:
    """The document as it is after this operation, which is the next to be done to it."""
    return patches.apply(document, _patch_of(operation))


def going_back(workflow: Workflow, most: int) -> Iterator[Passed]:
    """The last operations the draft holds, the latest first, each with the draft around it."""
    document = workflow.draft
    here = workflow.draft_operation
    for row in reversed(_operations(workflow, (here - most, here))):
        earlier = before(document, row)
        yield Passed(row, earlier, document)
        document = earlier


def undone(workflow: Workflow, most: int) -> Iterator[Passed]:
    """The operations that were undone, the one undone last first, each with the draft around it."""
    document = workflow.draft
    here = workflow.draft_operation
    for row in _operations(workflow, (here, here + most)):
        later = after(document, row)
        yield Passed(row, document, later)
        document = later


def _patch_of(operation: DraftOperation) -> Patch:
    return Patch(operation.before, operation.after)


def prune(workflow: Workflow) -> None:
    """Now and then, forget what no longer fits into the log's bounds."""
    if workflow.draft_operation % _PRUNED_EVERY == 0:
        _forget_oldest(workflow)


def _forget_undone(workflow: Workflow) -> None:
    db.session.execute(
        delete(DraftOperation).where(
            *_of(workflow), DraftOperation.number > workflow.draft_operation
        )
    )


def _forget_oldest(workflow: Workflow) -> None:
    """Keep the log within its bounds; what is older can no longer be undone."""
    size = func.pg_column_size(DraftOperation.before) + func.pg_column_size(DraftOperation.after)
    kept = select(
        DraftOperation.number,
        func.row_number().over(order_by=DraftOperation.number.desc()).label("place"),
        func.sum(size).over(order_by=DraftOperation.number.desc()).label("bytes"),
    ).where(*_of(workflow))
    log = kept.subquery()
    too_old = select(func.max(log.c.number)).where(
        (log.c.place > MOST_KEPT) | (log.c.bytes > MOST_KEPT_BYTES)
    )
    db.session.execute(
        delete(DraftOperation).where(
            *_of(workflow), DraftOperation.number <= too_old.scalar_subquery()
        )
    )


def _of(workflow: Workflow) -> tuple[Any, ...]:
    return (
        DraftOperation.organization_id == workflow.organization_id,
        DraftOperation.workflow_id == workflow.id,
    )


def _operations(workflow: Workflow, between: tuple[int, int]) -> list[DraftOperation]:
    """Those that lie between two states of the draft, oldest first."""
    return list(
        db.session.scalars(
            select(DraftOperation)
            .where(
                *_of(workflow),
                DraftOperation.number > between[0],
                DraftOperation.number <= between[1],
            )
            .order_by(DraftOperation.number)
        )
    )
