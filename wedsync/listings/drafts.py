"""What a listing's makers write and send to the admins, one version at a time.

    draft ⇄ submitted → in_review → published        changes_asked → draft, by the first change
                             ↘ changes_asked, withdrawn

A draft may be half-finished: its document only has to be small and storable. What was sent to the
admins does not change until they answer or it is taken back.
"""

import re
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from wedsync import connectors
from wedsync.audit import service as audit
from wedsync.connectors.checks import RESERVED, Problem
from wedsync.connectors.manifest_rules.shape import too_large
from wedsync.errors import Conflict, FieldError, Invalid, Stale
from wedsync.listings import checks, manifests, queries
from wedsync.listings.models import TO_REVIEW_STATES, Listing, ListingVersion, ReviewMessage
from wedsync.notices import service as notices
from wedsync.platform import clock, ids
from wedsync.platform.db import db
from wedsync.platform.identity import Identity

LONGEST_WORDS = 2_000
MOST_LISTINGS = 50
_SLUG = re.compile(r"[a-z][a-z0-9-]{1,39}")
WRITABLE_STATES = ("draft", "changes_asked")


def create(by: Identity, name: str, slug: str) -> tuple[Listing, ListingVersion]:
    """Begin a listing with an empty first version; `slug` is its address for good.

    Raises Invalid, Conflict.
    """
    if _listings_made(by) >= MOST_LISTINGS:
        raise Conflict(f"There can be at most {MOST_LISTINGS} listings of one organization.")
    _require_free(slug)
    listing = Listing(id=ids.new_id(), organization_id=by.organization_id, slug=slug)
    try:
        with db.session.begin_nested():
            db.session.add(listing)
    except IntegrityError as error:
        raise _taken() from error
    version = _begin_version(listing, 1, _first_document(name, slug))
    _record("listing.created", by, listing)
    return listing, version


def save(by: Identity, listing_id: UUID, revision: int, document: dict[str, Any]) -> ListingVersion:
    """Keep a draft's document. `revision` is the one that was read.

    Raises NotFound, Stale when somebody saved since, Conflict while it is with the admins, Invalid
    for a document no manifest could be.
    """
    listing, version = _version_to_write(by, listing_id)
    if version.revision != revision:
        raise Stale("Somebody changed this listing since you opened it. Nothing was overwritten.")
    if refusal := too_large(document):
        raise Invalid(refusal.sentence)
    version.manifest = {**document, "slug": listing.slug}
    version.content_hash = manifests.content_hash(version.manifest)
    version.revision += 1
    version.state = "draft"
    db.session.flush()
    return version


def submit(by: Identity, listing_id: UUID, revision: int, note: str = "") -> ListingVersion:
    """Send a draft to the admins, with what the automated checks found.

    Raises NotFound, Stale, Conflict, Invalid with every problem of the manifest.
    """
    listing, version = _version_to_write(by, listing_id)
    if version.revision != revision:
        raise Stale("Somebody changed this listing since you opened it. Look at it once more.")
    if found := checks.blocking(version.manifest):
        raise Invalid(found[0].sentence, errors=[_field_error(each) for each in found])
    if version.content_hash == queries.published_hash(listing):
        raise Conflict("This says what is in the marketplace already. Change something first.")
    _keep_decision(version)
    version.state = "submitted"
    version.submitted_at, version.submitted_by = clock.now(), by.user_id
    version.reviewer_id = version.decided_at = version.reason = None
    version.note = _words(note) if note.strip() else None
    version.checks = checks.as_stored(checks.run(listing, version.manifest))
    db.session.flush()
    notices.close(db.session, listing.organization_id, "listing", listing.id, "changes_asked")
    _record("listing.submitted", by, listing, version)
    return version


def _keep_decision(version: ListingVersion) -> None:
    """Put what an admin decided before into the talk: sent again, the version has none."""
    if version.decided_at is None or not version.reason:
        return
    db.session.add(
        ReviewMessage(
            id=ids.new_id(),
            organization_id=version.organization_id,
            version_id=version.id,
            author_id=version.reviewer_id,
            by_admin=True,
            words=f"Changes asked: {version.reason}",
            created_at=version.decided_at,
        )
    )


def take_back(by: Identity, listing_id: UUID) -> ListingVersion:
    """Make a draft again of what nobody decided on yet. Raises NotFound, Conflict."""
    listing = queries.get_listing(by.organization_id, listing_id, for_update=True)
    version = queries.version_under_way(listing)
    if version is None or version.state not in TO_REVIEW_STATES:
        raise Conflict("This is not waiting for a decision.")
    version.state = "draft"
    version.revision += 1
    db.session.flush()
    _record("listing.taken_back", by, listing, version)
    return version


def begin_version(by: Identity, listing_id: UUID) -> ListingVersion:
    """Begin the next version from the newest one; what is published keeps serving.

    Raises NotFound, Conflict while another one is under way.
    """
    listing = queries.get_listing(by.organization_id, listing_id, for_update=True)
    if queries.version_under_way(listing) is not None:
        raise Conflict("A version of this listing is under way already.")
    newest = queries.newest_version(listing)
    version = _begin_version(listing, newest.number + 1, dict(newest.manifest))
    _record("listing.version_begun", by, listing, version)
    return version


def say(by: Identity, version: ListingVersion, words: str, *, by_admin: bool) -> ReviewMessage:
    """Add a sentence to the talk about a version. Raises Invalid."""
    said = ReviewMessage(
        id=ids.new_id(),
        organization_id=version.organization_id,
        version_id=version.id,
        author_id=by.user_id,
        by_admin=by_admin,
        words=_words(words),
    )
    db.session.add(said)
    db.session.flush()
    return said


def _listings_made(by: Identity) -> int:
    made = select(func.count()).where(Listing.organization_id == by.organization_id)
    return db.session.scalar(made) or 0


def _version_to_write(by: Identity, listing_id: UUID) -> tuple[Listing, ListingVersion]:
    listing = queries.get_listing(by.organization_id, listing_id, for_update=True)
    version = queries.version_under_way(listing)
    if version is None:
        raise Conflict("Begin a new version first: what is published does not change.")
    if version.state not in WRITABLE_STATES:
        raise Conflict("This is with the admins. Take it back to change it.")
    return listing, version


def _begin_version(listing: Listing, number: int, document: dict[str, Any]) -> ListingVersion:
    version = ListingVersion(
        id=ids.new_id(),
        organization_id=listing.organization_id,
        listing_id=listing.id,
        number=number,
        state="draft",
        revision=1,
        manifest=document,
        content_hash=manifests.content_hash(document),
    )
    db.session.add(version)
    db.session.flush()
    return version


def _first_document(name: str, slug: str) -> dict[str, Any]:
    return {
        "slug": slug,
        "name": name.strip(),
        "summary": "",
        "icon": "plug-connected",
        "shelf": {"categories": [], "description": "", "tried_against": ""},
        "auth": {"kind": "none"},
        "actions": [],
        "triggers": [],
    }


def _require_free(slug: str) -> None:
    if not _SLUG.fullmatch(slug):
        words = "Use 2 to 40 small letters, digits and hyphens, beginning with a letter."
        raise Invalid(words, errors=[FieldError("/slug", "slug", words)])
    taken = select(Listing.id).where(Listing.slug == slug)
    if slug in RESERVED or slug in connectors.manifests() or db.session.scalar(taken) is not None:
        raise _taken()


def _taken() -> Invalid:
    words = "This address is taken. Choose another."
    return Invalid(words, errors=[FieldError("/slug", "slug_taken", words)])


def _field_error(problem: Problem) -> FieldError:
    return FieldError("/" + problem.path.replace(".", "/"), "manifest", problem.sentence)


def _words(words: str) -> str:
    written = words.strip()
    if not written:
        raise Invalid("Write a sentence first.")
    if len(written) > LONGEST_WORDS:
        raise Invalid(f"This is longer than {LONGEST_WORDS:,} characters.")
    return written


def _record(
    action: str, by: Identity, listing: Listing, version: ListingVersion | None = None
) -> None:
    audit.record(
        action,
        "listing",
        listing.id,
        organization_id=listing.organization_id,
        by=by,
        facts={"version": version.number} if version else None,
    )
