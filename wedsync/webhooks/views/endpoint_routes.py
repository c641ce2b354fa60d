"""The pages of endpoints: making one, changing one, switching one; one's own is in
`delivery_routes`."""

import json
from typing import Any
from uuid import UUID

from flask import Response, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wedsync.errors import Conflict, Invalid
from wedsync.platform import identity
from wedsync.platform.fragments import render
from wedsync.platform.identity import requires
from wedsync.platform.passing import done, refused
from wedsync.platform.runtime import commit
from wedsync.webhooks import queries
from wedsync.webhooks.delivering import resending, samples
from wedsync.webhooks.endpoints import conditions
from wedsync.webhooks.endpoints import service as endpoints
from wedsync.webhooks.models import Endpoint
from wedsync.webhooks.views import endpoint_words, event_choices
from wedsync.webhooks.views.endpoint_forms import EndpointForm
from wedsync.webhooks.views.routes import pages
from wedsync.webhooks.views.secret_routes import shown_once


@pages.route("/webhooks/endpoints/new", methods=["GET", "POST"])
@requires("editor")
def new_endpoint() -> AnyResponse:
    """Make an endpoint; its secret is shown on the page that answers, and never again."""
    form = EndpointForm()
    if request.method != "POST" or _rows_changed(form):
        return _form(form, None)
    if not form.validate():
        return _form(form, None)
    try:
        made, secret = endpoints.create(
            identity.organization_id(), form.fields(None), by=identity.current()
        )
    except Invalid as error:
        form.show(error)
        return _form(form, None)
    except Conflict as error:
        return refused(error, url_for("webhooks.overview"))
    commit()
    if made.receives == "polls":
        return done("It is ready. They can fetch what happens from now on.", _page(made.id))
    return shown_once(made, secret, "is ready")


@pages.route("/webhooks/endpoints/<uuid:endpoint_id>/edit", methods=["GET", "POST"])
@requires("editor")
def edit_endpoint(endpoint_id: UUID) -> AnyResponse:
    """Change an endpoint's address and what it is told about."""
    found = queries.get_endpoint(identity.organization_id(), endpoint_id)
    if request.method != "POST":
        return _form(EndpointForm.of(found), found)
    form = EndpointForm()
    form.receives.data = found.receives
    if _rows_changed(form) or not form.validate():
        return _form(form, found)
    try:
        endpoints.update(identity.current(), endpoint_id, form.fields(found))
    except Invalid as error:
        form.show(error)
        return _form(form, found)
    commit("deliveries")
    return done("The endpoint is changed.", _page(endpoint_id))


@pages.post("/webhooks/endpoints/<uuid:endpoint_id>/<any(on, off):state>")
def switch_endpoint(endpoint_id: UUID, state: str) -> AnyResponse:
    """Turn an endpoint on or off."""
    switch = endpoints.enable if state == "on" else endpoints.turn_off
    switch(identity.current(), endpoint_id)
    commit("deliveries")
    said = "It is on. What waited is sent now." if state == "on" else "It is off. Nothing is sent."
    return done(said, _page(endpoint_id))


@pages.post("/webhooks/endpoints/<uuid:endpoint_id>/test")
def test_endpoint(endpoint_id: UUID) -> AnyResponse:
    """Send a friendly word to this endpoint alone."""
    try:
        samples.send_test(identity.organization_id(), endpoint_id)
    except Conflict as error:
        return refused(error, _page(endpoint_id))
    commit("deliveries")
    return done("A test is on its way; it stands on top of the deliveries.", _page(endpoint_id))


@pages.post("/webhooks/endpoints/<uuid:endpoint_id>/remove")
def remove_endpoint(endpoint_id: UUID) -> AnyResponse:
    """Take an endpoint away."""
    endpoints.delete(identity.current(), endpoint_id)
    commit()
    return done("The endpoint is gone.", url_for("webhooks.overview"))


@pages.post("/deliveries/<uuid:delivery_id>/try")
def try_delivery(delivery_id: UUID) -> AnyResponse:
    """Try a delivery at once, or send one again that was given up."""
    return _acted(delivery_id, again=True)


@pages.post("/deliveries/<uuid:delivery_id>/stop")
def stop_delivery(delivery_id: UUID) -> AnyResponse:
    """Stop trying a delivery."""
    return _acted(delivery_id, again=False)


def _acted(delivery_id: UUID, *, again: bool) -> AnyResponse:
    act = resending.try_now if again else resending.give_up
    try:
        delivery = act(identity.organization_id(), delivery_id, by=identity.current())
    except Conflict as error:
        return refused(error, request.referrer or url_for("webhooks.overview"))
    back = url_for(
        "webhooks.endpoint", endpoint_id=delivery.endpoint_id, delivery=delivery_id, _anchor="log"
    )
    commit("deliveries")
    return done("It is being tried now." if again else "It is not tried any more.", back)


def _rows_changed(form: EndpointForm) -> bool:
    """Whether a button for the rows of the condition was pressed; what was filled in stays."""
    if "add_row" in request.form:
        form.add_row()
    elif "drop_row" in request.form:
        form.drop_row(request.form["drop_row"])
    else:
        return False
    return True


def _form(form: EndpointForm, endpoint: Endpoint | None) -> Response:
    organization_id = identity.organization_id()
    rows = conditions.rows_of(endpoint.filter) if endpoint is not None else ([], "and")
    return render(
        "webhooks/endpoint_form.html",
        status=422 if form.errors else 200,
        form=form,
        endpoint=endpoint,
        name=endpoint_words.endpoint_name(endpoint) if endpoint else "",
        groups=event_choices.offered(organization_id),
        event_places=event_choices.places(organization_id),
        other_filter=_written(endpoint.filter) if endpoint and rows is None else None,
        added="add_row" in request.form,
    )


def _written(condition: Any) -> str:
    return json.dumps(condition, indent=2, ensure_ascii=False)


def _page(endpoint_id: UUID) -> str:
    return url_for("webhooks.endpoint", endpoint_id=endpoint_id)
