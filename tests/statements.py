"""What is asked of the database while something happens."""

from collections.abc import Iterator
from contextlib import contextmanager

from apiflask import APIFlask
from sqlalchemy import event

from wedsync.platform.db import db


@contextmanager
def statements_asked(app: APIFlask) -> Iterator[list[str]]:
    """Every statement that goes to the app's database in this block, in order, by anybody here."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)
