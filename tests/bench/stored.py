"""Cost by what is stored: the same work beside ten thousand finished runs, and beside a million.

The first are made by the worker; the others are copies of them, row by row and column by column,
with ids of their own: events, runs, steps and attempts.
"""

import statistics
from collections.abc import Mapping, Sequence

from tests.bench import backlog
from tests.bench.measurement import Run, require, succeeded
from tests.bench.stage import Stage

FEW = 10_000
_ROUNDS = 3
# What a copy has of its own, by table: an expression for each of these columns.
_OWN = {
    "events": {"id": "c.event_id"},
    "runs": {"id": "c.run_id", "event_id": "c.event_id", "cause": "'event:' || c.event_id"},
    "run_steps": {"run_id": "c.run_id"},
    "step_attempts": {"run_id": "c.run_id"},
}
_COPIED_BY = {"events": "c.of_event = t.id", "runs": "c.of_run = t.id"}
_PAIRS = (
    "CREATE TEMP TABLE copies AS SELECT id AS of_run, event_id AS of_event, uuidv7() AS run_id,"
    " uuidv7() AS event_id FROM (SELECT id, event_id FROM runs WHERE state = 'succeeded'"
    " AND parent_run_id IS NULL ORDER BY id LIMIT {count})"
)
_AGAIN = "UPDATE copies SET run_id = uuidv7(), event_id = uuidv7()"
_COLUMNS = (
    "SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute"
    " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
)


def cost_by_what_is_stored(run: Run) -> Mapping[str, float]:
    """Processor time of worker and database for one run, from its event on."""
    stage = run.stage
    stage.database.execute("TRUNCATE events CASCADE")
    _work(run, FEW)
    few = [_cost_us(run) for _ in range(_ROUNDS + 1)]
    store(stage, run.size.stored)
    many = [_cost_us(run) for _ in range(_ROUNDS + 1)]
    # The first of each warms up what was swept out of memory.
    return {
        "run_cpu_us_at_10000": statistics.median(few[1:]),
        "run_cpu_us_at_stored": statistics.median(many[1:]),
    }


def store(stage: Stage, wanted: int) -> None:
    """Copy finished runs until there are `wanted`."""
    database = stage.database
    # The rows are copies of consistent ones: nothing is looked up for each of them again.
    database.execute("SET session_replication_role = replica")
    database.execute(_PAIRS.format(count=FEW).encode())
    for _ in range((wanted - succeeded(stage)) // FEW):
        database.execute(_AGAIN)
        for table in _OWN:
            database.execute(_copy(table, stage.ask(_COLUMNS, table)).encode())
    database.execute("DROP TABLE copies")
    database.execute("RESET session_replication_role")
    database.execute("VACUUM ANALYZE")
    database.execute("CHECKPOINT")


def _copy(table: str, columns: Sequence[str]) -> str:
    own = _OWN[table]
    given = ", ".join(own.get(column, f"t.{column}") for column in columns)
    which = _COPIED_BY.get(table, "c.of_run = t.run_id")
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {given} FROM copies c"
        f" JOIN {table} t ON {which}"
    )


def _cost_us(run: Run) -> float:
    before = run.stage.cpu_seconds()
    _work(run, run.size.events)
    return (run.stage.cpu_seconds() - before) / run.size.events * 1e6


def _work(run: Run, count: int) -> None:
    done = succeeded(run.stage)
    backlog.accept_events(run.stage, run.scene, count)
    run.stage.wait_until_idle()
    require(succeeded(run.stage) - done, count, "runs")
