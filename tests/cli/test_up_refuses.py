"""What `wedsync up` cannot work with ends it with code 2 and one plain sentence."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli.ports import free_port
from wedsync.cli import Unusable
from wedsync.cli.supervisor import preflight
from wedsync.settings import CHECKOUT, Settings


def wedsync(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "wedsync", *words],
        cwd=CHECKOUT,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def assert_one_sentence(
    refused: subprocess.CompletedProcess[str], code: int, *fragments: str
) -> None:
    assert refused.returncode == code, refused.stdout + refused.stderr
    assert "Traceback" not in refused.stderr
    sentence = refused.stderr.strip()
    assert "\n" not in sentence
    assert sentence.endswith(".")
    for fragment in fragments:
        assert fragment in sentence


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, public_url="http://localhost:8000", port=free_port())


@pytest.fixture
def taken() -> Iterator[int]:
    """A port somebody listens at, with two free ones before it."""
    with ExitStack() as stack:
        listener = stack.enter_context(_listening())
        while not all(_is_free(listener.getsockname()[1] - before) for before in (1, 2)):
            listener = stack.enter_context(_listening())
        yield listener.getsockname()[1]


def _listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def test_a_wrong_variable(tmp_path: Path) -> None:
    refused = wedsync("up", PORT="http", WEDSYNC_HOME=str(tmp_path))
    assert_one_sentence(refused, 2, "PORT should be a number from 1 to 65535", "“http”")


def test_a_taken_port(tmp_path: Path, taken: int) -> None:
    refused = wedsync("up", PORT=str(taken), WEDSYNC_HOME=str(tmp_path))
    assert_one_sentence(refused, 2, f"Port {taken} is taken by another program")
    assert not (tmp_path / "postgres").exists()


@pytest.mark.parametrize("before", [1, 2])
def test_a_taken_port_of_the_practice_partner(tmp_path: Path, taken: int, before: int) -> None:
    refused = wedsync("up", PORT=str(taken - before), WEDSYNC_HOME=str(tmp_path))
    assert_one_sentence(refused, 2, "practice partner", f"Port {taken} is taken", "PORT=")
    assert not (tmp_path / "postgres").exists()


def test_no_port_left_for_the_practice_partner(tmp_path: Path) -> None:
    refused = wedsync("up", PORT="65534", WEDSYNC_HOME=str(tmp_path))
    assert_one_sentence(refused, 2, "practice partner", "There is no port 65536")


def test_a_practice_partner_without_a_client(tmp_path: Path) -> None:
    refused = wedsync("sandbox", PORT=str(free_port()), WEDSYNC_HOME=str(tmp_path))
    assert_one_sentence(refused, 2, "WEDSYNC_CLIENT_SANDBOX is not set")


def test_an_unreachable_database(tmp_path: Path) -> None:
    refused = wedsync(
        "up",
        PORT=str(free_port()),
        WEDSYNC_HOME=str(tmp_path),
        DATABASE_URL="postgresql://wedsync:canary@127.0.0.1:1/wedsync",
    )
    assert_one_sentence(refused, 2, "The database cannot be reached", "check DATABASE_URL")
    assert "Connection refused" in refused.stderr
    assert "canary" not in refused.stderr


def test_a_home_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = wedsync("up", PORT=str(free_port()), WEDSYNC_HOME=str(tmp_path / "file" / "home"))
    assert_one_sentence(refused, 2, "WEDSYNC_HOME cannot be used")


def test_a_home_where_wedsync_is_running_already(settings: Settings) -> None:
    with preflight.only_one(settings):
        refused = wedsync("up", PORT=str(settings.port), WEDSYNC_HOME=str(settings.home))
    assert_one_sentence(
        refused, 2, "WedSync is already running from", f"(process {os.getpid()})", "stop it first"
    )


def test_a_pid_left_by_a_killed_run_is_named_and_stops_nobody(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    (settings.home / "up.pid").write_text("4711\n")
    with preflight.only_one(settings):
        assert (settings.home / "up.pid").read_text() == f"{os.getpid()}\n"
    said = capsys.readouterr().out
    assert said == "The last run (process 4711) did not end by itself; starting afresh.\n"
    assert (settings.home / "up.pid").read_text() == ""


def test_a_front_end_that_is_not_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "FRONT_END", tmp_path / "manifest.json")
    with pytest.raises(Unusable, match="run `make setup`"):
        preflight.require_front_end()


def test_an_address_that_is_not_this_machine_s(settings: Settings) -> None:
    elsewhere = Settings(home=settings.home, public_url="http://x", host="192.0.2.1")
    with pytest.raises(Unusable, match=r"192\.0\.2\.1 port 8000 cannot be used"):
        preflight.require_port(elsewhere)


def test_other_commands_say_the_same_of_an_unreachable_database(tmp_path: Path) -> None:
    refused = wedsync(
        "db",
        "upgrade",
        WEDSYNC_HOME=str(tmp_path),
        DATABASE_URL="postgresql://127.0.0.1:1/wedsync",
        REDIS_URL="redis://127.0.0.1:1/0",
    )
    assert_one_sentence(refused, 2, "The database cannot be reached")


def test_a_command_that_does_not_exist_is_named() -> None:
    refused = wedsync("marry")
    assert refused.returncode == 2
    assert "No such command 'marry'" in refused.stderr
