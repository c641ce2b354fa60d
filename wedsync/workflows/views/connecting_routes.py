"""Connecting an account from within a workflow, and coming back to where one was.

Going, what was typed is kept. Coming back, the account that was connected is filled in: the very
one, once, and only for whoever connected it on the way from here.
"""

from typing import Any
from uuid import UUID

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from wedsync.connections import queries as connections
from wedsync.connections.models import Connection
from wedsync.errors import Conflict, Invalid, Stale
from wedsync.platform import identity
from wedsync.platform.db import db
from wedsync.platform.fragments import wants_fragment
from wedsync.platform.identity import requires
from wedsync.platform.passing import done
from wedsync.platform.runtime import commit
from wedsync.workflows import queries
from wedsync.workflows.building.gestures import doing, of_steps
from wedsync.workflows.building.gestures.of_steps import Gesture
from wedsync.workflows.building.gestures.spots import the_step
from wedsync.workflows.editing import drafts
from wedsync.workflows.engine.steps.kind import mapping
from wedsync.workflows.views.builder_gestures import GESTURES, Asked
from wedsync.workflows.views.builder_pages import Said, builder_page
from wedsync.workflows.views.builder_state import Here, here_of
from wedsync.workflows.views.connecting import connect_page
from wedsync.workflows.views.routes import pages


@pages.post("/workflows/<uuid:workflow_id>/edit/connect")
def builder_connect(workflow_id: UUID) -> AnyResponse:
    """Keep what stands in the panel, and go to connect an account of `slug`."""
    asked = Asked(identity.current(), here_of(workflow_id), request.form, None)
    queries.get_workflow(asked.organization_id, workflow_id)
    try:
        if asked.seen is not None:
            GESTURES["fields"](asked)
    except (Conflict, Invalid, Stale) as error:
        db.session.rollback()
        found = queries.get_workflow(asked.organization_id, workflow_id)
        said = Said(refused=error.detail, error=error, typed=asked.typed, status=error.status)
        return builder_page(asked.here, drafts.look_at(found), said)
    commit()
    page = connect_page(workflow_id, asked.step, asked.text("slug"))
    if wants_fragment():
        return Response(headers={"HX-Redirect": page})  # away from this page, not into it
    return redirect(page, 303)


@pages.get("/workflows/<uuid:workflow_id>/edit/connected")
@requires("editor")
def builder_connected(workflow_id: UUID) -> AnyResponse:
    """Fill in the account that was connected on the way from here, and go on to its step.

    Whoever comes here another way changes nothing, and neither does coming twice.
    """
    by, step = identity.current(), request.args.get("step") or None
    queries.get_workflow(by.organization_id, workflow_id)
    back = Here(workflow_id).url(step=step or Here.START)
    found = connections.connected_on_the_way_to(by, request.full_path.rstrip("?"))
    if found is None:
        return redirect(back, 303)
    attempt_id, connection = found
    try:
        did = doing.do(
            by,
            workflow_id,
            lambda draft: _through(draft, step, connection),
            key=f"connected {attempt_id}",
        )
    except (Conflict, Invalid) as error:
        db.session.rollback()
        return done(f"No step uses it yet. {error.detail}", back)
    commit()
    if did.repeated or not did.words:
        return redirect(back, 303)
    user = "This step" if step else "What starts it"
    return done(f"{user} uses {connection.name} from now on.", back)


def _through(draft: Any, step_id: str | None, connection: Connection) -> Gesture:
    """Let the step act through the account, where it is one of its connector."""
    if step_id is None:
        return _started_by(draft, connection)
    use = the_step(draft, step_id).get("use")
    if not isinstance(use, str) or use.partition(".")[0] != connection.slug:
        return Gesture((), "", step_id)
    return of_steps.use_connection(draft, step_id, str(connection.id))


def _started_by(draft: Any, connection: Connection) -> Gesture:
    """Look for what is new at the account, or be told by it, where the start names none."""
    trigger = mapping(mapping(draft).get("trigger"))
    source = trigger.get("source")
    if trigger.get("kind") == "poll" and not trigger.get("connection"):
        return of_steps.set_trigger(draft, {**trigger, "connection": str(connection.id)})
    if trigger.get("kind") == "event" and source == "connection:":
        return of_steps.set_trigger(draft, {**trigger, "source": f"connection:{connection.id}"})
    return Gesture((), "", None)
