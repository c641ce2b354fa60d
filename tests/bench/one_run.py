"""What one run costs: a condition, many steps that touch nothing, a loop over many guests."""

import statistics
import time
from collections.abc import Mapping
from typing import Any

from tests.bench import backlog, traffic
from tests.bench.backlog import Sent
from tests.bench.measurement import Run
from tests.bench.processes import BenchError
from tests.bench.scene import CONDITION, NO_OPS, Started
from tests.bench.stage import Stage
from wedsync.platform import clock
from wedsync.workflows.engine.conditions import Condition
from wedsync.workflows.engine.view import View

GUESTS = 2_000
# From the moment an event is stored until its run is over, both by the database's clock.
_TOOK = (
    "SELECT extract(epoch FROM r.finished_at - e.accepted_at)::float8 FROM runs r"
    " JOIN events e ON e.id = r.event_id WHERE r.workflow_id = %s AND r.parent_run_id IS NULL"
    " AND r.state = 'succeeded' ORDER BY r.id DESC LIMIT 1"
)
_STEPS = (
    "SELECT count(*) FROM run_steps WHERE state = 'succeeded' AND run_id ="
    " (SELECT id FROM runs WHERE workflow_id = %s AND parent_run_id IS NULL"
    "  ORDER BY id DESC LIMIT 1)"
)


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


def no_ops(run: Run) -> Mapping[str, float]:
    """Forty steps that touch nothing, one run at a time: from accepted to recorded."""
    data = traffic.answer(1)
    took = [_seconds(run.stage, run.scene.no_ops, data, NO_OPS) for _ in range(run.size.no_ops)]
    return {"no_ops_p50_ms": statistics.median(took) * 1000}


def loop(run: Run) -> Mapping[str, float]:
    """A loop over 2,000 guests whose body touches nothing: from accepted to recorded."""
    return {"for_each_2000_s": _seconds(run.stage, run.scene.loop, _guests(), GUESTS)}


def calling_loop(run: Run) -> Mapping[str, float]:
    """The same with one HTTP effect for each guest, fifty at a time."""
    took = _seconds(run.stage, run.scene.calling_loop, _guests(), GUESTS)
    return {"for_each_2000_calling_s": took}


def _guests() -> dict[str, Any]:
    return {"guests": [{"name": f"Guest {number}"} for number in range(GUESTS)]}


def _seconds(stage: Stage, started: Started, data: dict[str, Any], steps: int) -> float:
    """How long the run takes that this starts; `steps` of it or more must have succeeded."""
    event = Sent(started.organization_id, started.hook.id, traffic.sent(traffic.RSVP, data))
    backlog.accept(stage, [event])
    stage.wait_until_idle()
    (workflow_id,) = started.workflow_ids
    recorded = stage.ask(_STEPS, workflow_id)
    if recorded < steps:
        raise BenchError(f"Only {recorded} of {steps} steps succeeded.")
    return float(stage.ask(_TOOK, workflow_id))
