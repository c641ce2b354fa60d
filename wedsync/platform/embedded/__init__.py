"""A private PostgreSQL and a private Redis, for a machine that has neither.

    with embedded.postgres(directory) as server:
        psycopg.connect(server.url)

Both come from Python wheels and run as children of this process: they listen on a socket in a
private folder only, and end when their parent ends, however it ends. Any number run side by side,
each in a directory of its own. A server can be stopped, killed as by a power cut, and started
again while its address stays the same.

`reachable(settings)` is what a command uses: the settings with both addresses filled in, from the
environment, from the instance another shell is running, or from servers started just for it.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from wedsync.platform.embedded.postgres_server import PostgresServer
from wedsync.platform.embedded.redis_server import RedisServer
from wedsync.platform.embedded.server import Server, ServerBusy, ServerError
from wedsync.settings import Settings

__all__ = [
    "PostgresServer",
    "RedisServer",
    "Server",
    "ServerBusy",
    "ServerError",
    "at_home",
    "postgres",
    "reachable",
    "redis",
]


def postgres(
    directory: Path, *, keep: bool = True, parameters: Mapping[str, str] | None = None
) -> PostgresServer:
    """PostgreSQL with its data kept under `directory`; enter it to start it.

    With `keep=False` the data is deleted when the server is left. `parameters` override
    PostgreSQL's configuration, such as `{"fsync": "off"}`.
    """
    return PostgresServer(directory, keep=keep, parameters=parameters)


def redis(directory: Path) -> RedisServer:
    """Redis without persistence; enter it to start it."""
    return RedisServer(directory)


def at_home(home: Path) -> tuple[PostgresServer, RedisServer]:
    """The two servers of an installation, running or not."""
    return postgres(home / "postgres"), redis(home / "redis")


@contextmanager
def reachable(settings: Settings) -> Iterator[Settings]:
    """`settings` with a database and a Redis that answer for as long as the block lasts."""
    database, cache = at_home(settings.home)
    with ExitStack() as stack:
        yield replace(
            settings,
            libpq_url=settings.libpq_url or _address(database, stack),
            redis_url=settings.redis_url or _address(cache, stack),
        )


def _address(server: Server, stack: ExitStack) -> str:
    if not server.running():
        stack.enter_context(server)
    return server.url
