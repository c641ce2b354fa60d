"""Short ways to a listing that a test begins with."""

import secrets
from typing import Any
from uuid import UUID

from apiflask import APIFlask

from tests.listings.manifests import seatwell
from tests.personas import Persona
from wedsync.listings import drafts, queries, review
from wedsync.platform.db import db

REASON = "Clear permissions, fast answers."


def a_draft(app: APIFlask, partner: Persona, **changes: Any) -> UUID:
    """A listing whose first version is whole and not yet sent; its slug is its own."""
    with app.app_context():
        slug = f"seatwell-{secrets.token_hex(4)}"
        listing, version = drafts.create(partner.identity, "Seatwell", slug)
        drafts.save(partner.identity, listing.id, version.revision, seatwell(**changes))
        db.session.commit()
        return listing.id


def rewritten(app: APIFlask, partner: Persona, listing_id: UUID, **changes: Any) -> None:
    """The version under way says something else in some of its parts."""
    with app.app_context():
        version = version_of(partner, listing_id)
        document = {**version.manifest, **changes}
        drafts.save(partner.identity, listing_id, version.revision, document)
        db.session.commit()


def sent(app: APIFlask, partner: Persona, listing_id: UUID, note: str = "") -> UUID:
    """The version under way is with the admins; its id."""
    with app.app_context():
        version = version_of(partner, listing_id)
        drafts.submit(partner.identity, listing_id, version.revision, note)
        db.session.commit()
        return version.id


def decided(
    app: APIFlask, admin: Persona, version_id: UUID, decision: review.Decision, reason: str = REASON
) -> None:
    with app.app_context():
        revision = queries.submission(version_id).version.revision
        review.decide(admin.identity, version_id, decision, reason, revision=revision)
        db.session.commit()


def listed(app: APIFlask, partner: Persona, admin: Persona, **changes: Any) -> UUID:
    """A partner's listing that vendors find."""
    listing_id = a_draft(app, partner, **changes)
    decided(app, admin, sent(app, partner, listing_id), "list")
    return listing_id


def version_of(partner: Persona, listing_id: UUID) -> Any:
    """The newest version, inside an application context."""
    return queries.newest_version(queries.get_listing(partner.organization_id, listing_id))


def slug_of(app: APIFlask, partner: Persona, listing_id: UUID) -> str:
    with app.app_context():
        return queries.get_listing(partner.organization_id, listing_id).slug
