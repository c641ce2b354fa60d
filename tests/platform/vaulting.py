"""Something sealed in every way there is, and whether all of it still opens."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from apiflask import APIFlask
from sqlalchemy import Engine, text

from tests.personas import make_organization
from tests.servers import MASTER_KEY
from tests.workers.scene import Hook, make_endpoint, make_hook, store
from wedsync.platform import ids, leaves
from wedsync.platform.db import db
from wedsync.platform.mail import outbox
from wedsync.platform.runtime import Runtime
from wedsync.platform.vault import Keyring, Vault, place

ALLERGY = "nuts, and a letter: ż"
NUMBERS = '{"big": 123456789012345678901234567890, "fine": 1.10, "other": [null, true]}'


@dataclass(frozen=True)
class Sealed:
    """What was sealed for one organization: a hook, an endpoint, events with and without a wedding
    (their bodies, and a leaf each), and an e-mail of ours."""

    organization_id: UUID
    hook: Hook
    endpoint_id: UUID
    endpoint_secret: str
    wedding_id: UUID
    of_wedding: UUID
    of_nobody: UUID
    mail_id: UUID


def engine_of(app: APIFlask) -> Engine:
    with app.app_context():
        return db.engine


def ring_in(folder: Path, *secrets: bytes) -> Keyring:
    """A ring in a file, with the tests' own master key unless others are named."""
    file = folder / "master.key"
    file.write_bytes(b"".join(secrets or (MASTER_KEY,)))
    file.chmod(0o600)
    return Keyring.at(file)


def make_wedding(app: APIFlask, organization_id: UUID) -> UUID:
    wedding_id = ids.new_id()
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO weddings (id, organization_id, title)"
                " VALUES (:id, :organization_id, 'Ana and Ben')"
            ),
            {"id": wedding_id, "organization_id": organization_id},
        )
    return wedding_id


def plant(app: APIFlask) -> Sealed:
    """A new organization with something sealed everywhere."""
    organization_id = make_organization(app)
    hook = make_hook(app, organization_id)
    endpoint_id, endpoint_secret = make_endpoint(
        app, organization_id, "https://partner.example/in", event_types=["rsvp.received"]
    )
    wedding_id = make_wedding(app, organization_id)
    vault = _vault(app)
    with app.app_context(), db.engine.begin() as connection:
        for_wedding = vault.wedding_keys(connection, [(organization_id, wedding_id)])
        keys = (*for_wedding.values(), vault.data_key(connection, organization_id))
        mail_id = outbox.post(
            connection, vault, kind="notice", to="a@example.com", subject="Hello", text="Secret"
        )
    events = [plant_event(app, hook, key) for key in keys]
    assert mail_id is not None
    return Sealed(organization_id, hook, endpoint_id, endpoint_secret, wedding_id, *events, mail_id)


def plant_event(app: APIFlask, hook: Hook, key: Any) -> UUID:
    """An event that came in and was fanned out, a leaf in it under this key."""
    event_id = store(app, hook.organization_id, f"hook:{hook.id}", "rsvp.received", b"{}")
    leaf = leaves.seal_at({"note": ALLERGY}, ["note"], hook.organization_id, key)
    written = f'{{"guest": {orjson.dumps(leaf).decode()}, "numbers": {NUMBERS}}}'
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE events SET data = CAST(:data AS jsonb), fanned_out_at = now()"
                " WHERE id = :id"
            ),
            {"data": written, "id": event_id},
        )
    return event_id


def opens(app: APIFlask, ring: Keyring, sealed: Sealed) -> None:
    """Everything opens for who knows nothing yet but this ring, and is what it was."""
    vault, whose = Vault(ring), sealed.organization_id
    with app.app_context(), db.engine.connect() as connection:
        for table, row_id, secret in (
            ("hooks", sealed.hook.id, sealed.hook.secret),
            ("endpoints", sealed.endpoint_id, sealed.endpoint_secret),
        ):
            found = connection.scalar(
                text(f"SELECT secret FROM {table} WHERE id = :id"), {"id": row_id}
            )
            where = place(table, row_id, "secret")
            assert vault.open(connection, whose, where, found).decode() == secret
        for event_id in (sealed.of_wedding, sealed.of_nobody):
            row = connection.execute(
                text("SELECT raw_body, data, data::text AS written FROM events WHERE id = :id"),
                {"id": event_id},
            ).one()
            where = place("events", event_id, "raw_body")
            assert vault.open(connection, whose, where, row.raw_body) == b"{}"
            opened = leaves.open_all(
                row.data, whose, lambda wanted: vault.keys(connection, whose, wanted)
            )
            assert opened["guest"]["note"] == ALLERGY
            assert NUMBERS[1:-1] in row.written
        content = connection.scalar(
            text("SELECT content FROM mail_messages WHERE id = :id"), {"id": sealed.mail_id}
        )
        assert b"Secret" in vault.open_for_platform(outbox.content_place(sealed.mail_id), content)


def count(app: APIFlask, query: str, **values: Any) -> int:
    with app.app_context(), db.engine.connect() as connection:
        return int(connection.execute(text(query), values).scalar_one())


def let_retired_settle(app: APIFlask) -> None:
    """As if they had been retired long ago."""
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE data_keys SET retired_at = retired_at - interval '1 hour'"))


def _vault(app: APIFlask) -> Vault:
    runtime: Runtime = app.extensions["wedsync"]
    return runtime.vault
