"""The pages of connections: the list, one of them, its check, whose account it is."""

from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wedsync.connections import checking, permissions, policy, queries, service
from wedsync.connections.checking import Looked
from wedsync.connections.connecting import asking, attempts
from wedsync.connections.limits import queries as budgets
from wedsync.connections.limits import words as budget_words
from wedsync.connections.means import Means, can_be_checked
from wedsync.connections.models import Authorization, Connection
from wedsync.connections.permissions import Permission
from wedsync.connections.views import connection_words, story
from wedsync.connections.views.forms import NameForm
from wedsync.connectors.manifest import Manifest
from wedsync.errors import Gone
from wedsync.platform import identity, runtime, wording
from wedsync.platform.db import db
from wedsync.platform.fragments import render
from wedsync.platform.passing import done, refused
from wedsync.platform.runtime import commit
from wedsync.platform.vault import MASK

pages = Blueprint("connections", __name__)

LANES = ("connections", "mail", "events")


@pages.get("/connections")
def connection_list() -> Response:
    """Every connection, what needs somebody first."""
    words = wording.here()
    found = list(queries.list_connections(identity.organization_id()))
    return render(
        "connections/list.html",
        title=connection_words.list_title(found),
        connections=[
            (each, connection_words.state_of(each), connection_words.line(each, words))
            for each in found
        ],
        may_connect=policy.may_connect(identity.current()),
    )


@pages.get("/connections/<uuid:connection_id>")
def connection(connection_id: UUID) -> Response:
    """One connection: how it stands, whose account it is, what it may do, what happened to it."""
    return shown(connection_id, NameForm(formdata=None))


def shown(connection_id: UUID, naming: NameForm) -> Response:
    """The page of a connection, with the form of its name."""
    by, words = identity.current(), wording.here()
    found = queries.get_connection(by.organization_id, connection_id)
    manifest = service.manifest_of(found)
    attempt = attempts.latest(by.organization_id, connection_id)
    is_asking = connection_words.is_asking(attempt)
    return render(
        "connections/connection.html",
        "standing",
        status=422 if naming.errors else 200,
        connection=found,
        manifest=manifest,
        attempt=attempt,
        mask=MASK,
        naming=naming,
        is_asking=is_asking,
        is_looking=connection_words.is_looking(found),
        other_account=_undecided(attempt),
        state_of_it=connection_words.state_of(found, asking=is_asking),
        news=connection_words.news(found, manifest.name, words),
        failure=connection_words.failure(found, attempt),
        checked=connection_words.checked(found, words),
        renewal=connection_words.renewal(found, manifest, words),
        limits=budget_words.sentences(
            budgets.budget_of(by.organization_id, connection_id), found.name, words
        ),
        permissions=_permissions(found, manifest),
        sureties=connection_words.sureties(manifest),
        looks=list(story.looks_of(found, words)),
        happened=story.happened_to(by.organization_id, connection_id),
        return_to=attempt.return_to if attempt else None,
        has_hook=manifest.hooks is not None and found.connected_at is not None,
        may_check=can_be_checked(manifest) and service.can_be_looked_at(found),
        may_connect=policy.may_connect(by),
        may_pause=policy.may_pause(by, found),
        may_disconnect=policy.may_disconnect(by, found),
        needs_consent=service.needs_consent(manifest),
    )


@pages.post("/connections/<uuid:connection_id>/check")
def check_connection(connection_id: UUID) -> AnyResponse:
    """Look at the account now."""
    by = identity.current()
    found = queries.get_connection(by.organization_id, connection_id)
    service.require_looked_at(found)
    db.session.commit()
    looked: Looked | None = None
    with asking.place() as free:
        if free:
            place = (by.organization_id, connection_id)
            looked = checking.check(means(), *place, timeout_s=asking.WITHIN_S)
    runtime.runtime().wake.ring(*LANES)
    db.session.expire_all()
    found = queries.get_connection(by.organization_id, connection_id)
    return done(connection_words.looked(found, looked, wording.here()), page_of(found))


@pages.post("/connections/<uuid:connection_id>/account")
def decide_account(connection_id: UUID) -> AnyResponse:
    """Use the other account that somebody signed in with, or leave it as it was."""
    take = request.form.get("choice") == "take"
    try:
        found = service.decide_account(identity.current(), connection_id, take=take)
    except Gone as error:
        return refused(error, url_for("connections.connection", connection_id=connection_id))
    commit(*LANES)
    said = "uses the other account from now on" if take else "stays as it was"
    return done(f"{found.name} {said}.", page_of(found))


def means() -> Means:
    """What calls of this process need."""
    here = runtime.runtime()
    return Means(db.engine, here.vault, here.settings)


def _permissions(found: Connection, manifest: Manifest) -> tuple[Permission, ...]:
    newest = permissions.newest_of(found.listing_id)
    return permissions.permissions_of(
        found.scopes, manifest, newest.manifest if newest is not None else None
    )


def _undecided(attempt: Authorization | None) -> str | None:
    """What is to be decided about another account, while it can be."""
    if attempt is None or attempt.outcome != "other_account":
        return None
    is_late = attempt.expires_at <= wording.here().now
    return None if is_late else str(attempt.reason["message"])


def page_of(found: Connection) -> str:
    """Where a connection's page is."""
    return url_for("connections.connection", connection_id=found.id)


def to_page(connection_id: UUID) -> AnyResponse:
    """Back to a connection's page."""
    return redirect(url_for("connections.connection", connection_id=connection_id), 303)
