"""The supervisor: it relays, revives, stops in order and takes nobody along by accident."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from wedsync.cli.supervisor.programs import Program
from wedsync.cli.supervisor.supervisor import Supervisor
from wedsync.platform import embedded
from wedsync.platform.embedded import process

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "


def python(name: str, code: str, *, stop_s: float = 4.0) -> Program:
    return Program(name, (sys.executable, "-u", "-c", code), stop_s=stop_s)


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with Supervisor(dict(os.environ), tmp_path / "logs") as made:
        yield made


def said(logs: Path, name: str) -> str:
    return (logs / f"{name}.log").read_text()


def test_a_step_is_run_to_its_end_and_its_code_is_told(supervisor: Supervisor) -> None:
    assert supervisor.run(python("fine", "print('done')")) == 0
    assert supervisor.run(python("bad", "raise SystemExit(3)")) == 3


def test_what_is_said_goes_to_the_output_and_to_a_file(
    supervisor: Supervisor, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    supervisor.run(python("talker", "import sys; print('one'); sys.stderr.write('two')"))
    assert said(tmp_path / "logs", "talker") == "one\ntwo\n"
    shown = capfd.readouterr().out
    assert "talker │ one\n" in shown
    assert "talker │ two\n" in shown
    assert "\x1b" not in shown  # nobody is watching: no colours


def test_a_line_without_an_end_does_not_grow_for_ever(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.run(python("long", "print('x' * 300_000, end='')"))
    assert len(said(tmp_path / "logs", "long").replace("\n", "")) == 300_000
    assert max(map(len, said(tmp_path / "logs", "long").splitlines())) < 200_000


def test_what_dies_is_started_again_after_a_pause(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start([python("frail", "print('born')")], [])
    log = tmp_path / "logs" / "frail.log"
    assert supervisor.keep_until(lambda: log.read_text().count("born") == 3, 10)
    assert "ended with code 0; again in 0.5 s" in log.read_text()
    assert "again in 1 s" in log.read_text()
    assert supervisor.deaths_of("frail") in (2, 3)  # the third may be over already


def test_a_server_that_dies_is_started_again(supervisor: Supervisor, tmp_path: Path) -> None:
    with embedded.redis(tmp_path / "redis") as server:
        supervisor.start([], [server])
        first = server.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        assert supervisor.keep_until(lambda: server.pid not in (None, first), 10)


def test_what_will_not_stop_is_killed_when_its_time_is_over(tmp_path: Path) -> None:
    code = STUBBORN + "print('up'); time.sleep(60)"
    with Supervisor(dict(os.environ), tmp_path) as supervisor:
        supervisor.start([python("stubborn", code, stop_s=0.5)], [])
        supervisor.keep_until(lambda: "up" in said(tmp_path, "stubborn"), 10)
        began = time.monotonic()
    assert time.monotonic() - began < 15


def test_the_first_stops_before_the_others_are_asked_and_each_is_asked_once(
    tmp_path: Path,
) -> None:
    code = (
        "import signal, sys, time\n"
        "def stop(*_):\n"
        "    print('asked', time.monotonic()); time.sleep(0.3); print('gone', time.monotonic())\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, stop); print('up'); time.sleep(60)\n"
    )
    with Supervisor(dict(os.environ), tmp_path) as supervisor:
        supervisor.start([python(name, code) for name in ("web", "one", "two")], [])
        names = ("web", "one", "two")
        assert supervisor.keep_until(lambda: all("up" in said(tmp_path, n) for n in names), 10)
    times = {
        name: dict(line.split() for line in said(tmp_path, name).splitlines()[1:]) for name in names
    }
    assert all(said(tmp_path, name).count("asked") == 1 for name in names)
    assert float(times["web"]["gone"]) < float(times["one"]["asked"])
    assert float(times["two"]["asked"]) < float(times["one"]["gone"])


SUPERVISE = """
import os, sys
from pathlib import Path
from wedsync.cli.supervisor.programs import Program
from wedsync.cli.supervisor.supervisor import Supervisor
code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
with Supervisor(dict(os.environ), Path(sys.argv[1])) as supervisor:
    supervisor.start([Program("child", (sys.executable, "-c", code))], [])
    supervisor.keep_until(lambda: False)
"""


@pytest.fixture
def supervising(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A supervisor in a process of its own, and the pid of its child."""
    log = tmp_path / "child.log"
    owner = subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, str(tmp_path)], stdout=subprocess.DEVNULL
    )
    try:
        assert process.wait_until(lambda: log.exists() and log.read_text().strip() != "", 10)
        yield owner, int(log.read_text())
    finally:
        owner.kill()
        owner.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_asked_to_stop_it_ends_its_children_and_itself(
    supervising: tuple[subprocess.Popen[bytes], int], number: signal.Signals
) -> None:
    owner, child = supervising
    owner.send_signal(number)
    assert owner.wait(10) == 0
    assert not psutil.pid_exists(child)


def test_no_child_outlives_a_supervisor_that_is_killed(
    supervising: tuple[subprocess.Popen[bytes], int],
) -> None:
    owner, child = supervising
    owner.kill()
    owner.wait()
    assert process.wait_until(lambda: not psutil.pid_exists(child), 10)
