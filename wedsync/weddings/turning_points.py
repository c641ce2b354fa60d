"""The pages of a wedding's turning points: it moves, is postponed, is cancelled, is put away.

Each shows first what it shifts or stops, and asks. What waits is the workflows' to tell: the page
includes their part by its address.
"""

from types import SimpleNamespace
from typing import Any, Literal
from uuid import UUID

from flask import Response, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from wedsync.errors import Conflict, Invalid, Stale
from wedsync.platform import identity, wording
from wedsync.platform.fragments import render
from wedsync.platform.identity import requires
from wedsync.platform.passing import done, refused
from wedsync.platform.runtime import commit
from wedsync.weddings import policy, queries, service, wedding_words
from wedsync.weddings.fields import DATES, checked
from wedsync.weddings.forms import DatesForm, StatusForm
from wedsync.weddings.models import Wedding
from wedsync.weddings.routes import pages, revision_in

How = Literal["move", "postpone"]
_DONE = {
    "move": "Its dates are changed. What waits for them goes along.",
    "postpone": "The wedding is postponed. What waits for its dates goes along.",
    "cancelled": "The wedding is cancelled. No message about it leaves any more.",
    "archived": "The wedding is put away.",
}


@pages.route("/weddings/<uuid:wedding_id>/<any(move, postpone):how>", methods=["GET", "POST"])
@requires("editor")
def change_dates(wedding_id: UUID, how: How) -> AnyResponse:
    """Choose new dates, see what they shift, and let them stand."""
    found = queries.get_wedding(identity.organization_id(), wedding_id)
    if request.method != "POST":
        return _look_ahead(found, how)
    form = DatesForm()
    if not form.validate():
        return _dates_form(found, how, form)
    try:
        _apply(found.id, how, form)
    except Stale as stale:
        form.revision.data = str(queries.get_wedding(found.organization_id, found.id).revision)
        form.form_errors.append(f"{stale.detail} Look at its dates again.")
        return _dates_form(found, how, form)
    except (Conflict, Invalid) as error:
        form.show(error)
        return _dates_form(found, how, form)
    commit("events")
    return done(_DONE[how], _page(wedding_id))


@pages.get("/weddings/<uuid:wedding_id>/cancel")
@requires("editor")
def cancelling(wedding_id: UUID) -> Response:
    """What ends with the wedding, before it is cancelled."""
    return _ending(wedding_id, "cancelled")


@pages.get("/weddings/<uuid:wedding_id>/put-away")
@requires("editor")
def putting_away(wedding_id: UUID) -> Response:
    """What ends with the wedding, before it is put away."""
    return _ending(wedding_id, "archived")


@pages.post("/weddings/<uuid:wedding_id>/status")
def set_status(wedding_id: UUID) -> AnyResponse:
    """Cancel it, put it away, or take either back."""
    form = StatusForm()
    status = form.status.data or ""
    try:
        service.change(identity.current(), wedding_id, {"status": status})
    except (Conflict, Invalid) as error:
        return refused(error, _page(wedding_id))
    commit("events")
    back = url_for("weddings.wedding_list") if status == "archived" else _page(wedding_id)
    said = _DONE.get(status) or f"It is {policy.WORDS[status].lower()} now."
    return done(said, back)


def _apply(wedding_id: UUID, how: How, form: DatesForm) -> None:
    by, revision = identity.current(), revision_in(form.revision.data)
    act = service.postpone if how == "postpone" else service.change
    act(by, wedding_id, form.dates(), expected_revision=revision)


def _look_ahead(found: Wedding, how: How) -> Response:
    """The form; with dates in the address, what they shift, and the question."""
    if not set(DATES) & set(request.args):
        form = DatesForm(obj=found, data={"along": True})
        return _dates_form(found, how, form)
    form = DatesForm(request.args, meta={"csrf": False})
    if not form.validate():
        return _dates_form(found, how, form)
    try:
        wanted = checked(_wanted(found, form))
    except Invalid as error:
        form.show(error)
        return _dates_form(found, how, form)
    asked = MultiDict({name: day.isoformat() if day else "" for name, day in wanted.items()})
    asked["revision"] = str(found.revision)
    return render(
        "weddings/dates_after.html",
        wedding=found,
        how=how,
        moves=wedding_words.moves(found, wanted, wording.here()),
        warnings=policy.warnings(SimpleNamespace(**wanted)),
        asked=asked,
    )


def _wanted(found: Wedding, form: DatesForm) -> dict[str, Any]:
    """The dates as they would be. What somebody chose by hand does not move along."""
    chosen = form.dates()
    if not form.along.data:
        return chosen
    by_hand = {
        name: day
        for name, day in chosen.items()
        if name in request.args and day != getattr(found, name)
    }
    return {**service.moved_along(found, form.date.data), **by_hand}


def _ending(wedding_id: UUID, becomes: str) -> Response:
    found = queries.get_wedding(identity.organization_id(), wedding_id)
    return render("weddings/ending.html", wedding=found, becomes=becomes)


def _dates_form(found: Wedding, how: How, form: DatesForm) -> Response:
    return render(
        "weddings/dates.html",
        status=422 if form.errors else 200,
        wedding=found,
        how=how,
        form=form,
    )


def _page(wedding_id: UUID) -> str:
    return url_for("weddings.wedding", wedding_id=wedding_id)
