"""Through the front: hooks, runs from end to end, deliveries at a steady pace, the list of runs."""

import statistics
import time
import uuid
from collections.abc import Mapping
from contextlib import closing

from redis import Redis
from rq import Queue

from tests.bench import bare_path, page, rq_jobs, traffic
from tests.bench.load import Order, Receipt, Target
from tests.bench.measurement import Run, percentile, require, succeeded
from tests.bench.scene import LATENCY_PATH, RUNS_PATH
from tests.bench.visitor import Visitor

IN_FLIGHT = 20
_PACE = 200.0


def accept(run: Run) -> Mapping[str, float]:
    """Signed hooks that concern nobody, while nothing works behind the front."""
    receipt = run.stage.send(_order(run.stage.ports.front, run.scene.quiet, run.size.hooks))
    return {
        "accept_rps": _rate(receipt),
        "accept_p50_ms": statistics.median(receipt.latencies),
        "accept_p99_ms": percentile(receipt.latencies, 99),
    }


def bare(run: Run) -> Mapping[str, float]:
    """The same requests to the bare native path."""
    receipt = run.stage.send(_bare_order(run))
    return {
        "bare_accept_rps": _rate(receipt),
        "bare_accept_p99_ms": percentile(receipt.latencies, 99),
    }


def bare_beside_workers(run: Run) -> Mapping[str, float]:
    """The yardstick of `accept_busy_rps`: the workers are there and have nothing to do."""
    return {"bare_accept_beside_workers_rps": _rate(run.stage.send(_bare_order(run)))}


def runs(run: Run) -> Mapping[str, float]:
    """Signed hooks that start runs, until the receiver has them all and all is recorded."""
    stage, count = run.stage, run.size.runs
    stage.forget_arrivals()
    done = succeeded(stage)
    receipt = stage.send(_order(stage.ports.front, run.scene.rsvps, count))
    last_at = stage.wait_for_arrivals(RUNS_PATH, count)
    memory = stage.memory_mb()
    stage.wait_until_idle()
    require(succeeded(stage) - done, count, "runs")
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


def latency(run: Run) -> Mapping[str, float]:
    """Hooks at a steady pace, each until its event reaches an endpoint."""
    stage, count = run.stage, run.size.paced
    stage.forget_arrivals()
    receipt = stage.send(_order(stage.ports.front, run.scene.songs, count, per_second=_PACE))
    stage.wait_for_arrivals(LATENCY_PATH, count)
    arrived = stage.sink(f"/keys{LATENCY_PATH}")
    took = [(arrived[event_id] - at) * 1000 for event_id, at in receipt.sent.items()]
    return {"delivery_p95_ms_at_200": percentile(took, 95)}


def pages(run: Run) -> Mapping[str, float]:
    """The list of runs, read one after the other."""
    with closing(Visitor(run.stage.ports.front, page.READER)) as visitor:
        page.milliseconds(visitor)
        took = [page.milliseconds(visitor) for _ in range(run.size.pages)]
    return {"page_p95_ms": percentile(took, 95)}


def _order(
    port: int, targets: list[Target], count: int, *, per_second: float | None = None
) -> Order:
    return Order(port, targets, count, IN_FLIGHT, per_second)


def _bare_order(run: Run) -> Order:
    target = Target(bare_path.PATH, run.stage.bare_secret, traffic.QUIET)
    return _order(run.stage.ports.bare, [target], run.size.hooks)


def _rate(receipt: Receipt) -> float:
    return len(receipt.latencies) / (receipt.ended - receipt.began)
