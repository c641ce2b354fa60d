"""Listings and their review, connections, our own e-mail, notices, links sent to people."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "listings",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("built_in", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("published_version_id", sa.UUID(), nullable=True),
        sa.Column("client_id", sa.Text(), nullable=True),
        sa.Column("client_secret", sa.LargeBinary(), nullable=True),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state IN ('open', 'withdrawn', 'suspended')", name=op.f("ck_listings_state")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_listings_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listings")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_listings_organization_id_id")),
        sa.UniqueConstraint("slug", name=op.f("uq_listings_slug")),
    )
    op.create_table(
        "mail_messages",
        sa.Column("organization_id", sa.UUID(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("to_address", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("once_key", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="due", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "due_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "last_error", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state IN ('due', 'sending', 'sent', 'given_up')", name=op.f("ck_mail_messages_state")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_mail_messages_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_messages")),
        sa.UniqueConstraint("once_key", name=op.f("uq_mail_messages_once_key")),
    )
    op.create_index(
        "ix_mail_messages_due",
        "mail_messages",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('due', 'sending')"),
    )
    op.create_index(
        op.f("ix_mail_messages_organization_id"), "mail_messages", ["organization_id"], unique=False
    )
    op.create_table(
        "notices",
        sa.Column("about_kind", sa.Text(), nullable=False),
        sa.Column("about_id", sa.UUID(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
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
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_notices_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_notices_organization_id_id")),
    )
    op.create_index(
        "ix_notices_closed",
        "notices",
        ["closed_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NOT NULL"),
    )
    op.create_index(
        "ix_notices_latest",
        "notices",
        ["organization_id", sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "uq_notices_open",
        "notices",
        ["organization_id", "about_kind", "about_id", "code"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "knocks",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("waits", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('sign_up', 'forgotten', 'confirm_email')", name=op.f("ck_knocks_kind")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knocks")),
    )
    op.create_index(
        "ix_knocks_of_address", "knocks", ["kind", "address", "created_at"], unique=False
    )
    op.create_index("ix_knocks_of_email", "knocks", ["kind", "email", "created_at"], unique=False)
    op.create_index(
        "ix_knocks_waiting", "knocks", ["id"], unique=False, postgresql_where=sa.text("waits")
    )
    op.create_table(
        "person_links",
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "purpose IN ('confirm_email', 'reset_password')", name=op.f("ck_person_links_purpose")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_person_links_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_person_links_token_hash")),
    )
    op.create_index(op.f("ix_person_links_user_id"), "person_links", ["user_id"], unique=False)
    op.create_table(
        "listing_versions",
        sa.Column("listing_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("manifest", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column(
            "checks", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_by", sa.UUID(), nullable=True),
        sa.Column("reviewer_id", sa.UUID(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'in_review', 'changes_asked', 'approved',"
            " 'published', 'superseded', 'withdrawn')",
            name=op.f("ck_listing_versions_state"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "listing_id"],
            ["listings.organization_id", "listings.id"],
            name=op.f("fk_listing_versions_organization_id_listing_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_listing_versions_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["reviewer_id"],
            ["users.id"],
            name=op.f("fk_listing_versions_reviewer_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["submitted_by"],
            ["users.id"],
            name=op.f("fk_listing_versions_submitted_by"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing_versions")),
        sa.UniqueConstraint(
            "listing_id", "number", name=op.f("uq_listing_versions_listing_id_number")
        ),
        sa.UniqueConstraint(
            "organization_id", "id", name=op.f("uq_listing_versions_organization_id_id")
        ),
    )
    op.create_index(
        "ix_listing_versions_to_review",
        "listing_versions",
        ["submitted_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('submitted', 'in_review')"),
    )
    op.create_index(
        "uq_listing_versions_under_way",
        "listing_versions",
        ["listing_id"],
        unique=True,
        postgresql_where=sa.text(
            "state IN ('draft', 'submitted', 'in_review', 'changes_asked', 'approved')"
        ),
    )
    op.create_table(
        "connections",
        sa.Column("listing_id", sa.UUID(), nullable=False),
        sa.Column("listing_version_id", sa.UUID(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="pending", nullable=False),
        sa.Column(
            "state_since",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "reason", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("account_name", sa.Text(), nullable=True),
        sa.Column(
            "settings",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("scopes", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("generation", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("access_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refresh_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refresh_owner", sa.UUID(), nullable=True),
        sa.Column("refresh_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refresh_fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("refresh_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refresh_failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("check_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "check_result",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
        ),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.UUID(), nullable=True),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'active', 'paused', 'degraded', 'needs_reauth', 'revoked',"
            " 'deleted')",
            name=op.f("ck_connections_state"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["users.id"],
            name=op.f("fk_connections_created_by"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"],
            ["listings.id"],
            name=op.f("fk_connections_listing_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["listing_version_id"],
            ["listing_versions.id"],
            name=op.f("fk_connections_listing_version_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_connections_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connections")),
        sa.UniqueConstraint(
            "organization_id", "id", name=op.f("uq_connections_organization_id_id")
        ),
    )
    op.create_index(
        "ix_connections_of_listing", "connections", ["listing_id", "state"], unique=False
    )
    op.create_index(
        "ix_connections_of_organization",
        "connections",
        ["organization_id", "state", sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_connections_ready",
        "connections",
        ["ready_at"],
        unique=False,
        postgresql_where=sa.text("ready_at IS NOT NULL"),
    )
    op.create_index(
        "ix_connections_to_check",
        "connections",
        ["check_due_at"],
        unique=False,
        postgresql_where=sa.text("check_due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_connections_to_refresh",
        "connections",
        ["refresh_due_at"],
        unique=False,
        postgresql_where=sa.text("refresh_due_at IS NOT NULL"),
    )
    op.create_table(
        "review_messages",
        sa.Column("version_id", sa.UUID(), nullable=False),
        sa.Column("author_id", sa.UUID(), nullable=True),
        sa.Column("by_admin", sa.Boolean(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["users.id"],
            name=op.f("fk_review_messages_author_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "version_id"],
            ["listing_versions.organization_id", "listing_versions.id"],
            name=op.f("fk_review_messages_organization_id_version_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_review_messages_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_messages")),
        sa.UniqueConstraint(
            "organization_id", "id", name=op.f("uq_review_messages_organization_id_id")
        ),
    )
    op.create_index(
        "ix_review_messages_of_version", "review_messages", ["version_id", "id"], unique=False
    )
    op.create_table(
        "authorizations",
        sa.Column("connection_id", sa.UUID(), nullable=False),
        sa.Column("sign_in_id", sa.UUID(), nullable=False),
        sa.Column("state_hash", sa.LargeBinary(), nullable=True),
        sa.Column("held", sa.LargeBinary(), nullable=True),
        sa.Column("return_to", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column(
            "reason", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "connection_id"],
            ["connections.organization_id", "connections.id"],
            name=op.f("fk_authorizations_organization_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_authorizations_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["sign_in_id"],
            ["sign_ins.id"],
            name=op.f("fk_authorizations_sign_in_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authorizations")),
        sa.UniqueConstraint(
            "organization_id", "id", name=op.f("uq_authorizations_organization_id_id")
        ),
        sa.UniqueConstraint("state_hash", name=op.f("uq_authorizations_state_hash")),
        sa.CheckConstraint(
            "outcome IN ('to_exchange', 'exchanging', 'connected', 'failed', 'other_account')",
            name=op.f("ck_authorizations_outcome"),
        ),
    )
    op.create_index(
        "ix_authorizations_of_connection", "authorizations", ["connection_id", "id"], unique=False
    )
    op.create_index(
        "ix_authorizations_to_exchange",
        "authorizations",
        ["used_at"],
        unique=False,
        postgresql_where=sa.text("outcome IN ('to_exchange', 'exchanging')"),
    )
    op.add_column("hooks", sa.Column("connection_id", sa.UUID(), nullable=True))
    op.add_column("hooks", sa.Column("subscription", sa.Text(), nullable=True))
    op.add_column("hooks", sa.Column("subscription_id", sa.Text(), nullable=True))
    op.add_column(
        "hooks", sa.Column("subscription_due_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "hooks",
        sa.Column("subscription_attempts", sa.Integer(), server_default="0", nullable=False),
    )
    op.add_column(
        "hooks",
        sa.Column(
            "subscription_error",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
        ),
    )
    op.create_index(
        "ix_hooks_to_subscribe",
        "hooks",
        ["subscription_due_at"],
        unique=False,
        postgresql_where=sa.text("subscription_due_at IS NOT NULL"),
    )
    op.create_index(
        "uq_hooks_of_connection",
        "hooks",
        ["connection_id"],
        unique=True,
        postgresql_where=sa.text("connection_id IS NOT NULL"),
    )
    op.create_check_constraint(
        op.f("ck_hooks_subscription"),
        "hooks",
        "subscription IN ('wanted', 'on', 'by_hand', 'failed', 'gone')",
    )
    op.create_foreign_key(
        op.f("fk_hooks_organization_id_connection_id"),
        "hooks",
        "connections",
        ["organization_id", "connection_id"],
        ["organization_id", "id"],
        ondelete="CASCADE",
    )
    op.create_index(
        "ix_runs_needing_attention",
        "runs",
        ["organization_id", "workflow_id"],
        unique=False,
        postgresql_where=sa.text("state = 'needs_attention'"),
    )
    op.create_index(
        "ix_runs_waiting_for_a_connection",
        "runs",
        ["organization_id", sa.literal_column("(waiting_for ->> 'id')"), "id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting' AND waiting_for ->> 'kind' = 'connection'"),
    )
    op.add_column(
        "users", sa.Column("email_confirmed_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_foreign_key(
        op.f("fk_listings_organization_id_published_version_id"),
        "listings",
        "listing_versions",
        ["organization_id", "published_version_id"],
        ["organization_id", "id"],
        ondelete="SET NULL (published_version_id)",
    )


def downgrade() -> None:
    op.drop_constraint(
        op.f("fk_listings_organization_id_published_version_id"), "listings", type_="foreignkey"
    )
    op.drop_column("users", "email_confirmed_at")
    op.drop_index("ix_runs_waiting_for_a_connection", table_name="runs")
    op.drop_index("ix_runs_needing_attention", table_name="runs")
    op.drop_constraint(op.f("fk_hooks_organization_id_connection_id"), "hooks", type_="foreignkey")
    op.drop_index(
        "uq_hooks_of_connection",
        table_name="hooks",
        postgresql_where=sa.text("connection_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_hooks_to_subscribe",
        table_name="hooks",
        postgresql_where=sa.text("subscription_due_at IS NOT NULL"),
    )
    op.drop_constraint(op.f("ck_hooks_subscription"), "hooks", type_="check")
    op.drop_column("hooks", "subscription_error")
    op.drop_column("hooks", "subscription_attempts")
    op.drop_column("hooks", "subscription_due_at")
    op.drop_column("hooks", "subscription_id")
    op.drop_column("hooks", "subscription")
    op.drop_column("hooks", "connection_id")
    op.drop_table("authorizations")
    op.drop_index("ix_review_messages_of_version", table_name="review_messages")
    op.drop_table("review_messages")
    op.drop_index(
        "ix_connections_to_refresh",
        table_name="connections",
        postgresql_where=sa.text("refresh_due_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_connections_to_check",
        table_name="connections",
        postgresql_where=sa.text("check_due_at IS NOT NULL"),
    )
    op.drop_index("ix_connections_of_organization", table_name="connections")
    op.drop_index("ix_connections_of_listing", table_name="connections")
    op.drop_table("connections")
    op.drop_index(
        "ix_listing_versions_to_review",
        table_name="listing_versions",
        postgresql_where=sa.text("state IN ('submitted', 'in_review')"),
    )
    op.drop_index(
        "uq_listing_versions_under_way",
        table_name="listing_versions",
        postgresql_where=sa.text(
            "state IN ('draft', 'submitted', 'in_review', 'changes_asked', 'approved')"
        ),
    )
    op.drop_table("listing_versions")
    op.drop_index(op.f("ix_person_links_user_id"), table_name="person_links")
    op.drop_table("person_links")
    op.drop_index("ix_knocks_waiting", table_name="knocks", postgresql_where=sa.text("waits"))
    op.drop_index("ix_knocks_of_email", table_name="knocks")
    op.drop_index("ix_knocks_of_address", table_name="knocks")
    op.drop_table("knocks")
    op.drop_index(
        "uq_notices_open", table_name="notices", postgresql_where=sa.text("closed_at IS NULL")
    )
    op.drop_index("ix_notices_latest", table_name="notices")
    op.drop_index(
        "ix_notices_closed", table_name="notices", postgresql_where=sa.text("closed_at IS NOT NULL")
    )
    op.drop_table("notices")
    op.drop_index(op.f("ix_mail_messages_organization_id"), table_name="mail_messages")
    op.drop_index(
        "ix_mail_messages_due",
        table_name="mail_messages",
        postgresql_where=sa.text("state IN ('due', 'sending')"),
    )
    op.drop_table("mail_messages")
    op.drop_table("listings")
