"""What a command needs of this installation: its settings, a database that answers, the app.

    with installation.app() as app:
        ...                      # inside an application context, on a migrated database

The database is the one of `DATABASE_URL`, else the private one that `wedsync up` is running, else
the private one started for as long as the command lasts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg

from wedsync.cli import Unusable
from wedsync.platform import embedded
from wedsync.settings import Settings

if TYPE_CHECKING:
    from apiflask import APIFlask

OLDEST_POSTGRES = 18
_CONNECT_S = 5


@contextmanager
def settings() -> Iterator[Settings]:
    """The settings, with a database that answers; raises `Unusable` when it does not."""
    with embedded.reachable(Settings.from_environment()) as found:
        require_database(found)
        yield found


@contextmanager
def app() -> Iterator[APIFlask]:
    """The app in an application context; raises `Unusable` on a database behind this version."""
    from wedsync import migrations
    from wedsync.factory import create_app
    from wedsync.platform.db import db

    with settings() as found:
        made = create_app(found, pool_size=2)
        with made.app_context():
            with db.engine.connect() as connection:
                if migrations.current(connection) != migrations.head():
                    raise Unusable("The database is not up to date: run `wedsync db upgrade`.")
            try:
                yield made
            finally:
                db.session.remove()
                db.engine.dispose()


def require_database(found: Settings) -> None:
    """Raise `Unusable` when the database does not answer, with its reason, or is too old."""
    try:
        with psycopg.connect(found.require_libpq_url(), connect_timeout=_CONNECT_S) as connection:
            major = connection.info.server_version // 10_000
    except psycopg.Error as error:
        raise Unusable(
            f"The database cannot be reached ({reason(error)}): check DATABASE_URL."
        ) from None
    if major < OLDEST_POSTGRES:
        raise Unusable(f"PostgreSQL {major} is too old: WedSync needs {OLDEST_POSTGRES} or newer.")


def reason(error: psycopg.Error) -> str:
    """The first line of what PostgreSQL's client says, which never holds a password."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].removeprefix("connection failed: ").rstrip(" .:")
