"""`wedsync doctor` says what is wrong, in words, and fails only when nothing can work."""

import socket
from collections import namedtuple
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from tests.cli.ports import free_port
from tests.far_ends.post_office import post_office
from tests.far_ends.practice_partner import kept_url, started_practice_partner
from wedsync import migrations
from wedsync.cli import cli
from wedsync.cli.checkup import Level, machine, services, whole
from wedsync.platform import embedded
from wedsync.settings import Settings

DiskUsage = namedtuple("DiskUsage", "total used free")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, public_url="http://localhost:8000")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with embedded.postgres(tmp_path_factory.mktemp("doctor") / "postgres", keep=False) as server:
        yield server.url


def of_database(settings: Settings) -> list[tuple[Level, str]]:
    return [(finding.level, finding.sentence) for finding in services.database(settings)]


def test_a_fresh_checkout_is_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "DATABASE_URL",
        "REDIS_URL",
        "PUBLIC_URL",
        "WEDSYNC_MASTER_KEY",
        "WEDSYNC_ALLOW_LOOPBACK",
        "MAIL_URL",
        "SANDBOX_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PORT", str(free_port()))
    monkeypatch.setenv("WEDSYNC_HOME", str(tmp_path))
    asked = CliRunner().invoke(cli, ["doctor"])
    assert asked.exit_code == 0, asked.output
    assert "The ports of the practice partner are free." in asked.output
    assert "Our own e-mail ends in the inbox of the practice partner." in asked.output
    assert "The private database will be made at the first start." in asked.output
    assert not list(tmp_path.iterdir())


def test_a_wrong_variable_is_the_end_of_the_examination(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "door")
    asked = CliRunner().invoke(cli, ["doctor"])
    assert asked.exit_code == 1
    assert "PORT should be a number" in asked.output
    assert list(whole())[-1].level is Level.BROKEN


def test_the_database_is_found_empty_then_ready_then_behind(
    settings: Settings, address: str
) -> None:
    settings = replace(settings, libpq_url=address)
    assert any(level is Level.ODD and "is empty" in said for level, said in of_database(settings))
    migrations.upgrade(settings.database_url)
    assert {level for level, _ in of_database(settings)} == {Level.FINE}
    with psycopg.connect(address) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    assert any(
        level is Level.BROKEN and "run `wedsync db upgrade`" in said
        for level, said in of_database(settings)
    )


def test_an_unreachable_database_is_broken_and_its_password_unsaid(settings: Settings) -> None:
    unreachable = "postgresql://wedsync:canary@127.0.0.1:1/wedsync"
    [(level, said)] = of_database(replace(settings, libpq_url=unreachable))
    assert level is Level.BROKEN
    assert "Connection refused" in said
    assert "canary" not in said


def test_an_absent_redis_is_only_odd(settings: Settings) -> None:
    finding = services.redis(replace(settings, redis_url="redis://127.0.0.1:1/0"))
    assert finding.level is Level.ODD


def test_without_a_mail_server_e_mail_waits(settings: Settings) -> None:
    finding = services.mail(settings)
    assert (finding.level, "wait until it is" in finding.sentence) == (Level.ODD, True)


def test_a_mail_server_that_does_not_answer_is_odd_and_its_password_unsaid(
    settings: Settings,
) -> None:
    finding = services.mail(replace(settings, mail_url="smtp://me:canary@127.0.0.1:1"))
    assert finding.level is Level.ODD
    assert "Nothing is listening" in finding.sentence
    assert "canary" not in finding.sentence


def test_a_mail_server_that_answers_is_fine(settings: Settings) -> None:
    with post_office() as office:
        mail_url = f"smtp://127.0.0.1:{office.port}"
        assert services.mail(replace(settings, mail_url=mail_url)).level is Level.FINE
        assert office.letters == []


def test_e_mail_that_waits_or_was_given_up_is_counted(settings: Settings, address: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE DATABASE of_its_own")
    own = address.replace("/wedsync?", "/of_its_own?")
    settings = replace(settings, libpq_url=own)
    migrations.upgrade(settings.database_url)
    with psycopg.connect(own) as connection:
        for state in ("due", "sending", "sent", "given_up"):
            connection.execute(
                "INSERT INTO mail_messages (kind, to_address, state) VALUES ('notice', '', %s)",
                [state],
            )
    said = of_database(settings)
    assert (Level.FINE, "2 e-mails wait to be sent.") in said
    assert any(level is Level.ODD and words.startswith("1 e-mail was") for level, words in said)


def test_a_taken_port_is_broken(settings: Settings) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.1)
        finding = services.port(replace(settings, port=listener.getsockname()[1]))
    assert finding.level is Level.BROKEN
    assert "is taken by another program" in finding.sentence


def test_a_practice_partner_that_answers_is_fine(settings: Settings) -> None:
    with started_practice_partner(kept_url(), settings.public_url) as partner:
        finding = services.practice_partner(replace(settings, sandbox_url=partner.url))
    assert (finding.level, partner.url in finding.sentence) == (Level.FINE, True)


def test_a_practice_partner_that_was_named_and_is_away_is_odd(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = f"http://localhost:{free_port()}"
    monkeypatch.setenv("SANDBOX_URL", away)
    finding = services.practice_partner(replace(settings, sandbox_url=away))
    assert (finding.level, away in finding.sentence) == (Level.ODD, True)


@pytest.mark.parametrize(
    ("size", "mode", "level"),
    [(32, 0o600, Level.FINE), (32, 0o640, Level.BROKEN), (31, 0o600, Level.BROKEN)],
)
def test_the_master_key_is_whole_and_for_its_owner_only(
    settings: Settings, size: int, mode: int, level: Level
) -> None:
    settings.master_key_file.write_bytes(bytes(size))
    settings.master_key_file.chmod(mode)
    assert machine.master_key(settings).level is level


@pytest.mark.parametrize(
    ("free", "level"), [(5e9, Level.FINE), (5e8, Level.ODD), (5e7, Level.BROKEN)]
)
def test_the_disk_has_room(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, free: float, level: Level
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _path: DiskUsage(1e10, 1e10 - free, int(free)))
    assert machine.disk(settings).level is level


def test_a_home_not_made_yet_is_judged_by_the_folder_it_will_be_in(settings: Settings) -> None:
    deep = replace(settings, home=settings.home / "not" / "yet")
    assert machine.home(deep).level is Level.FINE
    assert not list(settings.home.iterdir())
