"""Webhooks as a platform: how endpoints are signed for, held back, paused and told about."""

from typing import Any

import sqlalchemy as sa
from alembic import op

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
    sa.Column("consecutive_failures", sa.Integer(), server_default="0", nullable=False),
    sa.Column("breaker_until", _MOMENT, nullable=True),
    sa.Column("breaker_trips", sa.Integer(), server_default="0", nullable=False),
    sa.Column("warned_at", _MOMENT, nullable=True),
    sa.Column("disabled_at", _MOMENT, nullable=True),
)
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
    op.add_column("deliveries", sa.Column("last_error", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("deliveries", "last_error")
    for name in _CHECKS:
        op.drop_constraint(op.f(f"ck_endpoints_{name}"), "endpoints")
    for column in reversed(_OF_ENDPOINTS):
        op.drop_column("endpoints", column.name)
