"""Workflows that look for new records at a partner now and then: whose turn it is, and how far
each has come.

One timer per workflow, connection and stream, so that going back to an older version goes on where
that one had come to. `plan` is `{"connection", "stream"}`, `cursor` belongs to `polling`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from wedsync.platform import documents
from wedsync.workflows.models import Workflow

KIND = "poll"

_KEEP = text(
    "INSERT INTO workflow_timers (workflow_id, key, organization_id, kind, due_at, plan)"
    " VALUES (:workflow_id, :key, :organization_id, 'poll', :now, CAST(:plan AS jsonb))"
    " ON CONFLICT (workflow_id, key) DO UPDATE SET error = NULL, failures = 0,"
    "  due_at = coalesce(workflow_timers.due_at, excluded.due_at)"
)


def key_of(trigger: Mapping[str, Any]) -> str:
    """The key of the timer that serves this trigger."""
    return f"poll:{trigger['connection']}:{trigger['stream']}"


def keep(
    connection: Connection, workflow: Workflow, trigger: Mapping[str, Any], now: datetime
) -> None:
    """Let a workflow that is on look; one that was looking already keeps its next turn."""
    plan = {"connection": trigger["connection"], "stream": trigger["stream"]}
    connection.execute(
        _KEEP,
        {
            "workflow_id": workflow.id,
            "key": key_of(trigger),
            "organization_id": workflow.organization_id,
            "now": now,
            "plan": documents.write(plan).decode(),
        },
    )
