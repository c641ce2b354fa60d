"""One organization brings in its old events; another's next run should hardly notice."""

import statistics
import time
from collections.abc import Mapping

from tests.bench import backlog, traffic
from tests.bench.backlog import Sent
from tests.bench.measurement import Run
from tests.bench.scene import RUNS_PATH

_ALONE = 10
_EVERY_S = 0.25
_UNTIL_OVER = "SELECT count(*) FROM runs WHERE workflow_id = %s AND state = 'succeeded'"
_TOOK = (
    "SELECT extract(epoch FROM r.finished_at - e.accepted_at)::float8 * 1000 FROM runs r"
    " JOIN events e ON e.id = r.event_id WHERE r.workflow_id = %s AND r.state = 'succeeded'"
    " ORDER BY r.id DESC LIMIT 1"
)


def beside_back_fill(run: Run) -> Mapping[str, float]:
    """One run after the other of an organization: alone, then while another back-fills."""
    stage, who = run.stage, run.scene.organizations[0]
    stage.forget_arrivals()
    alone = [_next_run(run) for _ in range(_ALONE)]
    old = Sent(who.id, who.rsvps.id, traffic.body(traffic.RSVP, 0))
    backlog.accept(stage, [old] * run.size.back_fill)
    beside = []
    while stage.sink(f"/count{RUNS_PATH}")["count"] < _ALONE + len(beside) + run.size.back_fill:
        beside.append(_next_run(run))
        time.sleep(_EVERY_S)
    stage.wait_until_idle()
    return {
        "next_run_alone_ms": statistics.median(alone),
        "next_run_beside_back_fill_ms": statistics.median(beside),
        "back_fill_delay_ms": max(beside) - statistics.median(alone),
    }


def _next_run(run: Run) -> float:
    """Milliseconds from storing an event until its run is over."""
    stage, who = run.stage, run.scene.organizations[1]
    done = stage.ask(_UNTIL_OVER, who.workflow_id)
    event = Sent(who.id, who.rsvps.id, traffic.body(traffic.RSVP, 1))
    backlog.accept(stage, [event])
    stage.wait_until(lambda: stage.ask(_UNTIL_OVER, who.workflow_id) > done, "another's run")
    return float(stage.ask(_TOOK, who.workflow_id))
