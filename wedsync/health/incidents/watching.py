"""Opening incidents and closing them, by the clock."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from wedsync.health import everything
from wedsync.health.incidents import across, course, suspects, telling
from wedsync.health.lines import Line
from wedsync.platform.db import db
from wedsync.platform.vault import Vault
from wedsync.platform.wording import Wording
from wedsync.settings import Settings

EVERY_S = 10

_OPEN_OF = text(
    "SELECT id, kind, subject, state, clear_since FROM incidents WHERE organization_id = :id"
    " AND closed_at IS NULL ORDER BY id FOR NO KEY UPDATE"
)


def watch(connection: Connection, vault: Vault, settings: Settings, now: datetime) -> None:
    """Judge a share of the suspects, then what their troubles have in common.

    Reads in transactions of its own: what is locked here is locked only while it is written.
    """
    share = int(now.timestamp() // EVERY_S) % suspects.SHARES
    found = {
        row.id: _judged(row.id, Wording(row.zone, now))
        for row in suspects.organizations(connection, share)
    }
    for organization_id, lines in found.items():
        keep(connection, organization_id, lines, now)
        telling.keep_people_told(connection, vault, settings, organization_id)
    across.keep(connection, vault, settings, now)


def _judged(organization_id: UUID, words: Wording) -> tuple[Line, ...]:
    try:
        return everything.of(organization_id, words, most=None).lines
    finally:
        db.session.remove()


def keep(
    connection: Connection, organization_id: UUID, lines: Iterable[Line], now: datetime
) -> None:
    """Open an incident for each of these lines that is in trouble, and close those that are over;
    what is not there any more is over."""
    troubles = {(line.kind, str(line.id)): line for line in lines if line.health.is_trouble}
    for incident in connection.execute(_OPEN_OF, {"id": organization_id}).all():
        line = troubles.pop((incident.kind, incident.subject), None)
        course.carry_on(connection, incident, line.health if line else None, now)
    for (kind, subject), line in troubles.items():
        row = {
            "organization_id": organization_id,
            "kind": kind,
            "subject": subject,
            "name": line.name,
            "path": line.url,
        }
        course.begin(connection, row, line.health, now)
