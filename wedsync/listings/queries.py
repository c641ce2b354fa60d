"""Reading listings: what anybody may see, what its makers may, what the admins have to look at."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import defer

from wedsync.accounts.models import Organization, User
from wedsync.connectors.manifest import Manifest
from wedsync.errors import NotFound
from wedsync.listings import manifests
from wedsync.listings.models import (
    TO_REVIEW_STATES,
    UNDER_WAY_STATES,
    Listing,
    ListingVersion,
    ReviewMessage,
)
from wedsync.platform.db import db

PAGE = 50
MOST_LISTED = 500


@dataclass(frozen=True, slots=True)
class PublishedListing:
    """A listing as everybody sees it: what is published of it, and who made it."""

    listing: Listing
    version: ListingVersion
    manifest: Manifest
    maker: str


@dataclass(frozen=True, slots=True)
class Submission:
    """A version with its listing, what it is called, and the name of who made it."""

    listing: Listing
    version: ListingVersion
    name: str
    maker: str


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence of the talk about a version, and who said it."""

    message: ReviewMessage
    author: str


def published(slug: str) -> PublishedListing:
    """What is published under `slug`. Raises NotFound, also while it is taken off the shelf."""
    row = db.session.execute(_published().where(Listing.slug == slug)).first()
    if row is None:
        raise NotFound("There is no such integration.")
    listing, version, maker = row
    return PublishedListing(listing, version, manifests.of(db.session, version.id), maker)


def all_published() -> list[PublishedListing]:
    """Everything that can be connected, by slug; two queries however many there are."""
    rows = db.session.execute(_published().order_by(Listing.slug)).all()
    read = manifests.of_many(db.session, [version.id for _, version, _ in rows])
    return [
        PublishedListing(listing, version, read[version.id], maker)
        for listing, version, maker in rows
        if version.id in read
    ]


def get_listing(organization_id: UUID, listing_id: UUID, *, for_update: bool = False) -> Listing:
    """One listing of its maker. `for_update` lets nobody else change it. Raises NotFound."""
    query = select(Listing).where(
        Listing.organization_id == organization_id, Listing.id == listing_id
    )
    if for_update:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    found = db.session.scalar(query)
    if found is None:
        raise NotFound("There is no such listing.")
    return found


def listings_of(organization_id: UUID) -> list[tuple[Listing, ListingVersion]]:
    """An organization's listings, newest first, each with its newest version."""
    newest = (
        select(ListingVersion.listing_id, ListingVersion.id)
        .where(ListingVersion.organization_id == organization_id)
        .ext(distinct_on(ListingVersion.listing_id))
        .order_by(ListingVersion.listing_id, ListingVersion.number.desc())
        .subquery()
    )
    query = (
        select(Listing, ListingVersion)
        .join(newest, newest.c.listing_id == Listing.id)
        .join(ListingVersion, ListingVersion.id == newest.c.id)
        .where(Listing.organization_id == organization_id)
        .order_by(Listing.id.desc())
        .limit(PAGE)
    )
    return [(listing, version) for listing, version in db.session.execute(query)]


def versions_of(listing: Listing) -> list[ListingVersion]:
    """A listing's versions, newest first, without their documents."""
    return list(
        db.session.scalars(
            select(ListingVersion)
            .where(
                ListingVersion.organization_id == listing.organization_id,
                ListingVersion.listing_id == listing.id,
            )
            .options(defer(ListingVersion.manifest, raiseload=True))
            .order_by(ListingVersion.number.desc())
            .limit(PAGE)
        )
    )


def version_under_way(listing: Listing) -> ListingVersion | None:
    """The version that is being written or reviewed; there is at most one."""
    return db.session.scalar(
        select(ListingVersion)
        .where(
            ListingVersion.organization_id == listing.organization_id,
            ListingVersion.listing_id == listing.id,
            ListingVersion.state.in_(UNDER_WAY_STATES),
        )
        .execution_options(populate_existing=True)
    )


def published_hash(listing: Listing) -> str | None:
    """What the published version holds; None where none is published."""
    return db.session.scalar(
        select(ListingVersion.content_hash).where(
            ListingVersion.organization_id == listing.organization_id,
            ListingVersion.id == listing.published_version_id,
        )
    )


def newest_version(listing: Listing) -> ListingVersion:
    """The version with the highest number."""
    return db.session.scalars(
        select(ListingVersion)
        .where(
            ListingVersion.organization_id == listing.organization_id,
            ListingVersion.listing_id == listing.id,
        )
        .order_by(ListingVersion.number.desc())
        .limit(1)
    ).one()


def document_before(version: ListingVersion) -> dict[str, Any] | None:
    """The document vendors had before this version: the last one published of a lower number."""
    return db.session.scalar(
        select(ListingVersion.manifest)
        .where(
            ListingVersion.organization_id == version.organization_id,
            ListingVersion.listing_id == version.listing_id,
            ListingVersion.number < version.number,
            ListingVersion.published_at.is_not(None),
        )
        .order_by(ListingVersion.number.desc())
        .limit(1)
    )


def to_review() -> list[Submission]:
    """What waits for an admin, the longest first, without the documents."""
    query = (
        _submissions()
        .options(defer(ListingVersion.manifest, raiseload=True))
        .where(ListingVersion.state.in_(TO_REVIEW_STATES))
        .order_by(ListingVersion.submitted_at, ListingVersion.id)
        .limit(PAGE)
    )
    return [Submission(*row) for row in db.session.execute(query)]


def once_listed() -> list[Submission]:
    """Partners' listings that were published, on the shelf or off it, by name."""
    query = (
        _submissions()
        .options(defer(ListingVersion.manifest, raiseload=True))
        .where(Listing.published_version_id == ListingVersion.id, Listing.built_in.is_(False))
        .order_by("name", Listing.id)
        .limit(MOST_LISTED)
    )
    return [Submission(*row) for row in db.session.execute(query)]


def count_to_review() -> int:
    """How many versions wait for an admin."""
    waiting = select(func.count()).where(ListingVersion.state.in_(TO_REVIEW_STATES))
    return db.session.scalar(waiting) or 0


def submission(version_id: UUID) -> Submission:
    """A version as the admins see it, once it was sent to them and until it was taken back.

    Raises NotFound: what is being written is nobody's but its makers'.
    """
    query = _submissions().where(
        ListingVersion.id == version_id,
        ListingVersion.submitted_at.is_not(None),
        ListingVersion.state != "draft",
    )
    row = db.session.execute(query).first()
    if row is None:
        raise NotFound("There is nothing like that to review.")
    return Submission(*row)


def talk(version: ListingVersion) -> list[Message]:
    """What was said about a version, the newest first."""
    query = (
        select(ReviewMessage, User.name)
        .outerjoin(User, User.id == ReviewMessage.author_id)
        .where(
            ReviewMessage.organization_id == version.organization_id,
            ReviewMessage.version_id == version.id,
        )
        .order_by(ReviewMessage.id.desc())
        .limit(PAGE)
    )
    return [Message(said, name or "Somebody") for said, name in db.session.execute(query)]


def maker(organization_id: UUID) -> str:
    """The name that stands under a listing of this organization."""
    return db.session.scalars(
        select(Organization.name).where(Organization.id == organization_id)
    ).one()


def _published() -> Select[Listing, ListingVersion, str]:
    return (
        select(Listing, ListingVersion, Organization.name)
        .join(ListingVersion, ListingVersion.id == Listing.published_version_id)
        .join(Organization, Organization.id == Listing.organization_id)
        .where(Listing.state == "open")
        .options(defer(ListingVersion.manifest, raiseload=True))
    )


def _submissions() -> Select[Listing, ListingVersion, str, str]:
    name = func.coalesce(ListingVersion.manifest["name"].astext, Listing.slug).label("name")
    return (
        select(Listing, ListingVersion, name, Organization.name)
        .join(ListingVersion, ListingVersion.listing_id == Listing.id)
        .join(Organization, Organization.id == Listing.organization_id)
    )
