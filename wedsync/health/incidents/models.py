"""Incidents."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from wedsync.platform.db import Base, Row


class Incident(Row, Base):
    """A time in which something did not do well.

    `kind` and `subject` name it: `connection`, `hook`, `endpoint` and `workflow` by their id, and,
    with `organization_id` empty, a `connector` by its slug. `name` and `path` (its page) are those
    of the moment it opened; `state` is the gravest it was judged as (`slow`, `failing`,
    `needs_you`) and `reason` the sentence said of that. `clear_since` is since when it has been
    well again, while nobody trusts that yet.
    """

    __tablename__ = "incidents"
    __table_args__ = (
        Index(
            "uq_incidents_open",
            "organization_id",
            "kind",
            "subject",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_incidents_latest", "organization_id", text("id DESC")),
        Index("ix_incidents_of_subject", "kind", "subject", text("id DESC")),
        Index("ix_incidents_closed", "closed_at", postgresql_where=text("closed_at IS NOT NULL")),
    )

    organization_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE")
    )
    kind: Mapped[str]
    subject: Mapped[str]
    name: Mapped[str]
    path: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str]
    opened_at: Mapped[datetime]
    clear_since: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL")
    )
