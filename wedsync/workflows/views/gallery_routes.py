"""The gallery: ready-made workflows by what they do for a business, one's own beside ours, and each
with its questions."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wedsync.connections.queries import connected_on_the_way_to
from wedsync.errors import Invalid, NotFound
from wedsync.platform import identity
from wedsync.platform.db import db
from wedsync.platform.fragments import render, wants_fragment
from wedsync.platform.identity import Identity
from wedsync.platform.passing import done
from wedsync.platform.runtime import commit
from wedsync.workflows.ready_made import choosing, kept_answers, needs, recipe, service
from wedsync.workflows.ready_made.answers import Read
from wedsync.workflows.ready_made.forms import RecipeForm, form_of
from wedsync.workflows.ready_made.own import template_queries
from wedsync.workflows.ready_made.own.own_recipe import OwnRecipe
from wedsync.workflows.ready_made.preview import preview
from wedsync.workflows.ready_made.recipe import Recipe
from wedsync.workflows.ready_made.service import Started
from wedsync.workflows.ready_made.shelf import shelf
from wedsync.workflows.views.builder_choices import have_it_read
from wedsync.workflows.views.routes import pages


@pages.get("/workflows/gallery", endpoint="gallery")
def gallery() -> Response:
    """Every ready-made workflow by what it is for, narrowed by what is typed."""
    return render(
        "workflows/gallery.html",
        "found",
        shelf=shelf(identity.organization_id(), request.args.get("q", "")),
        may_edit=identity.current().has_role("editor"),
    )


@pages.get("/workflows/gallery/<recipe_key>", endpoint="ready_made")
@pages.get("/workflows/templates/<uuid:template_id>", endpoint="template")
def ready_made(recipe_key: str = "", template_id: UUID | None = None) -> Response:
    """One of them: what it does, and its questions."""
    found = _found(recipe_key, template_id)
    _have_lists_read(found)
    form = _form(found, _said_before(found))
    return _page(found, form, _read(found, form))


@pages.post("/workflows/gallery/<recipe_key>/connect/<slug>", endpoint="ready_made_connect")
@pages.post("/workflows/templates/<uuid:template_id>/connect/<slug>", endpoint="template_connect")
def connect_for_ready_made(
    slug: str, recipe_key: str = "", template_id: UUID | None = None
) -> AnyResponse:
    """Go to connect what it needs; the answers given so far are there when one comes back."""
    found = _found(recipe_key, template_id)
    if slug not in found.connectors:
        raise NotFound("This does not need such an account.")
    kept = kept_answers.sealed(identity.current(), found, _form(found, {}).given) or None
    return redirect(url_for("connections.connect", slug=slug, next=_url(found, kept=kept)), 303)


@pages.post("/workflows/gallery/<recipe_key>/preview", endpoint="ready_made_preview")
@pages.post("/workflows/templates/<uuid:template_id>/preview", endpoint="template_preview")
@identity.requires("viewer")
def preview_ready_made(recipe_key: str = "", template_id: UUID | None = None) -> Response:
    """What the answers so far would do. Keeps nothing."""
    found = _found(recipe_key, template_id)
    form = _form(found, {})
    read = _read(found, form)
    if wants_fragment():
        return _page(found, form, read, block="preview")
    form.say(read.faults)
    return _page(found, form, read, status=422 if read.faults else 200)


@pages.post("/workflows/gallery/<recipe_key>", endpoint="ready_made_start")
@pages.post("/workflows/templates/<uuid:template_id>", endpoint="template_start")
def start_ready_made(recipe_key: str = "", template_id: UUID | None = None) -> AnyResponse:
    """Make the workflow and switch it on."""
    found = _found(recipe_key, template_id)
    started = _made(found, service.start)
    if not isinstance(started, Started):
        return started
    url = url_for("workflows.workflow", workflow_id=started.workflow.id)
    if started.is_new:
        return done(f"“{found.title}” is on.", url)
    return done("You had this one already, with the very same answers. Here it is.", url)


@pages.post("/workflows/gallery/<recipe_key>/draft", endpoint="ready_made_draft")
@pages.post("/workflows/templates/<uuid:template_id>/draft", endpoint="template_draft")
def draft_ready_made(recipe_key: str = "", template_id: UUID | None = None) -> AnyResponse:
    """Make the workflow as a draft, and open it in the builder."""
    found = _found(recipe_key, template_id)
    started = _made(found, service.draft)
    if not isinstance(started, Started):
        return started
    url = url_for("workflows.builder", workflow_id=started.workflow.id)
    if started.is_new:
        return done(f"“{started.workflow.name}” is a draft. Nothing happens yet.", url)
    return done("You made this draft a moment ago. Here it is.", url)


@pages.get("/workflows/ready-made-with/<slug>", endpoint="ready_made_with")
def ready_made_with(slug: str) -> Response:
    """The ready-made workflows that use one connector."""
    own = [each for each in recipe.recipes().values() if slug in each.connectors]
    return render("workflows/ready_made_with.html", recipes=own)


def _found(recipe_key: str, template_id: UUID | None) -> Recipe:
    if template_id is None:
        return recipe.find(recipe_key)
    return template_queries.find(identity.organization_id(), template_id)


def _made(
    found: Recipe, make: Callable[[Identity, Recipe, Mapping[str, str]], Started]
) -> Started | Response:
    """What was made of the answers; the page with what is wrong with them where they cannot be
    used."""
    form = _form(found, {})
    try:
        started = make(identity.current(), found, form.given)
    except Invalid as error:
        db.session.rollback()
        form.show(error)
        return _page(found, form, _read(found, form), status=422)
    commit("runs")
    return started


def _url(found: Recipe, action: str = "", **more: Any) -> str:
    """The address of a recipe, or of something that is done with it."""
    if isinstance(found, OwnRecipe):
        endpoint = f"workflows.template{action}"
        return url_for(endpoint, template_id=found.template_id, **more)
    return url_for(f"workflows.ready_made{action}", recipe_key=found.key, **more)


def _said_before(found: Recipe) -> Mapping[str, str]:
    """What stands in the form: defaults, the answers somebody took along to connect an account, and
    the account they came back with."""
    by = identity.current()
    said = {**needs.suggestions(found, _needs(found))}
    said |= kept_answers.opened(by, found, request.args.get("kept", ""))
    on_the_way = connected_on_the_way_to(by, request.full_path.rstrip("?"))
    for question in found.questions if on_the_way else ():
        is_account = question.kind == "connection"
        if on_the_way and is_account and question.connector == on_the_way[1].slug:
            said[question.key] = str(on_the_way[1].id)
    return said


def _have_lists_read(found: Recipe) -> None:
    """Have the lists read that its questions are chosen from; not for somebody who only looks."""
    for question in found.questions if identity.current().has_role("editor") else ():
        if question.kind == "listed":
            there = needs.held(identity.organization_id())
            for account in choosing.usable_for(question, there):
                have_it_read(account.id, question.listed)


def _needs(found: Recipe) -> tuple[needs.Need, ...]:
    return needs.needs_of(found, needs.held(identity.organization_id()))


def _form(found: Recipe, said: Mapping[str, str]) -> RecipeForm:
    organization_id = identity.organization_id()
    there = needs.held(organization_id)
    lists = choosing.lists_of(organization_id, found, there)
    return form_of(found, needs.needs_of(found, there), said, lists)


def _read(found: Recipe, form: RecipeForm) -> Read:
    return service.read(service.place_of(identity.organization_id()), found, form.given)


def _page(
    found: Recipe, form: RecipeForm, read: Read, *, block: str = "main", status: int = 200
) -> Response:
    place = service.place_of(identity.organization_id())
    definition = service.definition_of(place, found, read.values)
    return render(
        "workflows/ready_made.html",
        block,
        status=status,
        recipe=found,
        is_own=isinstance(found, OwnRecipe),
        url=partial(_url, found),
        form=form,
        needs={need.slug: need for need in _needs(found)},
        preview=preview(place.organization_id, found, definition),
        to_answer=[each for each in found.questions if each.key in read.faults],
        may_edit=identity.current().has_role("editor"),
    )
