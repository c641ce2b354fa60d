"""What counting costs: a thousand tries a second end, at many things, and are added up each second.

The processor time is that of who counts and of its session of the database.
"""

import time
from collections.abc import Mapping

import psutil
from sqlalchemy import Connection, text

from tests.bench.measurement import Run, require
from wedsync.platform.db import db
from wedsync.rollups import counting

A_SECOND = 1_000
THINGS = 100
"""Connections, steps and endpoints of each of the organizations that try something."""

# Half of them are tries of steps through a connection, half deliveries; one in twenty fails.
_END = text(
    "INSERT INTO endings (organization_id, kind, subject_id, part, connection_id, at, outcome, ms)"
    " SELECT o.id, CASE WHEN n % 2 = 0 THEN 'step' ELSE 'endpoint' END,"
    " CAST(md5('thing ' || n % :things) AS uuid), CASE WHEN n % 2 = 0 THEN 'ask' ELSE '' END,"
    " CASE WHEN n % 2 = 0 THEN CAST(md5('connection ' || n % :things) AS uuid) END,"
    " CAST(:began AS timestamptz) + :second * interval '1 s',"
    " CASE WHEN n % 20 = 0 THEN 'maybe' ELSE 'ok' END, 20 + (n * 7919) % 400"
    " FROM generate_series(1, :number) n"
    " JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place, count(*) OVER () AS of_all"
    "  FROM organizations) o ON o.place = 1 + n % o.of_all"
)
_PID = text("SELECT pg_backend_pid()")
_NOW = text("SELECT date_trunc('minute', clock_timestamp())")


def counting_each_second(run: Run) -> Mapping[str, float]:
    """Processor time for one ending, from its own row to the rollups."""
    spent, counted, seconds = 0.0, 0, run.size.counted_s
    with run.stage.app.app_context(), db.engine.connect() as connection:
        began = connection.scalar(_NOW)
        session = psutil.Process(connection.scalar(_PID))
        while _count(connection):
            pass  # what stopped workers left
        for second in range(seconds):
            given = {"number": A_SECOND, "things": THINGS, "began": began, "second": second}
            connection.execute(_END, given)
            connection.commit()
            before = _spent(session)
            counted += _count(connection)
            spent += _spent(session) - before
    require(counted, seconds * A_SECOND, "endings")
    return {"rollup_cpu_us": spent / counted * 1e6}


def _count(connection: Connection) -> int:
    counted = counting.count(connection)
    connection.commit()
    return counted


def _spent(session: psutil.Process) -> float:
    """Seconds of processor time, of this process and of the session."""
    times = session.cpu_times()
    return time.process_time() + times.user + times.system
