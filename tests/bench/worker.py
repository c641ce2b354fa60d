"""One worker with work that lies there already: runs, beside partners that hang, and deliveries."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from uuid import UUID

from tests.bench import backlog, traffic
from tests.bench.backlog import Sent
from tests.bench.measurement import Run, require, succeeded
from tests.bench.processes import BenchError
from tests.bench.scene import DELIVERIES_PATH, HANGING_LANES, HANGING_PATH, RUNS_PATH
from wedsync.platform.db import db
from wedsync.settings import CHECKOUT
from wedsync.workflows.editing import service as workflows

HANGING = 50
_RAW_S = 60.0
_UNANSWERED = (
    "SELECT count(*) FROM step_attempts a JOIN runs r ON r.id = a.run_id"
    " WHERE a.finished_at IS NULL AND r.workflow_id = ANY(%s)"
)


def engine(run: Run) -> Mapping[str, float]:
    """Runs that are due already: three recorded steps each, one of them an HTTP effect."""
    return {"engine_runs_per_s": _engine(run)}


def engine_beside_hanging(run: Run) -> Mapping[str, float]:
    """The same while a quarter of the window waits for answers that do not come."""
    _queue(run)
    with _hanging(run):
        rate = _drain(run)
    run.stage.wait_until_idle()
    return {"engine_beside_hanging_runs_per_s": rate}


def events_to_runs(run: Run) -> Mapping[str, float]:
    """Events that lie there already: fan-out, runs and their effects."""
    stage, count = run.stage, run.size.events
    stage.forget_arrivals()
    done = succeeded(stage)
    began = backlog.accept_events(stage, run.scene, count)
    last_at = stage.wait_for_arrivals(RUNS_PATH, count)
    stage.wait_until_idle()
    require(succeeded(stage) - done, count, "runs")
    return {"events_to_runs_per_s": count / (last_at - began)}


def _engine(run: Run) -> float:
    done = succeeded(run.stage)
    _queue(run)
    rate = _drain(run)
    run.stage.wait_until_idle()
    require(succeeded(run.stage) - done, run.size.events, "runs")
    return rate


def _queue(run: Run) -> None:
    """Have runs pile up while their workflows are paused."""
    run.stage.forget_arrivals()
    _switch(run, workflows.pause)
    backlog.accept_events(run.stage, run.scene, run.size.events)
    run.stage.wait_until_fanned_out()


def _drain(run: Run) -> float:
    """Go on; how many runs a second reach the receiver."""
    _switch(run, workflows.resume)
    began = time.monotonic()
    run.stage.ring("runs")
    last_at = run.stage.wait_for_arrivals(RUNS_PATH, run.size.events)
    return run.size.events / (last_at - began)


def _switch(run: Run, to: Callable[[UUID, UUID], object]) -> None:
    with run.stage.app.app_context():
        for organization in run.scene.organizations:
            to(organization.id, organization.workflow_id)
        db.session.commit()


@contextmanager
def _hanging(run: Run) -> Iterator[None]:
    """Fifty requests under way that nobody answers, until the block is left."""
    stage, slow = run.stage, run.scene.hanging
    event = Sent(slow.organization_id, slow.hook.id, traffic.body(traffic.RSVP, 0))
    backlog.accept(stage, [event] * (HANGING // HANGING_LANES))
    stage.wait_for_arrivals(HANGING_PATH, HANGING)
    try:
        yield
        waiting = stage.ask(_UNANSWERED, slow.workflow_ids)
        if waiting < HANGING:
            raise BenchError(f"Only {waiting} requests were still hanging.")
    finally:
        stage.answer_who_hangs()


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
