"""A database from before wedding keys goes on with the keys it has, and goes back only while
nothing would be lost by it."""

import os
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, text

from tests.servers import MASTER_KEY, Addresses
from wedsync import migrations
from wedsync.platform import crypto, ids
from wedsync.platform.vault import Keyring, Vault, seal_with
from wedsync.platform.vault.sealing import OpenKey
from wedsync.platform.vault.wrapping import wrap
from wedsync.settings import Settings


@pytest.fixture
def engine(servers: Addresses, settings: Settings) -> Iterator[Engine]:
    """A database of its own as the release before left it."""
    name, template = f"before_keys_{os.getpid()}", servers.postgres
    server = template.replace("@/wedsync?", "@/postgres?")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    own = replace(settings, libpq_url=template.replace("@/wedsync?", f"@/{name}?"))
    migrations.upgrade(own.database_url, "0006")
    made = create_engine(own.database_url)
    yield made
    made.dispose()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def organization_from_before(engine: Engine) -> tuple[UUID, bytes]:
    """An organization with its key as it was kept then, and something sealed under it."""
    whose, key = ids.new_id(), OpenKey(ids.new_id(), crypto.new_key(), 0.0)
    master = Keyring([MASTER_KEY]).current
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO organizations (id, name, slug, kind)"
                " VALUES (:id, 'R', :slug, 'vendor')"
            ),
            {"id": whose, "slug": str(whose)},
        )
        connection.execute(
            text("INSERT INTO data_keys (id, organization_id, master_key_id, wrapped)"
                 " VALUES (:id, :whose, :master, :wrapped)"),
            {"id": key.id, "whose": whose, "master": master.id,
             "wrapped": wrap(master, whose, key.key)},
        )  # fmt: skip
    return whose, seal_with(key, whose, "a:b", b"secret")


def opens(engine: Engine, whose: UUID, sealed: bytes) -> bool:
    with engine.connect() as connection:
        return Vault(Keyring([MASTER_KEY])).open(connection, whose, "a:b", sealed) == b"secret"


def test_what_was_sealed_before_opens_after_there_and_back(engine: Engine) -> None:
    whose, sealed = organization_from_before(engine)
    migrations.upgrade(url_of(engine))
    assert opens(engine, whose, sealed)
    migrations.downgrade(url_of(engine), "0006")
    migrations.upgrade(url_of(engine))
    assert opens(engine, whose, sealed)


def test_nobody_goes_back_over_keys_that_would_be_lost(engine: Engine) -> None:
    whose, sealed = organization_from_before(engine)
    migrations.upgrade(url_of(engine))
    with engine.begin() as connection:
        wedding = ids.new_id()
        connection.execute(
            text("INSERT INTO weddings (id, organization_id, title) VALUES (:id, :whose, 'A')"),
            {"id": wedding, "whose": whose},
        )
        Vault(Keyring([MASTER_KEY])).wedding_keys(connection, [(whose, wedding)])
    with pytest.raises(RuntimeError, match="1 data keys are keys of weddings or retired"):
        migrations.downgrade(url_of(engine), "0006")
    assert opens(engine, whose, sealed)
