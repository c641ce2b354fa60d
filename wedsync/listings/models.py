"""Listings, their versions, and the talk about them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from wedsync.platform.db import Base, OrganizationRow, parent

VERSION_STATES = (
    "draft",
    "submitted",
    "in_review",
    "changes_asked",
    "approved",
    "published",
    "superseded",
    "withdrawn",
)
TO_REVIEW_STATES = ("submitted", "in_review")
UNDER_WAY_STATES = ("draft", *TO_REVIEW_STATES, "changes_asked", "approved")
"""A listing has at most one version on its way to the shelf."""


class Listing(OrganizationRow, Base):
    """One connector in the marketplace; `organization_id` is whoever made it.

    Built-in ones belong to the organization with the slug `wedsync`. `published_version_id` is
    what new connections pin; empty means nobody can find it.
    """

    __tablename__ = "listings"
    __table_args__ = (
        OrganizationRow.unique_inside_organization(),
        CheckConstraint("state IN ('open', 'withdrawn', 'suspended')", name="state"),
        parent(
            "published_version_id",
            "listing_versions",
            ondelete="SET NULL (published_version_id)",
            mutual=True,
        ),
    )

    slug: Mapped[str] = mapped_column(unique=True)
    built_in: Mapped[bool] = mapped_column(server_default="false")
    state: Mapped[str] = mapped_column(server_default="open")
    published_version_id: Mapped[UUID | None]
    client_id: Mapped[str | None]
    client_secret: Mapped[bytes | None] = mapped_column(LargeBinary)


class ListingVersion(OrganizationRow, Base):
    """One manifest of a listing and where its review stands.

    `revision` rises with every change of a draft. `checks` holds what the automated checks found:
    `[{"code", "passed", "words"}]`. `reason` is what the admin decided for.
    """

    __tablename__ = "listing_versions"
    __table_args__ = (
        OrganizationRow.unique_inside_organization(),
        UniqueConstraint("listing_id", "number"),
        parent("listing_id", "listings"),
        CheckConstraint(f"state IN {VERSION_STATES}", name="state"),
        CheckConstraint("state <> 'published' OR published_at IS NOT NULL", name="published_at"),
        Index(
            "ix_listing_versions_to_review",
            "submitted_at",
            postgresql_where=text("state IN ('submitted', 'in_review')"),
        ),
        Index(
            "uq_listing_versions_under_way",
            "listing_id",
            unique=True,
            postgresql_where=text(f"state IN {UNDER_WAY_STATES}"),
        ),
    )

    listing_id: Mapped[UUID]
    number: Mapped[int]
    state: Mapped[str] = mapped_column(server_default="draft")
    revision: Mapped[int] = mapped_column(server_default="1")
    manifest: Mapped[dict[str, Any]]
    content_hash: Mapped[str]
    note: Mapped[str | None]
    checks: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    submitted_at: Mapped[datetime | None]
    submitted_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    reviewer_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    published_at: Mapped[datetime | None]


class ReviewMessage(OrganizationRow, Base):
    """One sentence of the talk between a partner and the admins about a version."""

    __tablename__ = "review_messages"
    __table_args__ = (
        OrganizationRow.unique_inside_organization(),
        parent("version_id", "listing_versions"),
        Index("ix_review_messages_of_version", "version_id", "id"),
    )

    version_id: Mapped[UUID]
    author_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    by_admin: Mapped[bool]
    words: Mapped[str]
