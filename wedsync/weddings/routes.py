"""The wedding pages: which couples there are, one of them, adding and changing one."""

from uuid import UUID

from flask import Blueprint, Response, g, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wedsync.errors import Conflict, Invalid, Stale
from wedsync.platform import identity, wording
from wedsync.platform.fragments import render
from wedsync.platform.identity import requires
from wedsync.platform.passing import done
from wedsync.platform.runtime import commit
from wedsync.weddings import (
    policy,
    queries,
    service,
    wedding_lists,
    wedding_search,
    wedding_words,
)
from wedsync.weddings.fields import zones
from wedsync.weddings.forms import NewWeddingForm, RecordForm, WeddingForm
from wedsync.weddings.models import Wedding

pages = Blueprint("weddings", __name__)


@pages.get("/weddings")
def wedding_list() -> Response:
    """The weddings, those that are coming above those that were; narrowed to words, and to one
    of the two from its second page on."""
    search = request.args.get("q", "")[: wedding_search.LONGEST].strip()
    when = wedding_lists.list_named(request.args.get("when"))
    after = request.args.get("after", type=UUID) if when else None
    return render(
        "weddings/list.html",
        "found",
        lists=wedding_lists.lists_of(
            identity.organization_id(), wording.here().today, search=search, when=when, after=after
        ),
        search=search,
        when=when,
        is_first_page=after is None,
        status_words=policy.WORDS,
        may_edit=identity.current().has_role("editor"),
    )


@pages.get("/weddings/<uuid:wedding_id>")
def wedding(wedding_id: UUID) -> Response:
    """One wedding: its dates, and what happens around it."""
    organization_id, words = identity.organization_id(), wording.here()
    found = queries.get_wedding(organization_id, wedding_id)
    return render(
        "weddings/wedding.html",
        wedding=found,
        news=wedding_words.news(found, words),
        days=wedding_words.days(found, words),
        clocks=wedding_words.clocks(found),
        warnings=policy.warnings(found),
        guests=queries.guests_of(organization_id, wedding_id),
        can_be=policy.NEXT[found.status],
        is_over=found.date is not None and found.date <= words.today,
        may_edit=identity.current().has_role("editor"),
    )


@pages.route("/weddings/new", methods=["GET", "POST"])
@requires("editor")
def new_wedding() -> AnyResponse:
    """Add a wedding."""
    form = NewWeddingForm().choose(g.get("zone", "Europe/London"))
    if request.method != "POST" or not form.validate():
        return _form(form, None)
    try:
        made = service.create(identity.current(), form.record())
    except Invalid as error:
        form.show(error)
        return _form(form, None)
    commit("events")
    return done("The wedding is added.", _page(made.id))


@pages.route("/weddings/<uuid:wedding_id>/edit", methods=["GET", "POST"])
@requires("editor")
def edit_wedding(wedding_id: UUID) -> AnyResponse:
    """Change what it is; its dates have a page of their own."""
    found = queries.get_wedding(identity.organization_id(), wedding_id)
    if request.method != "POST":
        return _form(WeddingForm.of(found).choose(found), found)
    form = WeddingForm().choose(found)
    if not form.validate():
        return _form(form, found)
    try:
        service.change(
            identity.current(),
            wedding_id,
            form.record(),
            expected_revision=revision_in(form.revision.data),
        )
    except Stale as stale:
        form.begin_again(queries.get_wedding(identity.organization_id(), wedding_id), stale)
        return _form(form, found)
    except (Conflict, Invalid) as error:
        form.show(error)
        return _form(form, found)
    commit("events")
    return done("The wedding is changed.", _page(wedding_id))


def revision_in(written: str | None) -> int:
    """The revision a form was made from; one that never was for what is none."""
    return int(written) if written and written.isascii() and written.isdigit() else 0


def _form(form: RecordForm, wedding: Wedding | None) -> Response:
    return render(
        "weddings/form.html",
        status=422 if form.errors else 200,
        form=form,
        wedding=wedding,
        zones=sorted(each for each in zones() if "/" in each and not each.startswith("Etc/")),
    )


def _page(wedding_id: UUID) -> str:
    return url_for("weddings.wedding", wedding_id=wedding_id)
