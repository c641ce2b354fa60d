"""The pages of connections: the list, one of them, its check, its end."""

from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wedsync.connections import (
    asking,
    attempts,
    checking,
    connection_words,
    policy,
    queries,
    service,
)
from wedsync.connections.means import Means, can_be_checked
from wedsync.connections.models import Authorization, Connection
from wedsync.errors import Gone
from wedsync.platform import identity, runtime, wording
from wedsync.platform.db import db
from wedsync.platform.fragments import render
from wedsync.platform.identity import requires
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
    """One connection: how it stands, whose account it is, what it may do."""
    by, words = identity.current(), wording.here()
    found = queries.get_connection(by.organization_id, connection_id)
    manifest = service.manifest_of(found)
    attempt = attempts.latest(by.organization_id, connection_id)
    is_asking = connection_words.is_asking(attempt)
    return render(
        "connections/connection.html",
        "standing",
        connection=found,
        manifest=manifest,
        attempt=attempt,
        mask=MASK,
        is_asking=is_asking,
        is_looking=connection_words.is_looking(found),
        other_account=_undecided(attempt),
        state_of_it=connection_words.state_of(found, asking=is_asking),
        news=connection_words.news(found, words),
        failure=connection_words.failure(found, attempt),
        checked=connection_words.checked(found, words),
        renewal=connection_words.renewal(found, manifest, words),
        permissions=connection_words.permissions(found, manifest),
        return_to=attempt.return_to if attempt else None,
        has_hook=manifest.hooks is not None and found.connected_at is not None,
        may_check=can_be_checked(manifest) and service.can_be_looked_at(found),
        may_connect=policy.may_connect(by),
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
    with asking.place() as free:
        if free:
            checking.check(means(), by.organization_id, connection_id, timeout_s=asking.WITHIN_S)
    runtime.runtime().wake.ring(*LANES)
    db.session.expire_all()
    found = queries.get_connection(by.organization_id, connection_id)
    words = connection_words.line(found, wording.here())
    return done(words if free else "We are looking; this page says what we find.", _page(found))


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
    return done(f"{found.name} {said}.", _page(found))


@pages.route("/connections/<uuid:connection_id>/disconnect", methods=["GET", "POST"])
@requires("editor")
def disconnect(connection_id: UUID) -> AnyResponse:
    """Say what depends on it, and take it away when that is wanted."""
    by = identity.current()
    if request.method != "POST":
        found = queries.get_connection(by.organization_id, connection_id)
        policy.require_disconnect(by, found)
        return render(
            "connections/disconnect.html",
            connection=found,
            manifest=service.manifest_of(found),
        )
    found = service.disconnect(by, connection_id)
    said = f"{found.name} is {'disconnected' if found.connected_at else 'forgotten'}."
    commit(*LANES)
    return done(said, url_for("connections.connection_list"))


def means() -> Means:
    """What calls of this process need."""
    here = runtime.runtime()
    return Means(db.engine, here.vault, here.settings)


def _undecided(attempt: Authorization | None) -> str | None:
    """What is to be decided about another account, while it can be."""
    if attempt is None or attempt.outcome != "other_account":
        return None
    is_late = attempt.expires_at <= wording.here().now
    return None if is_late else str(attempt.reason["message"])


def _page(found: Connection) -> str:
    return url_for("connections.connection", connection_id=found.id)


def to_page(connection_id: UUID) -> AnyResponse:
    """Back to a connection's page."""
    return redirect(url_for("connections.connection", connection_id=connection_id), 303)
