"""Telling an organization's people of its incidents: once each, and never beside another notice
about the same thing."""

from uuid import UUID

from sqlalchemy import Connection, text

from wedsync.health.incidents import stories
from wedsync.notices import service as notices
from wedsync.platform.vault import Vault
from wedsync.settings import Settings

CODE = "incident"

# One who says more exactly what to do speaks for the incident, too.
_SAID_OTHERWISE = (
    "EXISTS (SELECT FROM notices o WHERE o.organization_id = :id AND o.about_kind = {kind}"
    " AND o.about_id = {about} AND o.code <> :code AND o.closed_at IS NULL)"
)
_TO_TELL = text(
    "SELECT i.kind, CAST(i.subject AS uuid) AS about_id, i.name, i.state, i.reason, i.path"
    " FROM incidents i WHERE i.organization_id = :id AND i.closed_at IS NULL"
    " AND i.clear_since IS NULL AND i.acknowledged_at IS NULL"
    " AND NOT EXISTS (SELECT FROM notices n WHERE n.organization_id = :id AND n.about_kind = i.kind"
    "  AND n.about_id = CAST(i.subject AS uuid) AND n.code = :code AND n.closed_at IS NULL)"
    f" AND NOT {_SAID_OTHERWISE.format(kind='i.kind', about='CAST(i.subject AS uuid)')}"
    " ORDER BY i.id"
)
_TO_CLOSE = text(
    "SELECT n.about_kind, n.about_id FROM notices n WHERE n.organization_id = :id"
    " AND n.code = :code AND n.closed_at IS NULL AND (NOT EXISTS (SELECT FROM incidents i"
    "  WHERE i.organization_id = :id AND i.kind = n.about_kind"
    "  AND i.subject = CAST(n.about_id AS text) AND i.closed_at IS NULL)"
    f" OR {_SAID_OTHERWISE.format(kind='n.about_kind', about='n.about_id')}) ORDER BY n.id"
)


def keep_people_told(
    connection: Connection, vault: Vault, settings: Settings, organization_id: UUID
) -> None:
    """Close the notices of incidents that are over, and tell of those nobody was told of; whoever
    acknowledged one knows."""
    asked = {"id": organization_id, "code": CODE}
    for row in connection.execute(_TO_CLOSE, asked).all():
        notices.close(connection, organization_id, row.about_kind, row.about_id, CODE)
    for row in connection.execute(_TO_TELL, asked).all():
        notices.tell(
            connection,
            vault,
            settings,
            organization_id,
            row.kind,
            row.about_id,
            CODE,
            title=stories.IS[row.state].format(row.name),
            words=row.reason,
            path=row.path,
        )
