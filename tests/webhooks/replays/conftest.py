"""An endpoint that knows nothing yet, and pages of a replay that hold two events."""

from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.webhooks.replaying_scene import CHANGED
from tests.workers.scene import Sink, make_endpoint, publish, worker_of
from wedsync.webhooks.replays import replaying


@pytest.fixture
def endpoint(app: APIFlask, organization: UUID, sink: Sink) -> UUID:
    """Made when five things had happened already."""
    for table in range(5):
        publish(app, organization, CHANGED, {"table": table})
    with worker_of(app) as worker:
        worker.fan_out()
    made, _secret = make_endpoint(app, organization, sink.url(f"/ok/{organization}"))
    return made


@pytest.fixture
def by_twos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "PAGE", 2)
