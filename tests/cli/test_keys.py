"""`wedsync keys`: what it says, does and refuses, on an installation of its own."""

import base64
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from tests.platform.vaulting import ring_in
from tests.servers import Addresses
from wedsync import migrations
from wedsync.cli import cli
from wedsync.cli.checkup import Level, services
from wedsync.factory import create_app
from wedsync.platform import crypto
from wedsync.platform.db import db
from wedsync.platform.rotation import rotating
from wedsync.platform.vault import Keyring, Vault
from wedsync.settings import Settings

ORGANIZATIONS = 5


@pytest.fixture
def home(servers: Addresses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """An installation with a few organizations, its master key in a file."""
    name = f"keys_{os.getpid()}"
    server = servers.postgres.replace("@/wedsync?", "@/postgres?")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    url = servers.postgres.replace("@/wedsync?", f"@/{name}?")
    for variable, value in (("DATABASE_URL", url), ("WEDSYNC_HOME", str(tmp_path))):
        monkeypatch.setenv(variable, value)
    for variable in ("WEDSYNC_MASTER_KEY", "REDIS_URL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("REDIS_URL", servers.redis)
    settings = Settings.from_environment()
    migrations.upgrade(settings.database_url)
    organizations(settings)
    yield settings
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def organizations(settings: Settings) -> None:
    from wedsync.accounts import organizations as made

    app = create_app(settings, pool_size=2)
    with app.app_context():
        for number in range(ORGANIZATIONS):
            made.create(f"Number {number}")
        db.session.commit()
        db.session.remove()
        db.engine.dispose()


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["keys", *words])


def said(*words: str) -> str:
    result = run(*words)
    assert result.exit_code == 0, result.output
    return result.output


def ring_of(settings: Settings) -> Keyring:
    return Keyring.at(settings.master_key_file)


def found_by_the_doctor(settings: Settings) -> list[tuple[Level, str]]:
    with psycopg.connect(settings.require_libpq_url()) as connection:
        return [(one.level, one.sentence) for one in services.keys(connection, settings)]


def let_settle(settings: Settings) -> None:
    """As if what was done had been done an hour ago."""
    hour_ago = time.time() - 3600
    os.utime(settings.master_key_file, (hour_ago, hour_ago))
    with psycopg.connect(settings.require_libpq_url()) as connection:
        connection.execute("UPDATE data_keys SET retired_at = retired_at - interval '1 hour'")


def test_it_says_how_the_keys_are(home: Settings) -> None:
    words = said("show")
    assert f"Master keys, from {home.master_key_file}:" in words
    assert f"{ring_of(home).current.name}  in use, needed for {ORGANIZATIONS}" in words
    assert f"Data keys: {ORGANIZATIONS} of organizations, 0 of weddings." in words
    assert found_by_the_doctor(home) == []
    assert said("retire") == "There are no old keys.\n"


def test_a_new_master_key_is_made_and_the_old_one_goes_when_it_may(home: Settings) -> None:
    old = ring_of(home).current
    words = said("rotate")
    assert f"It wraps {ORGANIZATIONS} more data keys" in words
    assert "The old key may go from" in words
    assert f"{old.name}  old, needed for 0" in said("show")
    assert [level for level, _ in found_by_the_doctor(home)] == [Level.ODD]
    refused = run("retire")
    assert (refused.exit_code, "not before" in refused.output) == (1, True)
    assert "older ones are there still" in said("rotate"), "no third key is made meanwhile"
    let_settle(home)
    assert f"The old master key {old.name} is gone" in said("retire")
    assert old.secret not in home.master_key_file.read_bytes()
    assert_all_open(home)


def test_new_data_keys_are_made_and_the_old_ones_go_when_they_may(home: Settings) -> None:
    assert f"{ORGANIZATIONS} new data keys." in said("rotate", "--data-keys")
    assert f"{ORGANIZATIONS} old data keys may go from" in said("show")
    assert [level for level, _ in found_by_the_doctor(home)] == [Level.ODD]
    assert "goes on with what was begun before" in said("rotate", "--data-keys")
    refused = run("retire")
    assert (refused.exit_code, "not before" in refused.output) == (1, True)
    let_settle(home)
    assert f"{ORGANIZATIONS} old data keys may go now" in said("show")
    assert said("retire") == f"{ORGANIZATIONS} old data keys are gone.\n"
    assert found_by_the_doctor(home) == []
    assert_all_open(home)


def assert_all_open(settings: Settings) -> None:
    app = create_app(settings, pool_size=2)
    vault = Vault(ring_of(settings))
    with app.app_context():
        with db.engine.connect() as connection:
            found = connection.exec_driver_sql("SELECT id FROM organizations").scalars().all()
            assert len({vault.data_key(connection, each).key for each in found}) == ORGANIZATIONS
        db.engine.dispose()


def test_a_key_from_the_environment_is_replaced_in_the_environment(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = ring_of(home).current.secret, crypto.new_key()
    monkeypatch.setenv("WEDSYNC_MASTER_KEY", base64.b64encode(old).decode())
    refused = run("rotate")
    assert (refused.exit_code, "Put a new one before it" in refused.output) == (2, True)
    both = ",".join(base64.b64encode(key).decode() for key in (new, old))
    monkeypatch.setenv("WEDSYNC_MASTER_KEY", both)
    assert f"It wraps {ORGANIZATIONS} more data keys" in said("rotate")
    assert "take all but the first out of WEDSYNC_MASTER_KEY" in said("retire")
    monkeypatch.setenv("WEDSYNC_MASTER_KEY", base64.b64encode(new).decode())
    assert f"in use, needed for {ORGANIZATIONS}" in said("show")


def test_keys_that_are_missing_are_told_and_nothing_is_thrown_away(
    home: Settings, tmp_path: Path
) -> None:
    ring_in(tmp_path, crypto.new_key(), crypto.new_key())
    assert f"missing, and needed for {ORGANIZATIONS}" in said("show")
    assert [level for level, _ in found_by_the_doctor(home)] == [Level.BROKEN, Level.ODD]
    assert run("rotate").exit_code == 2
    assert run("rotate", "--data-keys").exit_code == 2
    let_settle(home)
    assert run("retire").exit_code == 2
    assert len(ring_of(home).keys) == 2


def test_a_ring_that_is_none_is_told_in_a_sentence(home: Settings) -> None:
    home.master_key_file.write_bytes(b"short")
    refused = run("show")
    assert refused.exit_code == 2
    assert "should hold master keys" in refused.output
    assert found_by_the_doctor(home)[0][0] is Level.BROKEN


def test_a_second_one_is_told_that_somebody_is_at_it(home: Settings) -> None:
    app = create_app(home, pool_size=2)
    with app.app_context():
        with rotating.alone(db.engine):
            refused = run("rotate")
        db.engine.dispose()
    assert refused.exit_code == 2
    assert "Somebody else is changing keys" in refused.output


def test_the_doctor_makes_no_key(home: Settings, tmp_path: Path) -> None:
    elsewhere = replace(home, home=tmp_path / "elsewhere")
    assert found_by_the_doctor(elsewhere)[0][0] is Level.BROKEN
    assert not elsewhere.master_key_file.exists()
