"""The editor of a listing's draft, part by part. Every gesture is a form post with a revision."""

from typing import Any
from uuid import UUID

from flask import Response, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wedsync.catalog import cards, listing_words, posted
from wedsync.catalog.editor import PARTS, ROWS, place_of
from wedsync.catalog.editor.actions import with_entry
from wedsync.catalog.editor.basics import BasicsForm
from wedsync.catalog.editor.connecting import ConnectingForm
from wedsync.catalog.editor.document import parts_at
from wedsync.catalog.editor.fields import PartForm
from wedsync.catalog.routes import pages
from wedsync.errors import Conflict, Invalid, NotFound, Stale, WedSyncError
from wedsync.listings import checks, drafts, queries, shelf
from wedsync.listings.models import Listing, ListingVersion
from wedsync.platform import identity
from wedsync.platform.db import db
from wedsync.platform.fragments import render
from wedsync.platform.identity import requires
from wedsync.platform.passing import done, refused
from wedsync.platform.runtime import commit

_KEPT = "Kept. Only your team sees it until you send it."
_PART = "<any(basics, connecting, file, hooks):part>"
_KIND = "<any(actions, triggers):kind>"


@pages.route(f"/listings/<uuid:listing_id>/{_PART}", methods=["GET", "POST"])
@requires("editor")
def edit_part(listing_id: UUID, part: str) -> AnyResponse:
    """A part of the manifest that is edited whole."""
    return _edit(listing_id, PARTS[part], part, None)


@pages.route(f"/listings/<uuid:listing_id>/{_KIND}/new", methods=["GET", "POST"])
@requires("editor")
def new_row(listing_id: UUID, kind: str) -> AnyResponse:
    """Add an action or a trigger."""
    return _edit(listing_id, ROWS[kind], kind, None)


@pages.route(f"/listings/<uuid:listing_id>/{_KIND}/<int:place>", methods=["GET", "POST"])
@requires("editor")
def edit_row(listing_id: UUID, kind: str, place: int) -> AnyResponse:
    """Change an action or a trigger."""
    return _edit(listing_id, ROWS[kind], kind, place)


@pages.post(f"/listings/<uuid:listing_id>/{_KIND}/<int:place>/remove")
def remove_row(listing_id: UUID, kind: str, place: int) -> AnyResponse:
    """Take an action or a trigger away."""
    listing, version = _opened(listing_id)
    _require_row(version, kind, place)
    try:
        changed = with_entry(version.manifest, kind, place, None)
        drafts.save(identity.current(), listing_id, posted.revision(), changed)
    except (Conflict, Stale) as error:
        return refused(error, _page(listing))
    commit()
    return done("It is taken out.", _page(listing))


@pages.post("/listings/<uuid:listing_id>/preview")
def preview_listing(listing_id: UUID) -> Response:
    """The card as it would look with what is in the form. Keeps nothing."""
    listing, version = _opened(listing_id)
    form = BasicsForm()
    document = form.into(version.manifest)
    return _form_page(form, listing, version, "basics", None, block="preview", shown=document)


def _edit(
    listing_id: UUID, form_class: type[PartForm], part: str, place: int | None
) -> AnyResponse:
    listing, version = _opened(listing_id)
    if place is not None:
        _require_row(version, part, place)
    if version.state not in drafts.WRITABLE_STATES:
        return refused(Conflict("This cannot be changed now."), _page(listing))
    if request.method != "POST":
        return _form_page(form_class.of(version.manifest, place), listing, version, part, place)
    form = form_class()
    if not form.validate():
        return _form_page(form, listing, version, part, place)
    try:
        _keep(form, listing, version, place)
    except (Invalid, Stale) as error:
        db.session.rollback()
        _say(form, error)
        return _form_page(form, listing, version, part, place, status=error.status)
    commit()
    return done(_KEPT, _page(listing))


def _keep(form: PartForm, listing: Listing, version: ListingVersion, place: int | None) -> None:
    revision = int(form.revision.data or 0)
    document = form.into(version.manifest, place)
    drafts.save(identity.current(), listing.id, revision, document)
    if isinstance(form, ConnectingForm) and form.kind.data == "oauth2_code":
        client = form.client_id.data, form.client_secret.data
        shelf.set_client(identity.current(), listing.id, *client)


def _say(form: PartForm, error: WedSyncError) -> None:
    if isinstance(error, Invalid):
        form.show(error)
    else:
        form.form_errors.append(
            f"{error.detail} What you wrote is still below: copy it, then reload."
        )


def _form_page(
    form: PartForm,
    listing: Listing,
    version: ListingVersion,
    part: str,
    place: int | None,
    *,
    status: int = 200,
    block: str = "main",
    shown: dict[str, Any] | None = None,
) -> Response:
    """The form; beside it the card of what is `shown`, of what is kept unless it is said."""
    if request.method != "POST":
        form.revision.data = version.revision
        if isinstance(form, ConnectingForm):
            form.client_id.data = listing.client_id
    if isinstance(form, ConnectingForm):
        # What was typed is never sent back, only whether there is one.
        form.client_secret.data = shelf.masked_secret(listing)
    return render(
        form.template,
        block,
        status=422 if form.errors and status == 200 else status,
        form=form,
        listing=listing,
        version=version,
        part=part,
        place=place,
        problems=_problems_here(version.manifest, part, place),
        card=cards.card_of_draft(shown or version.manifest, queries.maker(listing.organization_id)),
    )


def _problems_here(document: dict[str, Any], part: str, place: int | None) -> list[str]:
    """What is to mend in this part, as it was kept."""
    if place is None and part in ROWS:
        return []
    here = [each for each in checks.blocking(document) if place_of(each.path) == (part, place)]
    return [listing_words.said(each, (PARTS | ROWS)[part]) for each in here]


def _opened(listing_id: UUID) -> tuple[Listing, ListingVersion]:
    listing = queries.get_listing(identity.organization_id(), listing_id)
    version = queries.version_under_way(listing) or queries.newest_version(listing)
    return listing, version


def _require_row(version: ListingVersion, kind: str, place: int) -> None:
    if place >= len(parts_at(version.manifest, kind)):
        raise NotFound("There is nothing like that in this listing.")


def _page(listing: Listing) -> str:
    return url_for("catalog.own_listing", listing_id=listing.id)
