"""Hooks (in), endpoints, deliveries and their attempts (out)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from wedsync.platform.db import Base, OrganizationRow, parent


class Hook(OrganizationRow, Base):
    """An inbound URL. `secret` is sealed; `previous_secret` still verifies until its moment.

    One with a `connection_id` receives what that connection's partner sends: its events have the
    source `connection:<id>`, and `subscription` says how far telling the partner has come.
    `quota_per_minute` empty means the most there is. Until `handshake_until` a sender that asks for
    an echo gets it; `shaken_at` is when one last did.
    """

    __tablename__ = "hooks"
    __table_args__ = (
        OrganizationRow.unique_inside_organization(),
        CheckConstraint("state IN ('on', 'off', 'needs_secret')", name="state"),
        CheckConstraint(
            "subscription IN ('wanted', 'on', 'by_hand', 'failed', 'gone')",
            name="subscription",
        ),
        CheckConstraint("quota_per_minute BETWEEN 1 AND 600000", name="quota_per_minute"),
        parent("connection_id", "connections"),
        Index(
            "uq_hooks_of_connection",
            "connection_id",
            unique=True,
            postgresql_where=text("connection_id IS NOT NULL"),
        ),
        Index(
            "ix_hooks_to_subscribe",
            "subscription_due_at",
            postgresql_where=text("subscription_due_at IS NOT NULL"),
        ),
    )

    name: Mapped[str]
    token: Mapped[str] = mapped_column(unique=True)
    scheme: Mapped[str]
    event_type: Mapped[str | None]
    options: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_secret_until: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(server_default="on")
    last_seen_at: Mapped[datetime | None]
    conflicts: Mapped[int] = mapped_column(server_default="0")
    quota_per_minute: Mapped[int | None]
    handshake_until: Mapped[datetime | None]
    shaken_at: Mapped[datetime | None]
    connection_id: Mapped[UUID | None]
    subscription: Mapped[str | None]
    subscription_id: Mapped[str | None]
    subscription_due_at: Mapped[datetime | None]
    subscription_attempts: Mapped[int] = mapped_column(server_default="0")
    subscription_error: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)


class HookReceipt(Base):
    """One sender's event id seen at one hook: what makes a repeat a repeat.

    Narrow on purpose; pruned later than any sender's last retry.
    """

    __tablename__ = "hook_receipts"
    __table_args__ = (
        parent("hook_id", "hooks"),
        Index("ix_hook_receipts_received", "received_at"),
    )

    hook_id: Mapped[UUID] = mapped_column(primary_key=True)
    sender_event_id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    event_id: Mapped[UUID]
    body_hash: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))


class HookMinute(Base):
    """How many requests a hook took in one minute, all processes together. Kept for a day."""

    __tablename__ = "hook_minutes"
    __table_args__ = (parent("hook_id", "hooks"),)

    hook_id: Mapped[UUID] = mapped_column(primary_key=True)
    minute: Mapped[datetime] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    taken: Mapped[int] = mapped_column(BigInteger)


class RetentionMark(Base):
    """Up to which row something was let go, so that nobody looks there again."""

    __tablename__ = "retention_marks"

    name: Mapped[str] = mapped_column(primary_key=True)
    reached: Mapped[UUID]


class HookRejection(Base):
    """How often a hook refused, by reason. Counted in memory, written every five seconds."""

    __tablename__ = "hook_rejections"
    __table_args__ = (parent("hook_id", "hooks"),)

    hook_id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    count: Mapped[int] = mapped_column(BigInteger)
    last_at: Mapped[datetime]


class HookRejectionSample(OrganizationRow, Base):
    """One of the ten latest refusals of a hook: masked headers and the size, never the body."""

    __tablename__ = "hook_rejection_samples"
    __table_args__ = (
        OrganizationRow.unique_inside_organization(),
        parent("hook_id", "hooks"),
        Index("ix_hook_rejection_samples_of_hook", "hook_id", text("id DESC")),
    )

    hook_id: Mapped[UUID]
    code: Mapped[str]
    headers: Mapped[dict[str, Any]]
    size: Mapped[int]


class Endpoint(OrganizationRow, Base):
    """An outbound URL that wants to be told. `event_types` empty means all.

    `ordered_by` is a dotted path in the sent body; deliveries with one value there go out one
    after the other; with `stops_at_failure` the others wait behind one that was given up.
    `signing_key` is the sealed seed of an Ed25519 key that signs beside `secret`; both are replaced
    at once. `failing_since` is the first failure since the last success, or since nothing was tried
    for two days; `warned_at` when its owner was told of it. `rate_per_s` and `max_in_flight` hold
    across all workers: `next_free_at` is when the next request may leave, `full_until` a moment for
    which all its places are known to be taken. The circuit breaker is open until `breaker_until`;
    `breaker_trips` picks the length of the next pause. To one that polls `last_position` is the
    last that was given, and `acknowledged_at` when its reader last said what it has. While nothing
    may leave for it some of its lanes are held (`has_held_lanes`). A `deleted` one is there for its
    deliveries only, until all of them are taken away.
    """

    __tablename__ = "endpoints"
    __table_args__ = (
        OrganizationRow.unique_inside_organization(),
        CheckConstraint("state IN ('on', 'off', 'disabled', 'deleted')", name="state"),
        CheckConstraint("receives IN ('posts', 'polls')", name="receives"),
        CheckConstraint("rate_per_s > 0", name="rate_per_s"),
        CheckConstraint("max_in_flight > 0", name="max_in_flight"),
        Index(
            "ix_endpoints_failing",
            "failing_since",
            postgresql_where=text("failing_since IS NOT NULL"),
        ),
        Index(
            "ix_endpoints_with_held_lanes",
            text("coalesce(breaker_until, '-infinity')"),
            postgresql_where=text("has_held_lanes AND state = 'on'"),
        ),
        Index(
            "ix_endpoints_deleted",
            "organization_id",
            "id",
            postgresql_where=text("state = 'deleted'"),
        ),
    )

    url: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")
    event_types: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    filter: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    ordered_by: Mapped[str | None]
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    previous_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_secret_until: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(server_default="on")
    state_reason: Mapped[str | None]
    failing_since: Mapped[datetime | None]
    last_failed_at: Mapped[datetime | None]
    receives: Mapped[str] = mapped_column(server_default="posts")
    signing_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_signing_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    stops_at_failure: Mapped[bool] = mapped_column(server_default=text("false"))
    rate_per_s: Mapped[float | None]
    max_in_flight: Mapped[int | None]
    next_free_at: Mapped[datetime | None]
    full_until: Mapped[datetime | None]
    consecutive_failures: Mapped[int] = mapped_column(server_default="0")
    breaker_until: Mapped[datetime | None]
    breaker_trips: Mapped[int] = mapped_column(server_default="0")
    warned_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    has_held_lanes: Mapped[bool] = mapped_column(server_default=text("false"))
    last_position: Mapped[int] = mapped_column(BigInteger, server_default="0")
    acknowledged_at: Mapped[datetime | None]


OPEN_IN_ORDER = "(state IN ('due', 'in_flight') OR (state = 'exhausted' AND blocks_lane))"
"""Of deliveries: what the later ones of an ordered lane wait behind."""


class Delivery(OrganizationRow, Base):
    """One event on its way to one endpoint.

    `lane` is what is claimed as a whole: the endpoint, or the endpoint and its order key.
    `failures` counts attempts that came back without success and picks the next delay;
    `attempts` numbers every attempt that was started. `fence` rises with each claim. To an
    endpoint that polls, `seq` is its position. `replay_id` is the replay that sent it last.
    `deaths` counts the workers that died while making it ready. `blocks_lane`, of an exhausted one:
    what comes later in its lane waits until somebody sends it again or goes on without it.
    `last_error` is a stable code (`http_503`, `timeout`, …), empty after success.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        OrganizationRow.unique_inside_organization(),
        UniqueConstraint("event_id", "endpoint_id"),
        parent("endpoint_id", "endpoints"),
        parent("event_id", "events"),
        parent("replay_id", "replays", ondelete="SET NULL (replay_id)"),
        parent("wedding_id", "weddings", ondelete="SET NULL (wedding_id)"),
        CheckConstraint(
            "state IN ('due', 'in_flight', 'delivered', 'exhausted', 'cancelled')", name="state"
        ),
        Index("ix_deliveries_due", "lane", "next_attempt_at", postgresql_where=text("state='due'")),
        Index("ix_deliveries_open_in_order", "lane", "seq", postgresql_where=text(OPEN_IN_ORDER)),
        Index("ix_deliveries_stopped_at", "endpoint_id", postgresql_where=text("blocks_lane")),
        Index(
            "ix_deliveries_claimed",
            "endpoint_id",
            "owner",
            postgresql_where=text("state = 'in_flight'"),
        ),
        # What people look through is read backwards along these, see `delivery_log.finding`.
        Index("ix_deliveries_of_endpoint", "organization_id", "endpoint_id", "id"),
        Index("ix_deliveries_in_state", "organization_id", "endpoint_id", "state", "id"),
        Index("ix_deliveries_of_type", "organization_id", "event_type", "id"),
        Index(
            "ix_deliveries_with_error",
            "organization_id",
            "last_error",
            "id",
            postgresql_where=text("last_error IS NOT NULL"),
        ),
        Index(
            "ix_deliveries_of_wedding",
            "organization_id",
            "wedding_id",
            "id",
            postgresql_where=text("wedding_id IS NOT NULL"),
        ),
        Index(
            "ix_deliveries_given_up",
            "lane",
            "id",
            postgresql_where=text("state = 'exhausted'"),
        ),
        Index(
            "ix_deliveries_that_gave_up",
            "organization_id",
            "endpoint_id",
            "event_id",
            postgresql_where=text("state = 'exhausted'"),
        ),
        Index(
            "ix_deliveries_of_replay",
            "replay_id",
            "state",
            "next_attempt_at",
            postgresql_where=text("replay_id IS NOT NULL"),
        ),
    )

    endpoint_id: Mapped[UUID]
    event_id: Mapped[UUID]
    event_type: Mapped[str]
    wedding_id: Mapped[UUID | None]
    lane: Mapped[str]
    seq: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    state: Mapped[str] = mapped_column(server_default="due")
    failures: Mapped[int] = mapped_column(server_default="0")
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_attempt_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    owner: Mapped[UUID | None]
    fence: Mapped[int] = mapped_column(BigInteger, server_default="0")
    lease_until: Mapped[datetime | None]
    last_error: Mapped[str | None]
    deaths: Mapped[int] = mapped_column(server_default="0")
    blocks_lane: Mapped[bool] = mapped_column(server_default=text("false"))
    replay_id: Mapped[UUID | None]


class DeliveryHour(Base):
    """How many deliveries were made for an endpoint in an hour (of UTC), counted as they are made:
    a chart of a day does not read the day."""

    __tablename__ = "delivery_hours"
    __table_args__ = (parent("endpoint_id", "endpoints"),)

    endpoint_id: Mapped[UUID] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    made: Mapped[int] = mapped_column(BigInteger)


class DeliveryAttempt(Base):
    """One HTTP try: written before its first byte leaves, finished with what came back.

    `request_headers` and `response_headers` are lines as on the wire (`name: value`), what is
    secret in them masked; `heads.read` takes them apart. `timings` are `outbound.Timings`;
    `answer` is the beginning of the body, or why there is none.

    A row grows to five times its length when its answer comes. Most of each page is left free for
    that, so the row stays where it is and no index hears of it.
    """

    __tablename__ = "delivery_attempts"
    __table_args__ = (
        parent("delivery_id", "deliveries"),
        {"postgresql_with": {"fillfactor": 20}},
    )

    delivery_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    started_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    status: Mapped[int | None]
    error: Mapped[str | None]
    timings: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    answer: Mapped[str | None]
    url: Mapped[str | None]
    request_headers: Mapped[str | None]
    response_headers: Mapped[str | None]
