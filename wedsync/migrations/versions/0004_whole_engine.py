"""Items, waits for events, approvals, timers, draft operations, guardrails; a wedding's dates."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "message_rules",
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("messages_a_day", sa.Integer(), server_default="3", nullable=False),
        sa.Column("quiet_from", sa.Time(), server_default="21:00", nullable=False),
        sa.Column("quiet_until", sa.Time(), server_default="08:00", nullable=False),
        sa.Column("on_the_day", sa.Boolean(), server_default="false", nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_message_rules_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", name=op.f("pk_message_rules")),
    )
    op.create_table(
        "workflow_hours",
        sa.Column("workflow_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("runs", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "workflow_id"],
            ["workflows.organization_id", "workflows.id"],
            name=op.f("fk_workflow_hours_organization_id_workflow_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workflow_id", name=op.f("pk_workflow_hours")),
    )
    op.create_table(
        "chains",
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("root_id", sa.UUID(), nullable=False),
        sa.Column("runs", sa.BigInteger(), nullable=False),
        sa.Column(
            "began_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_chains_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "root_id", name=op.f("pk_chains")),
    )
    op.create_index("ix_chains_oldest", "chains", ["began_at"], unique=False)
    op.create_table(
        "rerun_batches",
        sa.Column("wanted", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), server_default="running", nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("passed_over", sa.Integer(), server_default="0", nullable=False),
        sa.Column("after", sa.UUID(), nullable=True),
        sa.Column("made_by", sa.UUID(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state IN ('running', 'done', 'cancelled', 'failed')",
            name=op.f("ck_rerun_batches_state"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_rerun_batches_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rerun_batches")),
        sa.UniqueConstraint(
            "organization_id", "id", name=op.f("uq_rerun_batches_organization_id_id")
        ),
    )
    op.create_index(
        "ix_rerun_batches_running",
        "rerun_batches",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_table(
        "draft_operations",
        sa.Column("workflow_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("step_id", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("made_by", sa.UUID(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('add', 'remove', 'move', 'change', 'replace')",
            name=op.f("ck_draft_operations_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "workflow_id"],
            ["workflows.organization_id", "workflows.id"],
            name=op.f("fk_draft_operations_organization_id_workflow_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workflow_id", "number", name=op.f("pk_draft_operations")),
    )
    op.create_table(
        "workflow_timers",
        sa.Column("workflow_id", sa.UUID(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("wedding_id", sa.UUID(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("generation", sa.Integer(), server_default="0", nullable=False),
        sa.Column("fired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fired_for", sa.Date(), nullable=True),
        sa.Column("fired_generation", sa.Integer(), nullable=True),
        sa.Column(
            "plan", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column(
            "causation", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column(
            "cursor", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column(
            "error", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("full_looks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("owner", sa.UUID(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('schedule', 'wedding_date', 'poll')", name=op.f("ck_workflow_timers_kind")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "wedding_id"],
            ["weddings.organization_id", "weddings.id"],
            name=op.f("fk_workflow_timers_organization_id_wedding_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "workflow_id"],
            ["workflows.organization_id", "workflows.id"],
            name=op.f("fk_workflow_timers_organization_id_workflow_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workflow_id", "key", name=op.f("pk_workflow_timers")),
    )
    op.create_index(
        "ix_workflow_timers_due",
        "workflow_timers",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_workflow_timers_of_wedding",
        "workflow_timers",
        ["organization_id", "wedding_id"],
        unique=False,
    )
    op.create_table(
        "run_starts",
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.Column("workflow_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "workflow_id"],
            ["workflows.organization_id", "workflows.id"],
            name=op.f("fk_run_starts_organization_id_workflow_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_run_starts")),
    )
    op.create_index(
        "ix_run_starts_latest", "run_starts", ["workflow_id", "started_at"], unique=False
    )
    op.create_table(
        "approvals",
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.Column("step_id", sa.Text(), nullable=False),
        sa.Column("ask", sa.Text(), nullable=False),
        sa.Column("who", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "then_ask", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("on_expiry", sa.Text(), server_default="stop", nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_by_user_id", sa.UUID(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "on_expiry IN ('approve', 'refuse', 'stop')", name=op.f("ck_approvals_on_expiry")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'approved', 'refused', 'expired', 'cancelled')",
            name=op.f("ck_approvals_state"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "run_id"],
            ["runs.organization_id", "runs.id"],
            name=op.f("fk_approvals_organization_id_run_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_approvals_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_approvals_organization_id_id")),
        sa.UniqueConstraint("run_id", "step_id", name=op.f("uq_approvals_run_id_step_id")),
    )
    op.create_index(
        "ix_approvals_open",
        "approvals",
        ["organization_id"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "ix_approvals_to_remind",
        "approvals",
        ["remind_at"],
        unique=False,
        postgresql_where=sa.text("state = 'open' AND reminded_at IS NULL"),
    )
    op.create_index(
        "ix_approvals_to_tell",
        "approvals",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state = 'open' AND told_at IS NULL"),
    )
    op.create_table(
        "event_waits",
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.Column("step_id", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("paths", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("match_hash", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looked_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("event_id", sa.UUID(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "run_id"],
            ["runs.organization_id", "runs.id"],
            name=op.f("fk_event_waits_organization_id_run_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_event_waits_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_waits")),
        sa.UniqueConstraint("run_id", "step_id", name=op.f("uq_event_waits_run_id_step_id")),
    )
    op.create_index(
        "ix_event_waits_open",
        "event_waits",
        ["organization_id", "event_type", "paths", "match_hash"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_event_waits_to_look_back",
        "event_waits",
        ["id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL AND looked_back_at IS NULL"),
    )
    op.create_table(
        "message_slots",
        sa.Column("wedding_id", sa.UUID(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.Column("step_id", sa.Text(), nullable=False),
        sa.Column(
            "taken_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "run_id"],
            ["runs.organization_id", "runs.id"],
            name=op.f("fk_message_slots_organization_id_run_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "wedding_id"],
            ["weddings.organization_id", "weddings.id"],
            name=op.f("fk_message_slots_organization_id_wedding_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "wedding_id", "local_date", "number", name=op.f("pk_message_slots")
        ),
    )
    op.create_index(op.f("ix_message_slots_run_id"), "message_slots", ["run_id"], unique=False)
    op.create_table(
        "approval_links",
        sa.Column("approval_id", sa.UUID(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("spent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "approval_id"],
            ["approvals.organization_id", "approvals.id"],
            name=op.f("fk_approval_links_organization_id_approval_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_approval_links_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_approval_links_token_hash")),
    )
    op.create_index(
        op.f("ix_approval_links_approval_id"), "approval_links", ["approval_id"], unique=False
    )
    op.create_index(
        "ix_events_of_type",
        "events",
        ["organization_id", "type", sa.literal_column("id DESC")],
        unique=False,
    )
    op.add_column(
        "run_steps",
        sa.Column(
            "reads", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
    )
    op.alter_column(
        "run_steps",
        "item",
        existing_type=sa.INTEGER(),
        type_=sa.BigInteger(),
        existing_nullable=False,
        existing_server_default=sa.text("'-1'::integer"),
    )
    op.add_column(
        "runs",
        sa.Column(
            "causation", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
    )
    op.add_column("runs", sa.Column("parent_run_id", sa.UUID(), nullable=True))
    op.add_column("runs", sa.Column("root_run_id", sa.UUID(), nullable=True))
    op.add_column("runs", sa.Column("caller_run_id", sa.UUID(), nullable=True))
    op.add_column(
        "runs", sa.Column("item", sa.BigInteger(), server_default=sa.text("-1"), nullable=False)
    )
    op.add_column(
        "runs",
        sa.Column(
            "items", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
    )
    op.add_column("runs", sa.Column("items_total", sa.Integer(), nullable=True))
    op.add_column("runs", sa.Column("items_next", sa.Integer(), nullable=True))
    op.add_column("runs", sa.Column("items_left", sa.Integer(), nullable=True))
    op.add_column(
        "owners",
        sa.Column(
            "taking", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
    )
    op.add_column(
        "owners",
        sa.Column(
            "passing_on", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
    )
    op.add_column("events", sa.Column("deaths", sa.Integer(), server_default="0", nullable=False))
    op.add_column("runs", sa.Column("deaths", sa.Integer(), server_default="0", nullable=False))
    op.add_column(
        "runs", sa.Column("items_begun", sa.Integer(), server_default="0", nullable=False)
    )
    op.drop_index(op.f("ix_runs_by_state"), table_name="runs")
    op.drop_index(op.f("ix_runs_of_workflow"), table_name="runs")
    op.create_index(
        "ix_runs_list_by_state",
        "runs",
        ["organization_id", "state", sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("parent_run_id IS NULL"),
    )
    op.create_index(
        "ix_runs_list_of_workflow",
        "runs",
        ["organization_id", "workflow_id", sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("parent_run_id IS NULL"),
    )
    op.create_index(
        "ix_runs_of_caller",
        "runs",
        ["caller_run_id"],
        unique=False,
        postgresql_where=sa.text("caller_run_id IS NOT NULL"),
    )
    op.create_index(
        "ix_runs_of_parent",
        "runs",
        ["parent_run_id", "item"],
        unique=False,
        postgresql_where=sa.text("parent_run_id IS NOT NULL"),
    )
    op.create_index(
        "ix_runs_of_root",
        "runs",
        ["root_run_id"],
        unique=False,
        postgresql_where=sa.text("root_run_id IS NOT NULL"),
    )
    op.create_index(
        "ix_runs_waiting_for_a_call",
        "runs",
        [sa.literal_column("(waiting_for ->> 'id')")],
        unique=False,
        postgresql_where=sa.text("state = 'waiting' AND waiting_for ->> 'kind' = 'call'"),
    )
    op.create_index(
        "ix_runs_waiting_for_a_date",
        "runs",
        ["organization_id", "wedding_id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting' AND waiting_for ->> 'anchor' IS NOT NULL"),
    )
    op.create_index(
        "ix_runs_of_wedding",
        "runs",
        ["organization_id", "wedding_id", sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("wedding_id IS NOT NULL AND parent_run_id IS NULL"),
    )
    op.create_index(
        "ix_runs_rerun_of",
        "runs",
        ["rerun_of"],
        unique=False,
        postgresql_where=sa.text("rerun_of IS NOT NULL"),
    )
    op.create_index(
        "ix_runs_list_of_waiting",
        "runs",
        [
            "organization_id",
            sa.literal_column("(waiting_for ->> 'kind')"),
            sa.literal_column("id DESC"),
        ],
        unique=False,
        postgresql_where=sa.text("state = 'waiting' AND parent_run_id IS NULL"),
    )
    op.create_index(
        "ix_events_parked",
        "events",
        ["organization_id", "id"],
        unique=False,
        postgresql_where=sa.text("parked_at IS NOT NULL"),
    )
    op.create_index(
        "ix_audit_entries_of_object",
        "audit_entries",
        ["organization_id", "object_id", sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_foreign_key(
        op.f("fk_runs_organization_id_parent_run_id"),
        "runs",
        "runs",
        ["organization_id", "parent_run_id"],
        ["organization_id", "id"],
        ondelete="CASCADE",
    )
    op.create_foreign_key(
        op.f("fk_runs_organization_id_root_run_id"),
        "runs",
        "runs",
        ["organization_id", "root_run_id"],
        ["organization_id", "id"],
        ondelete="CASCADE",
    )
    op.create_foreign_key(
        op.f("fk_runs_organization_id_caller_run_id"),
        "runs",
        "runs",
        ["organization_id", "caller_run_id"],
        ["organization_id", "id"],
        ondelete="SET NULL (caller_run_id)",
    )
    op.alter_column(
        "step_attempts",
        "item",
        existing_type=sa.INTEGER(),
        type_=sa.BigInteger(),
        existing_nullable=False,
        existing_server_default=sa.text("'-1'::integer"),
    )
    op.add_column("weddings", sa.Column("rsvp_deadline", sa.Date(), nullable=True))
    op.add_column("weddings", sa.Column("final_count_due", sa.Date(), nullable=True))
    op.add_column("weddings", sa.Column("delivery_date", sa.Date(), nullable=True))
    op.add_column("weddings", sa.Column("final_count", sa.Integer(), nullable=True))
    op.add_column(
        "weddings", sa.Column("date_generation", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column(
        "weddings", sa.Column("revision", sa.Integer(), server_default="1", nullable=False)
    )
    op.add_column(
        "weddings",
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
    )
    op.add_column(
        "workflows", sa.Column("draft_operation", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("workflows", sa.Column("at_once", sa.Integer(), nullable=True))
    op.add_column("workflows", sa.Column("per_hour", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_index("ix_audit_entries_of_object", table_name="audit_entries")
    op.drop_index(
        "ix_events_parked",
        table_name="events",
        postgresql_where=sa.text("parked_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_runs_list_of_waiting",
        table_name="runs",
        postgresql_where=sa.text("state = 'waiting' AND parent_run_id IS NULL"),
    )
    op.drop_index(
        "ix_runs_rerun_of", table_name="runs", postgresql_where=sa.text("rerun_of IS NOT NULL")
    )
    op.drop_index(
        "ix_runs_of_wedding",
        table_name="runs",
        postgresql_where=sa.text("wedding_id IS NOT NULL AND parent_run_id IS NULL"),
    )
    op.drop_column("workflows", "per_hour")
    op.drop_column("workflows", "at_once")
    op.drop_column("workflows", "draft_operation")
    op.drop_column("weddings", "updated_at")
    op.drop_column("weddings", "revision")
    op.drop_column("weddings", "date_generation")
    op.drop_column("weddings", "final_count")
    op.drop_column("weddings", "delivery_date")
    op.drop_column("weddings", "final_count_due")
    op.drop_column("weddings", "rsvp_deadline")
    op.alter_column(
        "step_attempts",
        "item",
        existing_type=sa.BigInteger(),
        type_=sa.INTEGER(),
        existing_nullable=False,
        existing_server_default=sa.text("'-1'::integer"),
    )
    op.drop_constraint(op.f("fk_runs_organization_id_caller_run_id"), "runs", type_="foreignkey")
    op.drop_constraint(op.f("fk_runs_organization_id_root_run_id"), "runs", type_="foreignkey")
    op.drop_constraint(op.f("fk_runs_organization_id_parent_run_id"), "runs", type_="foreignkey")
    op.drop_index("ix_runs_waiting_for_a_call", table_name="runs")
    op.drop_index(
        "ix_runs_waiting_for_a_date",
        table_name="runs",
        postgresql_where=sa.text("state = 'waiting' AND waiting_for ->> 'anchor' IS NOT NULL"),
    )
    op.drop_index(
        "ix_runs_of_root", table_name="runs", postgresql_where=sa.text("root_run_id IS NOT NULL")
    )
    op.drop_index(
        "ix_runs_of_parent",
        table_name="runs",
        postgresql_where=sa.text("parent_run_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_runs_of_caller",
        table_name="runs",
        postgresql_where=sa.text("caller_run_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_runs_list_of_workflow",
        table_name="runs",
        postgresql_where=sa.text("parent_run_id IS NULL"),
    )
    op.drop_index(
        "ix_runs_list_by_state",
        table_name="runs",
        postgresql_where=sa.text("parent_run_id IS NULL"),
    )
    op.create_index(
        op.f("ix_runs_of_workflow"),
        "runs",
        ["organization_id", "workflow_id", sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        op.f("ix_runs_by_state"),
        "runs",
        ["organization_id", "state", sa.literal_column("id DESC")],
        unique=False,
    )
    op.drop_column("owners", "taking")
    op.drop_column("owners", "passing_on")
    op.drop_column("events", "deaths")
    op.drop_column("runs", "deaths")
    op.drop_column("runs", "items_begun")
    op.drop_column("runs", "items_left")
    op.drop_column("runs", "items_next")
    op.drop_column("runs", "items_total")
    op.drop_column("runs", "items")
    op.drop_column("runs", "item")
    op.drop_column("runs", "caller_run_id")
    op.drop_column("runs", "root_run_id")
    op.drop_column("runs", "parent_run_id")
    op.drop_column("runs", "causation")
    op.alter_column(
        "run_steps",
        "item",
        existing_type=sa.BigInteger(),
        type_=sa.INTEGER(),
        existing_nullable=False,
        existing_server_default=sa.text("'-1'::integer"),
    )
    op.drop_column("run_steps", "reads")
    op.drop_index("ix_events_of_type", table_name="events")
    op.drop_index(op.f("ix_approval_links_approval_id"), table_name="approval_links")
    op.drop_table("approval_links")
    op.drop_index(op.f("ix_message_slots_run_id"), table_name="message_slots")
    op.drop_table("message_slots")
    op.drop_index(
        "ix_event_waits_to_look_back",
        table_name="event_waits",
        postgresql_where=sa.text("closed_at IS NULL AND looked_back_at IS NULL"),
    )
    op.drop_index(
        "ix_event_waits_open",
        table_name="event_waits",
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.drop_table("event_waits")
    op.drop_index(
        "ix_approvals_to_remind",
        table_name="approvals",
        postgresql_where=sa.text("state = 'open' AND reminded_at IS NULL"),
    )
    op.drop_index(
        "ix_approvals_to_tell",
        table_name="approvals",
        postgresql_where=sa.text("state = 'open' AND told_at IS NULL"),
    )
    op.drop_index(
        "ix_approvals_open", table_name="approvals", postgresql_where=sa.text("state = 'open'")
    )
    op.drop_table("approvals")
    op.drop_table("run_starts")
    op.drop_index("ix_workflow_timers_of_wedding", table_name="workflow_timers")
    op.drop_index(
        "ix_workflow_timers_due",
        table_name="workflow_timers",
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.drop_table("workflow_timers")
    op.drop_table("draft_operations")
    op.drop_index(
        "ix_rerun_batches_running",
        table_name="rerun_batches",
        postgresql_where=sa.text("state = 'running'"),
    )
    op.drop_table("rerun_batches")
    op.drop_table("message_rules")
    op.drop_index("ix_chains_oldest", table_name="chains")
    op.drop_table("chains")
    op.drop_table("workflow_hours")
