"""`wedsync up`: everything starts, survives what it should, and ends without a trace."""

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.cli.ports import free_port
from tests.processes import told_by_family
from wedsync.cli import installation
from wedsync.cli.installation import logins
from wedsync.platform import embedded
from wedsync.platform.embedded import process
from wedsync.settings import CHECKOUT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

_START_S = 60
_STOP_S = 12


@dataclass
class Run:
    """A `wedsync up` in a process of its own."""

    home: Path
    port: int
    owner: subprocess.Popen[bytes]
    output: Path

    @property
    def said(self) -> str:
        return self.output.read_text()

    def wait_for(self, words: str) -> None:
        found = process.wait_until(
            lambda: words in self.said or self.owner.poll() is not None, _START_S
        )
        assert found, self.said
        assert words in self.said, self.said

    def status(self, path: str) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            return int(answer.status)

    def partner(self, path: str) -> bytes:
        """What the practice partner answers."""
        with urllib.request.urlopen(f"http://localhost:{self.port + 1}{path}", timeout=5) as answer:
            content: bytes = answer.read()
            return content

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.owner.pid).children(recursive=True)

    def child(self, *words: str) -> psutil.Process:
        told = told_by_family(psutil.Process(self.owner.pid), psutil.Process.cmdline)
        return next(one for one, line in told if set(words) <= set(line))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"
    database, _ = embedded.at_home(tmp_path / "home")
    database.delete()


@contextmanager
def running(home: Path) -> Iterator[Run]:
    port = free_port()
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    output = home.with_suffix(f".{port}.txt")
    with output.open("wb") as file:
        owner = subprocess.Popen(
            [sys.executable, "-m", "wedsync", "up"],
            cwd=CHECKOUT,
            env={**kept, "WEDSYNC_HOME": str(home), "PORT": str(port)},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Run(home, port, owner, output)
    finally:
        owner.kill()
        owner.wait()


def gone(family: list[psutil.Process]) -> bool:
    return not any(_runs(one) for one in family)


def _runs(one: psutil.Process) -> bool:
    try:
        return one.is_running() and one.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def organizations_in(home: Path) -> int:
    database, _ = embedded.at_home(home)
    with psycopg.connect(database.url) as connection:
        row = connection.execute("SELECT count(*) FROM organizations").fetchone()
        return int(row[0]) if row else 0


def test_it_starts_twice_with_the_same_data_and_stops_on_ctrl_c(home: Path) -> None:
    with running(home) as first:
        first.wait_for(f"WedSync is running at http://localhost:{first.port}")
        assert first.status("/readyz") == 200
        first.wait_for("deliveries may reach this machine")
        assert all(login.email in first.said for login in logins.LOGINS)
        assert logins.DEMO_PASSWORD in first.said
        seeded = organizations_in(home)
        assert seeded > 0
        first.wait_for(f"http://localhost:{first.port + 1}/inbox")
        assert b'"ok"' in first.partner("/healthz")
        family = first.family()
        first.owner.send_signal(signal.SIGINT)
        assert first.owner.wait(_STOP_S) == 0, first.said
        assert gone(family)

    with running(home) as second:
        second.wait_for("WedSync is running at")
        assert organizations_in(home) == seeded
        second.owner.send_signal(signal.SIGTERM)
        assert second.owner.wait(_STOP_S) == 0


def test_what_dies_comes_back_and_a_killed_run_leaves_nothing_behind(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(home) as run:
        run.wait_for("WedSync is running at")
        web = run.child("granian")
        web.kill()
        assert process.wait_until(lambda: "web │ ended with code -9" in run.said, 10)
        assert process.wait_until(lambda: _answers(run), 20), run.said

        monkeypatch.setenv("WEDSYNC_HOME", str(home))
        for name in ("DATABASE_URL", "REDIS_URL"):
            monkeypatch.delenv(name, raising=False)
        with installation.settings() as settings:  # from another shell, so to speak
            assert settings.libpq_url == embedded.at_home(home)[0].url

        family = run.family()
        run.owner.kill()
        assert process.wait_until(lambda: gone(family), 15)

    with running(home) as again:
        again.wait_for("did not end by itself; starting afresh.")
        again.wait_for("WedSync is running at")


def _answers(run: Run) -> bool:
    try:
        return run.status("/readyz") == 200
    except OSError:
        return False
