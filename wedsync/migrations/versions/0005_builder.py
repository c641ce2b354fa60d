"""The builder: clipboards, and the gestures that were done already."""

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


def downgrade() -> None:
    op.drop_table("done_gestures")
    op.drop_table("clipboards")
