"""Slots for effects that may happen once: one at a time per far end."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "once_slots",
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("far_end", sa.Text(), nullable=False),
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.Column("owner", sa.UUID(), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "run_id"],
            ["runs.organization_id", "runs.id"],
            name=op.f("fk_once_slots_organization_id_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "far_end", name=op.f("pk_once_slots")),
    )
    op.create_index(op.f("ix_once_slots_run_id"), "once_slots", ["run_id"])
    op.create_index(
        "ix_runs_waiting_for_a_slot",
        "runs",
        ["organization_id", sa.literal_column("(waiting_for ->> 'id')"), "id"],
        postgresql_where=sa.text("state = 'waiting' AND waiting_for ->> 'kind' = 'limit'"),
    )


def downgrade() -> None:
    op.drop_index("ix_runs_waiting_for_a_slot", table_name="runs")
    op.drop_index(op.f("ix_once_slots_run_id"), table_name="once_slots")
    op.drop_table("once_slots")
