"""Redis carries bells and nothing else: emptied, no breaker, schedule or disabling is different."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from redis import Redis

from tests.chaos.installation import servers_below
from tests.personas import make_organization
from tests.workers.machine import app_over
from tests.workers.passing_time import let_pass
from tests.workers.scene import Worker, make_endpoint, publish, rows, started_sink, worker_of
from wedsync.platform.db import db
from wedsync.platform.runtime import runtime
from workers import schedule

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

_REMEMBERED = (
    "SELECT * FROM endpoints ORDER BY id",
    "SELECT * FROM deliveries ORDER BY id",
    "SELECT * FROM lanes ORDER BY kind, key",
    "SELECT * FROM notices ORDER BY id",
)


def remembered(app: APIFlask) -> list[list[tuple[Any, ...]]]:
    """All there is of endpoints, what waits for them and when, and what people were told."""
    return [[tuple(row) for row in rows(app, query)] for query in _REMEMBERED]


def look_after(app: APIFlask) -> None:
    with app.app_context(), db.engine.begin() as connection:
        schedule.look_after_endpoints(connection)


def fail_for_five_days(app: APIFlask, worker: Worker, organization: UUID) -> None:
    for _ in range(6):
        publish(app, organization, "chaos.silent", {})
        worker.fan_out()
        worker.deliver()
        look_after(app)
        let_pass(app, 86_400)


def test_flushing_redis_changes_no_breaker_schedule_or_disabling(tmp_path: Path) -> None:
    with (
        servers_below(tmp_path) as (_, redis, settings),
        app_over(settings) as app,
        started_sink() as sink,
        worker_of(app) as worker,
    ):
        organization = make_organization(app)
        for path, kind in (
            ("/status/500/silent", "chaos.silent"),
            ("/status/503/down", "chaos.down"),
            ("/status/404/later", "chaos.later"),
            ("/status/410/gone", "chaos.gone"),
        ):
            make_endpoint(app, organization, sink.url(path), event_types=[kind])
        fail_for_five_days(app, worker, organization)
        for kind in ("chaos.down", "chaos.later", "chaos.gone"):
            for number in range(8):
                publish(app, organization, kind, {"n": number})
        worker.fan_out()
        worker.deliver()
        look_after(app)
        standing = {
            (row.state, row.state_reason, row.breaker_until is not None)
            for row in rows(app, "SELECT * FROM endpoints")
        }
        assert standing == {
            ("disabled", "failing", True),
            ("on", None, True),
            ("on", None, False),
            ("disabled", "gone", False),
        }
        let_pass(app, -3_600)  # nothing of it comes to be due while we look
        before = remembered(app)

        with app.app_context():
            runtime().wake.ring("deliveries", "events")
        server = Redis.from_url(redis.url)
        assert server.dbsize()
        server.flushall()
        worker.fan_out()
        worker.deliver()
        look_after(app)
        assert remembered(app) == before
