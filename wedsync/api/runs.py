"""`/runs`: what workflows did, step by step."""

from uuid import UUID

from wedsync.api.paging import page
from wedsync.api.resources import Resource
from wedsync.api.schemas.approvals import ApprovalOut, RunAnswerIn, approval_out
from wedsync.api.schemas.base import PageQuery
from wedsync.api.schemas.runs import (
    DecideIn,
    ItemPage,
    ItemQuery,
    RerunIn,
    RunOut,
    RunPage,
    RunQuery,
    RunWhole,
    item_out,
    run_out,
    run_whole,
)
from wedsync.platform import identity
from wedsync.workflows import queries
from wedsync.workflows.history import courses
from wedsync.workflows.queries import RunFilter
from wedsync.workflows.questions import approvals
from wedsync.workflows.running import runs as service

runs = Resource("Runs", "What workflows did, step by step.")


@runs.get("/runs", query=RunQuery, answer=RunPage)
def list_runs(query: RunQuery) -> RunPage:
    """List runs, newest first, without their steps."""
    wanted = RunFilter(
        query.workflow,
        query.state,
        query.event,
        query.wedding,
        query.waiting_for,
        query.since,
        query.until,
    )
    return page_of_runs(query, wanted)


def page_of_runs(query: PageQuery, wanted: RunFilter) -> RunPage:
    """A page of the runs that are wanted."""
    organization_id = identity.organization_id()
    found = page(
        query,
        lambda before, limit: queries.list_runs(
            organization_id, wanted, before=before, limit=limit
        ),
        lambda line: line.run.id,
    )
    return RunPage(data=[run_out(line) for line in found.rows], next_cursor=found.next_cursor)


@runs.get("/runs/<uuid:run_id>", answer=RunWhole)
def get_run(run_id: UUID) -> RunWhole:
    """Read a run, or an item of one, with its steps and every try of them."""
    record = queries.run_record(identity.organization_id(), run_id)
    return run_whole(record, courses.course_of_record(record))


@runs.get("/runs/<uuid:run_id>/items", query=ItemQuery, answer=ItemPage)
def list_run_items(run_id: UUID, query: ItemQuery) -> ItemPage:
    """List the items of a run's loops with their steps, in the order they began."""
    organization_id = identity.organization_id()
    parent = queries.get_run(organization_id, run_id)
    found = page(
        query,
        lambda after, limit: courses.list_items(
            organization_id, parent, step_id=query.step, state=query.state, after=after, limit=limit
        ),
        lambda item: item.id,
    )
    data = [item_out(run_id, item) for item in found.rows]
    return ItemPage(data=data, next_cursor=found.next_cursor)


@runs.post(
    "/runs/<uuid:run_id>/rerun",
    body=RerunIn,
    answer=RunOut,
    status=202,
    rings=["runs"],
    problems=[409],
)
def rerun_run(run_id: UUID, body: RerunIn) -> RunOut:
    """Run a failed or stopped run again from where it ended.

    The answer is a new run; what succeeded before is copied, not done twice. With `input` the step
    it ended at is done with that, and partners take it for something new.
    """
    me = identity.current()
    return _line(service.rerun(me.organization_id, run_id, given=body.input, by=me).id)


@runs.post("/runs/<uuid:run_id>/stop", answer=RunOut, rings=["runs"], problems=[409])
def stop_run(run_id: UUID) -> RunOut:
    """Stop an unfinished run; what is on its way cannot be called back."""
    me = identity.current()
    return _line(service.stop(me.organization_id, run_id, by=me).id)


@runs.post(
    "/runs/<uuid:run_id>/decide", body=DecideIn, answer=RunOut, rings=["runs"], problems=[409]
)
def decide_run(run_id: UUID, body: DecideIn) -> RunOut:
    """Settle what a run, or an item of one, asks; the answer is the run."""
    me = identity.current()
    run = service.decide(
        me.organization_id, run_id, body.decision, given=body.input, output=body.output, by=me
    )
    return _line(run.id)


@runs.post(
    "/runs/<uuid:run_id>/approve",
    body=RunAnswerIn,
    answer=ApprovalOut,
    rings=["runs"],
    problems=[409],
)
def approve_run(run_id: UUID, body: RunAnswerIn) -> ApprovalOut:
    """Answer the one open question of a run, with yes unless the body says no."""
    me = identity.current()
    queries.get_run(me.organization_id, run_id)
    answer: approvals.Answer = "approved" if body.approved else "refused"
    return approval_out(approvals.decide_for_run(me, run_id, answer, note=body.note))


def _line(run_id: UUID) -> RunOut:
    return run_out(queries.run_line(identity.organization_id(), run_id))
