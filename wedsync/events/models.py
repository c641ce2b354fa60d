"""The log of accepted facts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from wedsync.platform.db import Base, OrganizationRow, parent


class Event(OrganizationRow, Base):
    """A fact that was accepted and stored, once.

    `raw_body` is what came in, sealed whole under the organization's key; the fan-out reads it,
    writes `data` and sets `fanned_out_at`. An event that cannot be fanned out is `parked_at` with
    its reason; `deaths` counts who died while at it. `causation` is
    `{"root": id, "depth": n, "chain": [workflow ids]}`.
    """

    __tablename__ = "events"
    __table_args__ = (
        OrganizationRow.unique_inside_organization(),
        parent("wedding_id", "weddings", ondelete="SET NULL (wedding_id)"),
        Index(
            "ix_events_to_fan_out",
            "organization_id",
            "id",
            postgresql_where=text("fanned_out_at IS NULL AND parked_at IS NULL"),
        ),
        Index(
            "ix_events_parked",
            "organization_id",
            "id",
            postgresql_where=text("parked_at IS NOT NULL"),
        ),
        Index("ix_events_of_type", "organization_id", "type", text("id DESC")),
    )

    type: Mapped[str]
    source: Mapped[str]
    occurred_at: Mapped[datetime]
    accepted_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    wedding_id: Mapped[UUID | None]
    sender_event_id: Mapped[str | None]
    data: Mapped[Any] = mapped_column(JSONB, nullable=True)
    raw_body: Mapped[bytes | None] = mapped_column(LargeBinary)
    headers: Mapped[Any] = mapped_column(JSONB, nullable=True)
    causation: Mapped[dict[str, Any]]
    fanned_out_at: Mapped[datetime | None]
    parked_at: Mapped[datetime | None]
    parked_reason: Mapped[str | None]
    deaths: Mapped[int] = mapped_column(server_default="0")
    position: Mapped[int | None] = mapped_column(BigInteger)
