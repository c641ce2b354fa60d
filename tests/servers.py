"""The servers tests share: one private PostgreSQL and one private Redis for the whole run.

The process that collects results owns them; every worker of a parallel run copies the migrated
database and takes a Redis database of its own, so workers never see each other's rows.
"""

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.far_ends import practice_partner
from wedsync import migrations
from wedsync.platform import embedded
from wedsync.settings import Settings

MASTER_KEY = bytes(range(32))
_TEMPLATE = "wedsync"
# What a test lost in a power cut is made again by running it again.
_PARAMETERS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
}
_REDIS_DATABASES = 16


@dataclass(frozen=True)
class Addresses:
    """Where the two servers answer, in a form that can be handed to a worker process."""

    postgres: str
    redis: str


class Servers:
    """Both servers, started when first asked for."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._addresses: Addresses | None = None

    def addresses(self) -> Addresses:
        if self._addresses is None:
            home = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="wedsync-")))
            postgres = embedded.postgres(home / "postgres", keep=False, parameters=_PARAMETERS)
            self._stack.enter_context(postgres)
            redis = self._stack.enter_context(embedded.redis(home / "redis"))
            migrations.upgrade(_for_sqlalchemy(postgres.url))
            self._addresses = Addresses(postgres.url, redis.url)
        return self._addresses

    def stop(self) -> None:
        self._stack.close()


def settings_for(addresses: Addresses, worker: str, home: Path) -> Settings:
    """Settings of one worker (`gw3`; `main` when it is the only one), with databases of its own."""
    number = int("".join(filter(str.isdigit, worker)) or 0)
    return Settings(
        home=home,
        public_url="http://localhost:8000",
        libpq_url=_copy_of_template(addresses.postgres, f"tests_{worker}"),
        redis_url=addresses.redis.replace("db=0", f"db={number % _REDIS_DATABASES}"),
        master_keys=(MASTER_KEY,),
        allow_loopback=True,
        sandbox_url=practice_partner.kept_url(),
        connector_clients={"sandbox": practice_partner.CLIENT},
    )


def _copy_of_template(url: str, name: str) -> str:
    with psycopg.connect(_to_database(url, "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
    return _to_database(url, name)


def _to_database(url: str, name: str) -> str:
    return url.replace(f"@/{_TEMPLATE}?", f"@/{name}?")


def _for_sqlalchemy(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)
