"""The gallery: ready-made workflows by what they do for a business, and each with its questions."""

from collections.abc import Mapping

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wedsync.connections.queries import connected_on_the_way_to
from wedsync.errors import Invalid, NotFound
from wedsync.platform import identity
from wedsync.platform.db import db
from wedsync.platform.fragments import render, wants_fragment
from wedsync.platform.passing import done
from wedsync.platform.runtime import commit
from wedsync.workflows.ready_made import kept_answers, needs, recipe, service
from wedsync.workflows.ready_made.answers import Read
from wedsync.workflows.ready_made.forms import RecipeForm, form_of
from wedsync.workflows.ready_made.preview import preview
from wedsync.workflows.ready_made.recipe import Recipe
from wedsync.workflows.views.routes import pages


@pages.get("/workflows/gallery", endpoint="gallery")
def gallery() -> Response:
    """Every ready-made workflow, by what it is for."""
    there = needs.held(identity.organization_id())
    goals = [
        (goal, [(each, needs.needs_of(each, there)) for each in own])
        for goal, own in recipe.by_goal()
    ]
    return render("workflows/gallery.html", goals=goals, missing=needs.missing)


@pages.get("/workflows/gallery/<recipe_key>", endpoint="ready_made")
def ready_made(recipe_key: str) -> Response:
    """One of them: what it does, and its questions."""
    found = recipe.find(recipe_key)
    needed = _needs(found)
    form = form_of(found, needed, _said_before(found, needed))
    return _page(found, needed, form, _read(found, form))


@pages.post("/workflows/gallery/<recipe_key>/connect/<slug>", endpoint="ready_made_connect")
def connect_for_ready_made(recipe_key: str, slug: str) -> AnyResponse:
    """Go to connect what it needs; the answers given so far are there when one comes back."""
    found = recipe.find(recipe_key)
    if slug not in found.connectors:
        raise NotFound("This does not need such an account.")
    given = form_of(found, _needs(found), {}).given
    kept = kept_answers.sealed(identity.current(), found, given) or None
    back = url_for("workflows.ready_made", recipe_key=found.key, kept=kept)
    return redirect(url_for("connections.connect", slug=slug, next=back), 303)


@pages.post("/workflows/gallery/<recipe_key>/preview", endpoint="ready_made_preview")
@identity.requires("viewer")
def preview_ready_made(recipe_key: str) -> Response:
    """What the answers so far would do. Keeps nothing."""
    found = recipe.find(recipe_key)
    needed = _needs(found)
    form = form_of(found, needed, {})
    read = _read(found, form)
    if wants_fragment():
        return _page(found, needed, form, read, block="preview")
    form.say(read.faults)
    return _page(found, needed, form, read, status=422 if read.faults else 200)


@pages.post("/workflows/gallery/<recipe_key>", endpoint="ready_made_start")
def start_ready_made(recipe_key: str) -> AnyResponse:
    """Make the workflow and switch it on."""
    found = recipe.find(recipe_key)
    needed = _needs(found)
    form = form_of(found, needed, {})
    try:
        started = service.start(identity.current(), found.key, form.given)
    except Invalid as error:
        db.session.rollback()
        form.show(error)
        return _page(found, needed, form, _read(found, form), status=422)
    commit("runs")
    url = url_for("workflows.workflow", workflow_id=started.workflow.id)
    if started.is_new:
        return done(f"“{found.title}” is on.", url)
    return done("You had this one already, with the very same answers. Here it is.", url)


@pages.get("/workflows/ready-made-with/<slug>", endpoint="ready_made_with")
def ready_made_with(slug: str) -> Response:
    """The ready-made workflows that use one connector."""
    own = [each for each in recipe.recipes().values() if slug in each.connectors]
    return render("workflows/ready_made_with.html", recipes=own)


def _said_before(found: Recipe, needed: tuple[needs.Need, ...]) -> Mapping[str, str]:
    """What stands in the form: defaults, the answers somebody took along to connect an account, and
    the account they came back with."""
    by = identity.current()
    said = {**needs.suggestions(found, needed)}
    said |= kept_answers.opened(by, found, request.args.get("kept", ""))
    on_the_way = connected_on_the_way_to(by, request.full_path.rstrip("?"))
    for question in found.questions if on_the_way else ():
        if on_the_way and question.connector == on_the_way[1].slug:
            said[question.key] = str(on_the_way[1].id)
    return said


def _needs(found: Recipe) -> tuple[needs.Need, ...]:
    return needs.needs_of(found, needs.held(identity.organization_id()))


def _read(found: Recipe, form: RecipeForm) -> Read:
    return service.read(service.place_of(identity.organization_id()), found, form.given)


def _page(
    found: Recipe,
    needed: tuple[needs.Need, ...],
    form: RecipeForm,
    read: Read,
    *,
    block: str = "main",
    status: int = 200,
) -> Response:
    place = service.place_of(identity.organization_id())
    definition = service.definition_of(place, found, read.values)
    return render(
        "workflows/ready_made.html",
        block,
        status=status,
        recipe=found,
        form=form,
        needs={need.slug: need for need in needed},
        preview=preview(place.organization_id, found, definition),
        to_answer=[each for each in found.questions if each.key in read.faults],
        may_edit=identity.current().has_role("editor"),
    )
