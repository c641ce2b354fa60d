"""Connections for tests of running: a partner's listing over a REST service of the test's own."""

from typing import Any
from uuid import UUID

from apiflask import APIFlask

from tests.far_ends.rest_service import RestService
from tests.personas import make_organization
from tests.workers.scene import rows
from wedsync.connections import credentials
from wedsync.connections.models import Connection
from wedsync.connectors.manifest import Manifest
from wedsync.events import service as events
from wedsync.listings import manifests, queries
from wedsync.listings.models import Listing, ListingVersion
from wedsync.platform import clock, ids
from wedsync.platform.db import db
from wedsync.platform.runtime import Runtime

API_KEY = "canary-key-of-the-connection"
NOBODY = "9"  # the discard port, where nobody listens

_WORDS = {
    "name": "Seating Plans",
    "summary": "Tables and seats.",
    "icon": "armchair",
}
_SEAT = {
    "key": "release",
    "label": "Release a seat",
    "sentence": "Release the seat of {guest}",
    "done": "Released the seat of {guest}",
    "group": "Guests",
    "effect": "idempotent",
    "input": {
        "type": "object",
        "required": ["guest"],
        "properties": {"guest": {"type": "string", "title": "Guest"}},
    },
    "request": {
        "method": "POST",
        "path": "/seats/release",
        "json": {"guest": "{input.guest}"},
        "key_header": "Idempotency-Key",
    },
}


def seating(service: RestService, slug: str, **fields: Any) -> Manifest:
    """A connector with one idempotent action (`release`) and one that may happen once (`pay`)."""
    pay = {**_SEAT, "key": "pay", "effect": "once", "label": "Take the deposit"}
    pay["request"] = {"method": "POST", "path": "/pay", "json": {"guest": "{input.guest}"}}
    return Manifest.model_validate(
        {
            **_WORDS,
            "slug": slug,
            "base_url": service.url,
            "auth": {
                "kind": "api_key",
                "fields": [{"name": "api_key", "title": "Key", "kind": "secret"}],
                "headers": {"Authorization": "Bearer {secret.api_key}"},
            },
            "actions": [_SEAT, pay],
            **fields,
        }
    )


def list_it(app: APIFlask, manifest: Manifest) -> UUID:
    """Publish a manifest as some partner's; the id of its version."""
    owner = make_organization(app, "Tables Ltd", "partner")
    document = manifests.document_of(manifest)
    listing_id, version_id = ids.new_id(), ids.new_id()
    with app.app_context():
        listing = Listing(id=listing_id, organization_id=owner, slug=manifest.slug)
        db.session.add(listing)
        db.session.flush()
        version = ListingVersion(
            id=version_id,
            organization_id=owner,
            listing_id=listing_id,
            number=1,
            state="published",
            manifest=document,
            content_hash=manifests.content_hash(document),
            published_at=clock.now(),
        )
        db.session.add(version)
        db.session.flush()
        listing.published_version_id = version_id
        db.session.commit()
    return version_id


def connect(
    app: APIFlask,
    organization_id: UUID,
    manifest: Manifest,
    *,
    state: str = "active",
    **columns: Any,
) -> UUID:
    """A connection of this organization to a listing made for it."""
    version_id = list_it(app, manifest)
    secrets = {"api_key": API_KEY}
    return _connection(app, organization_id, version_id, secrets, state=state, **columns)


def connect_built_in(
    app: APIFlask,
    organization_id: UUID,
    slug: str,
    settings: dict[str, Any],
    secrets: dict[str, str] | None = None,
) -> UUID:
    """A connection to one of ours, as typed into its form; needs `built_in_listings`."""
    with app.app_context():
        version_id = queries.published(slug).version.id
    return _connection(app, organization_id, version_id, secrets or {}, settings=settings)


def mailbox(app: APIFlask, organization_id: UUID, port: int | str) -> UUID:
    """A connection to a mail server of this machine; needs `built_in_listings`."""
    typed = {
        "host": "127.0.0.1",
        "port": str(port),
        "security": "None",
        "from_address": "hello@rosewood.example",
    }
    return connect_built_in(app, organization_id, "smtp", typed)


def _connection(
    app: APIFlask, organization_id: UUID, version_id: UUID, secrets: dict[str, str], **columns: Any
) -> UUID:
    runtime: Runtime = app.extensions["wedsync"]
    connection_id = ids.new_id()
    with app.app_context():
        version = db.session.get_one(ListingVersion, version_id)
        sealed = credentials.sealed(
            db.session, runtime.vault, organization_id, connection_id, secrets
        )
        fields = {"name": "Our seating", "state": "active", "connected_at": clock.now(), **columns}
        db.session.add(
            Connection(
                id=connection_id,
                organization_id=organization_id,
                listing_id=version.listing_id,
                listing_version_id=version_id,
                slug=version.manifest["slug"],
                secret=sealed,
                **fields,
            )
        )
        db.session.commit()
    return connection_id


def change(app: APIFlask, connection_id: UUID, **columns: Any) -> None:
    """Set columns of a connection's row, as the connections' own code would."""
    with app.app_context():
        row = db.session.get_one(Connection, connection_id)
        for name, value in columns.items():
            setattr(row, name, value)
        db.session.commit()


def tell(app: APIFlask, connection_id: UUID, event_type: str) -> None:
    """Publish what became of a connection."""
    with app.app_context():
        row = db.session.get_one(Connection, connection_id)
        facts = {"connection_id": str(row.id), "connector": row.slug, "name": row.name}
        events.publish(row.organization_id, event_type, {**facts, "reason": None}, source="ours")
        db.session.commit()


def mend(app: APIFlask, connection_id: UUID) -> None:
    """What reconnecting leaves."""
    row = rows(app, "SELECT generation FROM connections WHERE id = :id", id=connection_id)[0]
    change(app, connection_id, state="active", reason=None, generation=row.generation + 1)
    tell(app, connection_id, "connection.reconnected")


def release(
    step_id: str, connection_id: UUID, slug: str, key: str = "release", **fields: Any
) -> Any:
    """A step that acts through a connection."""
    given = {"guest": {"var": "trigger.data.guest"}}
    return {
        "id": step_id,
        "kind": "action",
        "use": f"{slug}.{key}",
        "connection": str(connection_id),
        "input": given,
        **fields,
    }
