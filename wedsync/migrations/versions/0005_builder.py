"""The builder: clipboards, the gestures that were done already, tries, and templates."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "clipboards",
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("workflow_id", sa.UUID(), nullable=True),
        sa.Column("steps", postgresql.JSONB(), nullable=False),
        sa.Column("outside", postgresql.JSONB(), nullable=False),
        sa.Column(
            "copied_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_clipboards_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_clipboards_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "workflow_id"],
            ["workflows.organization_id", "workflows.id"],
            name=op.f("fk_clipboards_organization_id_workflow_id"),
            ondelete="SET NULL (workflow_id)",
        ),
        sa.PrimaryKeyConstraint("organization_id", "user_id", name=op.f("pk_clipboards")),
    )
    op.create_index(op.f("ix_clipboards_user_id"), "clipboards", ["user_id"])
    op.create_index("ix_clipboards_of_workflow", "clipboards", ["organization_id", "workflow_id"])
    op.create_table(
        "done_gestures",
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("workflow_id", sa.UUID(), nullable=False),
        sa.Column("focus", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "done_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "workflow_id"],
            ["workflows.organization_id", "workflows.id"],
            name=op.f("fk_done_gestures_organization_id_workflow_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_done_gestures")),
    )
    op.create_index(
        "ix_done_gestures_of_workflow", "done_gestures", ["organization_id", "workflow_id"]
    )
    op.create_index("ix_done_gestures_old", "done_gestures", ["done_at"])
    _create_tries()
    _create_account_choices()
    _create_templates()
    # A message of a try is one of its day too, and belongs to no run.
    op.alter_column("message_slots", "run_id", nullable=True)


def _create_tries() -> None:
    op.create_table(
        "tries",
        sa.Column("workflow_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=True),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("step_id", sa.Text(), nullable=True),
        sa.Column("onwards", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("sample", sa.Text(), nullable=False),
        sa.Column("to_me", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("told", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("use", sa.Text(), nullable=True),
        sa.Column("connection_id", sa.Text(), nullable=True),
        sa.Column("input", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("timeout_s", sa.Integer(), server_default="30", nullable=False),
        sa.Column("wedding_id", sa.UUID(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=True),
        sa.Column("owner", sa.UUID(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("mode IN ('pretend', 'really')", name=op.f("ck_tries_mode")),
        sa.CheckConstraint(
            "state IN ('asked', 'going_on', 'done', 'failed', 'unsure')",
            name=op.f("ck_tries_state"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_tries_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_tries_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "workflow_id"],
            ["workflows.organization_id", "workflows.id"],
            name=op.f("fk_tries_organization_id_workflow_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tries")),
    )
    op.create_index(op.f("ix_tries_user_id"), "tries", ["user_id"])
    op.create_index("ix_tries_of_workflow", "tries", ["organization_id", "workflow_id", "user_id"])
    op.create_index("ix_tries_old", "tries", ["created_at"])
    op.create_index(
        "ix_tries_open",
        "tries",
        ["state", "id"],
        postgresql_where=sa.text("state IN ('asked', 'going_on')"),
    )
    op.create_table(
        "tried_outputs",
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("workflow_id", sa.UUID(), nullable=False),
        sa.Column("step_id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("is_real", sa.Boolean(), nullable=False),
        sa.Column("output", postgresql.JSONB(), nullable=True),
        sa.Column(
            "tried_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_tried_outputs_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "workflow_id"],
            ["workflows.organization_id", "workflows.id"],
            name=op.f("fk_tried_outputs_organization_id_workflow_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "workflow_id", "step_id", name=op.f("pk_tried_outputs")),
    )
    op.create_index(
        "ix_tried_outputs_of_workflow", "tried_outputs", ["organization_id", "workflow_id"]
    )
    op.create_index("ix_tried_outputs_old", "tried_outputs", ["tried_at"])


def _create_account_choices() -> None:
    op.create_table(
        "account_choices",
        sa.Column("connection_id", sa.UUID(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("entries", sa.LargeBinary(), nullable=True),
        sa.Column("is_cut", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "asked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_account_choices_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "connection_id"],
            ["connections.organization_id", "connections.id"],
            name=op.f("fk_account_choices_organization_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_choices")),
        sa.UniqueConstraint(
            "organization_id",
            "connection_id",
            "key",
            name=op.f("uq_account_choices_organization_id_connection_id_key"),
        ),
    )
    op.create_index(
        "ix_account_choices_due",
        "account_choices",
        ["due_at"],
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index("ix_account_choices_old", "account_choices", ["asked_at"])


def _create_templates() -> None:
    op.create_table(
        "workflow_templates",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("goal", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("definition", postgresql.JSONB(), nullable=False),
        sa.Column("questions", postgresql.JSONB(), nullable=False),
        sa.Column("left_out", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("workflow_id", sa.UUID(), nullable=True),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "goal IN ('guests', 'dates', 'paid', 'photos', 'send', 'build')",
            name=op.f("ck_workflow_templates_goal"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_workflow_templates_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "workflow_id"],
            ["workflows.organization_id", "workflows.id"],
            name=op.f("fk_workflow_templates_organization_id_workflow_id"),
            ondelete="SET NULL (workflow_id)",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_templates")),
        sa.UniqueConstraint(
            "organization_id", "id", name=op.f("uq_workflow_templates_organization_id_id")
        ),
        sa.UniqueConstraint(
            "organization_id", "name", name=op.f("uq_workflow_templates_organization_id_name")
        ),
    )
    op.create_index(
        "ix_workflow_templates_of_workflow",
        "workflow_templates",
        ["organization_id", "workflow_id"],
    )


def downgrade() -> None:
    op.drop_table("workflow_templates")
    op.drop_table("account_choices")
    op.execute("DELETE FROM message_slots WHERE run_id IS NULL")
    op.alter_column("message_slots", "run_id", nullable=False)
    op.drop_table("tried_outputs")
    op.drop_table("tries")
    op.drop_table("done_gestures")
    op.drop_table("clipboards")
