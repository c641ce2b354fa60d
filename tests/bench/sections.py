"""What is measured: sections of measurements that take turns, round after round.

A measurement returns the figures of one round by name. Those of a section stand side by side: what
is compared is measured within seconds of each other, under the same workers.
"""

import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from redis import Redis
from rq import Queue

from tests.bench import backlog, bare_path, page, rq_jobs, traffic
from tests.bench.load import Order, Receipt, Target
from tests.bench.processes import BenchError
from tests.bench.scene import CONDITION, DELIVERIES_PATH, LATENCY_PATH, RUNS_PATH, Scene
from tests.bench.stage import Stage
from wedsync.platform import clock
from wedsync.settings import CHECKOUT
from wedsync.workflows.engine.conditions import Condition
from wedsync.workflows.engine.view import View

IN_FLIGHT = 20
_PACE = 200.0
_RAW_S = 60.0


@dataclass(frozen=True)
class Size:
    """How much one round of each measurement does."""

    rounds: int
    hooks: int
    runs: int
    jobs: int
    events: int
    deliveries: int
    raw_requests: int
    paced: int
    pages: int
    conditions: int


FULL = Size(5, 2_500, 2_000, 120, 4_000, 6_000, 50_000, 600, 80, 20_000)
QUICK = Size(1, 600, 600, 40, 1_000, 1_500, 6_000, 300, 20, 5_000)


@dataclass(frozen=True)
class Run:
    """What every measurement is given."""

    stage: Stage
    scene: Scene
    size: Size


Measurement = Callable[[Run], Mapping[str, float]]


def accept(run: Run) -> Mapping[str, float]:
    """Signed hooks that concern nobody, while nothing works behind the front."""
    receipt = run.stage.send(_order(run.stage.ports.front, run.scene.quiet, run.size.hooks))
    return {
        "accept_rps": _rate(receipt),
        "accept_p50_ms": statistics.median(receipt.latencies),
        "accept_p99_ms": _percentile(receipt.latencies, 99),
    }


def bare(run: Run) -> Mapping[str, float]:
    """The same requests to the bare native path."""
    receipt = run.stage.send(_bare_order(run))
    return {
        "bare_accept_rps": _rate(receipt),
        "bare_accept_p99_ms": _percentile(receipt.latencies, 99),
    }


def bare_beside_workers(run: Run) -> Mapping[str, float]:
    """The yardstick of `accept_busy_rps`: the workers are there and have nothing to do."""
    return {"bare_accept_beside_workers_rps": _rate(run.stage.send(_bare_order(run)))}


def runs(run: Run) -> Mapping[str, float]:
    """Signed hooks that start runs, until the receiver has them all and all is recorded."""
    stage, count = run.stage, run.size.runs
    stage.forget_arrivals()
    done = _succeeded(stage)
    receipt = stage.send(_order(stage.ports.front, run.scene.rsvps, count))
    last_at = stage.wait_for_arrivals(RUNS_PATH, count)
    memory = stage.memory_mb()
    stage.wait_until_idle()
    _require(_succeeded(stage) - done, count, "runs")
    return {
        "accept_busy_rps": _rate(receipt),
        "runs_per_s": count / (last_at - receipt.began),
        "rss_mb": memory,
    }


def rq_job_per_item(run: Run) -> Mapping[str, float]:
    """The same work as one RQ job per item."""
    stage, count = run.stage, run.size.jobs
    stage.forget_arrivals()
    with Redis.from_url(stage.rq_url) as redis:
        queue = Queue(rq_jobs.QUEUE, connection=redis)
        jobs = [
            Queue.prepare_data(rq_jobs.run, (str(uuid.uuid4()), traffic.answer(n)), result_ttl=0)
            for n in range(count)
        ]
        began = time.monotonic()
        queue.enqueue_many(jobs)
        last_at = stage.wait_for_arrivals(rq_jobs.PATH, count)
    return {"rq_job_per_item_rps": count / (last_at - began)}


def engine(run: Run) -> Mapping[str, float]:
    """Events that lie there already: fan-out, runs and their effects by one worker."""
    stage, count = run.stage, run.size.events
    stage.forget_arrivals()
    done = _succeeded(stage)
    began = backlog.accept_events(stage, run.scene, count)
    last_at = stage.wait_for_arrivals(RUNS_PATH, count)
    stage.wait_until_idle()
    _require(_succeeded(stage) - done, count, "runs")
    return {"engine_runs_per_s": count / (last_at - began)}


def deliveries(run: Run) -> Mapping[str, float]:
    """Deliveries that are due, by one worker."""
    stage, count = run.stage, run.size.deliveries
    stage.forget_arrivals()
    began = backlog.make_due(stage, run.scene, count)
    last_at = stage.wait_for_arrivals(DELIVERIES_PATH, count)
    stage.wait_until_idle()
    return {"deliveries_per_s": count / (last_at - began)}


def raw_libcurl(run: Run) -> Mapping[str, float]:
    """The same requests to the same receiver, by libcurl alone."""
    port, count = run.stage.ports.sink, run.size.raw_requests
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.raw_libcurl", str(port), str(count)],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        timeout=_RAW_S,
        check=True,
    )
    return {"libcurl_rps": float(done.stdout)}


def latency(run: Run) -> Mapping[str, float]:
    """Hooks at a steady pace, each until its event reaches an endpoint."""
    stage, count = run.stage, run.size.paced
    stage.forget_arrivals()
    receipt = stage.send(_order(stage.ports.front, run.scene.songs, count, per_second=_PACE))
    stage.wait_for_arrivals(LATENCY_PATH, count)
    arrived = stage.sink(f"/keys{LATENCY_PATH}")
    took = [(arrived[event_id] - at) * 1000 for event_id, at in receipt.sent.items()]
    return {"delivery_p95_ms_at_200": _percentile(took, 95)}


def pages(run: Run) -> Mapping[str, float]:
    """The list of runs, read one after the other."""
    reader = page.Reader(run.stage.ports.front)
    try:
        reader.milliseconds()
        took = [reader.milliseconds() for _ in range(run.size.pages)]
    finally:
        reader.close()
    return {"page_p95_ms": _percentile(took, 95)}


def condition(run: Run) -> Mapping[str, float]:
    """One condition decided and explained, each time on an event of 1 kB it has not seen."""
    judged = Condition(CONDITION)
    now = clock.now()
    wishes = {f"wish_{number}": "a quiet corner, away from the band" for number in range(14)}
    scopes = [
        {"trigger": {"data": {**traffic.answer(number), **wishes}}, "steps": {}}
        for number in range(run.size.conditions)
    ]
    began = time.perf_counter()
    for scope in scopes:
        judged.judge(View(scope, now))
    return {"condition_us": (time.perf_counter() - began) / len(scopes) * 1e6}


@dataclass(frozen=True)
class Section:
    """Measurements that take turns under the same workers."""

    name: str
    measurements: tuple[Measurement, ...]
    workers: int = 0
    rq_workers: int = 0
    prepare: Callable[[Stage], None] | None = None


SECTIONS = (
    Section("condition", (condition,)),
    Section("accept", (accept, bare)),
    Section("runs", (runs, bare_beside_workers, rq_job_per_item), workers=2, rq_workers=2),
    Section("latency", (latency,), workers=2),
    Section("page", (pages,), workers=2, prepare=page.make_runs),
    Section("engine", (engine,), workers=1),
    Section("deliveries", (deliveries, raw_libcurl), workers=1),
)


def _order(
    port: int, targets: list[Target], count: int, *, per_second: float | None = None
) -> Order:
    return Order(port, targets, count, IN_FLIGHT, per_second)


def _bare_order(run: Run) -> Order:
    target = Target(bare_path.PATH, run.stage.bare_secret, traffic.QUIET)
    return _order(run.stage.ports.bare, [target], run.size.hooks)


def _rate(receipt: Receipt) -> float:
    return len(receipt.latencies) / (receipt.ended - receipt.began)


def _percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _succeeded(stage: Stage) -> int:
    return int(stage.ask("SELECT count(*) FROM runs WHERE state = 'succeeded'"))


def _require(found: int, wanted: int, what: str) -> None:
    if found != wanted:
        raise BenchError(f"{wanted} {what} were expected to succeed, {found} did.")
