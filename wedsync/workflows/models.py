"""Workflows: their drafts, their versions, and what starts them by the clock."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, and_, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from wedsync.platform.db import Base, OrganizationRow, parent


class Workflow(OrganizationRow, Base):
    """An automation: its editable draft, and which immutable version is live.

    `draft_operation` is the number of the last operation the draft holds; those after it were
    undone. At most `at_once` of its runs move at the same time and `per_hour` start within an
    hour; what is above waits, and empty means no limit of its own.
    """

    __tablename__ = "workflows"
    __table_args__ = (
        OrganizationRow.unique_inside_organization(),
        CheckConstraint("state IN ('off', 'on', 'paused')", name="state"),
        parent(
            "live_version_id",
            "workflow_versions",
            ondelete="SET NULL (live_version_id)",
            mutual=True,
        ),
    )

    name: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="off")
    draft: Mapped[Any] = mapped_column(JSONB)
    draft_revision: Mapped[int] = mapped_column(server_default="1")
    draft_operation: Mapped[int] = mapped_column(server_default="0")
    live_version_id: Mapped[UUID | None]
    at_once: Mapped[int | None]
    per_hour: Mapped[int | None]


class DraftOperation(Base):
    """One change of a draft. `before` and `after` are the parts of the document it replaced, by
    path, so that it can be taken back and done again; `words` tells it to people."""

    __tablename__ = "draft_operations"
    __table_args__ = (
        parent("workflow_id", "workflows"),
        CheckConstraint("kind IN ('add', 'remove', 'move', 'change', 'replace')", name="kind"),
    )

    workflow_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    kind: Mapped[str]
    step_id: Mapped[str | None]
    words: Mapped[str]
    before: Mapped[Any] = mapped_column(JSONB)
    after: Mapped[Any] = mapped_column(JSONB)
    made_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))


class WorkflowTimer(Base):
    """When a workflow starts by itself next: its schedule, its look at a partner, one wedding.

    `key` is `schedule`, `poll:<connection>:<stream>`, a wedding's id, or `weddings` while all of
    them are to be planned. Timers and the `cursor` of a poll belong to the workflow and outlive
    its versions. `due_at` is when to look, none while the workflow is not on; `plan` is what was
    planned last (see `schedule_timers`, `wedding_timers`, `poll_timers`). `generation` counts how
    often a wedding's moment came; `fired_for` is the day it was counted from then,
    `fired_generation` the wedding's own `date_generation`. `causation` is what led to the change of
    a wedding that is to be looked at. `failures` and `full_looks` count how often in a row a look
    failed, and how often it did not come to the end of the list.
    """

    __tablename__ = "workflow_timers"
    __table_args__ = (
        parent("workflow_id", "workflows"),
        parent("wedding_id", "weddings"),
        CheckConstraint("kind IN ('schedule', 'wedding_date', 'poll')", name="kind"),
        Index("ix_workflow_timers_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        Index("ix_workflow_timers_of_wedding", "organization_id", "wedding_id"),
    )

    workflow_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    kind: Mapped[str]
    wedding_id: Mapped[UUID | None]
    due_at: Mapped[datetime | None]
    generation: Mapped[int] = mapped_column(server_default="0")
    fired_at: Mapped[datetime | None]
    fired_for: Mapped[date | None]
    fired_generation: Mapped[int | None]
    plan: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    causation: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    cursor: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    error: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    failures: Mapped[int] = mapped_column(server_default="0")
    full_looks: Mapped[int] = mapped_column(server_default="0")
    owner: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]


class WorkflowVersion(OrganizationRow, Base):
    """A published definition; never changes. `content_hash` is SHA-256 of its canonical JSON.

    The trigger's fields stand beside it, so that the fan-out finds whom an event concerns by
    index. `source` is the trigger's: `ours`, `any`, `hook:<id>` …
    """

    __tablename__ = "workflow_versions"
    __table_args__ = (
        OrganizationRow.unique_inside_organization(),
        UniqueConstraint("workflow_id", "number"),
        parent("workflow_id", "workflows"),
        Index("ix_workflow_versions_by_trigger", "organization_id", "event_type", "source"),
    )

    workflow_id: Mapped[UUID]
    number: Mapped[int]
    definition: Mapped[dict[str, Any]]
    content_hash: Mapped[str]
    trigger_kind: Mapped[str]
    event_type: Mapped[str | None]
    source: Mapped[str | None]
    note: Mapped[str | None]
    published_by: Mapped[UUID | None]


class RerunBatch(OrganizationRow, Base):
    """Many runs to be run again, by a filter: resumable, with its progress. `after` is the last
    run looked at; `tries` counts how often it was taken up since then. One that comes no further
    `failed`."""

    __tablename__ = "rerun_batches"
    __table_args__ = (
        OrganizationRow.unique_inside_organization(),
        CheckConstraint("state IN ('running', 'done', 'cancelled', 'failed')", name="state"),
        Index("ix_rerun_batches_running", "id", postgresql_where=text("state = 'running'")),
    )

    wanted: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(server_default="running")
    total: Mapped[int]
    done: Mapped[int] = mapped_column(server_default="0")
    passed_over: Mapped[int] = mapped_column(server_default="0")
    after: Mapped[UUID | None]
    made_by: Mapped[UUID | None]
    tries: Mapped[int] = mapped_column(server_default="0")
    lease_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


IS_LIVE = and_(
    WorkflowVersion.organization_id == Workflow.organization_id,
    WorkflowVersion.id == Workflow.live_version_id,
)
"""Joins a workflow's live version to it."""
