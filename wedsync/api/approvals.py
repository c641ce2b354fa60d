"""`/approvals`: what runs ask people before they go on."""

from uuid import UUID

from wedsync.api.paging import page
from wedsync.api.resources import Resource
from wedsync.api.schemas.approvals import (
    AnswerIn,
    ApprovalOut,
    ApprovalPage,
    ApprovalQuery,
    approval_out,
)
from wedsync.platform import identity
from wedsync.workflows.questions import approval_queries
from wedsync.workflows.questions import approvals as service

approvals = Resource("Approvals", "What runs ask people before they go on.")


@approvals.get("/approvals", query=ApprovalQuery, answer=ApprovalPage)
def list_approvals(query: ApprovalQuery) -> ApprovalPage:
    """List questions, newest first; those of a run with those of its loops."""
    organization_id = identity.organization_id()
    found = page(
        query,
        lambda before, limit: approval_queries.latest(
            organization_id,
            states=[query.state] if query.state else [],
            run_id=query.run,
            before=before,
            limit=limit,
        ),
        lambda line: line.approval.id,
    )
    return ApprovalPage(
        data=[approval_out(line) for line in found.rows], next_cursor=found.next_cursor
    )


@approvals.get("/approvals/<uuid:approval_id>", answer=ApprovalOut)
def get_approval(approval_id: UUID) -> ApprovalOut:
    """Read a question, and its answer."""
    return approval_out(approval_queries.get(identity.organization_id(), approval_id))


@approvals.post(
    "/approvals/<uuid:approval_id>/approve",
    body=AnswerIn,
    answer=ApprovalOut,
    rings=["runs"],
    problems=[409],
)
def approve(approval_id: UUID, body: AnswerIn) -> ApprovalOut:
    """Say yes; the run goes on with that."""
    return approval_out(service.decide(identity.current(), approval_id, "approved", note=body.note))


@approvals.post(
    "/approvals/<uuid:approval_id>/refuse",
    body=AnswerIn,
    answer=ApprovalOut,
    rings=["runs"],
    problems=[409],
)
def refuse(approval_id: UUID, body: AnswerIn) -> ApprovalOut:
    """Say no; the run goes on with that."""
    return approval_out(service.decide(identity.current(), approval_id, "refused", note=body.note))
