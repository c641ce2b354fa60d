"""Reading drafts and versions: their logs, what publishing would change, what ran on what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from wedsync.accounts.models import User
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.workflows import queries
from wedsync.workflows.editing.differences import Difference
from wedsync.workflows.editing.drafts import differences_between
from wedsync.workflows.models import DraftOperation, Workflow, WorkflowVersion
from wedsync.workflows.run_models import FINAL_RUN_STATES, RUN_STATES, Run

MOST_COUNTED = 10_000
_LARGEST_NUMBER = 2**31 - 1
_OPEN = tuple(state for state in RUN_STATES if state not in FINAL_RUN_STATES)


@dataclass(frozen=True, slots=True)
class LoggedOperation:
    """One operation of a draft's log, by whom, and whether it was undone since."""

    operation: DraftOperation
    author: str | None
    is_undone: bool


@dataclass(frozen=True, slots=True)
class PendingChanges:
    """What publishing a draft would change. The runs under way, and the weddings they are about,
    stay on their versions; at most `MOST_COUNTED` of them are counted."""

    live_version: int | None
    differences: Sequence[Difference]
    runs: int
    weddings: int


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """A version with what a page tells of it. `ran` are the runs that began while it was live,
    `under_way` those of its runs that are not over; both up to `MOST_COUNTED`."""

    version: WorkflowVersion
    author: str | None
    is_live: bool
    ran: int
    under_way: int
    differences: Sequence[Difference]


def list_operations(
    organization_id: UUID, workflow_id: UUID, *, before: int | None = None, limit: int = 50
) -> list[LoggedOperation]:
    """What was done to a draft, latest first, before the operation `before`. Raises NotFound."""
    workflow = queries.get_workflow(organization_id, workflow_id)
    query = (
        select(DraftOperation, User.name)
        .outerjoin(User, User.id == DraftOperation.made_by)
        .where(
            DraftOperation.organization_id == organization_id,
            DraftOperation.workflow_id == workflow_id,
        )
        .order_by(DraftOperation.number.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(DraftOperation.number < min(before, _LARGEST_NUMBER))
    return [
        LoggedOperation(operation, author, operation.number > workflow.draft_operation)
        for operation, author in db.session.execute(query)
    ]


def pending_changes(organization_id: UUID, workflow_id: UUID) -> PendingChanges:
    """The draft beside the live version. Raises NotFound."""
    workflow = queries.get_workflow(organization_id, workflow_id)
    live = queries.live_version(workflow)
    runs, weddings = under_way(workflow)
    found = differences_between(organization_id, live.definition, workflow.draft) if live else []
    return PendingChanges(live.number if live else None, found, runs, weddings)


def under_way(workflow: Workflow) -> tuple[int, int]:
    """How many runs of a workflow are not over, and about how many weddings."""
    open_runs = (
        select(Run.id, Run.wedding_id)
        .where(*_open_runs(workflow.organization_id, workflow.id))
        .limit(MOST_COUNTED)
        .subquery()
    )
    counted = select(func.count(), func.count(open_runs.c.wedding_id.distinct()))
    row = db.session.execute(counted.select_from(open_runs)).one()
    return row[0], row[1]


def under_way_live(workflow: Workflow) -> int:
    """How many runs of the live version are not over, up to `MOST_COUNTED`."""
    open_runs = (
        select(Run.id)
        .where(
            *_open_runs(workflow.organization_id, workflow.id),
            Run.version_id == workflow.live_version_id,
        )
        .limit(MOST_COUNTED)
        .subquery()
    )
    return db.session.scalar(select(func.count()).select_from(open_runs)) or 0


def published_versions(
    organization_id: UUID, workflow_id: UUID, *, before: UUID | None = None, limit: int = 20
) -> list[PublishedVersion]:
    """Versions, newest first, each with what it changed. Raises NotFound."""
    workflow = queries.get_workflow(organization_id, workflow_id)
    found = queries.list_versions(organization_id, workflow_id, before=before, limit=limit + 1)
    authors = _authors([version.published_by for version in found])
    under = _under_way_by_version(organization_id, workflow_id)
    told = []
    for place, version in enumerate(found[:limit]):
        earlier = found[place + 1] if place + 1 < len(found) else None
        told.append(
            PublishedVersion(
                version=version,
                author=authors.get(version.published_by),
                is_live=version.id == workflow.live_version_id,
                ran=_ran(version, _replaced_at(version)),
                under_way=under.get(version.id, 0),
                differences=_changed_by(organization_id, version, earlier),
            )
        )
    return told


def author_of(version: WorkflowVersion) -> str | None:
    """Who published a version; None for a script, or for somebody who is gone."""
    return _authors([version.published_by]).get(version.published_by)


def version_before(version: WorkflowVersion) -> WorkflowVersion | None:
    """The version that was published before this one."""
    return db.session.scalar(
        select(WorkflowVersion)
        .where(
            WorkflowVersion.organization_id == version.organization_id,
            WorkflowVersion.workflow_id == version.workflow_id,
            WorkflowVersion.number < version.number,
        )
        .order_by(WorkflowVersion.number.desc())
        .limit(1)
    )


def _changed_by(
    organization_id: UUID, version: WorkflowVersion, earlier: WorkflowVersion | None
) -> Sequence[Difference]:
    if earlier is None or earlier.content_hash == version.content_hash:
        return []
    return differences_between(organization_id, earlier.definition, version.definition)


def _replaced_at(version: WorkflowVersion) -> datetime | None:
    """When the next version took its place."""
    return db.session.scalar(
        select(func.min(WorkflowVersion.created_at)).where(
            WorkflowVersion.organization_id == version.organization_id,
            WorkflowVersion.workflow_id == version.workflow_id,
            WorkflowVersion.number > version.number,
        )
    )


def _ran(version: WorkflowVersion, until: datetime | None) -> int:
    """The runs that began while it was live, found by their ids, which rise with time."""
    begun = [
        Run.organization_id == version.organization_id,
        Run.workflow_id == version.workflow_id,
        Run.parent_run_id.is_(None),
        Run.id >= ids.first_at(version.created_at),
    ]
    if until is not None:
        begun.append(Run.id < ids.first_at(until))
    rows = select(Run.id).where(*begun).limit(MOST_COUNTED).subquery()
    return db.session.scalar(select(func.count()).select_from(rows)) or 0


def _under_way_by_version(organization_id: UUID, workflow_id: UUID) -> dict[UUID, int]:
    rows = (
        select(Run.version_id)
        .where(*_open_runs(organization_id, workflow_id))
        .limit(MOST_COUNTED)
        .subquery()
    )
    counted = select(rows.c.version_id, func.count()).group_by(rows.c.version_id)
    return dict(db.session.execute(counted).all())


def _open_runs(organization_id: UUID, workflow_id: UUID) -> tuple[Any, ...]:
    return (
        Run.organization_id == organization_id,
        Run.workflow_id == workflow_id,
        Run.state.in_(_OPEN),
        Run.parent_run_id.is_(None),
    )


def _authors(user_ids: Sequence[UUID | None]) -> dict[UUID | None, str]:
    wanted = {user_id for user_id in user_ids if user_id}
    rows = db.session.execute(select(User.id, User.name).where(User.id.in_(wanted)))
    return dict(rows.all()) if wanted else {}
