"""`/run-batches`: many runs run again at once."""

from uuid import UUID

from wedsync.api.paging import page
from wedsync.api.resources import Resource
from wedsync.api.schemas.base import PageQuery
from wedsync.api.schemas.run_batches import BatchIn, BatchOut, BatchPage, batch_out
from wedsync.platform import identity
from wedsync.workflows.running import bulk_rerun

run_batches = Resource("Run batches", "Many runs run again at once, a few every second.")


@run_batches.post(
    "/run-batches", body=BatchIn, answer=BatchOut, status=202, rings=["reruns"], problems=[409]
)
def begin_run_batch(body: BatchIn) -> BatchOut:
    """Run all failed or stopped runs again that were not taken up yet, from where each ended.

    What ends from now on is not of the batch. One batch of an organization goes on at a time.
    """
    me = identity.current()
    return batch_out(bulk_rerun.begin(me.organization_id, body.wanted(), by=me))


@run_batches.get("/run-batches", query=PageQuery, answer=BatchPage)
def list_run_batches(query: PageQuery) -> BatchPage:
    """List the batches, newest first."""
    organization_id = identity.organization_id()
    found = page(
        query,
        lambda before, limit: bulk_rerun.latest(organization_id, before=before, limit=limit),
        lambda batch: batch.id,
    )
    return BatchPage(data=[batch_out(row) for row in found.rows], next_cursor=found.next_cursor)


@run_batches.get("/run-batches/<uuid:batch_id>", answer=BatchOut)
def get_run_batch(batch_id: UUID) -> BatchOut:
    """Read how far a batch is."""
    return batch_out(bulk_rerun.get(identity.organization_id(), batch_id))


@run_batches.post("/run-batches/<uuid:batch_id>/cancel", answer=BatchOut, problems=[409])
def cancel_run_batch(batch_id: UUID) -> BatchOut:
    """Take up no more of its runs; those taken up go on."""
    me = identity.current()
    return batch_out(bulk_rerun.cancel(me.organization_id, batch_id, by=me))
