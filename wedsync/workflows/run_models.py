"""The journal of what ran: runs, their steps, every try."""

from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from wedsync.platform.db import Base, OrganizationRow, parent

NO_ITEM = -1

RunState = Literal[
    "queued",
    "running",
    "waiting",
    "needs_attention",
    "succeeded",
    "failed",
    "stopped",
    "filtered",
]
RUN_STATES: tuple[RunState, ...] = get_args(RunState)
FINAL_RUN_STATES = ("succeeded", "failed", "stopped", "filtered")
StepState = Literal["started", "waiting", "unsure", "succeeded", "failed", "skipped"]
STEP_STATES: tuple[StepState, ...] = get_args(StepState)


class Run(OrganizationRow, Base):
    """One execution of one version, or of a `for_each`'s steps for one of its items.

    An item is a run of its own, so it is claimed, waits, fails and is settled like one: its
    `parent_run_id` is the run (or item) that loops and `root_run_id` the run people see, which
    holds its steps. `item` numbers it within the root. `items` of the one that loops are what it
    goes through (`{step, first, values}`), while it does; the `items_*` say how many there are,
    which is next to become a row, and how many are not over; `items_begun` of the run people see
    counts those of all its loops. `caller_run_id` is the
    run (or item) whose `call` started this one.

    `cause` is why it exists and is unique per workflow; `causation` says which workflows led to it
    where no event does. `engine_state` holds positions only.
    `due_at` says when a drain should look at it next; `owner`, `fence`, `lease_until` are the
    claim; `deaths` counts workers that died taking it up, since it moved last. `revision` rises
    with every recorded change, for pages that follow along.
    """

    __tablename__ = "runs"
    __table_args__ = (
        OrganizationRow.unique_inside_organization(),
        UniqueConstraint("workflow_id", "cause"),
        parent("workflow_id", "workflows"),
        parent("version_id", "workflow_versions"),
        parent("event_id", "events"),
        parent("wedding_id", "weddings", ondelete="SET NULL (wedding_id)"),
        CheckConstraint(f"state IN {RUN_STATES}", name="state"),
        Index(
            "ix_runs_due",
            "workflow_id",
            "due_at",
            postgresql_where=text("state IN ('queued', 'waiting') AND due_at IS NOT NULL"),
        ),
        Index("ix_runs_claimed", "owner", postgresql_where=text("state = 'running'")),
        parent("parent_run_id", "runs"),
        parent("root_run_id", "runs"),
        parent("caller_run_id", "runs", ondelete="SET NULL (caller_run_id)"),
        Index(
            "ix_runs_list_of_workflow",
            "organization_id",
            "workflow_id",
            text("id DESC"),
            postgresql_where=text("parent_run_id IS NULL"),
        ),
        Index(
            "ix_runs_of_parent",
            "parent_run_id",
            "item",
            postgresql_where=text("parent_run_id IS NOT NULL"),
        ),
        Index(
            "ix_runs_of_root",
            "root_run_id",
            postgresql_where=text("root_run_id IS NOT NULL"),
        ),
        Index(
            "ix_runs_of_caller",
            "caller_run_id",
            postgresql_where=text("caller_run_id IS NOT NULL"),
        ),
        Index(
            "ix_runs_waiting_for_a_call",
            text("(waiting_for ->> 'id')"),
            postgresql_where=text("state = 'waiting' AND waiting_for ->> 'kind' = 'call'"),
        ),
        Index(
            "ix_runs_waiting_for_a_date",
            "organization_id",
            "wedding_id",
            postgresql_where=text("state = 'waiting' AND waiting_for ->> 'anchor' IS NOT NULL"),
        ),
        Index(
            "ix_runs_of_wedding",
            "organization_id",
            "wedding_id",
            text("id DESC"),
            postgresql_where=text("wedding_id IS NOT NULL AND parent_run_id IS NULL"),
        ),
        Index("ix_runs_rerun_of", "rerun_of", postgresql_where=text("rerun_of IS NOT NULL")),
        Index(
            "ix_runs_list_of_waiting",
            "organization_id",
            text("(waiting_for ->> 'kind')"),
            text("id DESC"),
            postgresql_where=text("state = 'waiting' AND parent_run_id IS NULL"),
        ),
        Index("ix_runs_of_event", "event_id", postgresql_where=text("event_id IS NOT NULL")),
        Index(
            "ix_runs_list_by_state",
            "organization_id",
            "state",
            text("id DESC"),
            postgresql_where=text("parent_run_id IS NULL"),
        ),
        Index(
            "ix_runs_waiting_for_a_slot",
            "organization_id",
            text("(waiting_for ->> 'id')"),
            "id",
            postgresql_where=text("state = 'waiting' AND waiting_for ->> 'kind' = 'limit'"),
        ),
        Index(
            "ix_runs_needing_attention",
            "organization_id",
            "workflow_id",
            postgresql_where=text("state = 'needs_attention'"),
        ),
        Index(
            "ix_runs_waiting_for_a_connection",
            "organization_id",
            text("(waiting_for ->> 'id')"),
            "id",
            postgresql_where=text("state = 'waiting' AND waiting_for ->> 'kind' = 'connection'"),
        ),
    )

    workflow_id: Mapped[UUID]
    version_id: Mapped[UUID]
    cause: Mapped[str]
    event_id: Mapped[UUID | None]
    wedding_id: Mapped[UUID | None]
    input: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    causation: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    rerun_of: Mapped[UUID | None]
    origin_run_id: Mapped[UUID | None]
    parent_run_id: Mapped[UUID | None]
    root_run_id: Mapped[UUID | None]
    caller_run_id: Mapped[UUID | None]
    item: Mapped[int] = mapped_column(BigInteger, server_default=text(str(NO_ITEM)))
    items: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    items_total: Mapped[int | None]
    items_next: Mapped[int | None]
    items_left: Mapped[int | None]
    items_begun: Mapped[int] = mapped_column(server_default="0")
    state: Mapped[str] = mapped_column(server_default="queued")
    reason: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    waiting_for: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    engine_state: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    pending_decision: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    revision: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    owner: Mapped[UUID | None]
    fence: Mapped[int] = mapped_column(BigInteger, server_default="0")
    lease_until: Mapped[datetime | None]
    deaths: Mapped[int] = mapped_column(server_default="0")


class Chain(Base):
    """How many runs one root set off by way of other runs; the root is an event or a run."""

    __tablename__ = "chains"
    __table_args__ = (Index("ix_chains_oldest", "began_at"),)

    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True
    )
    root_id: Mapped[UUID] = mapped_column(primary_key=True)
    runs: Mapped[int] = mapped_column(BigInteger)
    began_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))


class OnceSlot(Base):
    """Who is doing something to a far end that may happen once; free when no row is there.

    `held_until` ends it when a process died without giving it back.
    """

    __tablename__ = "once_slots"
    __table_args__ = (parent("run_id", "runs"),)

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    far_end: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(index=True)
    owner: Mapped[UUID]
    held_until: Mapped[datetime]


class RunStep(Base):
    """One recorded piece of a run: what it was given, what it gave, what went wrong.

    `item` numbers the rows of a `for_each`; `NO_ITEM` elsewhere. `run_id` is always the run people
    see. `reads` are the values of the wedding it was worked out with. `generation` ends the key
    partners see; it rises only when a person changed the input or chose to send again.
    """

    __tablename__ = "run_steps"
    __table_args__ = (
        parent("run_id", "runs"),
        CheckConstraint(f"state IN {STEP_STATES}", name="state"),
    )

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    step_id: Mapped[str] = mapped_column(primary_key=True)
    item: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, server_default=text(str(NO_ITEM))
    )
    organization_id: Mapped[UUID]
    state: Mapped[str]
    input: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    output: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    error: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    explanation: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    reads: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    generation: Mapped[int] = mapped_column(server_default="0")
    attempts: Mapped[int] = mapped_column(server_default="0")
    position: Mapped[int] = mapped_column(server_default="0")
    started_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    finished_at: Mapped[datetime | None]


class StepAttempt(Base):
    """One try of one effect: committed as started before its first byte leaves.

    `finished_at` stays empty when the process died in between; the engine then treats the
    attempt as one whose effect may have happened. `connection_id` is what it went through.
    """

    __tablename__ = "step_attempts"
    __table_args__ = (parent("run_id", "runs"),)

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    step_id: Mapped[str] = mapped_column(primary_key=True)
    item: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, server_default=text(str(NO_ITEM))
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    idempotency_key: Mapped[str]
    connection_id: Mapped[UUID | None]
    started_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    error: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    ms: Mapped[int | None]


class AttentionTold(Base):
    """A run of which it was announced that it needs somebody; forgotten when it does not."""

    __tablename__ = "attention_told"
    __table_args__ = (parent("run_id", "runs"),)

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
