"""Reading what runs ask people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from wedsync.accounts import tokens
from wedsync.accounts.models import Organization
from wedsync.errors import NotFound
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.workflows.models import Workflow, WorkflowVersion
from wedsync.workflows.questions import approval_people
from wedsync.workflows.run_models import Run
from wedsync.workflows.waiting_models import Approval, ApprovalLink

ApprovalState = Literal["open", "approved", "refused", "expired", "cancelled"]
STATES: tuple[ApprovalState, ...] = get_args(ApprovalState)
TOKEN_PREFIX = "wsa_"  # noqa: S105  what a token begins with

_ROOT = func.coalesce(Run.root_run_id, Run.id)


@dataclass(frozen=True, slots=True)
class ApprovalLine:
    """A question with where it stands: the run people see, the item of its loop, the workflow."""

    approval: Approval
    run_id: UUID
    item: int
    version_id: UUID
    workflow_id: UUID
    workflow_name: str

    @property
    def organization_id(self) -> UUID:
        return self.approval.organization_id

    @property
    def asked_of(self) -> list[dict[str, Any]]:
        """Whoever was asked by now: from the reminder on also the one it was handed over to."""
        handed_over = self.approval.reminded_at is not None and self.approval.then_ask
        return [self.approval.who, *([self.approval.then_ask] if handed_over else [])]

    @property
    def is_open(self) -> bool:
        """Whether an answer still counts; the run goes on without one in a moment when not."""
        expires_at = self.approval.expires_at
        return self.approval.state == "open" and not (expires_at and expires_at <= clock.now())


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """What an e-mailed link leads to."""

    link: ApprovalLink
    line: ApprovalLine
    organization: Organization


def get(organization_id: UUID, approval_id: UUID) -> ApprovalLine:
    """One question. Raises NotFound."""
    found = _first(_lines().where(*_of(organization_id), Approval.id == approval_id))
    if found is None:
        raise NotFound("There is no such question.")
    return found


def latest(
    organization_id: UUID,
    *,
    states: Sequence[ApprovalState] = (),
    run_id: UUID | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[ApprovalLine]:
    """Questions, newest first, older than `before`; those of a run with those of its loops."""
    wanted = list(_of(organization_id))
    if states:
        wanted.append(Approval.state.in_(states))
    if run_id is not None:
        wanted.append(or_(Run.id == run_id, Run.root_run_id == run_id))
    if before is not None:
        wanted.append(Approval.id < before)
    query = _lines().where(*wanted).order_by(Approval.id.desc()).limit(limit)
    return [ApprovalLine(*row) for row in db.session.execute(query)]


def by_token(token: str) -> OpenedLink:
    """What the link with this token leads to. Raises NotFound, in the same words whether it was
    made up, is not whole, is too old by now, or was sent to somebody who is not asked any more,
    such as one who left the team."""
    nothing = NotFound("This link leads to nothing we know, or not any more.")
    if not tokens.is_well_formed(token, TOKEN_PREFIX):
        raise nothing
    link = db.session.scalar(
        select(ApprovalLink).where(ApprovalLink.token_hash == tokens.hashed(token))
    )
    if link is None:
        raise nothing
    line = get(link.organization_id, link.approval_id)
    is_over = line.approval.decided_by is None and link.expires_at <= clock.now()
    if is_over or not (link.spent_at or _is_asked(line, link.email)):
        raise nothing
    return OpenedLink(link, line, db.session.get_one(Organization, link.organization_id))


def definition_of(line: ApprovalLine) -> Any:
    """What the run of this question runs by."""
    version = db.session.get(WorkflowVersion, line.version_id)
    return version.definition if version is not None else {}


def _is_asked(line: ApprovalLine, email: str) -> bool:
    asked = (approval_people.asked(db.session, line.organization_id, who) for who in line.asked_of)
    return any(person.email.lower() == email.lower() for people in asked for person in people)


def _lines() -> Any:
    return (
        select(Approval, _ROOT, Run.item, Run.version_id, Workflow.id, Workflow.name)
        .join(Run, Run.id == Approval.run_id)
        .join(Workflow, Workflow.id == Run.workflow_id)
    )


def _of(organization_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return (
        Approval.organization_id == organization_id,
        Run.organization_id == organization_id,
        Workflow.organization_id == organization_id,
    )


def _first(query: Any) -> ApprovalLine | None:
    row = db.session.execute(query).first()
    return ApprovalLine(*row) if row is not None else None
