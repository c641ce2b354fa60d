"""Webhooks as a platform: how endpoints are signed for, held back, paused and told about."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_OF_ENDPOINTS: tuple[sa.Column[Any], ...] = (
    sa.Column("receives", sa.Text(), server_default="posts", nullable=False),
    sa.Column("signing_key", sa.LargeBinary(), nullable=True),
    sa.Column("previous_signing_key", sa.LargeBinary(), nullable=True),
    sa.Column("stops_at_failure", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    sa.Column("rate_per_s", sa.Float(), nullable=True),
    sa.Column("max_in_flight", sa.Integer(), nullable=True),
    sa.Column("next_free_at", _MOMENT, nullable=True),
    sa.Column("full_until", _MOMENT, nullable=True),
    sa.Column("last_failed_at", _MOMENT, nullable=True),
    sa.Column("consecutive_failures", sa.Integer(), server_default="0", nullable=False),
    sa.Column("breaker_until", _MOMENT, nullable=True),
    sa.Column("breaker_trips", sa.Integer(), server_default="0", nullable=False),
    sa.Column("warned_at", _MOMENT, nullable=True),
    sa.Column("disabled_at", _MOMENT, nullable=True),
    sa.Column("has_held_lanes", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    sa.Column("last_position", sa.BigInteger(), server_default="0", nullable=False),
    sa.Column("acknowledged_at", _MOMENT, nullable=True),
)
_OF_DELIVERIES: tuple[sa.Column[Any], ...] = (
    sa.Column("last_error", sa.Text(), nullable=True),
    sa.Column("deaths", sa.Integer(), server_default="0", nullable=False),
    sa.Column("blocks_lane", sa.Boolean(), server_default=sa.text("false"), nullable=False),
)
_OF_ATTEMPTS: tuple[sa.Column[Any], ...] = (
    sa.Column("url", sa.Text(), nullable=True),
    sa.Column("request_headers", sa.Text(), nullable=True),
    sa.Column("response_headers", sa.Text(), nullable=True),
)
_OF_HOOKS: tuple[sa.Column[Any], ...] = (
    sa.Column("quota_per_minute", sa.Integer(), nullable=True),
    sa.Column("handshake_until", _MOMENT, nullable=True),
    sa.Column("shaken_at", _MOMENT, nullable=True),
)
_PREPARING = sa.Column("preparing", postgresql.JSONB(none_as_null=True), nullable=True)
_WAS_OPEN_IN_ORDER = "state IN ('due', 'in_flight')"
_OPEN_IN_ORDER = f"({_WAS_OPEN_IN_ORDER} OR (state = 'exhausted' AND blocks_lane))"
_CHECKS = {
    "receives": "receives IN ('posts', 'polls')",
    "rate_per_s": "rate_per_s > 0",
    "max_in_flight": "max_in_flight > 0",
}


def upgrade() -> None:
    for column in _OF_ENDPOINTS:
        op.add_column("endpoints", column)
    for name, condition in _CHECKS.items():
        op.create_check_constraint(op.f(f"ck_endpoints_{name}"), "endpoints", condition)
    _let_endpoints_leave()
    _let_lanes_be_held()
    _let_hooks_be_held_back()
    _let_the_drain_remember()
    _add_replays()
    _let_deliveries_be_found()


def _let_endpoints_leave() -> None:
    _allow_states("'on', 'off', 'disabled', 'deleted'")
    op.create_index(
        "ix_endpoints_deleted",
        "endpoints",
        ["organization_id", "id"],
        postgresql_where=sa.text("state = 'deleted'"),
    )


def _let_endpoints_stay() -> None:
    op.drop_index("ix_endpoints_deleted", "endpoints")
    op.execute("DELETE FROM endpoints WHERE state = 'deleted'")
    _allow_states("'on', 'off', 'disabled'")


def _allow_states(states: str) -> None:
    op.drop_constraint(op.f("ck_endpoints_state"), "endpoints")
    op.create_check_constraint(op.f("ck_endpoints_state"), "endpoints", f"state IN ({states})")


def _let_lanes_be_held() -> None:
    op.add_column("lanes", sa.Column("held_by", sa.UUID(), nullable=True))
    _index_due_lanes("next_due_at IS NOT NULL AND held_by IS NULL")
    op.create_index(
        "ix_lanes_held",
        "lanes",
        ["held_by", "served_at"],
        postgresql_where=sa.text("held_by IS NOT NULL"),
    )
    op.create_index(
        "ix_endpoints_with_held_lanes",
        "endpoints",
        [sa.text("coalesce(breaker_until, '-infinity')")],
        postgresql_where=sa.text("has_held_lanes AND state = 'on'"),
    )


def _let_lanes_go() -> None:
    op.drop_index("ix_endpoints_with_held_lanes", "endpoints")
    op.drop_index("ix_lanes_held", "lanes")
    _index_due_lanes("next_due_at IS NOT NULL")
    op.drop_column("lanes", "held_by")


def _index_due_lanes(condition: str) -> None:
    op.drop_index("ix_lanes_due", "lanes")
    op.create_index(
        "ix_lanes_due", "lanes", ["kind", "served_at"], postgresql_where=sa.text(condition)
    )


def _let_hooks_be_held_back() -> None:
    for column in _OF_HOOKS:
        op.add_column("hooks", column)
    op.create_check_constraint(
        op.f("ck_hooks_quota_per_minute"), "hooks", "quota_per_minute BETWEEN 1 AND 600000"
    )
    op.create_index("ix_hook_receipts_received", "hook_receipts", ["received_at"])
    op.create_table(
        "hook_minutes",
        sa.Column("hook_id", sa.UUID(), nullable=False),
        sa.Column("minute", _MOMENT, nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "hook_id"],
            ["hooks.organization_id", "hooks.id"],
            name=op.f("fk_hook_minutes_organization_id_hook_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("hook_id", "minute", name=op.f("pk_hook_minutes")),
    )
    op.create_table(
        "retention_marks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("reached", sa.UUID(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_retention_marks")),
    )


def _add_replays() -> None:
    op.create_table(
        "replays",
        sa.Column("endpoint_id", sa.UUID(), nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
        sa.Column("until", _MOMENT, nullable=False),
        sa.Column("ends_before", sa.UUID(), nullable=False),
        sa.Column(
            "event_types", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("which", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="running", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("after", sa.UUID(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("seen", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("queued", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lease_until", _MOMENT, nullable=True),
        sa.Column("served_at", _MOMENT, nullable=True),
        sa.Column("finished_at", _MOMENT, nullable=True),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "created_at", _MOMENT, server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.CheckConstraint(
            "which IN ('all', 'not_delivered', 'failed')", name=op.f("ck_replays_which")
        ),
        sa.CheckConstraint(
            "state IN ('running', 'paused', 'done', 'cancelled')", name=op.f("ck_replays_state")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_replays_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "endpoint_id"],
            ["endpoints.organization_id", "endpoints.id"],
            name=op.f("fk_replays_organization_id_endpoint_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replays")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_replays_organization_id_id")),
    )
    op.create_index(
        "ix_replays_running",
        "replays",
        ["lease_until"],
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index(
        "ix_replays_of_endpoint",
        "replays",
        ["organization_id", "endpoint_id", sa.literal_column("id DESC")],
    )
    op.create_index("ix_replays_served", "replays", ["organization_id", "served_at"])
    op.add_column("deliveries", sa.Column("replay_id", sa.UUID(), nullable=True))
    op.create_foreign_key(
        op.f("fk_deliveries_organization_id_replay_id"),
        "deliveries",
        "replays",
        ["organization_id", "replay_id"],
        ["organization_id", "id"],
        ondelete="SET NULL (replay_id)",
    )
    op.create_index(
        "ix_deliveries_that_gave_up",
        "deliveries",
        ["organization_id", "endpoint_id", "event_id"],
        postgresql_where=sa.text("state = 'exhausted'"),
    )
    op.create_index(
        "ix_deliveries_of_replay",
        "deliveries",
        ["replay_id", "state", "next_attempt_at"],
        postgresql_where=sa.text("replay_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("retention_marks")
    op.drop_table("hook_minutes")
    op.drop_index("ix_hook_receipts_received", "hook_receipts")
    op.drop_constraint(op.f("ck_hooks_quota_per_minute"), "hooks")
    for column in reversed(_OF_HOOKS):
        op.drop_column("hooks", column.name)
    _let_deliveries_be_lost()
    op.drop_index("ix_deliveries_of_replay", "deliveries")
    op.drop_index("ix_deliveries_that_gave_up", "deliveries")
    op.drop_constraint(op.f("fk_deliveries_organization_id_replay_id"), "deliveries")
    op.drop_column("deliveries", "replay_id")
    op.drop_table("replays")
    _let_the_drain_forget()
    _let_lanes_go()
    _let_endpoints_stay()
    for name in _CHECKS:
        op.drop_constraint(op.f(f"ck_endpoints_{name}"), "endpoints")
    for column in reversed(_OF_ENDPOINTS):
        op.drop_column("endpoints", column.name)


def _let_the_drain_remember() -> None:
    op.create_table(
        "attention_told",
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "run_id"],
            ["runs.organization_id", "runs.id"],
            name=op.f("fk_attention_told_organization_id_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_attention_told")),
    )
    op.create_index(
        "ix_endpoints_failing",
        "endpoints",
        ["failing_since"],
        postgresql_where=sa.text("failing_since IS NOT NULL"),
    )
    for column in _OF_DELIVERIES:
        op.add_column("deliveries", column)
    for column in _OF_ATTEMPTS:
        op.add_column("delivery_attempts", column)
    op.add_column("owners", _PREPARING)
    _index_claimed("endpoint_id", "owner")
    _index_open_in_order(_OPEN_IN_ORDER)
    op.create_index(
        "ix_deliveries_stopped_at",
        "deliveries",
        ["endpoint_id"],
        postgresql_where=sa.text("blocks_lane"),
    )


def _let_the_drain_forget() -> None:
    op.drop_table("attention_told")
    op.drop_index("ix_deliveries_stopped_at", "deliveries")
    _index_open_in_order(_WAS_OPEN_IN_ORDER)
    _index_claimed("owner")
    op.drop_column("owners", _PREPARING.name)
    for column in reversed(_OF_ATTEMPTS):
        op.drop_column("delivery_attempts", column.name)
    for column in reversed(_OF_DELIVERIES):
        op.drop_column("deliveries", column.name)
    op.drop_index("ix_endpoints_failing", "endpoints")


def _index_claimed(*columns: str) -> None:
    op.drop_index("ix_deliveries_claimed", "deliveries")
    op.create_index(
        "ix_deliveries_claimed",
        "deliveries",
        list(columns),
        postgresql_where=sa.text("state = 'in_flight'"),
    )


def _index_open_in_order(condition: str) -> None:
    op.drop_index("ix_deliveries_open_in_order", "deliveries")
    op.create_index(
        "ix_deliveries_open_in_order",
        "deliveries",
        ["lane", "seq"],
        postgresql_where=sa.text(condition),
    )


_FOUND_BY: dict[str, tuple[list[str], str | None]] = {
    "ix_deliveries_of_endpoint": (["organization_id", "endpoint_id", "id"], None),
    "ix_deliveries_in_state": (["organization_id", "endpoint_id", "state", "id"], None),
    "ix_deliveries_of_type": (["organization_id", "event_type", "id"], None),
    "ix_deliveries_with_error": (
        ["organization_id", "last_error", "id"],
        "last_error IS NOT NULL",
    ),
    "ix_deliveries_of_wedding": (
        ["organization_id", "wedding_id", "id"],
        "wedding_id IS NOT NULL",
    ),
    "ix_deliveries_given_up": (["lane", "id"], "state = 'exhausted'"),
}


def _let_deliveries_be_found() -> None:
    op.add_column(
        "deliveries", sa.Column("event_type", sa.Text(), server_default="", nullable=False)
    )
    op.add_column("deliveries", sa.Column("wedding_id", sa.UUID(), nullable=True))
    op.execute(
        "UPDATE deliveries d SET event_type = e.type, wedding_id = e.wedding_id FROM events e"
        " WHERE e.organization_id = d.organization_id AND e.id = d.event_id"
    )
    op.alter_column("deliveries", "event_type", server_default=None)
    op.create_foreign_key(
        op.f("fk_deliveries_organization_id_wedding_id"),
        "deliveries",
        "weddings",
        ["organization_id", "wedding_id"],
        ["organization_id", "id"],
        ondelete="SET NULL (wedding_id)",
    )
    _keep_deliveries_apart("event_id", "endpoint_id")
    op.drop_index("ix_deliveries_of_event", "deliveries")
    op.drop_index("ix_deliveries_of_endpoint", "deliveries")
    for name, (columns, condition) in _FOUND_BY.items():
        where = None if condition is None else sa.text(condition)
        op.create_index(name, "deliveries", columns, postgresql_where=where)
    _count_by_the_hour()


def _keep_deliveries_apart(*columns: str) -> None:
    """One of an event for an endpoint; in the other order it finds those of an event too."""
    apart = f"uq_deliveries_{'_'.join(columns)}"
    before = f"uq_deliveries_{'_'.join(reversed(columns))}"
    op.create_unique_constraint(op.f(apart), "deliveries", list(columns))
    op.drop_constraint(op.f(before), "deliveries")


def _count_by_the_hour() -> None:
    op.create_table(
        "delivery_hours",
        sa.Column("endpoint_id", sa.UUID(), nullable=False),
        sa.Column("hour", _MOMENT, nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "endpoint_id"],
            ["endpoints.organization_id", "endpoints.id"],
            name=op.f("fk_delivery_hours_organization_id_endpoint_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("endpoint_id", "hour", name=op.f("pk_delivery_hours")),
    )
    op.execute(
        "INSERT INTO delivery_hours (endpoint_id, hour, organization_id, made)"
        " SELECT endpoint_id, date_trunc('hour', created_at, 'UTC'), organization_id, count(*)"
        " FROM deliveries WHERE created_at > now() - interval '2 days' GROUP BY 1, 2, 3"
    )


def _let_deliveries_be_lost() -> None:
    op.drop_table("delivery_hours")
    for name in _FOUND_BY:
        op.drop_index(name, "deliveries")
    op.create_index(
        "ix_deliveries_of_endpoint",
        "deliveries",
        ["organization_id", "endpoint_id", sa.literal_column("id DESC")],
    )
    op.create_index("ix_deliveries_of_event", "deliveries", ["event_id"])
    _keep_deliveries_apart("endpoint_id", "event_id")
    op.drop_constraint(op.f("fk_deliveries_organization_id_wedding_id"), "deliveries")
    op.drop_column("deliveries", "wedding_id")
    op.drop_column("deliveries", "event_type")
