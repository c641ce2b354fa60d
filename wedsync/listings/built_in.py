"""The connectors of this version of WedSync, put into the marketplace.

A folder's manifest that changed becomes a new version and is published at once: it was read in
the repository. The version before stays, because connections pin it.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update

from wedsync import connectors
from wedsync.accounts import organizations
from wedsync.connectors.manifest import Manifest
from wedsync.errors import Conflict, NotFound
from wedsync.listings import manifests, queries
from wedsync.listings.models import Listing, ListingVersion
from wedsync.platform import clock, ids
from wedsync.platform.db import db

OWNER, OWNER_NAME = "wedsync", "WedSync"
_ONE_AT_A_TIME = 0x6C697374  # any constant; two upgrades at once take turns


def publish_built_in(ours: Mapping[str, Manifest] | None = None) -> list[str]:
    """Publish what is new or changed; returns those slugs. The caller commits.

    `ours` is what is built in by slug: the folders of `wedsync.connectors`, unless it is said.

    What has no folder any more is withdrawn: it takes no new connections. Raises Conflict when a
    partner's listing has the slug of one of ours.
    """
    db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
    owner_id = _owner_id()
    known, ours = _listings_of(owner_id), connectors.manifests() if ours is None else ours
    for slug in known.keys() - ours.keys():
        known[slug].state = "withdrawn"
    return [slug for slug, each in ours.items() if _publish(owner_id, known.get(slug), each)]


def _owner_id() -> UUID:
    try:
        return organizations.find(OWNER).id
    except NotFound:
        return organizations.create(OWNER_NAME, kind="partner", slug=OWNER).id


def _listings_of(owner_id: UUID) -> dict[str, Listing]:
    query = select(Listing).where(Listing.organization_id == owner_id, Listing.built_in)
    return {listing.slug: listing for listing in db.session.scalars(query)}


def _publish(owner_id: UUID, listing: Listing | None, manifest: Manifest) -> bool:
    """Publish a manifest unless it is what is published; whether it was not."""
    listing = listing or _new_listing(owner_id, manifest.slug)
    listing.state = "open"
    document = manifests.document_of(manifest)
    content_hash = manifests.content_hash(document)
    if content_hash == queries.published_hash(listing):
        return False
    version = _new_version(listing, document, content_hash)
    supersede(listing, version)
    return True


def supersede(listing: Listing, version: ListingVersion) -> None:
    """Make `version` the one that new connections pin."""
    db.session.execute(
        update(ListingVersion)
        .where(
            ListingVersion.organization_id == listing.organization_id,
            ListingVersion.id == listing.published_version_id,
        )
        .values(state="superseded")
    )
    version.state = "published"
    version.published_at = clock.now()
    listing.published_version_id = version.id
    db.session.flush()


def _new_listing(owner_id: UUID, slug: str) -> Listing:
    if db.session.scalar(select(Listing.id).where(Listing.slug == slug)) is not None:
        raise Conflict(f"A partner's listing has the address “{slug}”, which is one of ours now.")
    listing = Listing(id=ids.new_id(), organization_id=owner_id, slug=slug, built_in=True)
    db.session.add(listing)
    db.session.flush()
    return listing


def _new_version(listing: Listing, document: dict[str, Any], content_hash: str) -> ListingVersion:
    numbers = select(func.max(ListingVersion.number)).where(
        ListingVersion.organization_id == listing.organization_id,
        ListingVersion.listing_id == listing.id,
    )
    version = ListingVersion(
        id=ids.new_id(),
        organization_id=listing.organization_id,
        listing_id=listing.id,
        number=(db.session.scalar(numbers) or 0) + 1,
        state="approved",
        manifest=document,
        content_hash=content_hash,
    )
    db.session.add(version)
    db.session.flush()
    return version
