"""A replay whose workers are killed in its middle, whose Redis is emptied, that is paused and goes
on: every event it was asked for arrives, each once in its order, and the books balance."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from apiflask import APIFlask
from redis import Redis
from sqlalchemy import Row, text

from tests.chaos.installation import servers_below
from tests.personas import make_organization
from tests.webhooks.replaying_scene import begin, replay_of
from tests.workers.machine import Process, app_over, kept_running
from tests.workers.scene import (
    Sink,
    deliveries_of,
    make_endpoint,
    one,
    publish,
    rows,
    started_sink,
    wait_until,
)
from wedsync.platform.db import db
from wedsync.platform.embedded import RedisServer
from wedsync.webhooks.replays import service as replays

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

EVENTS = 2_000
COUPLES = 40
_HAPPENED = text(
    "INSERT INTO events (organization_id, type, source, occurred_at, data, causation,"
    " fanned_out_at) SELECT :organization, 'seating.changed', 'api', now(),"
    " jsonb_build_object('couple', n % :couples), '{}', now() FROM generate_series(1, :many) n"
)


@dataclass
class Here:
    app: APIFlask
    redis: RedisServer
    sink: Sink
    workers: list[Process]
    organization: UUID

    def kill(self) -> None:
        """End every worker; the supervisor starts them again."""
        before = one(self.app, "SELECT count(*) AS n FROM owners").n
        for worker in self.workers:
            worker.kill()
        Redis.from_url(self.redis.url).flushall()
        wait_until(lambda: one(self.app, "SELECT count(*) AS n FROM owners").n >= before, 60, 0.1)

    def happen(self) -> UUID:
        """Something new, told to the endpoint while the replay goes on."""
        return publish(self.app, self.organization, "seating.changed", {"couple": 0})


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    with ExitStack() as stack:
        _, redis, settings = stack.enter_context(servers_below(tmp_path))
        app = stack.enter_context(app_over(settings))
        sink = stack.enter_context(started_sink())
        organization = make_organization(app)
        with app.app_context(), db.engine.begin() as connection:
            given = {"organization": organization, "couples": COUPLES, "many": EVENTS}
            connection.execute(_HAPPENED, given)
        kept, _supervisor = stack.enter_context(kept_running(settings, tmp_path, workers=2))
        wait_until(lambda: one(app, "SELECT count(*) AS n FROM owners").n == 2, 60, 0.1)
        yield Here(app, redis, sink, kept, organization)


def test_every_event_that_was_asked_for_arrives_in_its_order(here: Here) -> None:
    url = here.sink.url("/ok/again")
    endpoint, _ = make_endpoint(here.app, here.organization, url, ordered_by="data.couple")
    replay = begin(here.app, here.organization, endpoint, "not_delivered")
    has_come_to(here.app, replay, EVENTS // 10)
    here.kill()
    has_come_to(here.app, replay, EVENTS // 3)
    pause(here, replay)
    stands_at = replay_of(here.app, replay).seen
    here.kill()
    meanwhile = here.happen()
    arrives(here.app, meanwhile)
    paused = replay_of(here.app, replay)
    assert (paused.state, paused.seen) == ("paused", stands_at)
    resume(here, replay)
    has_come_to(here.app, replay, EVENTS * 2 // 3)
    here.kill()

    wait_until(lambda: replay_of(here.app, replay).state == "done", 180, 0.2)
    is_open = "SELECT count(*) AS n FROM deliveries WHERE finished_at IS NULL"
    wait_until(lambda: one(here.app, is_open).n == 0, 180, 0.2)
    found = replay_of(here.app, replay)
    assert (found.total, found.seen, found.queued) == (EVENTS, EVENTS, EVENTS)
    told = deliveries_of(here.app, endpoint)
    assert Counter(each.state for each in told) == {"delivered": EVENTS + 1}
    each_key_came_in_order(told, meanwhile)
    the_sink_has_each(here, told)


def has_come_to(app: APIFlask, replay: UUID, seen: int) -> None:
    wait_until(lambda: replay_of(app, replay).seen >= seen, 120, 0.02)


def arrives(app: APIFlask, event: UUID) -> None:
    arrived = "SELECT count(*) AS n FROM deliveries WHERE event_id = :id AND state = 'delivered'"
    wait_until(lambda: one(app, arrived, id=event).n == 1, 120, 0.1)


def pause(here: Here, replay: UUID) -> None:
    with here.app.app_context():
        replays.pause(here.organization, replay)
        db.session.commit()


def resume(here: Here, replay: UUID) -> None:
    with here.app.app_context():
        replays.resume(here.organization, replay)
        db.session.commit()


def each_key_came_in_order(told: list[Row[tuple[object, ...]]], meanwhile: UUID) -> None:
    """Of one couple, what happened first arrived first; what happened meanwhile had its own
    place."""
    lanes: dict[str, list[Row[tuple[object, ...]]]] = {}
    for each in told:
        if each.event_id != meanwhile:
            lanes.setdefault(each.lane, []).append(each)
    assert len(lanes) == COUPLES
    for lane in lanes.values():
        arrived = sorted(lane, key=lambda row: row.finished_at)
        assert [row.event_id for row in arrived] == sorted(row.event_id for row in lane)


def the_sink_has_each(here: Here, told: list[Row[tuple[object, ...]]]) -> None:
    """At least once, and again only where a process died between sending and writing."""
    came = here.sink.keys()
    tries = rows(
        here.app,
        "SELECT d.event_id::text AS key, count(*) AS n,"
        " count(*) FILTER (WHERE a.outcome = 'lost') AS lost"
        " FROM delivery_attempts a JOIN deliveries d ON d.id = a.delivery_id GROUP BY 1",
    )
    assert set(came) == {row.key for row in tries} == {str(each.event_id) for each in told}
    for row in tries:
        assert 1 <= came[row.key] <= row.n == 1 + row.lost
