"""`/weddings`: the canonical records."""

from typing import Any
from uuid import UUID

from wedsync.api import preconditions
from wedsync.api.paging import page
from wedsync.api.resources import Resource
from wedsync.api.schemas.base import Body, Deleted
from wedsync.api.schemas.weddings import (
    PostponeIn,
    WeddingIn,
    WeddingOut,
    WeddingPage,
    WeddingPatch,
    WeddingQuery,
    wedding_out,
)
from wedsync.platform import identity
from wedsync.weddings import queries, service
from wedsync.weddings.fields import checked

weddings = Resource("Weddings", "The couples: their dates, their venue, where it stands.")

_ONE = "/weddings/<uuid:wedding_id>"


@weddings.post("/weddings", body=WeddingIn, answer=WeddingOut, status=201, rings=["events"])
def create_wedding(body: WeddingIn) -> Any:
    """Add a wedding."""
    made = service.create(identity.current(), _fields(body))
    return _shown(made.id)


@weddings.get("/weddings", query=WeddingQuery, answer=WeddingPage)
def list_weddings(query: WeddingQuery) -> WeddingPage:
    """List the weddings, the latest added first."""
    organization_id = identity.organization_id()
    found = page(
        query,
        lambda before, limit: queries.list_weddings(
            organization_id, before=before, limit=limit, status=query.status
        ),
        lambda wedding: wedding.id,
    )
    data = [wedding_out(wedding) for wedding in found.rows]
    return WeddingPage(data=data, next_cursor=found.next_cursor)


@weddings.get(_ONE, answer=WeddingOut)
def get_wedding(wedding_id: UUID) -> Any:
    """Read a wedding."""
    return _shown(wedding_id)


@weddings.patch(_ONE, body=WeddingPatch, answer=WeddingOut, problems=[409, 412], rings=["events"])
def change_wedding(wedding_id: UUID, body: WeddingPatch) -> Any:
    """Change a wedding; a date that moves takes along what waits for it.

    With `If-Match` only if it is still at that `ETag`.
    """
    service.change(
        identity.current(),
        wedding_id,
        _fields(body),
        expected_revision=_expected_revision(wedding_id),
    )
    return _shown(wedding_id)


@weddings.delete(_ONE, answer=Deleted, rings=["events"])
def archive_wedding(wedding_id: UUID) -> Deleted:
    """Put a wedding away: it is kept as `archived`, and nothing is sent about it."""
    service.archive(identity.current(), wedding_id)
    return Deleted(id=wedding_id, deleted=True)


@weddings.post(
    f"{_ONE}/postpone", body=PostponeIn, answer=WeddingOut, problems=[409, 412], rings=["events"]
)
def postpone_wedding(wedding_id: UUID, body: PostponeIn) -> Any:
    """Postpone a wedding: what waits for its dates moves with them.

    What was sent for a date before may be sent again for the new one.
    """
    service.postpone(
        identity.current(),
        wedding_id,
        checked(_fields(body)),
        expected_revision=_expected_revision(wedding_id),
    )
    return _shown(wedding_id)


@weddings.post(f"{_ONE}/cancel", answer=WeddingOut, problems=[409, 412], rings=["events"])
def cancel_wedding(wedding_id: UUID) -> Any:
    """Cancel a wedding: nothing is sent about it any more, and what waits for its dates ends."""
    service.cancel(identity.current(), wedding_id, expected_revision=_expected_revision(wedding_id))
    return _shown(wedding_id)


def _expected_revision(wedding_id: UUID) -> int | None:
    current = queries.get_wedding(identity.organization_id(), wedding_id).revision
    return preconditions.expected_revision(current)


def _shown(wedding_id: UUID) -> Any:
    wedding = queries.get_wedding(identity.organization_id(), wedding_id)
    return wedding_out(wedding), preconditions.revision_tag(wedding.revision)


def _fields(body: Body) -> dict[str, Any]:
    return body.model_dump(exclude_unset=True)
