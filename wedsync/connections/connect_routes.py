"""The pages on the way to a connection: the form, the way out to the provider, the way back."""

from collections.abc import Callable
from uuid import UUID

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wedsync.accounts.routes import HOME, local_path
from wedsync.connections import (
    asking,
    attempts,
    connection_words,
    finishing,
    forms,
    queries,
    service,
)
from wedsync.connections.attempts import Answer
from wedsync.connections.forms import ConnectForm
from wedsync.connections.models import Authorization, Connection
from wedsync.connections.routes import LANES, means, pages, to_page
from wedsync.connectors.manifest import Manifest
from wedsync.errors import Conflict, Invalid, NotFound, Refused
from wedsync.listings import queries as listings
from wedsync.platform import identity, outbound, runtime
from wedsync.platform.db import db
from wedsync.platform.fragments import render
from wedsync.platform.identity import requires
from wedsync.platform.passing import done
from wedsync.platform.runtime import commit

_LONGEST_ANSWER = 4_096


@pages.route("/connect/<slug>", methods=["GET", "POST"])
@requires("editor")
def connect(slug: str) -> AnyResponse:
    """Connect a listing: what it will be allowed to do, and what it needs to know."""
    published = listings.published(slug)
    form = forms.form_of(published.manifest)
    if request.method != "POST" or not form.validate():
        return _form(form, published.manifest, None)
    return _started(
        lambda: service.start(identity.current(), published, form.typed, return_to=_return_to()),
        form,
        published.manifest,
        None,
    )


@pages.route("/connections/<uuid:connection_id>/reconnect", methods=["GET", "POST"])
@requires("editor")
def reconnect(connection_id: UUID) -> AnyResponse:
    """Connect an existing connection anew."""
    by = identity.current()
    found = queries.get_connection(by.organization_id, connection_id)
    manifest = service.manifest_of(found)
    kept = [each.name for each in manifest.auth.fields if each.kind == "secret" and found.secret]
    form = forms.form_of(manifest, typed=found.settings, kept=kept)
    if request.method != "POST" or not form.validate():
        return _form(form, manifest, found)
    return _started(
        lambda: service.start_again(by, connection_id, form.typed, return_to=_return_to()),
        form,
        manifest,
        found,
    )


@pages.get("/connections/<uuid:connection_id>/continue")
@requires("editor")
def go_on(connection_id: UUID) -> AnyResponse:
    """The way out to the provider.

    A page of our own that leads there: a form may only end on our own pages (`form-action`), and
    providers redirect through several hosts of theirs.
    """
    by = identity.current()
    found = queries.get_connection(by.organization_id, connection_id)
    attempt = attempts.away(by.organization_id, connection_id, by.credential_id)
    if attempt is None:
        return to_page(connection_id)
    url = attempts.consent_url(attempt, found, service.manifest_of(found))
    return render("connections/continue.html", connection=found, url=url)


@pages.get("/oauth/callback/<slug>")
@requires("editor")
def oauth_callback(slug: str) -> AnyResponse:
    """The way back, one address per connector (mix-up: RFC 9207, section 1)."""
    outcome = attempts.come_back(identity.current(), slug, _answer())
    if isinstance(outcome, Refused):
        commit()
        return render("connections/refused.html", status=outcome.status, refused=outcome)
    return _carried_out(outcome)


def _started(
    begin: Callable[[], tuple[Connection, Authorization]],
    form: ConnectForm,
    manifest: Manifest,
    found: Connection | None,
) -> AnyResponse:
    """Begin, and go where it goes on: to the provider, or to what it said."""
    try:
        connection, attempt = begin()
    except (Invalid, Conflict) as error:
        db.session.rollback()
        form.show(error)
        return _form(form, manifest, _again(found))
    except outbound.UrlRefused as error:
        db.session.rollback()
        form.form_errors.append(error.message)
        return _form(form, manifest, _again(found))
    connection_id = connection.id
    commit()
    if service.needs_consent(manifest):
        return redirect(url_for("connections.go_on", connection_id=connection_id), 303)
    return _carried_out(attempt)


def _carried_out(attempt: Authorization) -> AnyResponse:
    """Ask the far end now where there is room, and say on the page what came of it."""
    organization_id, connection_id = attempt.organization_id, attempt.connection_id
    attempt_id = attempt.id
    # Committed, and nobody rung: what can be asked here and now is no drain's.
    db.session.commit()
    with asking.place() as free:
        if free:
            within_s = asking.WITHIN_S
            finishing.carry_out(means(), organization_id, attempt_id, within_s=within_s, last=False)
    runtime.runtime().wake.ring(*LANES)
    db.session.expire_all()
    return _after(organization_id, connection_id)


def _after(organization_id: UUID, connection_id: UUID) -> AnyResponse:
    attempt = attempts.latest(organization_id, connection_id)
    if attempt is None or attempt.outcome != "connected":
        return to_page(connection_id)
    found = queries.get_connection(organization_id, connection_id)
    whose = f" as {found.account_name}" if found.account_name else ""
    page = url_for("connections.connection", connection_id=connection_id)
    return done(f"{found.name} is connected{whose}.", attempt.return_to or page)


def _again(found: Connection | None) -> Connection | None:
    """A connection, read again after a rollback."""
    return queries.get_connection(identity.organization_id(), found.id) if found else None


def _form(form: ConnectForm, manifest: Manifest, found: Connection | None) -> Response:
    return render(
        "connections/connect.html",
        status=422 if form.errors else 200,
        form=form,
        manifest=manifest,
        connection=found,
        permissions=connection_words.asked_for(manifest),
        needs_consent=service.needs_consent(manifest),
        cancel=_return_to() or _cancel(found),
    )


def _cancel(found: Connection | None) -> str:
    if found is not None:
        return url_for("connections.connection", connection_id=found.id)
    return url_for("connections.connection_list")


def _return_to() -> str | None:
    """Where the person wants to go afterwards: a path of this site."""
    path = local_path(request.args.get("next"))
    return path if path != HOME else None


def _answer() -> Answer:
    """What came back in the address. Raises NotFound for what no provider sends."""
    found = {name: request.args.get(name, "") for name in ("state", "code", "error", "iss")}
    if any(len(value) > _LONGEST_ANSWER for value in found.values()):
        raise NotFound("There is no page here.")
    return Answer(found["state"], found["code"], found["error"], found["iss"])
