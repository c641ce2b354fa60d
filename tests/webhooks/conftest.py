"""A partner that tells us what is new, and the drain that arranges it."""

from collections.abc import Callable, Iterator

import pytest
from apiflask import APIFlask

from tests.far_ends.rest_service import RestService, started_rest_service
from tests.webhooks.arranging import NEVER
from tests.workers.scene import Worker
from wedsync.webhooks.hooks.subscribing import Subscribing


@pytest.fixture
def service() -> Iterator[RestService]:
    with started_rest_service() as started:
        started.answers("DELETE", "/webhooks/sub_1", status=204, body=b"")
        yield started


@pytest.fixture
def subscribe(app: APIFlask, worker: Worker) -> Callable[[], None]:
    """One round of the drain."""
    runtime = worker.runtime
    drain = Subscribing(worker.engine, runtime.vault, runtime.settings)
    return lambda: drain.work(NEVER)
