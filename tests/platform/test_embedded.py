"""The private PostgreSQL and Redis: they start, recover, stay private, and leave nothing behind."""

import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisGone

from tests.processes import told_by_family
from wedsync.platform import embedded
from wedsync.platform.embedded import PostgresServer, RedisServer, dropped, process
from wedsync.settings import Settings


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with embedded.postgres(tmp_path_factory.mktemp("embedded") / "postgres", keep=False) as server:
        yield server


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[RedisServer]:
    with embedded.redis(tmp_path / "redis") as server:
        yield server


def ask(server: PostgresServer, query: str) -> object:
    with psycopg.connect(server.url) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


def tell(server: PostgresServer, statement: str) -> None:
    with psycopg.connect(server.url) as connection:
        connection.execute(statement.encode())


def test_postgresql_is_the_version_the_schema_needs(database: PostgresServer) -> None:
    assert ask(database, "SELECT current_setting('server_version_num')::int / 10000") == 18
    assert ask(database, "SELECT uuid_extract_version(uuidv7())") == 7


def test_a_commit_is_on_the_disk_when_it_is_answered(database: PostgresServer) -> None:
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        assert ask(database, f"SELECT current_setting('{setting}')") == "on"


def test_letters_beyond_ascii_have_their_capitals(database: PostgresServer) -> None:
    assert ask(database, "SELECT upper('élodie')") == "ÉLODIE"


def test_it_listens_on_no_network_address(database: PostgresServer) -> None:
    assert database.pid is not None
    server = psutil.Process(database.pid)
    assert not server.net_connections("inet")
    assert not [
        sockets
        for _, sockets in told_by_family(server, lambda member: member.net_connections("inet"))
        if sockets
    ]


def test_a_wrong_password_is_refused(database: PostgresServer) -> None:
    password = database.url.split(":")[2].split("@")[0]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(database.url.replace(password, "guess"))


def test_the_password_is_for_its_owner_only(database: PostgresServer) -> None:
    assert (database.directory / "password").stat().st_mode & 0o777 == 0o600
    assert database.storage.stat().st_mode & 0o077 == 0


def test_it_never_runs_as_root(database: PostgresServer) -> None:
    assert database.pid is not None
    assert psutil.Process(database.pid).uids().effective != 0


def test_rows_survive_a_restart_and_a_kill_under_the_same_address(tmp_path: Path) -> None:
    with embedded.postgres(tmp_path / "postgres", keep=False) as server:
        address = server.url
        tell(server, "CREATE TABLE kept AS SELECT 1 AS n")
        server.restart()
        assert ask(server, "SELECT count(*) FROM kept") == 1
        tell(server, "INSERT INTO kept VALUES (2)")
        server.kill()
        assert not server.running()
        server.start()
        assert server.url == address
        assert ask(server, "SELECT count(*) FROM kept") == 2


def test_a_second_start_makes_nothing_anew(tmp_path: Path) -> None:
    began = time.monotonic()
    with embedded.postgres(tmp_path / "postgres", keep=False) as server:
        first_s = time.monotonic() - began
        server.stop()
        began = time.monotonic()
        server.start()
        assert time.monotonic() - began < first_s / 2


def test_two_of_them_run_side_by_side(database: PostgresServer, tmp_path: Path) -> None:
    with embedded.postgres(tmp_path / "postgres", keep=False) as other:
        tell(other, "CREATE TABLE only_here AS SELECT 1 AS n")
        assert ask(database, "SELECT to_regclass('only_here')") is None
        assert other.pid != database.pid


def test_a_temporary_one_leaves_nothing_behind(tmp_path: Path) -> None:
    with embedded.postgres(tmp_path / "postgres", keep=False) as server:
        storage = server.storage
    assert not storage.exists()


def test_what_a_lost_temporary_folder_left_is_cleared_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dropped, "_ROOM", tmp_path / "room")
    lost, kept = tmp_path / "lost", tmp_path / "kept"
    owner = pwd.getpwuid(os.geteuid())
    for directory in (lost, kept):
        directory.mkdir()
        dropped.make_folder(dropped.storage_for(directory), directory, owner)
    lost.rmdir()
    dropped.make_folder(dropped.storage_for(kept), kept, owner)
    assert not dropped.storage_for(lost).exists()
    assert dropped.storage_for(kept).exists()


def test_a_path_too_long_for_a_socket_is_no_obstacle(tmp_path: Path) -> None:
    deep = tmp_path / ("a-folder-with-a-long-name-" * 5)
    with embedded.postgres(deep / "postgres", keep=False) as server:
        assert ask(server, "SELECT 1") == 1
    with embedded.redis(deep / "redis") as cache:
        assert Redis.from_url(cache.url).ping()


def test_a_pid_file_that_names_somebody_else_hurts_nobody(tmp_path: Path) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        with embedded.postgres(tmp_path / "postgres", keep=False) as server:
            server.stop()
            written = f"{bystander.pid}\n{server.storage / 'data'}\n"
            (server.storage / "data" / "postmaster.pid").write_text(written)
            assert server.pid is None
            server.start()
            assert ask(server, "SELECT 1") == 1
        with embedded.redis(tmp_path / "redis") as cache:
            cache.stop()
            (cache.directory / "redis.pid").write_text(f"{bystander.pid}\n")
            cache.start()
            assert Redis.from_url(cache.url).ping()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_data_of_another_version_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with embedded.postgres(tmp_path / "postgres", keep=False) as server:
        server.stop()
        version = server.storage / "data" / "PG_VERSION"
        version.write_text("17\n")
        with pytest.raises(embedded.ServerError, match="made by PostgreSQL 17, but PostgreSQL 18"):
            server.start()


def test_data_without_its_password_is_set_aside_and_a_new_database_begins(tmp_path: Path) -> None:
    with embedded.postgres(tmp_path / "postgres", keep=False) as server:
        tell(server, "CREATE TABLE old_home AS SELECT 1 AS n")
        server.stop()
        (server.directory / "password").unlink()
        server.start()
        assert ask(server, "SELECT to_regclass('old_home')") is None
        assert (server.storage / "data.left" / "PG_VERSION").exists()


def test_a_second_owner_is_turned_away(cache: RedisServer) -> None:
    with pytest.raises(embedded.ServerBusy, match="stop it first"):
        embedded.redis(cache.directory).start()


HOLD = """
import sys, time
from pathlib import Path
from wedsync.platform import embedded
where = Path(sys.argv[1])
with embedded.postgres(where / "postgres") as p, embedded.redis(where / "redis") as r:
    print(p.pid, r.pid, flush=True)
    time.sleep(60)
"""


def test_servers_end_with_a_parent_that_is_killed_and_start_again_afterwards(
    tmp_path: Path,
) -> None:
    owner = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    pids = [int(word) for word in owner.stdout.readline().split()]
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert process.wait_until(lambda: not any(psutil.pid_exists(pid) for pid in pids), 10)
    with embedded.postgres(tmp_path / "postgres") as again:
        assert ask(again, "SELECT 1") == 1
    again.delete()


def test_a_stray_server_is_ended_before_a_new_one_starts(tmp_path: Path) -> None:
    first = embedded.redis(tmp_path / "redis")
    first.start()
    stray = first.pid
    first._release()  # as if its owner had died without taking it along
    with embedded.redis(tmp_path / "redis") as second:
        assert second.pid != stray
        assert Redis.from_url(second.url).ping()
    assert first.ended


def test_ctrl_c_in_the_terminal_does_not_reach_the_servers(cache: RedisServer) -> None:
    assert cache.pid is not None
    assert os.getpgid(cache.pid) != os.getpgrp()


def test_redis_keeps_nothing_and_drops_nothing(cache: RedisServer) -> None:
    client: Redis = Redis.from_url(cache.url, decode_responses=True)
    assert client.config_get("save") == {"save": ""}
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    client.set("seen", "1")
    client.close()
    cache.restart()
    assert Redis.from_url(cache.url).get("seen") is None


def test_a_killed_redis_is_noticed(cache: RedisServer) -> None:
    pid = cache.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert process.wait_until(lambda: cache.ended, 20)
    with pytest.raises(RedisGone):
        Redis.from_url(cache.url).ping()
    cache.restart()
    assert Redis.from_url(cache.url).ping()


def test_a_command_joins_the_servers_that_are_running(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, public_url="http://localhost:8000")
    with embedded.reachable(settings) as first, embedded.reachable(settings) as second:
        assert first == second
        with psycopg.connect(second.require_libpq_url()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    database, cache = embedded.at_home(tmp_path)
    assert not database.running()
    assert not cache.running()
    database.delete()


def test_a_given_address_is_left_as_it_is(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path,
        public_url="http://localhost:8000",
        libpq_url="postgresql://elsewhere/wedsync",
        redis_url="redis://elsewhere/0",
    )
    with embedded.reachable(settings) as found:
        assert found == settings
    assert not list(tmp_path.iterdir())


def test_programs_closed_to_the_dropped_user_are_copied_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o755)
    monkeypatch.setattr(dropped, "_ROOM", tmp_path / "room")
    monkeypatch.setattr(dropped, "_open_to_others", lambda _folder: False)
    programs = dropped.programs(pwd.getpwuid(os.geteuid()))
    assert programs.is_relative_to(tmp_path / "room")
    assert dropped.major_version(programs) == "18"
    share = programs.parent / "share" / "postgresql" / "postgres.bki"
    assert share.stat().st_mode & 0o004
