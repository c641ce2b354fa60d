"""A database that refuses rows, or in which somebody waits for somebody."""

from collections.abc import Iterator
from contextlib import contextmanager

from apiflask import APIFlask
from sqlalchemy import text

from tests.workers.scene import one, wait_until
from wedsync.platform.db import db


def wait_for_a_lock(app: APIFlask) -> None:
    """Until some session of this database waits for another's lock."""
    waiting = (
        "SELECT count(*) AS n FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    wait_until(lambda: one(app, waiting).n > 0)


@contextmanager
def refusing(app: APIFlask, table: str, condition: str) -> Iterator[None]:
    """A database that refuses rows of `table` for which `condition` does not hold."""
    with app.app_context():
        engine = db.engine
    with engine.begin() as connection:
        connection.execute(
            text(f"ALTER TABLE {table} ADD CONSTRAINT refusing CHECK ({condition}) NOT VALID")
        )
    try:
        yield
    finally:
        with engine.begin() as connection:
            connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT refusing"))
