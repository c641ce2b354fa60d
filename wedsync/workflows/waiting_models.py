"""What runs wait for beside the clock: events, people, and room for one more message."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from wedsync.platform.db import Base, OrganizationRow, parent


class EventWait(OrganizationRow, Base):
    """A run (or item) that waits for an event: `event_type`, and equality at `paths`.

    `match_hash` is of the wanted values in the order of `paths`. `since` is when the cause of its
    run was accepted: an event from then on counts, also one that came before the wait did
    (`looked_back_at`).
    Closed by the event that resolved it, or by the run going on without one.
    """

    __tablename__ = "event_waits"
    __table_args__ = (
        parent("run_id", "runs"),
        UniqueConstraint("run_id", "step_id"),
        Index(
            "ix_event_waits_open",
            "organization_id",
            "event_type",
            "paths",
            "match_hash",
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index(
            "ix_event_waits_to_look_back",
            "id",
            postgresql_where=text("closed_at IS NULL AND looked_back_at IS NULL"),
        ),
    )

    run_id: Mapped[UUID]
    step_id: Mapped[str]
    event_type: Mapped[str]
    paths: Mapped[list[Any]]
    match_hash: Mapped[str]
    since: Mapped[datetime]
    looked_back_at: Mapped[datetime | None]
    event_id: Mapped[UUID | None]
    closed_at: Mapped[datetime | None]


class Approval(OrganizationRow, Base):
    """A question a run (or item) asks somebody before it goes on.

    `who` and `then_ask` are `{"role" | "user" | "email": …}`; after `remind_at` whoever was
    asked is reminded once, and `then_ask` is asked too. At `expires_at` the run goes on as
    `on_expiry` says. `held_until`: too many e-mails left today to send this one before.
    """

    __tablename__ = "approvals"
    __table_args__ = (
        OrganizationRow.unique_inside_organization(),
        parent("run_id", "runs"),
        UniqueConstraint("run_id", "step_id"),
        CheckConstraint(
            "state IN ('open', 'approved', 'refused', 'expired', 'cancelled')", name="state"
        ),
        CheckConstraint("on_expiry IN ('approve', 'refuse', 'stop')", name="on_expiry"),
        Index("ix_approvals_open", "organization_id", postgresql_where=text("state = 'open'")),
        Index(
            "ix_approvals_to_tell",
            "id",
            postgresql_where=text("state = 'open' AND told_at IS NULL"),
        ),
        Index(
            "ix_approvals_to_remind",
            "remind_at",
            postgresql_where=text("state = 'open' AND reminded_at IS NULL"),
        ),
    )

    run_id: Mapped[UUID]
    step_id: Mapped[str]
    ask: Mapped[str]
    who: Mapped[dict[str, Any]]
    then_ask: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    state: Mapped[str] = mapped_column(server_default="open")
    told_at: Mapped[datetime | None]
    held_until: Mapped[datetime | None]
    remind_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    on_expiry: Mapped[str] = mapped_column(server_default="stop")
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decided_by_user_id: Mapped[UUID | None]
    note: Mapped[str | None]


class ApprovalLink(OrganizationRow, Base):
    """A link e-mailed to one address with which a question can be answered, once.

    Only the hash of its token is kept."""

    __tablename__ = "approval_links"
    __table_args__ = (parent("approval_id", "approvals"),)

    approval_id: Mapped[UUID] = mapped_column(index=True)
    email: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    expires_at: Mapped[datetime]
    spent_at: Mapped[datetime | None]


class MessageSlot(Base):
    """One of the few messages people of one wedding get on one day, local to the wedding; of a try
    no run has it."""

    __tablename__ = "message_slots"
    __table_args__ = (parent("wedding_id", "weddings"), parent("run_id", "runs"))

    wedding_id: Mapped[UUID] = mapped_column(primary_key=True)
    local_date: Mapped[date] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    run_id: Mapped[UUID | None] = mapped_column(index=True)
    step_id: Mapped[str]
    taken_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))


class MessageRules(Base):
    """What an organization lets its workflows send to the people of a wedding, and when.

    Quiet hours are in the wedding's zone; without a row the defaults hold."""

    __tablename__ = "message_rules"

    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True
    )
    messages_a_day: Mapped[int] = mapped_column(server_default="3")
    quiet_from: Mapped[time] = mapped_column(server_default="21:00")
    quiet_until: Mapped[time] = mapped_column(server_default="08:00")
    on_the_day: Mapped[bool] = mapped_column(server_default="false")


class WorkflowHour(Base):
    """How many runs of a workflow events and the clock started in the latest hour that had any."""

    __tablename__ = "workflow_hours"
    __table_args__ = (parent("workflow_id", "workflows"),)

    workflow_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    hour: Mapped[datetime]
    runs: Mapped[int] = mapped_column(BigInteger)


class RunStart(Base):
    """When a run of a workflow that may start so many within an hour did; kept for that hour."""

    __tablename__ = "run_starts"
    __table_args__ = (
        parent("workflow_id", "workflows"),
        Index("ix_run_starts_latest", "workflow_id", "started_at"),
    )

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    workflow_id: Mapped[UUID]
    organization_id: Mapped[UUID]
    started_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
