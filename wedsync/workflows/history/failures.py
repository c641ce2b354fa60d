"""Runs that did not work and were not taken up again: what Today and What happened both ask for."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from wedsync.platform import clock
from wedsync.platform.db import db

FAILED_FOR = timedelta(days=3)
"""How long a run that did not work asks for somebody; after that it is found in the list."""

_LOOKED_AT = 500

# A run that was taken up again is known by its cause, for which there is an index.
FAILED = (
    "SELECT r.workflow_id, r.id, r.finished_at FROM (SELECT id, workflow_id, finished_at FROM runs"
    "  WHERE organization_id = :organization_id AND parent_run_id IS NULL AND state = 'failed'"
    f"  ORDER BY id DESC LIMIT {_LOOKED_AT}) r WHERE r.finished_at >= :since AND NOT EXISTS"
    "  (SELECT 1 FROM runs again WHERE again.workflow_id = r.workflow_id"
    "   AND again.cause = 'rerun:' || r.id || '\\:1')"
)
"""Such runs as rows of `workflow_id, id, finished_at`; it takes what `asked_of` gives."""

_BY_WORKFLOW = text(
    "SELECT f.workflow_id, w.name, count(*) AS n, min(f.finished_at) AS since,"
    " (array_agg(f.id ORDER BY f.id DESC))[1] AS latest"
    f" FROM ({FAILED}) f JOIN workflows w ON w.organization_id = :organization_id"
    " AND w.id = f.workflow_id GROUP BY f.workflow_id, w.name ORDER BY since"
)
_COUNT = text(f"SELECT count(*) FROM ({FAILED}) f")


def asked_of(organization_id: UUID) -> dict[str, Any]:
    """What `FAILED` is asked with."""
    return {"organization_id": organization_id, "since": clock.now() - FAILED_FOR}


def failed_by_workflow(organization_id: UUID) -> dict[UUID, Row[Any]]:
    """Workflows with such runs: `n`, `since`, `latest`."""
    rows = db.session.execute(_BY_WORKFLOW, asked_of(organization_id))
    return {row.workflow_id: row for row in rows}


def count_failed(organization_id: UUID) -> int:
    """How many such runs there are."""
    return int(db.session.scalar(_COUNT, asked_of(organization_id)) or 0)
