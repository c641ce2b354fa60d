"""Connections of the built-in connectors, as a consent page leaves them."""

from uuid import UUID

from apiflask import APIFlask

from wedsync.connections.models import Connection
from wedsync.listings import queries as listings
from wedsync.platform import clock
from wedsync.platform.db import db

NAMES = {"sandbox": "Meadow Weddings", "smtp": "hello@rosewood.example", "stripe": "Rosewood"}


def connect(
    app: APIFlask, organization_id: UUID, slug: str, *, name: str = "", state: str = "active"
) -> UUID:
    """A connection of the built-in connector `slug`; gives its id."""
    with app.app_context():
        found = listings.published(slug)
        made = Connection(
            organization_id=organization_id,
            listing_id=found.listing.id,
            listing_version_id=found.version.id,
            slug=slug,
            name=name or NAMES[slug],
            state=state,
            connected_at=clock.now(),
        )
        db.session.add(made)
        db.session.commit()
        return made.id


def connect_all(app: APIFlask, organization_id: UUID) -> dict[str, UUID]:
    """One connection of each connector the ready-made workflows need, by slug."""
    return {slug: connect(app, organization_id, slug) for slug in NAMES}
