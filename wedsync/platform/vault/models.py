"""The table of data keys."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from wedsync.platform.db import Base, OrganizationRow, parent


class DataKey(OrganizationRow, Base):
    """A wrapped data key: of an organization, under a master key; or of one of its weddings, under
    the organization's key `wrapped_by`.

    Each has one key that is not `retired_at`, which seals; retired ones still open what they
    sealed. `destroyed_at` empties `wrapped`: what the key sealed is then gone.
    """

    __tablename__ = "data_keys"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        parent("wedding_id", "weddings"),
        parent("wrapped_by", "data_keys", ondelete="NO ACTION"),
        CheckConstraint("(wedding_id IS NULL) = (master_key_id IS NOT NULL)", name="wrapping"),
        Index(
            "uq_data_keys_in_use",
            "organization_id",
            "wedding_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("retired_at IS NULL"),
        ),
        Index("ix_data_keys_of_wedding", "organization_id", "wedding_id"),
        Index(
            "ix_data_keys_wrapped_by",
            "organization_id",
            "wrapped_by",
            postgresql_where=text("wrapped_by IS NOT NULL"),
        ),
        Index(
            "ix_data_keys_retired", "retired_at", postgresql_where=text("retired_at IS NOT NULL")
        ),
    )

    wedding_id: Mapped[UUID | None]
    master_key_id: Mapped[UUID | None]
    wrapped_by: Mapped[UUID | None]
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    retired_at: Mapped[datetime | None]
    destroyed_at: Mapped[datetime | None]
