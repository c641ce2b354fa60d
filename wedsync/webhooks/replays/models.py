"""Replays: what was to be sent since a moment, gone through once more for one endpoint."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from wedsync.platform.db import Base, OrganizationRow, parent


class Replay(OrganizationRow, Base):
    """The events of an organization since a moment, sent to one endpoint again: resumable.

    `event_types` empty means all the endpoint wants; `which` are `all`, those `not_delivered`, or
    those that `failed`. Of the events before the id `ends_before`, `after` is the last one looked
    at: `total` how many there are (None until they are counted), `seen` how many were looked at,
    `queued` how many of those are sent. `tries` counts how often it was taken up without coming
    further, and `served_at` is when last; `reason` says why it was paused by us. `fence` rises with
    each take-up.
    """

    __tablename__ = "replays"
    __table_args__ = (
        OrganizationRow.unique_inside_organization(),
        CheckConstraint("which IN ('all', 'not_delivered', 'failed')", name="which"),
        CheckConstraint("state IN ('running', 'paused', 'done', 'cancelled')", name="state"),
        parent("endpoint_id", "endpoints"),
        Index("ix_replays_running", "lease_until", postgresql_where=text("state = 'running'")),
        Index("ix_replays_of_endpoint", "organization_id", "endpoint_id", text("id DESC")),
        Index("ix_replays_served", "organization_id", "served_at"),
    )

    endpoint_id: Mapped[UUID]
    since: Mapped[datetime]
    until: Mapped[datetime]
    ends_before: Mapped[UUID]
    event_types: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    which: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="running")
    reason: Mapped[str | None]
    after: Mapped[UUID]
    total: Mapped[int | None] = mapped_column(BigInteger)
    seen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    queued: Mapped[int] = mapped_column(BigInteger, server_default="0")
    tries: Mapped[int] = mapped_column(server_default="0")
    fence: Mapped[int] = mapped_column(BigInteger, server_default="0")
    lease_until: Mapped[datetime | None]
    served_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
