"""The rollups again, from the rows that endings were left by: after a repair, and as a check."""

from datetime import datetime

from sqlalchemy import Connection, Engine, text

from wedsync.rollups import endings, tallies
from wedsync.rollups.counting import ONE_AT_A_TIME
from wedsync.rollups.tallies import Tallies

_COLUMNS = "organization_id, kind, subject_id, part, connection_id, at, outcome, ms, weight"
_WITHIN = "{a}.finished_at >= :first AND {a}.finished_at < :after"
_OF_STEPS = (
    f"SELECT a.organization_id, {endings.OF_STEP.format(a='a', workflow_id='r.workflow_id')}, 1"
    " FROM step_attempts a JOIN runs r ON r.id = a.run_id"
    f" WHERE {_WITHIN.format(a='a')}"
)
_OF_DELIVERIES = (
    f"SELECT a.organization_id, {endings.OF_DELIVERY.format(a='a', endpoint_id='d.endpoint_id')}, 1"
    " FROM delivery_attempts a JOIN deliveries d ON d.id = a.delivery_id"
    f" WHERE {_WITHIN.format(a='a')}"
)
_OF_RUNS = (
    f"SELECT r.organization_id, {endings.OF_RUN.format(r='r')}, 1 FROM runs r"
    f" WHERE r.parent_run_id IS NULL AND {_WITHIN.format(a='r')}"
)
_RECORDED = (
    f"SELECT * FROM ({_OF_STEPS} UNION ALL {_OF_DELIVERIES} UNION ALL {_OF_RUNS})"
    f" AS recorded({_COLUMNS})"
)
_LOCK = text(f"SELECT pg_advisory_lock({ONE_AT_A_TIME})")
_UNLOCK = text(f"SELECT pg_advisory_unlock({ONE_AT_A_TIME})")
_PATIENT = (
    text("SET LOCAL statement_timeout = 0"),
    text("SET LOCAL idle_in_transaction_session_timeout = 0"),
)
_FORGET = tuple(
    text(f"DELETE FROM {table} WHERE at >= :first AND at < :after")
    for table in ("endings", "rollup_minutes", "rollup_hours")
)


def recounted(connection: Connection, first: datetime, after: datetime) -> Tallies:
    """By minute, what the recorded rows that ended from `first` until before `after` come to."""
    return tallies.by_minute(connection, _RECORDED, {"first": first, "after": after})


def recount(engine: Engine, first: datetime, after: datetime) -> None:
    """Count these hours anew; both are beginnings of an hour, and their rows must be there still.

    A row and its ending are seen together, in one snapshot; what ends meanwhile is counted
    afterwards, as always. Reads all rows there are.
    """
    with engine.connect() as connection:
        # For the session, and so before the snapshot: nobody counts from here on.
        connection.execute(_LOCK)
        connection.commit()
        try:
            connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                _count_anew(connection, first, after)
        finally:
            connection.execute(_UNLOCK)
            connection.commit()


def _count_anew(connection: Connection, first: datetime, after: datetime) -> None:
    asked = {"first": first, "after": after}
    for statement in (*_PATIENT, *_FORGET):
        connection.execute(statement, asked)
    for hour in tallies.hour_by_hour(connection, _RECORDED, asked):
        tallies.keep(connection, hour)
