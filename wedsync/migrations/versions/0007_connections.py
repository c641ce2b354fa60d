"""Connections that stay connected: keys, limits, names."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_OF_CONNECTIONS: tuple[sa.Column[Any], ...] = (
    sa.Column("is_named", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    sa.Column("paused_at", _MOMENT, nullable=True),
    sa.Column("looks", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
)
_OF_AUTHORIZATIONS: tuple[sa.Column[Any], ...] = (
    sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=True),
    sa.Column("listing_version_id", sa.UUID(), nullable=True),
    sa.Column("api_key_id", sa.UUID(), nullable=True),
)


def upgrade() -> None:
    _let_connections_be_told_apart()
    _let_scripts_connect()
    _keep_budgets()
    _give_weddings_keys()
    op.execute("ALTER TABLE delivery_attempts SET (fillfactor = 20)")


def downgrade() -> None:
    op.execute("ALTER TABLE delivery_attempts RESET (fillfactor)")
    _give_organizations_one_key_each()
    op.drop_table("rate_buckets")
    _let_only_people_connect()
    _let_connections_be_alike()


def _let_scripts_connect() -> None:
    op.alter_column("authorizations", "sign_in_id", nullable=True)
    op.create_foreign_key(
        op.f("fk_authorizations_organization_id_api_key_id"),
        "authorizations",
        "api_keys",
        ["organization_id", "api_key_id"],
        ["organization_id", "id"],
        ondelete="CASCADE",
    )
    op.create_check_constraint(
        op.f("ck_authorizations_begun_by"),
        "authorizations",
        "sign_in_id IS NOT NULL OR api_key_id IS NOT NULL",
    )
    op.create_index(
        "ix_authorizations_open",
        "authorizations",
        ["expires_at"],
        postgresql_where=sa.text("outcome IS NULL"),
    )
    op.create_index(
        "ix_authorizations_of_api_key",
        "authorizations",
        ["organization_id", "api_key_id"],
        postgresql_where=sa.text("api_key_id IS NOT NULL"),
    )


def _let_only_people_connect() -> None:
    op.drop_index("ix_authorizations_open", "authorizations")
    op.drop_constraint(op.f("ck_authorizations_begun_by"), "authorizations", type_="check")
    op.execute("DELETE FROM authorizations WHERE sign_in_id IS NULL")
    op.alter_column("authorizations", "sign_in_id", nullable=False)


def _let_connections_be_told_apart() -> None:
    for column in _OF_CONNECTIONS:
        op.add_column("connections", column)
    for column in _OF_AUTHORIZATIONS:
        op.add_column("authorizations", column)
    op.create_foreign_key(
        op.f("fk_authorizations_listing_version_id"),
        "authorizations",
        "listing_versions",
        ["listing_version_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.create_index(
        "ix_authorizations_of_listing_version",
        "authorizations",
        ["listing_version_id"],
        postgresql_where=sa.text("listing_version_id IS NOT NULL"),
    )
    op.execute(
        "UPDATE connections SET name = left(name || ' (' || account_name || ')', 120)"
        " WHERE account_name IS NOT NULL"
    )


def _let_connections_be_alike() -> None:
    for column in _OF_AUTHORIZATIONS:
        op.drop_column("authorizations", column.name)
    for column in _OF_CONNECTIONS:
        op.drop_column("connections", column.name)


def _keep_budgets() -> None:
    op.create_table(
        "rate_buckets",
        sa.Column("key", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=True),
        sa.Column("connection_id", sa.UUID(), nullable=True),
        sa.Column("listing_id", sa.UUID(), nullable=True),
        sa.Column("calls", sa.Integer(), nullable=True),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.Column("burst", sa.Float(), nullable=True),
        sa.Column("per_s", sa.Float(), nullable=True),
        sa.Column("full_at", _MOMENT, nullable=True),
        sa.Column("held_until", _MOMENT, nullable=True),
        sa.Column("said_limit", sa.Integer(), nullable=True),
        sa.Column("said_left", sa.Integer(), nullable=True),
        sa.Column("said_until", _MOMENT, nullable=True),
        sa.Column("waiting", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "(connection_id = key AND organization_id IS NOT NULL AND listing_id IS NULL)"
            " OR (listing_id = key AND organization_id IS NULL AND connection_id IS NULL)",
            name=op.f("ck_rate_buckets_owner"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "connection_id"],
            ["connections.organization_id", "connections.id"],
            name=op.f("fk_rate_buckets_organization_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_rate_buckets_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"],
            ["listings.id"],
            name=op.f("fk_rate_buckets_listing_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rate_buckets")),
    )
    op.create_index(
        "ix_rate_buckets_of_connection", "rate_buckets", ["organization_id", "connection_id"]
    )
    op.create_index(
        "ix_rate_buckets_of_listing",
        "rate_buckets",
        ["listing_id"],
        postgresql_where=sa.text("listing_id IS NOT NULL"),
    )
    op.create_index(
        "ix_rate_buckets_waiting", "rate_buckets", ["key"], postgresql_where=sa.text("waiting > 0")
    )


def _give_weddings_keys() -> None:
    """The key that each organization has stays the one it seals with."""
    op.add_column("data_keys", sa.Column("wedding_id", sa.UUID(), nullable=True))
    op.add_column("data_keys", sa.Column("wrapped_by", sa.UUID(), nullable=True))
    op.add_column("data_keys", sa.Column("retired_at", _MOMENT, nullable=True))
    op.alter_column("data_keys", "master_key_id", nullable=True)
    op.drop_constraint("uq_data_keys_organization_id", "data_keys")
    op.create_unique_constraint(
        op.f("uq_data_keys_organization_id_id"), "data_keys", ["organization_id", "id"]
    )
    for column, table, ondelete in (
        ("wedding_id", "weddings", "CASCADE"),
        ("wrapped_by", "data_keys", "NO ACTION"),
    ):
        op.create_foreign_key(
            op.f(f"fk_data_keys_organization_id_{column}"),
            "data_keys",
            table,
            ["organization_id", column],
            ["organization_id", "id"],
            ondelete=ondelete,
        )
    op.create_check_constraint(
        op.f("ck_data_keys_wrapping"),
        "data_keys",
        "(wedding_id IS NULL) = (master_key_id IS NOT NULL)",
    )
    op.create_index(
        "uq_data_keys_in_use",
        "data_keys",
        ["organization_id", "wedding_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("retired_at IS NULL"),
    )
    op.create_index("ix_data_keys_of_wedding", "data_keys", ["organization_id", "wedding_id"])
    op.create_index(
        "ix_data_keys_wrapped_by",
        "data_keys",
        ["organization_id", "wrapped_by"],
        postgresql_where=sa.text("wrapped_by IS NOT NULL"),
    )
    op.create_index(
        "ix_data_keys_retired",
        "data_keys",
        ["retired_at"],
        postgresql_where=sa.text("retired_at IS NOT NULL"),
    )


def _give_organizations_one_key_each() -> None:
    """Refuses where values are sealed under keys that the schema before has no place for."""
    others = "SELECT count(*) FROM data_keys WHERE wedding_id IS NOT NULL OR retired_at IS NOT NULL"
    if count := op.get_bind().scalar(sa.text(others)):
        raise RuntimeError(
            f"{count} data keys are keys of weddings or retired. The schema before 0007 has no "
            "place for them, and what they seal would be lost. Nothing was changed."
        )
    for name in ("retired", "wrapped_by", "of_wedding"):
        op.drop_index(f"ix_data_keys_{name}", "data_keys")
    op.drop_index("uq_data_keys_in_use", "data_keys")
    op.drop_constraint(op.f("ck_data_keys_wrapping"), "data_keys")
    for column in ("wrapped_by", "wedding_id"):
        op.drop_constraint(op.f(f"fk_data_keys_organization_id_{column}"), "data_keys")
    op.drop_constraint(op.f("uq_data_keys_organization_id_id"), "data_keys")
    op.create_unique_constraint(
        op.f("uq_data_keys_organization_id"), "data_keys", ["organization_id"]
    )
    op.alter_column("data_keys", "master_key_id", nullable=False)
    for column in ("retired_at", "wrapped_by", "wedding_id"):
        op.drop_column("data_keys", column)
