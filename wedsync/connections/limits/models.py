"""What is left of the limits of services: a row per connection, and per listing for all of its."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from wedsync.platform.db import Base, parent


class RateBucket(Base):
    """A budget of calls (`limits.arithmetic`), by the connection's id or the listing's.

    `calls` within `seconds` is what the manifest allows, `burst` and `per_s` the pace that keeps
    it, `full_at` when the bucket is full again; empty where only answers say something.
    `held_until`: the far end asked for nothing before. `said_left` calls of `said_limit` may be
    made until `said_until`, as the far end said, less what left since. So many actions are
    `waiting` in the line of a connection.
    """

    __tablename__ = "rate_buckets"
    __table_args__ = (
        parent("connection_id", "connections"),
        CheckConstraint(
            "(connection_id = key AND organization_id IS NOT NULL AND listing_id IS NULL)"
            " OR (listing_id = key AND organization_id IS NULL AND connection_id IS NULL)",
            name="owner",
        ),
        Index("ix_rate_buckets_of_connection", "organization_id", "connection_id"),
        Index(
            "ix_rate_buckets_of_listing",
            "listing_id",
            postgresql_where=text("listing_id IS NOT NULL"),
        ),
        Index("ix_rate_buckets_waiting", "key", postgresql_where=text("waiting > 0")),
    )

    key: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE")
    )
    connection_id: Mapped[UUID | None]
    listing_id: Mapped[UUID | None] = mapped_column(ForeignKey("listings.id", ondelete="CASCADE"))
    calls: Mapped[int | None]
    seconds: Mapped[int | None]
    burst: Mapped[float | None]
    per_s: Mapped[float | None]
    full_at: Mapped[datetime | None]
    held_until: Mapped[datetime | None]
    said_limit: Mapped[int | None]
    said_left: Mapped[int | None]
    said_until: Mapped[datetime | None]
    waiting: Mapped[int] = mapped_column(server_default="0")
