"""The hook of a connection, as a part of the connection's page and as a page of its own."""

from typing import TypeGuard
from uuid import UUID

from flask import Response, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from wedsync.connections.models import Connection
from wedsync.connectors.manifest import Hooks
from wedsync.errors import Conflict, Invalid, NotFound
from wedsync.listings import manifests
from wedsync.platform import identity, wording
from wedsync.platform.db import db
from wedsync.platform.fragments import render
from wedsync.platform.identity import requires
from wedsync.platform.passing import done, refused
from wedsync.platform.runtime import commit
from wedsync.platform.wording import Wording
from wedsync.webhooks import queries, schemes, secrets
from wedsync.webhooks.hooks import of_connections, traffic
from wedsync.webhooks.hooks import service as hooks
from wedsync.webhooks.models import Hook
from wedsync.webhooks.schemes import meta
from wedsync.webhooks.views import hook_words
from wedsync.webhooks.views.hook_forms import SecretForm
from wedsync.webhooks.views.routes import pages


@pages.get("/webhooks/of-connection/<uuid:connection_id>")
def hook_of_connection(connection_id: UUID) -> Response:
    """What the partner tells us, and what is to be done for it."""
    return _shown(connection_id, SecretForm(formdata=None))


@pages.get("/webhooks/of-connection/<uuid:connection_id>/trouble")
def trouble_of_connection_hook(connection_id: UUID) -> Response:
    """What is wrong with what the partner tells us, for the top of the connection's page."""
    organization_id = identity.organization_id()
    connection = _connection(organization_id, connection_id)
    hook = _hook(organization_id, connection_id)
    standing = _standing(hook, connection) if hook else None
    is_wrong = standing is not None and standing.kind in ("failed", "needs")
    return render(
        "webhooks/trouble_of_connection.html",
        connection=connection,
        standing=standing if is_wrong and connection.state != "needs_reauth" else None,
        may_edit=identity.current().has_role("editor"),
    )


@pages.post("/webhooks/of-connection/<uuid:connection_id>/secret")
def set_secret_of_connection(connection_id: UUID) -> AnyResponse:
    """Take the secret that the partner showed."""
    form = SecretForm()
    if not form.validate():
        return _shown(connection_id, form)
    try:
        of_connections.set_secret(identity.current(), connection_id, form.secret.data)
    except Invalid as error:
        form.show(error)
        return _shown(connection_id, form)
    commit()
    return done("The secret is kept. What comes in signed with it is taken.", _page(connection_id))


@pages.post("/webhooks/of-connection/<uuid:connection_id>/await-handshake")
def await_handshake_of_connection(connection_id: UUID) -> AnyResponse:
    """Give the partner the echo it asks for during the next hour."""
    try:
        of_connections.await_handshake(identity.current(), connection_id)
    except Conflict as error:
        return refused(error, _page(connection_id))
    commit()
    return done("An echo is awaited for an hour. Begin it there now.", _page(connection_id))


@pages.post("/webhooks/of-connection/<uuid:connection_id>/again")
@requires("editor")
def subscribe_connection_again(connection_id: UUID) -> AnyResponse:
    """Tell the partner again where to send."""
    of_connections.subscribe_again(identity.current(), connection_id)
    commit("subscriptions")
    return done("We are telling them again where to send.", _page(connection_id))


def _shown(connection_id: UUID, form: SecretForm) -> Response:
    organization_id, words = identity.organization_id(), wording.here()
    connection = _connection(organization_id, connection_id)
    hook = _hook(organization_id, connection_id)
    return render(
        "webhooks/of_connection.html",
        status=422 if form.errors else 200,
        connection=connection,
        hook=hook,
        tells=_hooks_of(connection),
        url=hooks.url_of(hook) if hook else "",
        standing=_standing(hook, connection) if hook else None,
        seen=hook_words.seen(hook, words) if hook else "",
        today=traffic.last_day(organization_id, hook.id, words.now).taken if hook else 0,
        refusals=queries.rejections(organization_id, hook.id).counts if hook else (),
        refusal=hook_words.refusal,
        masked=secrets.masked(hook) if hook else None,
        overlap=secrets.overlap_until(hook) if hook else None,
        handshake=_handshake(hook, words) if hook else "",
        verify_token=meta.verify_token(hooks.url_of(hook)) if _is_meta(hook) else "",
        form=form,
        may_edit=identity.current().has_role("editor"),
    )


def _is_meta(hook: Hook | None) -> TypeGuard[Hook]:
    return hook is not None and hook.scheme == "meta"


def _handshake(hook: Hook, words: Wording) -> str:
    """Only where a person arranges it: otherwise the partner tries while we tell it."""
    if hook.subscription != "by_hand" or not schemes.named(hook.scheme).HAS_HANDSHAKE:
        return ""
    return hook_words.handshake(hook, words)


def _standing(hook: Hook, connection: Connection) -> hook_words.Subscription:
    if connection.state == "needs_reauth" and hook.subscription in ("on", "wanted"):
        return hook_words.without_permission(connection.name)
    return hook_words.subscription(hook, connection.name)


def _connection(organization_id: UUID, connection_id: UUID) -> Connection:
    found = db.session.scalar(
        select(Connection).where(
            Connection.organization_id == organization_id, Connection.id == connection_id
        )
    )
    if found is None:
        raise NotFound("There is no such connection.")
    return found


def _hook(organization_id: UUID, connection_id: UUID) -> Hook | None:
    try:
        return queries.hook_of_connection(organization_id, connection_id)
    except NotFound:
        return None  # many partners tell nothing, and a new connection's hook is not made yet


def _hooks_of(connection: Connection) -> Hooks | None:
    return manifests.of(db.session, connection.listing_version_id).hooks


def _page(connection_id: UUID) -> str:
    return url_for("connections.connection", connection_id=connection_id)
