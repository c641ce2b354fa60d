"""Whoever locks the lanes of deliveries and of runs takes those of deliveries first."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.far_ends.rest_service import started_rest_service
from tests.workers.scene import (
    Worker,
    accept,
    beside,
    make_endpoint,
    make_hook,
    make_workflow,
    on_hook,
    run_of,
    worker_of,
)
from tests.workers.trouble import wait_for_a_lock
from tests.workflows.connected import connect, mend, release, seating, tell
from wedsync.platform import ids


@pytest.fixture
def worker(app: APIFlask, empty_database: None) -> Iterator[Worker]:
    with worker_of(app) as started:
        yield started


LANES = text("SELECT key FROM lanes WHERE kind = :kind FOR UPDATE NOWAIT")


def test_who_waits_for_a_connection_is_woken_after_deliveries_are_made(
    app: APIFlask, worker: Worker, organization: UUID
) -> None:
    hook, slug = make_hook(app, organization), f"seating-{ids.new_id().hex[-8:]}"
    make_endpoint(app, organization, "http://127.0.0.1:19876/told")
    with started_rest_service() as service:
        service.answers("POST", "/seats/release", {"released": None})
        connection = connect(app, organization, seating(service, slug), state="needs_reauth")
        step = release("seat", connection, slug)
        workflow = make_workflow(app, organization, on_hook(hook), step)
        accept(app, hook, {"guest": "g_1"})
        tell(app, connection, "connection.needs_reauth")
        worker.work()
        assert run_of(app, workflow).state == "waiting"
        mend(app, connection)
        with worker.engine.begin() as turn:
            assert turn.execute(LANES, {"kind": "deliveries"}).all()
            with beside(worker.fan_out) as fanned_out:
                wait_for_a_lock(app)
                assert turn.execute(LANES, {"kind": "runs"}).all()
                turn.rollback()
                assert fanned_out.result() == 1
        worker.run()
        assert run_of(app, workflow).state == "succeeded"
