"""What the builder keeps beside drafts: clipboards, and which gestures were done already."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from wedsync.platform.db import Base, parent


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
