"""What incidents of several organizations have in common: the connector. Admins are told of it
once, instead of once for each vendor."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from wedsync.health.incidents import course
from wedsync.health.judging import Health
from wedsync.platform.mail import outbox
from wedsync.platform.vault import Vault
from wedsync.platform.wording import capital, in_words
from wedsync.settings import Settings

SEVERAL = 3
"""So many organizations with trouble through one connector are not a matter of each of them."""

_COMMON = text(
    "SELECT c.slug, count(DISTINCT i.organization_id) AS organizations,"
    " (array_agg(v.manifest ->> 'name' ORDER BY i.id DESC))[1] AS name"
    " FROM incidents i JOIN connections c ON c.organization_id = i.organization_id"
    "  AND c.id = CAST(i.subject AS uuid)"
    " JOIN listing_versions v ON v.id = c.listing_version_id"
    " WHERE i.kind = 'connection' AND i.closed_at IS NULL AND i.clear_since IS NULL"
    f" GROUP BY c.slug HAVING count(DISTINCT i.organization_id) >= {SEVERAL} ORDER BY c.slug"
)
_OPEN_ONES = text(
    "SELECT id, subject, state, clear_since FROM incidents WHERE organization_id IS NULL"
    " AND kind = 'connector' AND closed_at IS NULL ORDER BY id FOR NO KEY UPDATE"
)
_TO_TELL = text(
    "SELECT i.id, i.name, i.reason, i.path, u.id AS user_id, u.email"
    " FROM incidents i CROSS JOIN users u WHERE i.organization_id IS NULL AND i.closed_at IS NULL"
    " AND i.clear_since IS NULL AND i.acknowledged_at IS NULL AND u.is_admin"
    " AND NOT EXISTS (SELECT FROM mail_messages m"
    "  WHERE m.once_key = 'incident:' || i.id || ':' || u.id) ORDER BY i.id, u.id"
)


def keep(connection: Connection, vault: Vault, settings: Settings, now: datetime) -> None:
    """Open and close the incidents of connectors, and write to the admins once for each."""
    common = {row.slug: row for row in connection.execute(_COMMON).all()}
    for incident in connection.execute(_OPEN_ONES).all():
        row = common.pop(incident.subject, None)
        course.carry_on(connection, incident, _judged(row) if row else None, now)
    for slug, row in common.items():
        named = {
            "organization_id": None,
            "kind": "connector",
            "subject": slug,
            "name": row.name or slug,
            "path": f"/marketplace/{slug}",
        }
        course.begin(connection, named, _judged(row), now)
    _tell_admins(connection, vault, settings)


def _judged(row: Row[Any]) -> Health:
    many = capital(in_words(row.organizations))
    return Health("failing", f"{many} businesses have trouble with it at once.")


def _tell_admins(connection: Connection, vault: Vault, settings: Settings) -> None:
    for row in connection.execute(_TO_TELL).all():
        outbox.post(
            connection,
            vault,
            kind="notice",
            to=row.email,
            subject=f"{row.name} fails for several businesses",
            text=f"{row.reason}\n\n{settings.public_url}{row.path}\n",
            once_key=f"incident:{row.id}:{row.user_id}",
        )
