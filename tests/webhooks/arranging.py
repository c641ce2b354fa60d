"""Connections whose partner tells us what is new, and the hooks that are made for them."""

import json
import threading
from typing import Any
from uuid import UUID

from apiflask import APIFlask
from sqlalchemy import Row

from tests.far_ends.rest_service import RestService
from tests.personas import Persona
from tests.workers.scene import Worker, one, rows, store
from tests.workflows.connected import connect, seating, tell
from wedsync.platform import clock, ids
from wedsync.platform.db import db
from wedsync.platform.vault import place
from wedsync.webhooks.delivering.service import FannedEvent
from wedsync.webhooks.schemes.signatures import new_standard_secret

AUTOMATIC = {
    "scheme": "standard_webhooks",
    "setup": "automatic",
    "sensitive": ["guest.allergy"],
    "secret_path": "signing.secret",
    "subscribe": {
        "method": "POST",
        "path": "/webhooks",
        "json": {"url": "{hook.url}"},
        "key_header": "Idempotency-Key",
    },
    "unsubscribe": {"method": "DELETE", "path": "/webhooks/{subscription.id}"},
}
BY_HAND = {
    "scheme": "stripe",
    "setup": "by_hand",
    "instructions": "Open Developers.\nAdd the address.",
}
NEVER = threading.Event()


def agrees(service: RestService, name: str = "sub_1") -> str:
    """The partner takes the next subscription; the secret it gives."""
    secret = new_standard_secret()
    answer = {"id": name, "signing": {"secret": secret}}
    service.answers("POST", "/webhooks", answer, status=201)
    return secret


def connected(
    app: APIFlask, worker: Worker, owner: Persona, service: RestService, hooks: Any = AUTOMATIC
) -> UUID:
    """A connection whose manifest has these hooks, and the fan-out knows of it."""
    manifest = seating(service, f"seating-{ids.new_id().hex[-8:]}", hooks=hooks)
    connection = connect(app, owner.organization_id, manifest)
    tell(app, connection, "connection.connected")
    worker.fan_out()
    return connection


def news(owner: Persona, connection: UUID, event_type: str) -> FannedEvent:
    return FannedEvent(
        id=ids.new_id(),
        organization_id=owner.organization_id,
        type=event_type,
        source="ours",
        occurred_at=clock.now(),
        data={"connection_id": str(connection)},
        wedding_id=None,
        causation={},
    )


def hook_of(app: APIFlask, connection: UUID) -> Row[Any]:
    return one(app, "SELECT * FROM hooks WHERE connection_id = :id", id=connection)


def secret_of(app: APIFlask, hook: Row[Any], field: str = "secret") -> str:
    with app.app_context():
        vault = app.extensions["wedsync"].vault
        where = place("hooks", hook.id, field)
        sealed = getattr(hook, field)
        return str(vault.open(db.session, hook.organization_id, where, sealed).decode())


def pass_time(app: APIFlask) -> None:
    """Make what waits for its next try due."""
    rows(
        app,
        "UPDATE hooks SET subscription_due_at = clock_timestamp()"
        " WHERE subscription_due_at IS NOT NULL RETURNING 1",
    )


def manifest_of(app: APIFlask, connection: UUID, document: Any) -> list[Any]:
    """Let the connection's manifest be this document; the one before."""
    before = rows(
        app,
        "SELECT v.id, v.manifest FROM listing_versions v JOIN connections c"
        " ON c.listing_version_id = v.id WHERE c.id = :id",
        id=connection,
    )
    written = "UPDATE listing_versions SET manifest = CAST(:to AS jsonb) WHERE id = :id RETURNING 1"
    rows(app, written, id=before[0].id, to=json.dumps(document))
    return [row.manifest for row in before]


def receive(app: APIFlask, hook: Row[Any], event_type: str, data: Any) -> UUID:
    """An event as the front stores what came to a connection's hook."""
    body = json.dumps({"type": event_type, "data": data}).encode()
    return store(app, hook.organization_id, f"connection:{hook.connection_id}", event_type, body)
