"""The pages on the way to a connection: the form, the way out to the provider, the way back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wedsync.accounts.routes import HOME, local_path
from wedsync.connections import callbacks, queries, service
from wedsync.connections.connecting import asking, attempts, coming_back, finishing
from wedsync.connections.connecting.coming_back import Answer
from wedsync.connections.models import Authorization, Connection
from wedsync.connections.views import connection_words, forms
from wedsync.connections.views.forms import ConnectForm
from wedsync.connections.views.routes import LANES, means, pages, to_page
from wedsync.connectors.manifest import Manifest
from wedsync.errors import Conflict, Gone, Invalid, Refused
from wedsync.listings import queries as listings
from wedsync.platform import identity, outbound, runtime
from wedsync.platform.db import db
from wedsync.platform.fragments import render
from wedsync.platform.identity import requires
from wedsync.platform.passing import done, refused
from wedsync.platform.runtime import commit

_LONGEST_ANSWER = 4_096


@dataclass(frozen=True, slots=True)
class _Callback:
    """The `address` that a vendor registers at the service, None until the field `after` is filled
    in; `url` says it anew."""

    address: str | None
    url: str
    after: str


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
    is_kept = found.secret is not None and found.state != "revoked"
    kept = [each.name for each in manifest.auth.fields if each.kind == "secret" and is_kept]
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
    manifest = service.manifest_asked_by(attempt, found)
    url = attempts.consent_url(attempt, found, manifest)
    asked = connection_words.asked_anew(found, attempt, manifest)
    return render(
        "connections/continue.html", connection=found, partner=manifest.name, url=url, asked=asked
    )


@pages.route("/connections/<uuid:connection_id>/authorize", methods=["GET", "POST"])
@requires("editor")
def authorize(connection_id: UUID) -> AnyResponse:
    """Go on, as a person, with what a script began: the provider is only ever visited by one."""
    by = identity.current()
    lock = request.method == "POST"
    found = queries.get_connection(by.organization_id, connection_id, for_update=lock)
    if request.method == "POST":
        try:
            attempts.take_over(by, found)
        except Gone as error:
            return refused(error, url_for("connections.connection", connection_id=connection_id))
        commit()
        return redirect(url_for("connections.go_on", connection_id=connection_id), 303)
    if attempts.waiting_for_a_person(found) is None:
        return to_page(connection_id)
    manifest = service.manifest_of(found)
    return render(
        "connections/authorize.html",
        connection=found,
        manifest=manifest,
        permissions=connection_words.asked_for(manifest),
    )


@pages.get("/connect/<slug>/callback")
@requires("editor")
def callback_address(slug: str) -> AnyResponse:
    """The address to register at a service, while its own addresses are being typed."""
    manifest = listings.published(slug).manifest
    typed = {each.name: request.args.get(each.name, "") for each in manifest.auth.fields}
    callback = _callback(manifest, typed)
    if callback is None:
        return Response(status=204)  # there is nothing to register
    return render("connections/callback.html", "callback", callback=callback)


@pages.get("/oauth/callback/<slug>", defaults={"service": ""})
@pages.get("/oauth/callback/<slug>/<service>")
@requires("editor")
def oauth_callback(slug: str, service: str) -> AnyResponse:
    """The way back (see `connecting/callbacks.py` for whose address is whose)."""
    outcome = coming_back.come_back(identity.current(), slug, _answer(service))
    if isinstance(outcome, Refused):
        commit()
        about = queries.connection_of_answer(
            identity.organization_id(), attempts.hash_of(request.args.get("state", ""))
        )
        page = render(
            "connections/refused.html", status=outcome.status, refused=outcome, connection=about
        )
        # What the provider sent stands in this page's address, and goes nowhere from here.
        page.headers["Referrer-Policy"] = "strict-origin"
        return page
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
    is_told = not found.account_name or found.account_name in found.name
    whose = "" if is_told else f" as {found.account_name}"
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
        callback=_callback(manifest, form.typed),
        cancel=_return_to() or _cancel(found),
    )


def _callback(manifest: Manifest, typed: Mapping[str, Any]) -> _Callback | None:
    """Where the vendor registers us: what to register, and the field that it follows from."""
    oauth = manifest.auth.oauth
    if oauth is None or not callbacks.is_registered_by_vendor(manifest):
        return None
    fields = [each.name for each in manifest.auth.fields]
    after = next((each for each in fields if f"settings.{each}" in oauth.token_url), fields[0])
    is_known = callbacks.is_known(manifest, typed)
    public_url = runtime.settings().public_url
    address = callbacks.address(public_url, manifest, typed) if is_known else None
    return _Callback(address, url_for("connections.callback_address", slug=manifest.slug), after)


def _cancel(found: Connection | None) -> str:
    if found is not None:
        return url_for("connections.connection", connection_id=found.id)
    return url_for("connections.connection_list")


def _return_to() -> str | None:
    """Where the person wants to go afterwards: a path of this site."""
    path = local_path(request.args.get("next"))
    return path if path != HOME else None


def _answer(service_named: str) -> Answer:
    """What came back in the address."""
    found = {name: values[0] for name, values in request.args.lists()}
    state, code, error, issuer = (found.pop(name, "") for name in ("state", "code", "error", "iss"))
    once = all(len(values) == 1 for _, values in request.args.lists())
    is_readable = once and all(map(_is_readable, (state, code, error, issuer, *found.values())))
    return Answer(
        state, code, error, issuer, beside=found, service=service_named, is_readable=is_readable
    )


def _is_readable(value: str) -> bool:
    """Whether a provider may have written it: of a usual length, and on one line."""
    return len(value) <= _LONGEST_ANSWER and not any(ord(sign) < 32 for sign in value)
