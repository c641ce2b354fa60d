"""Claims beside a million timers that are not due, while somebody reads an old snapshot.

The timers are copies of runs that really wait, spread over their workflows and over two years.
Meanwhile others fall due, evenly; they are claimed, settled and recorded as a worker does it, and
what it leaves dead in the index cannot be cleared away before the reader ends.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Connection, Engine, Row

from tests.bench import backlog, traffic
from tests.bench.backlog import Sent
from tests.bench.measurement import Run, percentile
from tests.bench.scene import shape, started
from tests.bench.stage import Stage
from wedsync.platform import leases
from wedsync.platform.db import db
from wedsync.platform.shares import Shares
from wedsync.platform.window import WINDOW
from wedsync.workflows.running import claims, journal
from wedsync.workflows.running.claims import Claimed
from wedsync.workflows.running.journal import Move

WORKFLOWS = 300
DUE_A_SECOND = 500
_LOOK_S = 0.02
_AHEAD_S = 5.0
_YEAR_S = 31_536_000
_BATCH = 100_000
_OWN = {"id": "uuidv7()", "cause": "t.cause || ':' || gen_random_uuid()"}
_COLUMNS = (
    "SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute"
    " WHERE attrelid = 'runs'::regclass AND attnum > 0 AND NOT attisdropped"
)
_WAITING = "SELECT count(*) FROM runs WHERE state = 'waiting'"
_LANES = (
    "UPDATE lanes SET next_due_at = (SELECT min(due_at) FROM runs"
    " WHERE workflow_id = lanes.key::uuid AND state = 'waiting' AND due_at IS NOT NULL)"
    " WHERE kind = 'runs'"
)


def make_timers(run: Run) -> None:
    """Runs of 300 workflows that wait for a year, by a worker, and copies of them."""
    stage = run.stage
    stage.database.execute("TRUNCATE events CASCADE")
    with stage.app.app_context():
        wait = {"id": "rest", "kind": "wait", "seconds": _YEAR_S}
        first = run.scene.organizations[0].id
        made = started(first, [shape(), wait], WORKFLOWS)
        db.session.commit()
    stage.start_workers(1)
    event = Sent(first, made.hook.id, traffic.body(traffic.RSVP, 1))
    backlog.accept(stage, [event])
    stage.wait_until(lambda: stage.ask(_WAITING) == WORKFLOWS, "waiting")
    stage.stop_workers()
    stage.database.execute(
        "CREATE TEMP TABLE waiting AS SELECT * FROM runs WHERE state = 'waiting'"
    )
    for _ in range(run.size.timers // _BATCH):
        _copy(stage, _BATCH, f"now() + interval '1 hour' + random() * interval '{2 * _YEAR_S} s'")


def claims_beside_timers(run: Run) -> Mapping[str, float]:
    """What claiming takes for whoever claims, from asking for lanes to giving them back."""
    stage, seconds = run.stage, run.size.reading_s
    when = f"clock_timestamp() + make_interval(secs => {_AHEAD_S} + random() * {seconds})"
    _copy(stage, int(DUE_A_SECOND * seconds), when)
    stage.database.execute(_LANES)
    stage.database.execute("VACUUM ANALYZE runs, lanes")
    with stage.app.app_context(), _reader(stage):
        owner = leases.OwnerLock(db.engine)
        try:
            took = list(_claims(db.engine, owner.acquire(), _AHEAD_S + seconds))
        finally:
            owner.release()
    return {"claim_p50_ms": percentile(took, 50), "claim_p99_ms": percentile(took, 99)}


def _copy(stage: Stage, count: int, due_at: str) -> None:
    own = {**_OWN, "due_at": due_at}
    columns = stage.ask(_COLUMNS)
    given = ", ".join(own.get(column, f"t.{column}") for column in columns)
    database = stage.database
    # The rows are copies of consistent ones: nothing is looked up for each of them again.
    database.execute("SET session_replication_role = replica")
    database.execute(
        f"INSERT INTO runs ({', '.join(columns)}) SELECT {given} FROM waiting t"
        f" CROSS JOIN generate_series(1, {count // WORKFLOWS})".encode()
    )
    database.execute("RESET session_replication_role")


@contextmanager
def _reader(stage: Stage) -> Iterator[None]:
    """Somebody who reads one snapshot all the while."""
    url = stage.database.info.dsn
    with psycopg.connect(url, password=stage.database.info.password) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute("SELECT count(*) FROM lanes")
        yield
        reader.rollback()


def _claims(engine: Engine, owner: UUID, seconds: float) -> Iterator[float]:
    """Claim what is due until the time is over; milliseconds of each claim that found some."""
    shares = Shares(WINDOW)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with engine.begin() as connection:
            claimed, took = _claim(connection, owner, shares)
        for lane in claimed.lanes:
            shares.grow(lane)
        if claimed.rows:
            yield took * 1000
        time.sleep(_LOOK_S)


def _claim(connection: Connection, owner: UUID, shares: Shares) -> tuple[Claimed, float]:
    """What was claimed and is settled now, and how many seconds of it were the claim's."""
    began = time.monotonic()
    claimed = claims.claim(connection, shares.allotment(WINDOW))
    took = time.monotonic() - began
    _settle(connection, owner, claimed.rows)
    began = time.monotonic()
    claims.served(connection, claimed)
    return claimed, took + time.monotonic() - began


def _settle(connection: Connection, owner: UUID, rows: Sequence[Row[Any]]) -> None:
    moves = [
        Move(row.id, row.organization_id, row.workflow_id, row.fence, state="succeeded")
        for row in rows
    ]
    journal.write(connection, owner, moves)
