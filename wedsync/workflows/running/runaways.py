"""Workflows that start far more runs within an hour than anybody's business makes.

A ring that goes by way of a partner who names things anew looks like honest work: nothing in an
event says that it comes from us. So what events and the clock start is counted by the hour, in one
row a workflow, and a workflow without a limit of its own that goes beyond `RUNS_AN_HOUR` is given
that limit. What is above waits and says so; its people are told, and may choose another.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy import Connection, text

from wedsync.notices import service as notices
from wedsync.platform import batch
from wedsync.platform.batch import recordset
from wedsync.platform.vault import Vault
from wedsync.platform.wording import number
from wedsync.settings import Settings
from wedsync.workflows.running import caps

RUNS_AN_HOUR = 100_000
ABOUT, CODE = "workflow", "many_runs"

_COUNT = text(
    "INSERT INTO workflow_hours (organization_id, workflow_id, hour, runs)"
    " SELECT organization_id, workflow_id, date_trunc('hour', CAST(:now AS timestamptz)), more"
    " FROM "
    + recordset("organization_id uuid, workflow_id uuid, more bigint")
    + " ORDER BY workflow_id ON CONFLICT (workflow_id) DO UPDATE SET hour = excluded.hour,"
    " runs = excluded.runs + CASE WHEN workflow_hours.hour = excluded.hour"
    "  THEN workflow_hours.runs ELSE 0 END"
)
_TOO_MANY = "h.runs > :most AND h.hour = date_trunc('hour', CAST(:now AS timestamptz))"
_HOLD = text(
    "UPDATE workflows SET per_hour = :most FROM ("
    "  SELECT w.id FROM workflows w JOIN workflow_hours h ON h.workflow_id = w.id"
    f"  WHERE {_TOO_MANY} AND w.per_hour IS NULL ORDER BY w.id"
    "  FOR NO KEY UPDATE OF w SKIP LOCKED) many"
    " WHERE workflows.id = many.id"
    " RETURNING workflows.id, workflows.organization_id, workflows.name"
)
_CALM_AGAIN = text(
    "SELECT organization_id, about_id FROM notices WHERE about_kind = :about AND code = :code"
    " AND closed_at IS NULL AND NOT EXISTS (SELECT FROM workflow_hours h"
    f"  WHERE h.workflow_id = notices.about_id AND {_TOO_MANY}) ORDER BY about_id"
)


class _Started(Protocol):
    """A run that is to begin."""

    @property
    def organization_id(self) -> UUID: ...

    @property
    def workflow_id(self) -> UUID: ...


def count(connection: Connection, new: Iterable[_Started], now: datetime) -> None:
    """Count what starts, after the lanes of its workflows were touched."""
    counts = Counter((run.organization_id, run.workflow_id) for run in new)
    if not counts:
        return
    rows = [
        {"organization_id": organization_id, "workflow_id": workflow_id, "more": more}
        for (organization_id, workflow_id), more in counts.items()
    ]
    connection.execute(_COUNT, {"now": now, **batch.rows(rows)})


def hold(connection: Connection, vault: Vault, settings: Settings, now: datetime) -> None:
    """Limit those that run away and tell their people; close what was told of those that do not."""
    most = {"most": RUNS_AN_HOUR, "now": now}
    for row in connection.execute(_CALM_AGAIN, {"about": ABOUT, "code": CODE, **most}).all():
        notices.close(connection, row.organization_id, ABOUT, row.about_id, CODE)
    for row in connection.execute(_HOLD, most).all():
        caps.changed(connection, row.id)
        notices.tell(
            connection,
            vault,
            settings,
            row.organization_id,
            ABOUT,
            row.id,
            CODE,
            title=f"“{row.name}” starts very often",
            words=f"It started more than {number(RUNS_AN_HOUR)} times within an hour, perhaps "
            "because what it sends comes back to it. From now on it starts at most that often an "
            "hour; what is above waits, and nothing is lost. Look at what starts it. The limit can "
            "be changed on its page.",
            path=f"/workflows/{row.id}",
        )
