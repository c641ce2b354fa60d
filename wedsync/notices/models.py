"""Notices."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped

from wedsync.platform.db import Base, OrganizationRow


class Notice(OrganizationRow, Base):
    """Something an organization was told; open until `closed_at`.

    `about_kind` and `about_id` name the thing (`connection`, `workflow`, `listing`), `code` the
    cause; `path` is the page where it can be mended.
    """

    __tablename__ = "notices"
    __table_args__ = (
        OrganizationRow.unique_inside_organization(),
        Index(
            "uq_notices_open",
            "organization_id",
            "about_kind",
            "about_id",
            "code",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_notices_latest", "organization_id", text("id DESC")),
        Index("ix_notices_closed", "closed_at", postgresql_where=text("closed_at IS NOT NULL")),
    )

    about_kind: Mapped[str]
    about_id: Mapped[UUID]
    code: Mapped[str]
    title: Mapped[str]
    words: Mapped[str]
    path: Mapped[str]
    closed_at: Mapped[datetime | None]
