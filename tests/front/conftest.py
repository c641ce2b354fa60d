"""The front as it really runs: granian in a process of its own, on loopback."""

import base64
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import urllib3
from apiflask import APIFlask
from standardwebhooks import Webhook

from tests.cli.ports import free_port
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.settings import Settings
from wedsync.webhooks.hooks import service as hooks
from wedsync.webhooks.schemes.signatures import new_standard_secret

Answer = urllib3.BaseHTTPResponse
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class FrontServer:
    """A web process. `log` is all it ever said."""

    process: subprocess.Popen[bytes]
    port: int
    log_file: Path
    http: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(maxsize=64, retries=False, timeout=20)
    )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def request(self, method: str, path: str, **options: Any) -> Answer:
        return self.http.request(method, self.url + path, redirect=False, **options)

    def connect(self, timeout_s: float = 15) -> socket.socket:
        """A bare connection, for what no HTTP client would send."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout_s)

    def say(self, text: bytes, timeout_s: float = 15) -> bytes:
        """Send bytes and read until the server has nothing more to say."""
        with self.connect(timeout_s) as connection:
            connection.sendall(text)
            return read_answer(connection)

    def stop(self) -> int:
        """Ask it to stop, as a supervisor does; its return code."""
        self.http.clear()
        self.process.terminate()
        return self.process.wait(15)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(5)


def read_answer(connection: socket.socket) -> bytes:
    """One answer with a Content-Length, or all there is until the end."""
    data = b""
    while True:
        head, found, body = data.partition(b"\r\n\r\n")
        length = _length(head) if found else None
        if length is not None and len(body) >= length:
            return data
        chunk = connection.recv(65536)
        if not chunk:
            return data
        data += chunk


def _length(head: bytes) -> int | None:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return None


def start_front(
    settings: Settings, log_file: Path, *, target: str = "wedsync.front:app", **environ: str
) -> FrontServer:
    """Start a web process over these settings and wait until it answers."""
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": settings.require_libpq_url(),
        "REDIS_URL": settings.redis_url or "",
        "WEDSYNC_HOME": str(settings.home),
        "WEDSYNC_MASTER_KEY": ",".join(
            base64.b64encode(key).decode() for key in settings.master_keys
        ),
        "PORT": str(port),
        **environ,
    }
    options = ["--interface", "asgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    options += ["--http", "1", "--loop", "uvloop", "--no-ws", "--workers-kill-timeout", "3"]
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "granian", *options, "--log-level", "warning", target],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = FrontServer(process, port, log_file)
    _wait_until_it_answers(server)
    return server


def _wait_until_it_answers(server: FrontServer) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.process.poll() is None:
        with contextlib.suppress(OSError), server.connect(1):
            return
        time.sleep(0.05)
    server.kill()
    pytest.fail(f"The front did not start:\n{server.log}")


@pytest.fixture(scope="session")
def front(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontServer]:
    """The web process most tests share."""
    server = start_front(settings, tmp_path_factory.mktemp("front") / "log")
    yield server
    server.kill()


@pytest.fixture(scope="session")
def hurried_front(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FrontServer]:
    """One that waits a second for a body, not ten, and takes five streams."""
    log_file = tmp_path_factory.mktemp("hurried") / "log"
    server = start_front(settings, log_file, target="tests.front.hurried:app")
    yield server
    server.kill()


@dataclass(frozen=True)
class Sender:
    """A partner who knows a hook's address and its secret."""

    front: FrontServer
    hook_id: UUID
    organization_id: UUID
    token: str
    secret: str

    @property
    def path(self) -> str:
        return f"/hooks/{self.token}"

    def headers(
        self, body: bytes, identifier: str = "msg_1", at: datetime | None = None
    ) -> dict[str, str]:
        """What the Standard Webhooks library signs."""
        at = at or clock.now()
        return {
            "content-type": "application/json",
            "webhook-id": identifier,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": _sign(self.secret, identifier, at, body),
        }

    def send(
        self, body: bytes, identifier: str = "msg_1", *, at: datetime | None = None,
        to: FrontServer | None = None, **changed: str,
    ) -> Answer:  # fmt: skip
        """Post `body`, signed; `changed` headers replace the signed ones."""
        headers = self.headers(body, identifier, at)
        headers |= {name.replace("_", "-"): value for name, value in changed.items()}
        return (to or self.front).request("POST", self.path, body=body, headers=headers)


def _sign(secret: str, identifier: str, at: datetime, body: bytes) -> str:
    """The library signs text; bytes that are none are signed the same way."""
    with contextlib.suppress(UnicodeDecodeError):
        return Webhook(secret).sign(identifier, at, body.decode())
    return Webhook(secret).sign(identifier, at, body.decode("latin-1"))


SenderMaker = Callable[..., Sender]


@pytest.fixture
def make_sender(app: APIFlask, organization: UUID, front: FrontServer) -> SenderMaker:
    """Make a hook of `organization` and somebody who sends to it."""

    def make(to: FrontServer | None = None, **fields: Any) -> Sender:
        secret = new_standard_secret()
        wanted = {"name": "RSVPs", "scheme": "standard_webhooks", "secret": secret, **fields}
        with app.app_context():
            hook, shown = hooks.create(organization, wanted)  # type: ignore[arg-type]
            db.session.commit()
            return Sender(to or front, hook.id, organization, hook.token, shown or "")

    return make


@pytest.fixture
def sender(make_sender: SenderMaker) -> Sender:
    return make_sender()
