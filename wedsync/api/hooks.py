"""`/hooks`: addresses at which senders reach this organization."""

from typing import Any, cast
from uuid import UUID

from wedsync.api import preconditions
from wedsync.api.paging import page
from wedsync.api.resources import Resource
from wedsync.api.schemas.base import Deleted, PageQuery
from wedsync.api.schemas.hooks import (
    HookIn,
    HookOut,
    HookPage,
    HookPatch,
    Rejections,
    SampleIn,
    SampleOut,
    hook_out,
    rejections_out,
    sample_out,
)
from wedsync.platform import identity
from wedsync.webhooks import queries
from wedsync.webhooks.hooks import samples as hook_samples
from wedsync.webhooks.hooks import service

hooks = Resource("Hooks", "Addresses that receive what senders tell, signed.")


@hooks.post("/hooks", body=HookIn, answer=HookOut, status=201)
def create_hook(body: HookIn) -> HookOut:
    """Make a hook.

    The answer holds its secret, once. A hook whose sender makes the secret, such as `stripe`, waits
    for it when made without one.
    """
    me = identity.current()
    made, secret = service.create(me.organization_id, _fields(body), by=me)
    return hook_out(made, me, secret=secret)


@hooks.get("/hooks", query=PageQuery, answer=HookPage)
def list_hooks(query: PageQuery) -> HookPage:
    """List the hooks, newest first."""
    me = identity.current()
    found = page(
        query,
        lambda before, limit: queries.list_hooks(me.organization_id, after=before, limit=limit),
        lambda hook: hook.id,
    )
    return HookPage(data=[hook_out(hook, me) for hook in found.rows], next_cursor=found.next_cursor)


@hooks.get("/hooks/<uuid:hook_id>", answer=HookOut)
def get_hook(hook_id: UUID) -> Any:
    """Read a hook."""
    me = identity.current()
    answer = hook_out(queries.get_hook(me.organization_id, hook_id), me)
    return answer, preconditions.content_tag(answer)


@hooks.patch("/hooks/<uuid:hook_id>", body=HookPatch, answer=HookOut)
def change_hook(hook_id: UUID, body: HookPatch) -> Any:
    """Change a hook, or switch it off and on."""
    me = identity.current()
    # Its row is locked before it is compared: of two that read the same, one comes too late.
    present = queries.get_hook(me.organization_id, hook_id, for_update=True)
    preconditions.check_content(hook_out(present, me))
    answer = hook_out(service.update(me, hook_id, _fields(body)), me)
    return answer, preconditions.content_tag(answer)


@hooks.delete("/hooks/<uuid:hook_id>", answer=Deleted, problems=[409])
def delete_hook(hook_id: UUID) -> Deleted:
    """Take a hook away; what it received stays."""
    service.delete(identity.current(), hook_id)
    return Deleted(id=hook_id, deleted=True)


@hooks.post("/hooks/<uuid:hook_id>/rotate-secret", answer=HookOut, problems=[422])
def rotate_hook_secret(hook_id: UUID) -> HookOut:
    """Make a new secret.

    The answer holds it, once; the old one verifies for a day more.
    """
    me = identity.current()
    hook, secret = service.rotate_secret(me, hook_id)
    return hook_out(hook, me, secret=secret)


@hooks.post("/hooks/<uuid:hook_id>/end-overlap", answer=HookOut)
def end_hook_overlap(hook_id: UUID) -> HookOut:
    """Let the secret before the present one count no more."""
    me = identity.current()
    return hook_out(service.end_overlap(me, hook_id), me)


@hooks.post("/hooks/<uuid:hook_id>/await-handshake", answer=HookOut, problems=[409])
def await_hook_handshake(hook_id: UUID) -> HookOut:
    """Give the sender the echo it asks for, during the next hour."""
    me = identity.current()
    return hook_out(service.await_handshake(me, hook_id), me)


@hooks.post(
    "/hooks/<uuid:hook_id>/send-sample", body=SampleIn, answer=SampleOut, problems=[409, 422]
)
def send_hook_sample(hook_id: UUID, body: SampleIn) -> SampleOut:
    """Sign a request as the sender would, and see what arrives.

    What it becomes is an event in the log that is passed on to nobody.
    """
    return sample_out(hook_samples.send(identity.current(), hook_id, body.body))


@hooks.get("/hooks/<uuid:hook_id>/rejections", answer=Rejections)
def list_hook_rejections(hook_id: UUID) -> Rejections:
    """Read what a hook refused: how often for which reason, and the latest requests."""
    organization_id = identity.organization_id()
    queries.get_hook(organization_id, hook_id)
    return rejections_out(queries.rejections(organization_id, hook_id))


def _fields(body: HookIn | HookPatch) -> service.HookFields:
    return cast(service.HookFields, body.model_dump(exclude_unset=True))
