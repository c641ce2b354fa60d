"""What is pressed on a connection's page: its name, a pause, going on, its end."""

from uuid import UUID

from flask import redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wedsync.accounts.routes import HOME, local_path
from wedsync.connections import life, naming, policy, queries, service
from wedsync.connections.models import USABLE_STATES
from wedsync.connections.views.forms import NameForm
from wedsync.connections.views.routes import LANES, page_of, pages, shown
from wedsync.errors import Conflict, Invalid
from wedsync.platform import identity
from wedsync.platform.db import db
from wedsync.platform.fragments import render
from wedsync.platform.identity import requires
from wedsync.platform.passing import Undo, done, refused
from wedsync.platform.runtime import commit


@pages.post("/connections/<uuid:connection_id>/name")
def rename_connection(connection_id: UUID) -> AnyResponse:
    """Call it something else, until somebody takes that back."""
    by, form = identity.current(), NameForm()
    before = queries.get_connection(by.organization_id, connection_id).name
    if not form.validate():
        return shown(connection_id, form)
    try:
        found = naming.rename(by, connection_id, form.name.data or "")
    except Invalid as error:
        db.session.rollback()
        form.show(error)
        return shown(connection_id, form)
    commit()
    undo = Undo(url_for("connections.rename_connection", connection_id=found.id), {"name": before})
    return done(f"It is called {found.name} now.", page_of(found), undo=undo)


@pages.post("/connections/<uuid:connection_id>/pause")
def pause_connection(connection_id: UUID) -> AnyResponse:
    """Let nothing use it for now."""
    try:
        found = life.pause(identity.current(), connection_id)
    except Conflict as error:
        return refused(error, url_for("connections.connection", connection_id=connection_id))
    commit(*LANES)
    undo = Undo(url_for("connections.resume_connection", connection_id=found.id))
    return done(f"{found.name} is paused. What needs it waits.", page_of(found), undo=undo)


@pages.post("/connections/<uuid:connection_id>/resume")
def resume_connection(connection_id: UUID) -> AnyResponse:
    """Let what waited go on."""
    found = life.resume(identity.current(), connection_id)
    commit(*LANES)
    goes_on = found.state in USABLE_STATES
    said = "goes on, and so does what waited for it" if goes_on else "is not paused any more"
    return done(f"{found.name} {said}.", page_of(found))


@pages.post("/connections/<uuid:connection_id>/permissions")
def ask_for_permissions(connection_id: UUID) -> AnyResponse:
    """Ask the provider again, for permissions beside those that were given."""
    by, wanted = identity.current(), request.form.getlist("permission")
    back = local_path(request.form.get("next"))
    return_to = back if back != HOME else None
    try:
        service.ask_for_more(by, connection_id, wanted, return_to=return_to)
    except (Invalid, Conflict) as error:
        return refused(error, url_for("connections.connection", connection_id=connection_id))
    commit()
    return redirect(url_for("connections.go_on", connection_id=connection_id), 303)


@pages.route("/connections/<uuid:connection_id>/disconnect", methods=["GET", "POST"])
@requires("editor")
def disconnect(connection_id: UUID) -> AnyResponse:
    """Say what depends on it, and give the permission back when that is wanted."""
    by = identity.current()
    found = queries.get_connection(by.organization_id, connection_id)
    policy.require_disconnect(by, found)
    if request.method != "POST":
        manifest = service.manifest_of(found)
        return render("connections/disconnect.html", connection=found, manifest=manifest)
    try:
        life.disconnect(by, connection_id)
    except Conflict as error:
        return refused(error, page_of(found))
    commit(*LANES)
    return done(f"{found.name} is disconnected. What needs it waits.", page_of(found))
