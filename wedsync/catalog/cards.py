"""A listing in a line: its card in the marketplace, also of one that is still being written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from wedsync import connectors
from wedsync.catalog.editor.document import text_at, texts_at
from wedsync.catalog.goals import GOALS
from wedsync.connections.models import Connection
from wedsync.connectors.manifest import Manifest
from wedsync.listings.queries import PublishedListing
from wedsync.platform.db import db

_GONE = ("pending", "revoked", "deleted")
_NEEDS = "needs_reauth"


@dataclass(frozen=True, slots=True)
class Card:
    """What a vendor sees of a listing in a list. `icon` is None for partners: initials stand
    in for a drawing. `standing` is `connected`, `needs` or empty."""

    slug: str
    name: str
    summary: str
    icon: str | None
    has_logo: bool
    goals: tuple[str, ...]
    maker: str
    standing: str = ""

    @property
    def initials(self) -> str:
        words = [word for word in self.name.split() if word[:1].isalnum()]
        return "".join(word[0] for word in words[:2]).upper() or "?"

    @property
    def goal_words(self) -> str:
        """What it is for above all."""
        return GOALS[self.goals[0]] if self.goals else ""


def card_of(found: PublishedListing, standing: str = "") -> Card:
    manifest = found.manifest
    return Card(
        slug=found.listing.slug,
        name=manifest.name,
        summary=manifest.summary,
        icon=manifest.icon if found.listing.built_in else None,
        has_logo=found.listing.built_in and logo_path(manifest) is not None,
        goals=manifest.shelf.categories if manifest.shelf else (),
        maker=found.maker,
        standing=standing,
    )


def card_of_draft(document: Mapping[str, Any], maker: str) -> Card:
    """The card of what may be half-written."""
    return Card(
        slug=text_at(document, "slug"),
        name=text_at(document, "name") or "Without a name yet",
        summary=text_at(document, "summary") or "What it does, in a line.",
        icon=None,
        has_logo=False,
        goals=tuple(goal for goal in texts_at(document, "shelf.categories") if goal in GOALS),
        maker=maker,
    )


def standings(organization_id: UUID) -> dict[UUID, str]:
    """How the organization stands with each listing it is connected to, by the listing's id."""
    rows = db.session.execute(
        select(Connection.listing_id, func.array_agg(Connection.state.distinct()))
        .where(Connection.organization_id == organization_id, Connection.state.not_in(_GONE))
        .group_by(Connection.listing_id)
    )
    return {listing_id: "needs" if _NEEDS in states else "connected" for listing_id, states in rows}


def businesses_connected(listing_id: UUID) -> int:
    """How many organizations are connected to a listing."""
    number = select(func.count(Connection.organization_id.distinct())).where(
        Connection.listing_id == listing_id, Connection.state.not_in(_GONE)
    )
    return db.session.scalar(number) or 0


def logo_path(manifest: Manifest) -> str | None:
    """Where a built-in connector's drawing is, when its folder has one."""
    path = connectors.folder(manifest.slug) / "logo.svg"
    return str(path) if path.is_file() else None


def connections_to(organization_id: UUID, listing_id: UUID) -> list[Connection]:
    """The organization's connections to a listing, the oldest first."""
    return list(
        db.session.scalars(
            select(Connection)
            .where(
                Connection.organization_id == organization_id,
                Connection.listing_id == listing_id,
                Connection.state.not_in(_GONE),
            )
            .order_by(Connection.id)
        )
    )
