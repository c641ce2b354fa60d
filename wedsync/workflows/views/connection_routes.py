"""What uses a connection or a hook, as a part of their pages; taking a connection away."""

from typing import Any
from uuid import UUID

from flask import Response, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wedsync.connections import policy
from wedsync.connections import queries as connections
from wedsync.connections.models import Connection
from wedsync.connections.views.routes import LANES
from wedsync.errors import Conflict
from wedsync.platform import identity, wording
from wedsync.platform.fragments import render
from wedsync.platform.identity import requires
from wedsync.platform.passing import done, refused
from wedsync.platform.runtime import commit
from wedsync.workflows.editing import connection_users, parting
from wedsync.workflows.editing.connection_users import Kind, User
from wedsync.workflows.views.routes import pages
from wedsync.workflows.words import workflow_words


@pages.get("/workflows/of-connection/<uuid:connection_id>")
def of_connection(connection_id: UUID) -> Response:
    """The workflows that use a connection, and what waits for it."""
    organization_id = identity.organization_id()
    waiting = connection_users.waiting_for(organization_id, connection_id)
    return _users_page("connection", connection_id, waiting=waiting, words=wording.here())


@pages.get("/workflows/of-hook/<uuid:hook_id>")
def of_hook(hook_id: UUID) -> Response:
    """The workflows that listen to a hook."""
    return _users_page("hook", hook_id)


@pages.route("/connections/<uuid:connection_id>/delete", methods=["GET", "POST"])
@requires("editor")
def delete_connection(connection_id: UUID) -> AnyResponse:
    """Say what depends on a connection, and take it away when that is wanted."""
    by = identity.current()
    found = connections.get_connection(by.organization_id, connection_id)
    policy.require_disconnect(by, found)
    if request.method != "POST":
        return _delete_page(found)
    page, name = url_for("connections.connection_list"), found.name
    try:
        parting.delete_connection(by, connection_id, turn_off="turn_off" in request.form)
    except Conflict as error:
        return refused(error, request.path)
    commit(*LANES)
    verb = "forgotten" if found.connected_at is None else "deleted"
    return done(f"{name} is {verb}.", page)


def _users_page(kind: Kind, object_id: UUID, **more: Any) -> Response:
    organization_id = identity.organization_id()
    return render(
        "workflows/of_connection.html",
        connection_name=connection_users.name_of(organization_id, kind, object_id),
        users=[
            (each, _use(each))
            for each in connection_users.users_of(organization_id, kind, object_id)
        ],
        state_of=workflow_words.workflow_state,
        counted=wording.count,
        **more,
    )


def _delete_page(found: Connection) -> Response:
    users = connection_users.users_of(found.organization_id, "connection", found.id)
    return render(
        "workflows/delete_connection.html",
        connection=found,
        stopped=[(each, _use(each)) for each in users if each.would_stop],
        others=[each for each in users if not each.would_stop],
        waiting=connection_users.waiting_for(found.organization_id, found.id),
        state_of=workflow_words.workflow_state,
        counted=wording.count,
    )


def _use(user: User) -> str:
    """What a workflow does with it: “Reply to her” and “Note it” go through it."""
    steps = wording.listing([f"“{each}”" for each in user.steps])
    said = [
        "starts by what happens there" if user.starts else "",
        "looks there now and then" if user.looks else "",
        f"does {steps} through it" if steps else "",
    ]
    words = wording.listing([each for each in said if each])
    ending = "" if user.is_live else ", so far only in its draft"
    return wording.capital(f"{words}{ending}")
