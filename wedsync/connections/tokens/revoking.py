"""Telling a provider that a disconnected account's tokens are not needed (RFC 7009), best effort.

The credentials of a disconnected connection are kept until its provider heard, three tries at
most; then they are wiped. A token that was still on its way when it was disconnected is told of
the same way (`keep_late_grant`).
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as DatabaseConnection
from sqlalchemy import Row, text

from wedsync.connections import credentials
from wedsync.connections.credentials import Secrets
from wedsync.connections.grants import Provider
from wedsync.connections.means import Means, manifest_of, provider_of
from wedsync.connectors.manifest import Manifest
from wedsync.errors import WedSyncError
from wedsync.platform import clock, crypto, documents

TIMEOUT_S = 20.0
TRIES = 3
_AGAIN = timedelta(seconds=60)

_CLAIM = text(
    "UPDATE connections SET refresh_failures = refresh_failures + 1,"
    " refresh_due_at = :again_at"
    " WHERE organization_id = :organization_id AND id = :id AND state IN ('revoked', 'deleted')"
    " AND secret IS NOT NULL AND refresh_due_at <= :now RETURNING *"
)
_WIPE = text(
    "UPDATE connections SET secret = NULL, refresh_due_at = NULL,"
    " settings = CASE WHEN state = 'deleted' THEN '{}' ELSE settings END"
    " WHERE organization_id = :organization_id AND id = :id AND state IN ('revoked', 'deleted')"
    " AND secret = :secret"  # else a later token came meanwhile, which is told of next
)
_KEEP_LATE = text(
    "UPDATE connections SET secret = :secret, settings = CAST(:settings AS jsonb),"
    " refresh_due_at = :now, refresh_failures = 0"
    " WHERE organization_id = :organization_id AND id = :id AND state IN ('revoked', 'deleted')"
)


@dataclass(frozen=True, slots=True)
class _Token:
    provider: Provider
    token: str
    hint: str


def is_revocable(manifest: Manifest) -> bool:
    """Whether there is somebody to tell."""
    return manifest.auth.oauth is not None and bool(manifest.auth.oauth.revoke_url)


def revoke(means: Means, organization_id: UUID, connection_id: UUID) -> None:
    """Tell the provider once more, and wipe the credentials when it heard or never will."""
    given = {"organization_id": organization_id, "id": connection_id}
    now = clock.now()
    with means.engine.begin() as database:
        row = database.execute(_CLAIM, {**given, "now": now, "again_at": now + _AGAIN}).first()
        token = _token(database, means, row) if row is not None else None
    if row is None:
        return
    heard = token is None or token.provider.revoke(token.token, token.hint, TIMEOUT_S)
    if heard or row.refresh_failures >= TRIES:
        with means.engine.begin() as database:
            database.execute(_WIPE, {**given, "secret": row.secret})


def keep_late_grant(
    database: DatabaseConnection, means: Means, row: Row[Any], secrets: Secrets
) -> None:
    """Have a provider told of a token that it gave while its connection was being disconnected.

    `row` is the connection as it was when the token was asked for; nothing happens while it lives.
    """
    if not is_revocable(manifest_of(database, row)):
        return
    given = {
        "organization_id": row.organization_id,
        "id": row.id,
        "secret": credentials.sealed(database, means.vault, row.organization_id, row.id, secrets),
        "settings": documents.write(row.settings).decode(),
        "now": clock.now(),
    }
    database.execute(_KEEP_LATE, given)


def _token(database: DatabaseConnection, means: Means, row: Row[Any]) -> _Token | None:
    """What to revoke: the refresh token, which takes its access tokens with it, unless the
    manifest says otherwise."""
    manifest = manifest_of(database, row)
    try:
        secrets = credentials.opened(database, means.vault, row.organization_id, row.id, row.secret)
        provider = provider_of(
            database, means.vault, means.settings, row.listing_id, manifest, row.settings, secrets
        )
    except (crypto.Unsealable, WedSyncError):  # nothing to tell with, or nobody to tell
        return None
    first = provider.oauth.revokes
    for hint in (first, "refresh_token", "access_token"):
        if hint in secrets:
            return _Token(provider, secrets[hint], hint)
    return None
