"""Health: what ended, counted by the minute and by the hour."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("step_attempts", sa.Column("connection_id", sa.UUID(), nullable=True))
    _keep_endings()
    _keep_rollups()
    op.create_check_constraint(
        op.f("ck_listing_versions_published_at"),
        "listing_versions",
        "state <> 'published' OR published_at IS NOT NULL",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_listing_versions_published_at"), "listing_versions")
    for table in ("rollup_hours", "rollup_minutes", "rollup_series", "endings"):
        op.drop_table(table)
    op.drop_column("step_attempts", "connection_id")


def _keep_endings() -> None:
    op.create_table(
        "endings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.UUID(), nullable=False),
        sa.Column("part", sa.Text(), server_default="", nullable=False),
        sa.Column("connection_id", sa.UUID(), nullable=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("ms", sa.BigInteger(), nullable=True),
        sa.Column("weight", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endings")),
        postgresql_with={
            "autovacuum_vacuum_scale_factor": 0,
            "autovacuum_vacuum_threshold": 20_000,
            "autovacuum_vacuum_insert_scale_factor": 0,
            "autovacuum_vacuum_insert_threshold": 100_000,
        },
    )


def _keep_rollups() -> None:
    op.create_table(
        "rollup_series",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_rollup_series_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollup_series")),
    )
    op.create_index(
        "ix_rollup_series_of_organization", "rollup_series", ["organization_id", "kind"]
    )
    for table in ("rollup_minutes", "rollup_hours"):
        op.create_table(
            table,
            sa.Column("series_id", sa.UUID(), nullable=False),
            sa.Column("at", _MOMENT, nullable=False),
            sa.Column("tried", sa.BigInteger(), nullable=False),
            sa.Column("succeeded", sa.BigInteger(), nullable=False),
            sa.Column("put_off", sa.BigInteger(), nullable=False),
            sa.Column("bins", postgresql.ARRAY(sa.Integer()), nullable=False),
            sa.ForeignKeyConstraint(
                ["series_id"],
                ["rollup_series.id"],
                name=op.f(f"fk_{table}_series_id"),
                ondelete="CASCADE",
            ),
            sa.PrimaryKeyConstraint("series_id", "at", name=op.f(f"pk_{table}")),
            postgresql_with={"fillfactor": 70},
        )
        op.create_index(f"ix_{table}_oldest", table, ["at"])
