"""Reading hooks and endpoints, always inside one organization.

An endpoint that was deleted stays for a while, until its deliveries are taken away; nobody but
`leaving` finds it.
"""

from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Select, exists, func, select

from wedsync.errors import NotFound
from wedsync.events.models import Event
from wedsync.platform.db import db
from wedsync.webhooks.models import Endpoint, Hook, HookRejection, HookRejectionSample

PAGE = 50

Kept = TypeVar("Kept", Hook, Endpoint)

# `for_update` keeps others from changing a row and still lets rows be added that refer to it: what
# arrives at a hook does not wait for the person who edits it. `for_delete` lets none be added. What
# is locked is read anew, since others may have changed it while it was waited for.


@dataclass(frozen=True, slots=True)
class Rejections:
    """What a hook refused: how often by code, and the latest of them."""

    counts: list[HookRejection]
    samples: list[HookRejectionSample]


def get_hook(
    organization_id: UUID, hook_id: UUID, *, for_update: bool = False, for_delete: bool = False
) -> Hook:
    """One hook. Raises NotFound, also for one of a connection's: that is `hook_of_connection`."""
    query = _own_hooks(organization_id).where(Hook.id == hook_id)
    if for_update or for_delete:
        query = _locked(query, key_share=not for_delete)
    hook = db.session.scalar(query)
    if hook is None:
        raise NotFound("There is no such hook.")
    return hook


def list_hooks(
    organization_id: UUID, *, limit: int = PAGE, after: UUID | None = None
) -> list[Hook]:
    """Hooks that people made, newest first; `after` is the last one of the page before."""
    query = _own_hooks(organization_id)
    if after is not None:
        query = query.where(Hook.id < after)
    return list(db.session.scalars(query.order_by(Hook.id.desc()).limit(limit)))


def hook_of_connection(
    organization_id: UUID, connection_id: UUID, *, for_update: bool = False
) -> Hook:
    """The hook at which a connection's partner tells us things. Raises NotFound."""
    query = select(Hook).where(
        Hook.organization_id == organization_id, Hook.connection_id == connection_id
    )
    hook = db.session.scalar(_locked(query) if for_update else query)
    if hook is None:
        raise NotFound("There is no such hook.")
    return hook


def get_endpoint(
    organization_id: UUID, endpoint_id: UUID, *, for_update: bool = False, to_stay: bool = False
) -> Endpoint:
    """One endpoint; `to_stay` only keeps its row from being taken away meanwhile, whatever else
    happens to it. Raises NotFound."""
    query = _own_endpoints(organization_id).where(Endpoint.id == endpoint_id)
    if for_update:
        query = _locked(query)
    elif to_stay:
        query = query.with_for_update(read=True, key_share=True)
    endpoint = db.session.scalar(query)
    if endpoint is None:
        raise NotFound("There is no such endpoint.")
    return endpoint


def list_endpoints(
    organization_id: UUID, *, limit: int = PAGE, after: UUID | None = None
) -> list[Endpoint]:
    """Endpoints, newest first; `after` is the last one of the page before."""
    query = _own_endpoints(organization_id)
    if after is not None:
        query = query.where(Endpoint.id < after)
    return list(db.session.scalars(query.order_by(Endpoint.id.desc()).limit(limit)))


def count_endpoints(organization_id: UUID) -> int:
    """How many endpoints there are."""
    found = _own_endpoints(organization_id).with_only_columns(func.count())
    return int(db.session.scalar(found) or 0)


def all_endpoints(organization_id: UUID) -> list[Endpoint]:
    """Every endpoint, newest first: what is told of deliveries names theirs."""
    query = _own_endpoints(organization_id)
    return list(db.session.scalars(query.order_by(Endpoint.id.desc())))


def leaving(organization_id: UUID) -> list[UUID]:
    """The endpoints that were deleted, and whose deliveries are not all taken away yet."""
    query = select(Endpoint.id).where(
        Endpoint.organization_id == organization_id, Endpoint.state == "deleted"
    )
    return list(db.session.scalars(query))


def rejections(organization_id: UUID, hook_id: UUID) -> Rejections:
    """What a hook refused, the latest first; empty for somebody else's hook."""
    counts = db.session.scalars(
        select(HookRejection)
        .where(HookRejection.organization_id == organization_id, HookRejection.hook_id == hook_id)
        .order_by(HookRejection.last_at.desc())
    )
    samples = db.session.scalars(
        select(HookRejectionSample)
        .where(
            HookRejectionSample.organization_id == organization_id,
            HookRejectionSample.hook_id == hook_id,
        )
        .order_by(HookRejectionSample.id.desc())
    )
    return Rejections(list(counts), list(samples))


def has_events_to_fan_out(hook: Hook) -> bool:
    """Whether something this hook received waits for the fan-out, which needs to know the hook."""
    waiting = exists().where(
        Event.organization_id == hook.organization_id,
        Event.source == f"hook:{hook.id}",
        Event.fanned_out_at.is_(None),
        Event.parked_at.is_(None),
    )
    return bool(db.session.scalar(select(waiting)))


def _locked(query: Select[Kept], *, key_share: bool = True) -> Select[Kept]:
    return query.with_for_update(key_share=key_share).execution_options(populate_existing=True)


def _own_endpoints(organization_id: UUID) -> Select[Endpoint]:
    return select(Endpoint).where(
        Endpoint.organization_id == organization_id, Endpoint.state != "deleted"
    )


def _own_hooks(organization_id: UUID) -> Select[Hook]:
    return select(Hook).where(Hook.organization_id == organization_id, Hook.connection_id.is_(None))
