"""Two workers on the same loops and calls, and people stopping runs beside them."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

from apiflask import APIFlask

from tests.workers.nesting import BY_OTHERS, GUESTS, for_each, start
from tests.workers.scene import (
    Hook,
    Sink,
    Worker,
    accept,
    call,
    make_workflow,
    note,
    on_hook,
    rows,
    wait_until,
    worker_of,
)
from wedsync.errors import Conflict
from wedsync.platform.db import db
from wedsync.workflows.running import runs

OPEN = (
    "SELECT count(*) AS n FROM runs WHERE workflow_id = :id"
    " AND state NOT IN ('succeeded', 'stopped')"
)
ROOTS = "SELECT * FROM runs WHERE workflow_id = :id AND parent_run_id IS NULL ORDER BY id"


def post(sink: Sink, path: str) -> Any:
    step = call("post", "")
    step["input"]["url"] = {
        "cat": [sink.url(path), {"var": "trigger.data.name"}, "-", {"var": "item"}]
    }
    return step


def test_loops_and_calls_of_two_workers_end_whatever_is_stopped_meanwhile(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    called = make_workflow(app, hook.organization_id, BY_OTHERS, note("hello", a=1))
    other = start("other", called)
    other["input"] = {"guest": {"var": "item"}, "place": {"var": "index"}}
    loop = for_each("each", GUESTS, post(sink, "/ok/two/"), other, parallel=8)
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), loop)
    for name in range(4):
        accept(app, hook, {"name": str(name), "guests": [f"g{n}" for n in range(40)]})
    worker.fan_out()
    before = _deadlocks(app)
    roots = [row.id for row in rows(app, ROOTS, id=workflow)]
    with worker_of(app) as second, ThreadPoolExecutor(3) as pool:
        stopping = pool.submit(_stop, app, hook, roots[:2])
        for each in (worker, second):
            pool.submit(_work, app, each, workflow)
        stopping.result()
        wait_until(lambda: rows(app, OPEN, id=workflow)[0].n == 0, seconds=45)
    found = rows(app, ROOTS, id=workflow)
    assert [row.state for row in found][2:] == ["succeeded"] * 2
    assert [row.items_left for row in found][2:] == [0, 0]
    asked = [path for path in sink.paths() if path.startswith(("/ok/two/2-", "/ok/two/3-"))]
    assert len(asked) == 80
    assert all(sink.paths()[path] == 1 for path in asked)
    assert _deadlocks(app) == before


def _work(app: APIFlask, worker: Worker, workflow: UUID) -> None:
    while rows(app, OPEN, id=workflow)[0].n:
        worker.run()


def _stop(app: APIFlask, hook: Hook, roots: list[UUID]) -> None:
    for run_id in roots:
        wait_until(partial(_is_in_its_loop, app, run_id), seconds=30)
        # One that came to its end first is over, and that is what it then says.
        with app.app_context(), suppress(Conflict):
            runs.stop(hook.organization_id, run_id)
            db.session.commit()


def _is_in_its_loop(app: APIFlask, run_id: UUID) -> bool:
    begun = "SELECT count(*) AS n FROM runs WHERE parent_run_id = :id AND state = 'succeeded'"
    return bool(rows(app, begun, id=run_id)[0].n > 3)


def _deadlocks(app: APIFlask) -> int:
    counted = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    return int(rows(app, counted)[0].deadlocks)
