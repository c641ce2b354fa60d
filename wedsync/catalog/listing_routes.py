"""A partner's listings: what there is, one of them with all that is to do about it."""

from typing import Any
from uuid import UUID

from flask import Response, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wedsync.catalog import cards, listing_words, posted
from wedsync.catalog.editor.forms import NewListingForm
from wedsync.catalog.routes import pages
from wedsync.errors import Conflict, Invalid, Stale
from wedsync.listings import checks, drafts, queries, shelf
from wedsync.listings.models import Listing, ListingVersion
from wedsync.platform import identity
from wedsync.platform.db import db
from wedsync.platform.fragments import render
from wedsync.platform.identity import requires
from wedsync.platform.passing import done, refused
from wedsync.platform.runtime import commit


@pages.get("/listings")
def listing_list() -> Response:
    """Every listing of the organization."""
    rows = queries.listings_of(identity.organization_id())
    return render(
        "catalog/listings.html",
        rows=[
            (listing, version, listing_words.state_of(listing, version))
            for listing, version in rows
        ],
        may_edit=identity.current().has_role("editor"),
    )


@pages.route("/listings/new", methods=["GET", "POST"])
@requires("editor")
def new_listing() -> AnyResponse:
    """Begin a listing: its name and its address."""
    form = NewListingForm()
    if not form.validate_on_submit():
        return _new_page(form)
    try:
        made, _ = drafts.create(identity.current(), form.name.data, form.slug.data)
    except Invalid as error:
        form.show(error)
        return _new_page(form)
    commit()
    return done("It is begun. Only your team sees it.", _page(made.id))


@pages.get("/listings/<uuid:listing_id>")
def own_listing(listing_id: UUID) -> Response:
    """One listing: how it looks, what is still to do, and the talk about it."""
    return _show(queries.get_listing(identity.organization_id(), listing_id))


@pages.post("/listings/<uuid:listing_id>/submit")
def submit_listing(listing_id: UUID) -> AnyResponse:
    """Send the draft to the admins."""
    listing = queries.get_listing(identity.organization_id(), listing_id)
    note = request.form.get("note", "")
    try:
        drafts.submit(identity.current(), listing_id, posted.revision(), note)
    except (Conflict, Stale) as error:
        return refused(error, _page(listing_id))
    except Invalid as error:
        db.session.rollback()
        return _show(listing, refusal=error.detail, note=note, status=422)
    commit("mail")
    return done("It is with the admins. We write to you when they answer.", _page(listing_id))


@pages.post(
    "/listings/<uuid:listing_id>/<any('put-back', 'take-back', 'version', 'withdraw'):gesture>"
)
def change_listing(listing_id: UUID, gesture: str) -> AnyResponse:
    """Take it back from the admins, begin a version, or take it off the shelf and put it back."""
    act, said = _GESTURES[gesture]
    try:
        act(identity.current(), listing_id)
    except Conflict as error:
        return refused(error, _page(listing_id))
    commit()
    return done(said, _page(listing_id))


@pages.post("/listings/<uuid:listing_id>/say")
def say_of_listing(listing_id: UUID) -> AnyResponse:
    """Tell the admins something about the newest version."""
    listing = queries.get_listing(identity.organization_id(), listing_id)
    version = queries.newest_version(listing)
    try:
        drafts.say(identity.current(), version, request.form.get("words", ""), by_admin=False)
    except Invalid as error:
        return refused(error, _page(listing_id))
    commit()
    return done("They see it on their page.", f"{_page(listing_id)}#talk")


_GESTURES: dict[str, tuple[Any, str]] = {
    "take-back": (drafts.take_back, "It is yours again. Send it when it is ready."),
    "version": (drafts.begin_version, "Here is the next version. The one before keeps serving."),
    "withdraw": (shelf.withdraw, "Nobody finds it any more. Who is connected stays connected."),
    "put-back": (shelf.put_back, "It is in the marketplace again."),
}


def _show(listing: Listing, *, refusal: str = "", note: str = "", status: int = 200) -> Response:
    version = queries.version_under_way(listing) or queries.newest_version(listing)
    document = version.manifest
    return render(
        "catalog/own_listing.html",
        status=status,
        listing=listing,
        version=version,
        card=cards.card_of_draft(document, _maker()),
        state_of_it=listing_words.state_of(listing, version),
        news=listing_words.news(listing, version),
        problems=_problems(listing, version),
        parts=listing_words.parts_of(document),
        actions=listing_words.rows_of(document, "actions"),
        triggers=listing_words.rows_of(document, "triggers"),
        talk=listing_words.talk_of(version),
        versions=[
            (each, listing_words.STATE_WORDS[each.state]) for each in queries.versions_of(listing)
        ],
        is_writable=version.state in drafts.WRITABLE_STATES,
        businesses=cards.businesses_connected(listing.id),
        may_edit=identity.current().has_role("editor"),
        refusal=refusal,
        note=note,
    )


def _problems(listing: Listing, version: ListingVersion) -> list[listing_words.ToMend]:
    if version.state not in drafts.WRITABLE_STATES:
        return []
    return listing_words.to_mend(listing, checks.blocking(version.manifest))


def _maker() -> str:
    return queries.maker(identity.organization_id())


def _new_page(form: NewListingForm) -> Response:
    return render("catalog/listing_new.html", status=422 if form.errors else 200, form=form)


def _page(listing_id: UUID) -> str:
    return url_for("catalog.own_listing", listing_id=listing_id)
