"""A whole WedSync in processes of its own: the web process and a worker, the demo planted."""

import base64
import os
import re
import secrets
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from tests.cli.ports import free_port
from tests.servers import MASTER_KEY, Addresses, settings_for
from wedsync.api import BASE_PATH
from wedsync.cli.supervisor import preflight, programs
from wedsync.platform.embedded import process
from wedsync.settings import CHECKOUT, Settings

_START_S = 60
_STOP_S = 15
_REDIS_DATABASE = 15  # none of the databases that the tests' own workers ring


@dataclass
class LiveSite:
    """Where it answers, what its processes said (`home/*.log`), and a key to Rosewood."""

    settings: Settings
    key: str = ""
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.settings.public_url

    @property
    def environment(self) -> dict[str, str]:
        """What every process of this installation is told."""
        return {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "PORT": str(self.settings.port),
            "PUBLIC_URL": self.settings.public_url,
            "DATABASE_URL": self.settings.libpq_url or "",
            "REDIS_URL": self.settings.redis_url or "",
            "WEDSYNC_HOME": str(self.settings.home),
            "WEDSYNC_MASTER_KEY": base64.b64encode(MASTER_KEY).decode(),
            "WEDSYNC_ALLOW_LOOPBACK": "1" if self.settings.allow_loopback else "0",
            "MAIL_URL": self.settings.mail_url or "",
            "SANDBOX_URL": self.settings.sandbox_url,
            **{
                f"WEDSYNC_CLIENT_{slug.upper().replace('-', '_')}": ":".join(client)
                for slug, client in self.settings.connector_clients.items()
            },
        }

    def start(self, name: str, argv: Sequence[str]) -> None:
        """Start a process that ends with this test run, whatever becomes of it."""
        with (self.settings.home / f"{name}.log").open("ab") as log:
            self.processes[name] = process.spawn(
                argv,
                output=log,
                death_signal=signal.SIGTERM,
                cwd=CHECKOUT,
                environment=self.environment,
            )

    def start_web(self) -> None:
        """Start the web process and wait until it is ready."""
        self.start("web", programs.web(self.settings).argv)
        ready = process.wait_until(lambda: preflight.is_ready(self.settings), _START_S)
        assert ready, self.said("web")

    def start_worker(self) -> None:
        self.start("worker", programs.worker("worker").argv)

    def stop(self, *names: str) -> None:
        """End these processes, or all of them."""
        ending = [self.processes.pop(name) for name in names or tuple(self.processes)]
        for each in ending:
            each.send_signal(signal.SIGTERM)
        for each in ending:
            try:
                each.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait()

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One of our commands, on this installation."""
        return subprocess.run(
            [sys.executable, "-m", "wedsync", *words],
            cwd=CHECKOUT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=170,
            check=False,
        )

    def said(self, name: str) -> str:
        return (self.settings.home / f"{name}.log").read_text()

    def api(self, method: str, path: str, document: Any = None, **headers: str) -> Any:
        """Ask the API with the key to Rosewood; the answer's body. Refusals raise."""
        request = urllib.request.Request(
            f"{self.url}{BASE_PATH}{path}",
            data=None if document is None else orjson.dumps(document),
            headers={
                "Authorization": f"Bearer {self.key}",
                "Content-Type": "application/json",
                **{name.replace("_", "-"): value for name, value in headers.items()},
            },
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return orjson.loads(answer.read())
        except urllib.error.HTTPError as refusal:
            raise AssertionError(f"{method} {path}: {refusal.code} {refusal.read()!r}") from None

    def named(self, resource: str, name: str) -> dict[str, Any]:
        """The object of a list that has this name."""
        found: dict[str, Any] = next(
            one for one in self.api("GET", f"/{resource}")["data"] if one["name"] == name
        )
        return found


@contextmanager
def live_site(addresses: Addresses, home: Path, **changes: Any) -> Iterator[LiveSite]:
    """Start it on a database of its own; `changes` are to its settings."""
    port = free_port()
    settings = replace(
        settings_for(addresses, f"live_{secrets.token_hex(4)}", home),
        port=port,
        public_url=f"http://localhost:{port}",
        redis_url=re.sub(r"db=\d+", f"db={_REDIS_DATABASE}", addresses.redis),
        **changes,
    )
    site = LiveSite(settings)
    with ExitStack() as stack:
        stack.callback(site.stop)
        for words in (("db", "upgrade"), ("seed", "demo")):
            made = site.run(*words)
            assert made.returncode == 0, made.stderr
        site.key = site.run(
            "api-key", "create", "--organization", "rosewood", "--scopes", "*"
        ).stdout.strip()
        site.start_worker()
        site.start_web()
        assert site.processes["worker"].poll() is None, site.said("worker")
        yield site
