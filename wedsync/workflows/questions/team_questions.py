"""Questions that wait for somebody of the team, one line for all that a step of a run asks.

Those that only somebody outside was asked, by e-mail, are not among them.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Uuid, column, select, text

from wedsync.platform.db import db

ASKED_OF_TEAM = (
    "SELECT coalesce(r.root_run_id, r.id) AS run_id, a.step_id, r.workflow_id, count(*) AS n,"
    " min(a.created_at) AS since, (array_agg(a.id ORDER BY a.id))[1] AS first"
    " FROM approvals a JOIN runs r ON r.id = a.run_id"
    " WHERE a.organization_id = :organization_id AND a.state = 'open'"
    " AND (a.who ->> 'email' IS NULL OR a.reminded_at IS NOT NULL AND a.then_ask IS NOT NULL"
    "  AND a.then_ask ->> 'email' IS NULL)"
    " GROUP BY 1, 2, 3"
)
_LINES = text(
    "SELECT q.run_id, q.n, q.since, q.first, a.ask, w.name AS workflow_name"
    f" FROM ({ASKED_OF_TEAM}) q JOIN approvals a ON a.id = q.first"
    " JOIN workflows w ON w.id = q.workflow_id ORDER BY q.since LIMIT :limit"
)


def asking_runs(organization_id: UUID) -> Select[tuple[UUID]]:
    """Selects the ids of the runs people see that ask the team something."""
    asked = text(ASKED_OF_TEAM).bindparams(organization_id=organization_id)
    return select(asked.columns(column("run_id", Uuid)).subquery("asking").c.run_id)


def waiting(organization_id: UUID, *, limit: int) -> Sequence[Row[Any]]:
    """What is asked (`run_id, n, since, first, ask, workflow_name`), oldest first; `first` is the
    id of the first of `n` questions."""
    given = {"organization_id": organization_id, "limit": limit}
    return db.session.execute(_LINES, given).all()
