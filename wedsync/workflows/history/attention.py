"""Telling people that runs need them, once a workflow while any do, and that none does any more.

Done by the clock and not by whoever moves a run: a turn must not wait for another's notice, and
runs come to need somebody in many ways (unsure, a loop, a re-run that asks).
"""

from typing import Any

from sqlalchemy import Connection, Row, text

from wedsync.notices import service as notices
from wedsync.platform.vault import Vault
from wedsync.platform.wording import capital, in_words
from wedsync.settings import Settings

CODE = "runs_need_you"
ABOUT = "workflow"

_TO_TELL = text(
    "SELECT n.organization_id, n.workflow_id, w.name, n.needing"
    " FROM (SELECT organization_id, workflow_id, count(*) AS needing FROM runs"
    "  WHERE state = 'needs_attention' AND parent_run_id IS NULL"
    "  GROUP BY organization_id, workflow_id) n"
    " JOIN workflows w ON w.organization_id = n.organization_id AND w.id = n.workflow_id"
    " WHERE NOT EXISTS (SELECT FROM notices WHERE organization_id = n.organization_id"
    "  AND about_kind = :about AND about_id = n.workflow_id AND code = :code"
    "  AND closed_at IS NULL)"
    " ORDER BY n.organization_id, n.workflow_id"
)
_TO_CLOSE = text(
    "SELECT organization_id, about_id FROM notices"
    " WHERE about_kind = :about AND code = :code AND closed_at IS NULL"
    " AND NOT EXISTS (SELECT FROM runs WHERE runs.organization_id = notices.organization_id"
    "  AND runs.workflow_id = notices.about_id AND runs.state = 'needs_attention'"
    "  AND runs.parent_run_id IS NULL)"
    " ORDER BY organization_id, about_id"
)


def keep_people_told(connection: Connection, vault: Vault, settings: Settings) -> int:
    """Open and close the notices of every organization; how many were opened."""
    named = {"about": ABOUT, "code": CODE}
    for row in connection.execute(_TO_CLOSE, named).all():
        notices.close(connection, row.organization_id, ABOUT, row.about_id, CODE)
    return sum(
        _tell(connection, vault, settings, row) for row in connection.execute(_TO_TELL, named).all()
    )


def _tell(connection: Connection, vault: Vault, settings: Settings, row: Row[Any]) -> bool:
    times = "It has" if row.needing == 1 else f"{capital(in_words(row.needing))} times it has"
    return notices.tell(
        connection,
        vault,
        settings,
        row.organization_id,
        ABOUT,
        row.workflow_id,
        CODE,
        title=f"“{row.name}” needs you",
        words=f"{times} come to a point where only you can say how it should go on. "
        "Nothing is lost, and nothing is sent twice meanwhile.",
        path=f"/runs?state=needs-you&workflow={row.workflow_id}",
    )
