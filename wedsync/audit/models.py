"""Audit entries: inserted unsealed with the change they tell of; sealed in order later."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from wedsync.platform.db import Base, OrganizationRow


class AuditEntry(OrganizationRow, Base):
    """Who did what to which object. Ids and codes only: no names, no addresses, no secrets.

    `position` is given by the sealing job after the commit, so that no reader of an ordered log
    misses an entry whose transaction ended late.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        CheckConstraint("actor_kind IN ('person', 'api_key', 'platform')", name="actor_kind"),
        OrganizationRow.unique_inside_organization(),
        Index("ix_audit_entries_of_object", "organization_id", "object_id", text("id DESC")),
        Index("ix_audit_entries_unsealed", "id", postgresql_where=text("position IS NULL")),
    )

    actor_kind: Mapped[str]
    actor_id: Mapped[UUID | None]
    action: Mapped[str]
    object_kind: Mapped[str]
    object_id: Mapped[UUID | None]
    facts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    position: Mapped[int | None] = mapped_column(BigInteger)
    sealed_at: Mapped[datetime | None]
