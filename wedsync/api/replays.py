"""`/replays`: what happened since a moment, sent to an endpoint once more."""

from uuid import UUID

from wedsync.api.paging import page
from wedsync.api.resources import Resource
from wedsync.api.schemas.base import PageQuery
from wedsync.api.schemas.replays import ReplayIn, ReplayOut, ReplayPage, replay_out
from wedsync.platform import identity
from wedsync.webhooks.replays import service

replays = Resource("Replays", "What happened since a moment, sent to an endpoint once more.")


@replays.post(
    "/endpoints/<uuid:endpoint_id>/replays",
    body=ReplayIn,
    answer=ReplayOut,
    status=202,
    rings=["replays"],
    problems=[409],
)
def begin_replay(endpoint_id: UUID, body: ReplayIn) -> ReplayOut:
    """Send an endpoint again what happened since a moment, also what it was never sent.

    What it is told about and its condition hold as they are now. Every message keeps its
    `webhook-id`; an ordered endpoint keeps its order, what is sent again joins the tail. What is
    open already is not doubled. What happens from now on is not of the replay: it is sent anyway.
    """
    me = identity.current()
    return replay_out(service.begin(me.organization_id, endpoint_id, body.wish(), by=me))


@replays.get("/endpoints/<uuid:endpoint_id>/replays", query=PageQuery, answer=ReplayPage)
def list_replays(endpoint_id: UUID, query: PageQuery) -> ReplayPage:
    """List an endpoint's replays, newest first."""
    organization_id = identity.organization_id()
    found = page(
        query,
        lambda before, limit: service.latest(
            organization_id, endpoint_id, before=before, limit=limit
        ),
        lambda replay: replay.id,
    )
    return ReplayPage(data=[replay_out(row) for row in found.rows], next_cursor=found.next_cursor)


@replays.get("/replays/<uuid:replay_id>", answer=ReplayOut)
def get_replay(replay_id: UUID) -> ReplayOut:
    """Read how far a replay is."""
    return replay_out(service.get(identity.organization_id(), replay_id))


@replays.post("/replays/<uuid:replay_id>/pause", answer=ReplayOut, problems=[409])
def pause_replay(replay_id: UUID) -> ReplayOut:
    """Send no more of it for now; what is in line goes out, a few thousand at most."""
    me = identity.current()
    return replay_out(service.pause(me.organization_id, replay_id, by=me))


@replays.post(
    "/replays/<uuid:replay_id>/resume", answer=ReplayOut, rings=["replays"], problems=[409]
)
def resume_replay(replay_id: UUID) -> ReplayOut:
    """Go on where it was paused."""
    me = identity.current()
    return replay_out(service.resume(me.organization_id, replay_id, by=me))


@replays.post("/replays/<uuid:replay_id>/cancel", answer=ReplayOut, problems=[409])
def cancel_replay(replay_id: UUID) -> ReplayOut:
    """Send no more of it, ever; what is in line goes out."""
    me = identity.current()
    return replay_out(service.cancel(me.organization_id, replay_id, by=me))
