"""A database that refuses rows, or in which somebody waits for somebody."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from apiflask import APIFlask
from sqlalchemy import text

from tests.workers.scene import Worker, one, rows, run_of, wait_until
from wedsync.platform.db import db


def wait_for_a_lock(app: APIFlask) -> None:
    """Until some session of this database waits for another's lock."""
    waiting = (
        "SELECT count(*) AS n FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    wait_until(lambda: one(app, waiting).n > 0)


@contextmanager
def one_that_waits_only_then(
    app: APIFlask, worker: Worker, *, waking: UUID, beginning: UUID
) -> Iterator[Callable[[], None]]:
    """Whoever wakes waiting runs is held up at the lane of the workflow `waking`; what is given
    lets it go, after the run of `beginning`, too, has come to wait."""
    waits = run_of(app, beginning).waiting_for
    said = "UPDATE runs SET waiting_for = CAST(:waits AS jsonb) WHERE workflow_id = :id RETURNING 1"
    rows(app, said, id=beginning, waits=None)
    with worker.engine.begin() as turn:
        lane = text("SELECT 1 FROM lanes WHERE kind = 'runs' AND key = :key FOR UPDATE")
        assert turn.execute(lane, {"key": str(waking)}).scalar()

        def let_go() -> None:
            wait_for_a_lock(app)
            rows(app, said, id=beginning, waits=json.dumps(waits))
            turn.rollback()

        yield let_go


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


@contextmanager
def ending_who_writes(app: APIFlask, table: str, condition: str = "true") -> Iterator[None]:
    """A database session that writes such a row, anew or again, ends, so that nothing of its turn
    is committed."""
    with doing_before_a_row(
        app, table, condition, "PERFORM pg_terminate_backend(pg_backend_pid())"
    ):
        yield


@contextmanager
def doing_before_a_row(app: APIFlask, table: str, condition: str, what: str) -> Iterator[None]:
    with app.app_context():
        engine = db.engine
    with engine.begin() as connection:
        for statement in (
            "CREATE FUNCTION before_a_row() RETURNS trigger LANGUAGE plpgsql AS"
            f" 'BEGIN {what}; RETURN NEW; END'",
            f"CREATE TRIGGER before_a_row BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW"
            f" WHEN ({condition}) EXECUTE FUNCTION before_a_row()",
        ):
            connection.execute(text(statement))
    try:
        yield
    finally:
        with engine.begin() as connection:
            connection.execute(text("DROP FUNCTION before_a_row() CASCADE"))
