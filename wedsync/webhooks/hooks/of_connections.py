"""Connections' hooks: where the partner of a connection tells us what happened there.

The fan-out makes one when a connection is made whose manifest has `hooks`, and turns it off when
the connection is gone. What comes in has the source `connection:<id>`. Telling the partner where
to send is `subscribing`, or the vendor's by hand.
"""

from collections.abc import Sequence
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.audit import service as audit
from wedsync.connectors.manifest import Hooks
from wedsync.errors import FieldError, Invalid
from wedsync.listings import manifests
from wedsync.platform import clock, documents, ids
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.webhooks import queries, schemes, secrets
from wedsync.webhooks.delivering.service import FannedEvent
from wedsync.webhooks.hooks import service as hooks
from wedsync.webhooks.hooks.service import LONGEST_NAME, TOKEN_BYTES
from wedsync.webhooks.models import Hook

CHANGES = (
    "connection.connected",
    "connection.reconnected",
    "connection.disconnected",
    "connection.deleted",
)

# Two fan-outs may have a connection's events at the same time; its row is not for them to lock,
# because a turn of the runs locks lanes before connections.
_ONE_AT_A_TIME = text(
    "SELECT pg_advisory_xact_lock(hashtextextended('hook of connection ' || id, 0))"
    " FROM unnest(CAST(:ids AS text[])) AS id"
)
_CONNECTIONS = text(
    "SELECT id, organization_id, name, listing_version_id FROM connections"
    " WHERE id = ANY(:ids) AND state NOT IN ('revoked', 'deleted') ORDER BY id"
)
_MAKE = text(
    "INSERT INTO hooks (id, organization_id, connection_id, name, token, scheme, event_type,"
    " options, state, subscription, subscription_due_at, handshake_until)"
    " VALUES (:id, :organization_id, :connection_id, :name, :token, :scheme, :event_type,"
    " CAST(:options AS jsonb), 'needs_secret', :subscription, :due_at, :handshake_until)"
    # It is there already after a reconnection: the partner is told again, because nobody knows
    # whether what it was told outlived what had to be mended.
    " ON CONFLICT (connection_id) WHERE connection_id IS NOT NULL DO UPDATE SET"
    "  scheme = excluded.scheme, event_type = excluded.event_type, options = excluded.options,"
    "  state = CASE WHEN hooks.secret IS NULL THEN 'needs_secret' ELSE 'on' END,"
    "  subscription = excluded.subscription, subscription_due_at = excluded.subscription_due_at,"
    "  subscription_attempts = 0, subscription_error = NULL"
)
_END = text(
    "UPDATE hooks SET state = 'off', subscription = 'gone', subscription_id = NULL,"
    " subscription_due_at = NULL, subscription_attempts = 0, subscription_error = NULL"
    " WHERE connection_id = ANY(:ids)"
)


def connection_changed(connection: Connection, events: Sequence[FannedEvent]) -> None:
    """Called by the fan-out: make, renew or end the hooks of connections that changed.

    The events only say whose: what to do is read from how the connection stands now.
    """
    changed = {
        UUID(event.data["connection_id"])
        for event in events
        if event.source == "ours" and event.type in CHANGES
    }
    if not changed:
        return
    connection.execute(_ONE_AT_A_TIME, {"ids": sorted(map(str, changed))})
    ended = set(changed)
    for row in connection.execute(_CONNECTIONS, {"ids": list(changed)}).all():
        wanted = manifests.of(connection, row.listing_version_id).hooks
        if wanted is not None:  # else nothing is told any more since it was connected anew
            connection.execute(_MAKE, _hook(row, wanted))
            ended.remove(row.id)
    if ended:
        connection.execute(_END, {"ids": list(ended)})


def set_secret(by: Identity, connection_id: UUID, secret: str) -> Hook:
    """Take the secret that the partner showed the vendor. Raises NotFound, Invalid.

    A new one stands beside the old one for a day.
    """
    hook = queries.hook_of_connection(by.organization_id, connection_id, for_update=True)
    problem = schemes.named(hook.scheme).secret_problem(secret)
    if problem:
        raise Invalid(problem, errors=[FieldError("/secret", "secret", problem)])
    hooks.let_await_first_handshake(hook)
    secrets.replace(hook, secret)
    if hook.state == "needs_secret":
        hook.state = "on"
    db.session.flush()
    facts = {"connection_id": str(connection_id)}
    audit.record(
        "hook.secret_set", "hook", hook.id, organization_id=by.organization_id, by=by, facts=facts
    )
    return hook


def await_handshake(by: Identity, connection_id: UUID) -> Hook:
    """Give the partner the echo it asks for during the next hour. Raises NotFound, Conflict."""
    hook = queries.hook_of_connection(by.organization_id, connection_id, for_update=True)
    hooks.open_to_handshake(hook, by)
    return hook


def subscribe_again(by: Identity, connection_id: UUID) -> Hook:
    """Tell the partner again where to send, after it did not work. Raises NotFound."""
    hook = queries.hook_of_connection(by.organization_id, connection_id, for_update=True)
    if hook.subscription == "failed":
        hook.subscription = "wanted"
        hook.subscription_due_at = clock.now()
        hook.subscription_attempts = 0
        db.session.flush()
    return hook


def _hook(row: Row[Any], wanted: Hooks) -> dict[str, Any]:
    options = dict(wanted.options)
    if wanted.sensitive:
        options["sensitive"] = list(wanted.sensitive)
    if wanted.wedding is not None:
        options["wedding"] = wanted.wedding.model_dump()
    is_automatic = wanted.setup == "automatic"
    return {
        "id": ids.new_id(),
        "organization_id": row.organization_id,
        "connection_id": row.id,
        "name": row.name[:LONGEST_NAME],
        "token": token_urlsafe(TOKEN_BYTES),
        "scheme": wanted.scheme,
        "event_type": wanted.event_type,
        "options": documents.write(options).decode(),
        "subscription": "wanted" if is_automatic else "by_hand",
        "due_at": clock.now() if is_automatic else None,
        "handshake_until": hooks.first_handshake_until(wanted.scheme),
    }
