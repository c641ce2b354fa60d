"""What a measurement is, how much one round of each does, and what all of them ask."""

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.bench.processes import BenchError
from tests.bench.scene import Scene
from tests.bench.stage import Stage


@dataclass(frozen=True)
class Size:
    """How much one round of each measurement does.

    `stored`, `timers` and `due` are rows that lie there meanwhile; `reading_s` is how long
    somebody reads an old snapshot beside the timers; `replayed` events are sent again; rollups are
    made for `counted_s` seconds of tries.
    """

    rounds: int
    hooks: int
    runs: int
    jobs: int
    events: int
    deliveries: int
    raw_requests: int
    paced: int
    pages: int
    gestures: int
    conditions: int
    no_ops: int
    back_fill: int
    stored: int
    timers: int
    reading_s: float
    due: int
    replayed: int
    counted_s: int


FULL = Size(
    5,
    2_500,
    2_000,
    120,
    4_000,
    6_000,
    50_000,
    600,
    80,
    30,
    20_000,
    20,
    50_000,
    1_000_000,
    1_000_000,
    60,
    1_000_000,
    100_000,
    120,
)
QUICK = Size(
    1,
    600,
    600,
    40,
    1_000,
    1_500,
    6_000,
    300,
    20,
    3,
    5_000,
    8,
    5_000,
    100_000,
    100_000,
    15,
    100_000,
    5_000,
    30,
)


@dataclass(frozen=True)
class Run:
    """What every measurement is given."""

    stage: Stage
    scene: Scene
    size: Size


Measurement = Callable[[Run], Mapping[str, float]]
"""Measures one round; its figures by name."""


@dataclass(frozen=True)
class Section:
    """Measurements that take turns under the same workers.

    `rounds` where one is enough, because a round is long and gives many values.
    """

    name: str
    measurements: tuple[Measurement, ...]
    workers: int = 0
    rq_workers: int = 0
    rounds: int | None = None
    prepare: Callable[[Run], None] | None = None


def percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def succeeded(stage: Stage) -> int:
    """How many runs have succeeded so far, items of loops not counted."""
    query = "SELECT count(*) FROM runs WHERE state = 'succeeded' AND parent_run_id IS NULL"
    return int(stage.ask(query))


def require(found: int, wanted: int, what: str) -> None:
    if found != wanted:
        raise BenchError(f"{wanted} {what} were expected to succeed, {found} did.")
