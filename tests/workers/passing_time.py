"""Time that passes for runs, deliveries and endpoints without anybody waiting for it."""

from apiflask import APIFlask
from sqlalchemy import text

from wedsync.platform.db import db

_UNTIL = "engine_state #>> '{positions,0,plan,until}'"
_OF_ENDPOINTS = (
    "breaker_until",
    "next_free_at",
    "full_until",
    "failing_since",
    "last_failed_at",
    "warned_at",
)
_OF_BUDGETS = ("full_at", "held_until", "said_until")
_PLANNED = "$.positions[0].plan.until"


def let_pass(app: APIFlask, seconds: float) -> None:
    """Make everything planned due this much sooner."""
    moved = "- make_interval(secs => :seconds)"
    with app.app_context(), db.engine.begin() as connection:
        for statement in (
            f"UPDATE lanes SET next_due_at = next_due_at {moved}",
            f"UPDATE runs SET due_at = due_at {moved} WHERE due_at IS NOT NULL",
            "UPDATE runs SET engine_state = jsonb_set(engine_state, '{positions,0,plan,until}',"
            f" to_jsonb(({_UNTIL})::timestamptz {moved}))"
            f" WHERE engine_state @? '{_PLANNED}'",
            f"UPDATE deliveries SET next_attempt_at = next_attempt_at {moved}"
            " WHERE next_attempt_at IS NOT NULL",
            *(
                f"UPDATE endpoints SET {column} = {column} {moved} WHERE {column} IS NOT NULL"
                for column in _OF_ENDPOINTS
            ),
            *(f"UPDATE rate_buckets SET {column} = {column} {moved}" for column in _OF_BUDGETS),
        ):
            connection.execute(text(statement), {"seconds": seconds})
