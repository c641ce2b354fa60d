"""Connections, the visits to consent pages that make them, and what can be chosen at an account."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from wedsync.platform.db import Base, OrganizationRow, parent

CONNECTION_STATES = (
    "pending",
    "active",
    "paused",
    "degraded",
    "needs_reauth",
    "revoked",
    "deleted",
)
USABLE_STATES = ("active", "degraded")
KEPT_STATES = (*USABLE_STATES, "paused")
"""Those whose permission is kept alive."""

AUTHORIZATION_OUTCOMES = ("to_exchange", "exchanging", "connected", "failed", "other_account")


class Connection(OrganizationRow, Base):
    """One authorised link to a connector; pins the version of its manifest.

    `secret` is a sealed JSON object of credentials by name. `reason` is `{"code", "message"}`, why
    the state is what it is. A refresh is claimed by `refresh_owner` until `refresh_until` under
    `refresh_fence`; `refresh_started_at` is set before the provider is asked and emptied with the
    commit of its answer, so a kill in between is seen. `generation` counts the credentials the
    connection has had; `refused_at` is when the far end last refused those that looked good.
    `ready_at`: it became usable, and whoever waits for that has not been told yet.

    `is_named`: somebody chose the name. `paused_at` outlives what happens to the credentials
    meanwhile: what was paused is paused again when they are mended. `looks` is a list of what was
    found there lately, newest first: `{"well", "words", "first_at", "last_at", "times"}`.
    """

    __tablename__ = "connections"
    __table_args__ = (
        OrganizationRow.unique_inside_organization(),
        CheckConstraint(f"state IN {CONNECTION_STATES}", name="state"),
        Index("ix_connections_of_organization", "organization_id", "state", text("id DESC")),
        Index("ix_connections_of_listing", "listing_id", "state"),
        Index(
            "ix_connections_to_refresh",
            "refresh_due_at",
            postgresql_where=text("refresh_due_at IS NOT NULL"),
        ),
        Index(
            "ix_connections_to_check",
            "check_due_at",
            postgresql_where=text("check_due_at IS NOT NULL"),
        ),
        Index("ix_connections_ready", "ready_at", postgresql_where=text("ready_at IS NOT NULL")),
    )

    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listings.id", ondelete="RESTRICT"))
    listing_version_id: Mapped[UUID] = mapped_column(
        ForeignKey("listing_versions.id", ondelete="RESTRICT")
    )
    slug: Mapped[str]
    name: Mapped[str]
    is_named: Mapped[bool] = mapped_column(server_default=text("false"))
    state: Mapped[str] = mapped_column(server_default="pending")
    state_since: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    reason: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    paused_at: Mapped[datetime | None]
    account_id: Mapped[str | None]
    account_name: Mapped[str | None]
    settings: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    generation: Mapped[int] = mapped_column(BigInteger, server_default="0")
    connected_at: Mapped[datetime | None]
    access_expires_at: Mapped[datetime | None]
    refresh_due_at: Mapped[datetime | None]
    refresh_owner: Mapped[UUID | None]
    refresh_until: Mapped[datetime | None]
    refresh_fence: Mapped[int] = mapped_column(BigInteger, server_default="0")
    refresh_started_at: Mapped[datetime | None]
    refresh_failures: Mapped[int] = mapped_column(server_default="0")
    refreshed_at: Mapped[datetime | None]
    check_due_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    check_result: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    looks: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    refused_at: Mapped[datetime | None]
    ready_at: Mapped[datetime | None]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))


class Authorization(OrganizationRow, Base):
    """One attempt to connect: a visit to a provider's consent page, or credentials typed here.

    Single use, ten minutes, bound to a sign-in. One that a script began (`api_key_id`) and that
    needs consent has none until a person goes on with it. `outcome` is empty while somebody is at
    the provider. `state` is found by its hash; `held` is a sealed JSON object of what the attempt
    needs (state, verifier and code; what was typed; a grant of another account until somebody
    decided about it). `reason` is `{"code", "message"}`, why it failed. `scopes` are the
    permissions it asks for, None for all there are; `listing_version_id` is the version that the
    connection goes over to with it.
    """

    __tablename__ = "authorizations"
    __table_args__ = (
        OrganizationRow.unique_inside_organization(),
        parent("connection_id", "connections"),
        parent("api_key_id", "api_keys"),
        CheckConstraint(f"outcome IN {AUTHORIZATION_OUTCOMES}", name="outcome"),
        CheckConstraint("sign_in_id IS NOT NULL OR api_key_id IS NOT NULL", name="begun_by"),
        Index("ix_authorizations_of_connection", "connection_id", "id"),
        Index(
            "ix_authorizations_to_exchange",
            "used_at",
            postgresql_where=text("outcome IN ('to_exchange', 'exchanging')"),
        ),
        Index("ix_authorizations_open", "expires_at", postgresql_where=text("outcome IS NULL")),
        Index(
            "ix_authorizations_of_api_key",
            "organization_id",
            "api_key_id",
            postgresql_where=text("api_key_id IS NOT NULL"),
        ),
        Index(
            "ix_authorizations_of_listing_version",
            "listing_version_id",
            postgresql_where=text("listing_version_id IS NOT NULL"),
        ),
    )

    connection_id: Mapped[UUID]
    sign_in_id: Mapped[UUID | None] = mapped_column(ForeignKey("sign_ins.id", ondelete="CASCADE"))
    api_key_id: Mapped[UUID | None]
    scopes: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    listing_version_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("listing_versions.id", ondelete="RESTRICT")
    )
    state_hash: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    held: Mapped[bytes | None] = mapped_column(LargeBinary)
    return_to: Mapped[str | None]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    reason: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)


class AccountChoices(OrganizationRow, Base):
    """A list at an account to choose from (`Manifest.choices`, by its `key`), as it was read last.

    `entries` is a sealed JSON list of `[value, name, note]`, since they may be people. `due_at`: it
    is wanted, and read from then by whoever claims it, until `claimed_until`. `failure` is a
    sentence of the last time it could not be read, emptied when it was.
    """

    __tablename__ = "account_choices"
    __table_args__ = (
        UniqueConstraint("organization_id", "connection_id", "key"),
        parent("connection_id", "connections"),
        Index("ix_account_choices_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        Index("ix_account_choices_old", "asked_at"),
    )

    connection_id: Mapped[UUID]
    key: Mapped[str]
    entries: Mapped[bytes | None] = mapped_column(LargeBinary)
    is_cut: Mapped[bool] = mapped_column(server_default=text("false"))
    loaded_at: Mapped[datetime | None]
    asked_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    due_at: Mapped[datetime | None]
    claimed_until: Mapped[datetime | None]
    failure: Mapped[str | None]
    failed_at: Mapped[datetime | None]
