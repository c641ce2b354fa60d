"""What an organization saved as a template of its own."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from wedsync.platform.db import Base, OrganizationRow, parent

GOAL_NAMES = ("guests", "dates", "paid", "photos", "send", "build")


class WorkflowTemplate(OrganizationRow, Base):
    """A workflow kept to be made again, with `questions` where its answers differ each time.

    `definition` holds nothing at the places of its questions, nor what was `left_out`, sentences
    that name no one. `sentence` says what it does. `workflow_id` is what it was saved from.
    """

    __tablename__ = "workflow_templates"
    __table_args__ = (
        OrganizationRow.unique_inside_organization(),
        UniqueConstraint("organization_id", "name"),
        parent("workflow_id", "workflows", ondelete="SET NULL (workflow_id)"),
        CheckConstraint(f"goal IN {GOAL_NAMES}", name="goal"),
        Index("ix_workflow_templates_of_workflow", "organization_id", "workflow_id"),
    )

    name: Mapped[str]
    goal: Mapped[str]
    sentence: Mapped[str]
    definition: Mapped[Any] = mapped_column(JSONB)
    questions: Mapped[list[Any]]
    left_out: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    workflow_id: Mapped[UUID | None]
    revision: Mapped[int] = mapped_column(server_default="1")
    updated_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
