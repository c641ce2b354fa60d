"""Sessions of the database: who has which, and what they keep at hand."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from apiflask import APIFlask
from sqlalchemy import Connection, Engine, text

from wedsync.platform.db import db, engine_beside

PID = text("SELECT pg_backend_pid()")
_PREPARED = text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE :like")


@pytest.fixture
def shared(app: APIFlask) -> Iterator[Engine]:
    with app.app_context():
        yield db.engine


@pytest.fixture
def alone(shared: Engine) -> Iterator[Engine]:
    made = engine_beside(shared)
    yield made
    made.dispose()


def is_prepared(connection: Connection, mark: str) -> bool:
    return bool(connection.scalar(_PREPARED, {"like": f"%{mark} AS often%"}))


def say_often(engine: Engine, mark: str) -> None:
    """Say the same so often that the driver has it prepared."""
    for _ in range(10):
        with engine.begin() as connection:
            connection.execute(text(f"SELECT {mark} AS often"))


def test_who_comes_next_gets_the_session_that_was_used_last(shared: Engine) -> None:
    with shared.connect() as first, shared.connect() as second:
        pids = [first.scalar(PID), second.scalar(PID)]
    # The second was given back first.
    with shared.connect() as third:
        assert third.scalar(PID) == pids[0]


def test_what_one_thread_says_often_stays_prepared_whatever_others_take_back(
    shared: Engine, alone: Engine
) -> None:
    mark = str(uuid4().int % 10**9)
    say_often(alone, mark)
    with shared.connect() as reader:
        reader.execute(PID)
        reader.rollback()
    with alone.begin() as connection:
        assert is_prepared(connection, mark)


def test_a_session_of_ones_own_is_nobody_elses(shared: Engine, alone: Engine) -> None:
    with alone.connect() as mine, shared.connect() as first, shared.connect() as second:
        pids = {mine.scalar(PID), first.scalar(PID), second.scalar(PID)}
        assert len(pids) == 3
        of_mine = mine.scalar(PID)
    with alone.connect() as mine_again:
        assert mine_again.scalar(PID) == of_mine
