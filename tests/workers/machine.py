"""Processes as they run in production: a front and workers over servers of their own, kept running
by a small supervisor, and a partner who signs what it sends."""

import base64
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import urllib3
from apiflask import APIFlask
from standardwebhooks import Webhook

from tests.cli.ports import free_port
from tests.workers.scene import Hook, wait_until
from wedsync.cli.supervisor import programs
from wedsync.cli.supervisor.programs import Program
from wedsync.factory import create_app
from wedsync.platform.db import db
from wedsync.platform.embedded import process
from wedsync.settings import CHECKOUT, Settings

_RESTART_S = 0.3
_AGAIN_S = 0.3


class Process:
    """One program. The kernel ends it with this test run."""

    def __init__(self, program: Program, settings: Settings, log: Path) -> None:
        self.program = program
        self.log_file = log
        self._environment = environment_of(settings)
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        with self.log_file.open("ab") as log:
            self._process = process.spawn(
                self.program.argv,
                output=log,
                death_signal=signal.SIGKILL,
                cwd=CHECKOUT,
                environment=self._environment,
            )

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def ended(self) -> bool:
        assert self._process is not None
        return self._process.poll() is not None

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def signal(self) -> None:
        """Ask it to end."""
        assert self._process is not None
        self._process.terminate()

    def stop(self, seconds: float = 15) -> int:
        """Ask it to end and wait until it did; its exit code."""
        self.signal()
        assert self._process is not None
        return self._process.wait(seconds)

    def kill(self) -> None:
        """End it and everything it started, as a power cut would."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        assert self._process is not None
        self._process.wait()


class Supervisor(threading.Thread):
    """Starts what died again, shortly after, until it is told to stop."""

    def __init__(self, kept: Sequence[Process]) -> None:
        super().__init__(daemon=True)
        self._kept = kept
        self._stopping = threading.Event()
        self._mending = threading.Lock()
        self.restarts = 0

    def run(self) -> None:
        while not self._stopping.wait(_RESTART_S):
            for one in self._kept:
                self._mend(one)

    def _mend(self, one: Process) -> None:
        with self._mending:
            if one.ended and not self._stopping.is_set():
                one.start()
                self.restarts += 1

    def stop(self) -> None:
        self._stopping.set()
        with self._mending:
            for one in self._kept:
                one.kill()


def environment_of(settings: Settings) -> dict[str, str]:
    """What a process of this installation is told."""
    found = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": settings.require_libpq_url(),
        "WEDSYNC_HOME": str(settings.home),
        "WEDSYNC_MASTER_KEY": ",".join(
            base64.b64encode(key).decode() for key in settings.master_keys
        ),
        "WEDSYNC_ALLOW_LOOPBACK": "1",
        "PORT": str(settings.port),
        "SANDBOX_URL": settings.sandbox_url,
        "WEDSYNC_RECOVERIES_BEFORE_PARKING": str(settings.recoveries_before_parking),
        **{
            f"WEDSYNC_CLIENT_{slug.upper().replace('-', '_')}": f"{client_id}:{secret}"
            for slug, (client_id, secret) in settings.connector_clients.items()
        },
    }
    return found | ({"REDIS_URL": settings.redis_url} if settings.redis_url else {})


@contextmanager
def started(program: Program, settings: Settings, folder: Path) -> Iterator[Process]:
    """A process that is gone when the block is left."""
    one = Process(program, settings, folder / f"{program.name}.log")
    try:
        yield one
    finally:
        one.kill()


@contextmanager
def kept_running(
    settings: Settings, folder: Path, *, workers: int
) -> Iterator[tuple[list[Process], Supervisor]]:
    """That many workers, started again whenever they die."""
    named = [programs.worker(f"worker-{number + 1}") for number in range(workers)]
    kept = [Process(one, settings, folder / f"{one.name}.log") for one in named]
    supervisor = Supervisor(kept)
    supervisor.start()
    try:
        yield kept, supervisor
    finally:
        supervisor.stop()


@contextmanager
def started_front(settings: Settings, folder: Path) -> Iterator[Settings]:
    """A web process that answers; gives the settings with its port."""
    here = replace(settings, port=free_port())
    with started(programs.web(here), here, folder) as front:
        wait_until(lambda: front.ended or _listens(here.port), 60)
        assert not front.ended, front.log
        yield here


@contextmanager
def app_over(settings: Settings) -> Iterator[APIFlask]:
    """An app in this process over the same database, for setting the scene and reading."""
    app = create_app(settings, pool_size=4)
    try:
        yield app
    finally:
        with app.app_context():
            db.engine.dispose()


@dataclass
class Partner:
    """Somebody who sends signed hooks, `at_once` at a time; `answers` are all there were.

    What was not accepted is in `refused`, by the number it was sent under.
    """

    settings: Settings
    hook: Hook
    at_once: int = 20

    def __post_init__(self) -> None:
        self.answers: list[tuple[int, str]] = []
        self.refused: set[int] = set()
        self._sent = 0
        self._http = urllib3.PoolManager(maxsize=self.at_once, retries=False, timeout=20)

    def send(self, count: int, *, per_second: float | None = None) -> None:
        """Send that many, as fast as they are answered, or at a pace."""
        first, self._sent = self._sent + 1, self._sent + count
        with ThreadPoolExecutor(self.at_once) as pool:
            began = time.monotonic()
            for number in range(first, first + count):
                if per_second:
                    due = began + (number - first) / per_second
                    time.sleep(max(0.0, due - time.monotonic()))
                pool.submit(self._post, number)

    def send_refused(self) -> None:
        """Send what was not accepted once more, as the same messages."""
        again, self.refused = self.refused, set()
        time.sleep(_AGAIN_S)
        with ThreadPoolExecutor(self.at_once) as pool:
            for number in sorted(again):
                pool.submit(self._post, number)

    @property
    def statuses(self) -> set[int]:
        return {status for status, _ in self.answers}

    def _post(self, number: int) -> None:
        status, said = self._ask(number)
        self.answers.append((status, said))
        if status != HTTPStatus.ACCEPTED:
            self.refused.add(number)

    def _ask(self, number: int) -> tuple[int, str]:
        data = {"status": "accepted", "guest": f"Guest {number}", "party_size": number % 5 + 1}
        body = json.dumps({"type": "rsvp.received", "data": data})
        now, identifier = datetime.now(UTC), f"msg_{number}"
        headers = {
            "webhook-id": identifier,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self.hook.secret).sign(identifier, now, body),
        }
        url = f"http://127.0.0.1:{self.settings.port}/hooks/{self.hook.token}"
        try:
            answer = self._http.request("POST", url, body=body, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            return 0, repr(error)
        said: dict[str, Any] = answer.json()
        return answer.status, str(said.get("event_id", said))


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
