"""What the builder keeps beside drafts: clipboards, which gestures were done already, and tries."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from wedsync.platform.db import Base, OrganizationRow, parent

OVER = ("done", "failed", "unsure")


class Clipboard(Base):
    """What one person last copied in one organization: `steps` as they were, and by id what those
    read `outside` of themselves: `{"shape": {"name", "kind", "use"}}`, null where that was gone
    already. `workflow_id` is where they were copied."""

    __tablename__ = "clipboards"
    __table_args__ = (
        parent("workflow_id", "workflows", ondelete="SET NULL (workflow_id)"),
        Index("ix_clipboards_of_workflow", "organization_id", "workflow_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    workflow_id: Mapped[UUID | None]
    steps: Mapped[list[Any]]
    outside: Mapped[Any] = mapped_column(JSONB)
    copied_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))


class DoneGesture(Base):
    """A gesture that came with a key and was done, for a day: when it comes again, it is not done
    again. `key_hash` covers who, which workflow and the key."""

    __tablename__ = "done_gestures"
    __table_args__ = (
        parent("workflow_id", "workflows"),
        Index("ix_done_gestures_of_workflow", "organization_id", "workflow_id"),
        Index("ix_done_gestures_old", "done_at"),
    )

    key_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    organization_id: Mapped[UUID]
    workflow_id: Mapped[UUID]
    focus: Mapped[str | None]
    words: Mapped[str] = mapped_column(server_default="")
    done_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))


class Try(OrganizationRow, Base):
    """A try of a draft: pretended, or one action step that really happens, for a while.

    `told` is what a page shows of it. One that really happens is `asked`, then worked off by a
    drain: `going_on` is committed before anything leaves, and `unsure` says that it may have
    happened. `input` is what the action is given; with `to_me` whoever asked stands in it as the
    one who gets it.
    """

    __tablename__ = "tries"
    __table_args__ = (
        parent("workflow_id", "workflows"),
        CheckConstraint("mode IN ('pretend', 'really')", name="mode"),
        CheckConstraint("state IN ('asked', 'going_on', 'done', 'failed', 'unsure')", name="state"),
        Index("ix_tries_of_workflow", "organization_id", "workflow_id", "user_id"),
        Index("ix_tries_old", "created_at"),
        Index(
            "ix_tries_open", "state", "id", postgresql_where=text("state IN ('asked', 'going_on')")
        ),
    )

    workflow_id: Mapped[UUID]
    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    mode: Mapped[str]
    state: Mapped[str]
    step_id: Mapped[str | None]
    onwards: Mapped[bool] = mapped_column(server_default="false")
    sample: Mapped[str]
    to_me: Mapped[bool] = mapped_column(server_default="false")
    message: Mapped[str] = mapped_column(server_default="")
    told: Mapped[Any] = mapped_column(JSONB, server_default=text("'{}'"))
    use: Mapped[str | None]
    connection_id: Mapped[str | None]
    input: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    timeout_s: Mapped[int] = mapped_column(server_default="30")
    wedding_id: Mapped[UUID | None]
    fingerprint: Mapped[str | None]
    owner: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    began_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    @property
    def is_over(self) -> bool:
        return self.state in OVER


class TriedOutput(Base):
    """What one step gave one person when it was last tried, for as long as it looks the same
    (`fingerprint`): later steps are looked at with it."""

    __tablename__ = "tried_outputs"
    __table_args__ = (
        parent("workflow_id", "workflows"),
        Index("ix_tried_outputs_of_workflow", "organization_id", "workflow_id"),
        Index("ix_tried_outputs_old", "tried_at"),
    )

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    workflow_id: Mapped[UUID] = mapped_column(primary_key=True)
    step_id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    fingerprint: Mapped[str]
    is_real: Mapped[bool]
    output: Mapped[Any] = mapped_column(JSONB, nullable=True)
    tried_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
