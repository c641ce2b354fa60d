"""Twenty endpoints, well and in every kind of trouble, while workers are killed and Redis is
emptied: the books balance, what is ordered is never overtaken, the healthy have every message, and
what came twice is what was under way when somebody died or did not say what became of it."""

import random
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from redis import Redis
from sqlalchemy import Row

from tests.chaos.installation import servers_below
from tests.personas import make_organization
from tests.rollups.counts import require_the_same
from tests.sizes import FULL_SIZE
from tests.workers.machine import Process, Supervisor, app_over
from tests.workers.scene import Sink, make_endpoint, one, rows, started_sink, wait_until
from wedsync.cli.supervisor.programs import Program
from wedsync.events import service as events
from wedsync.platform.db import db
from wedsync.platform.runtime import commit
from wedsync.workflows import queries

MESSAGES = 20_000 if FULL_SIZE else 2_000
TYPES = 10
_AT_ONCE = 100
_TABLES = 7
_WORKERS = 2
_KILL_EVERY_S = 2.0
_KILLS = 60 if FULL_SIZE else 5
_END = 10**9
_SECONDS = 1_500 if FULL_SIZE else 240

pytestmark = [pytest.mark.slow, pytest.mark.timeout(_SECONDS * 2)]

_ORDERED: dict[str, Any] = {"ordered_by": "data.table"}
# Path, what is chosen for it. Two of them, side by side here, are told of each kind of event.
WELL: list[tuple[str, dict[str, Any]]] = [
    ("/ok/a", {}),
    ("/ok/b", _ORDERED),
    ("/ok/c", {"rate_per_s": 200}),
    ("/ok/d", {"max_in_flight": 3}),
    ("/ok/e", {**_ORDERED, "max_in_flight": 2}),
    ("/ok/f", {**_ORDERED, "stops_at_failure": True}),
    ("/slow/0.05/g", {}),
    ("/slow/0.05/h", _ORDERED),
]
MENDING: list[tuple[str, dict[str, Any]]] = [
    ("/flap/2/0.7/i", {}),
    ("/flap/2/0.7/j", _ORDERED),
    ("/flap/2/0.7/k", {**_ORDERED, "stops_at_failure": True}),
    ("/limit/60/l", {}),
    ("/limit/60/m", {"rate_per_s": 40}),
]
IN_VAIN: list[tuple[str, dict[str, Any]]] = [
    ("/hang/n", {}),
    ("/hang/o", {"max_in_flight": 2}),
    ("/reset/p", {}),
    ("/reset/q", _ORDERED),
    ("/redirect/r", {}),
    ("/status/500/s", {}),
    ("/status/410/t", {}),
]

_UNFINISHED = """
SELECT (SELECT count(*) FROM events WHERE fanned_out_at IS NULL)
     + (SELECT count(*) FROM deliveries d WHERE d.finished_at IS NULL AND d.endpoint_id = ANY(:ids)
        AND NOT EXISTS (SELECT FROM deliveries b WHERE b.lane = d.lane AND b.blocks_lane
                        AND b.state = 'exhausted')) AS n
"""
_OPEN = "SELECT count(*) AS n FROM deliveries WHERE endpoint_id = :id AND finished_at IS NULL"
_DELIVERIES = """
SELECT d.*, (SELECT count(*) FROM delivery_attempts a WHERE a.delivery_id = d.id) AS tries,
       (SELECT count(*) FROM delivery_attempts a WHERE a.delivery_id = d.id
        AND (a.outcome IS NULL OR a.outcome IN ('lost', 'maybe'))) AS unsure
  FROM deliveries d
"""


@dataclass
class Trouble:
    """An installation, and its endpoints by their path."""

    app: APIFlask
    sink: Sink
    redis: Redis
    organization: UUID
    workers: list[Process]
    supervisor: Supervisor
    endpoints: dict[str, UUID] = field(default_factory=dict)

    def path_of(self, delivery: Row[Any]) -> str:
        return self._paths[delivery.endpoint_id]

    @cached_property
    def _paths(self) -> dict[UUID, str]:
        return {made: path for path, made in self.endpoints.items()}

    def ids_of(self, *groups: list[tuple[str, Any]]) -> list[UUID]:
        return [self.endpoints[path] for group in groups for path, _ in group]


@pytest.fixture
def trouble(tmp_path: Path) -> Iterator[Trouble]:
    with ExitStack() as stack:
        _, redis, settings = stack.enter_context(
            servers_below(tmp_path, recoveries_before_parking=1_000_000)
        )
        app = stack.enter_context(app_over(settings))
        sink = stack.enter_context(started_sink())
        argv = (sys.executable, "-m", "tests.chaos.hurried_worker")
        named = [Program(f"worker-{number + 1}", argv) for number in range(_WORKERS)]
        workers = [Process(each, settings, tmp_path / f"{each.name}.log") for each in named]
        supervisor = Supervisor(workers)
        supervisor.start()
        stack.callback(supervisor.stop)
        organization = make_organization(app)
        made = Trouble(app, sink, Redis.from_url(redis.url), organization, workers, supervisor)
        for number, (path, chosen) in enumerate([*WELL, *MENDING, *IN_VAIN]):
            kind = [f"chaos.kind_{number % TYPES}"]
            url = sink.url(path)
            made.endpoints[path], _ = make_endpoint(
                app, organization, url, event_types=kind, **chosen
            )
        wait_until(lambda: one(app, "SELECT count(*) AS n FROM owners").n == _WORKERS, 60)
        yield made


def publish(here: Trouble, numbers: range) -> None:
    with here.app.app_context():
        for number in numbers:
            data = {"table": number // TYPES % _TABLES, "n": number}
            kind = f"chaos.kind_{number % TYPES}"
            events.publish(here.organization, kind, data, source="api")
        commit("events")


class Killer(threading.Thread):
    """Ends a random worker every two seconds, as a power cut would."""

    def __init__(self, here: Trouble) -> None:
        super().__init__(daemon=True)
        self._here = here
        self._stopping = threading.Event()
        self.kills = 0

    def run(self) -> None:
        while self.kills < _KILLS and not self._stopping.wait(_KILL_EVERY_S):
            random.choice(self._here.workers).kill()
            self.kills += 1

    def stop(self) -> None:
        self._stopping.set()
        self.join()


def test_who_is_well_has_everything_whatever_happens_beside_it(trouble: Trouble) -> None:
    here = trouble
    killer = Killer(here)
    killer.start()
    for first in range(0, MESSAGES, _AT_ONCE):
        publish(here, range(first, first + _AT_ONCE))
        if first == MESSAGES // 2:
            here.redis.flushall()
    goes_on = here.ids_of(WELL, MENDING)
    try:
        killer.join(_SECONDS)
        wait_until(lambda: one(here.app, _UNFINISHED, ids=goes_on).n == 0, _SECONDS, 0.2)
        # What a killed worker was sending there is due again, until the clock cancels it.
        gone = here.endpoints["/status/410/t"]
        wait_until(lambda: one(here.app, _OPEN, id=gone).n == 0, _SECONDS, 0.2)
    finally:
        killer.stop()
        here.supervisor.stop()
        for worker in here.workers:
            print(worker.log[-3_000:])
    assert killer.kills == _KILLS
    arrivals = arrivals_of(here)
    found = rows(here.app, _DELIVERIES)
    print(Counter((here.path_of(row), row.state) for row in found))
    print(sum(row.unsure for row in found), "attempts of which nobody knows")
    the_books_balance(here, found)
    with here.app.app_context():
        require_the_same(db.engine)
    the_well_have_every_message(here, found)
    nothing_came_more_often_than_it_was_tried(here, found, arrivals)
    nothing_in_order_was_overtaken(here, found, arrivals)
    the_others_were_left_in_peace(here, found)


Arrivals = dict[tuple[str, str], list[tuple[int, int]]]
"""By path and message: when it came, as a number in the order of all, and what was answered."""


def arrivals_of(here: Trouble) -> Arrivals:
    found: Arrivals = defaultdict(list)
    for number, (path, key, status) in enumerate(here.sink.arrivals()):
        found[path, key].append((number, status))
    return found


def the_books_balance(here: Trouble, found: list[Row[Any]]) -> None:
    with here.app.app_context():
        books = queries.books(here.organization)
    assert books.events["to_fan_out"] == books.events["parked"] == 0
    assert books.made == len(found) == sum(books.deliveries.values())
    made = Counter(row.endpoint_id for row in found)
    gone = here.endpoints["/status/410/t"]
    assert {each: made[each] for each in here.endpoints.values() if each != gone} == dict.fromkeys(
        (each for each in here.endpoints.values() if each != gone), MESSAGES // TYPES
    )


def the_well_have_every_message(here: Trouble, found: list[Row[Any]]) -> None:
    well = here.ids_of(WELL)
    states = Counter(row.state for row in found if row.endpoint_id in well)
    assert states == {"delivered": len(well) * MESSAGES // TYPES}


def nothing_came_more_often_than_it_was_tried(
    here: Trouble, found: list[Row[Any]], arrivals: Arrivals
) -> None:
    """What is delivered came; what came once more was tried in vain, or nobody knew of it."""
    for row in found:
        came = arrivals.get((here.path_of(row), str(row.event_id)), [])
        welcomed = sum(status == 200 for _, status in came)
        assert len(came) <= row.tries
        assert (row.state == "delivered") <= welcomed <= (row.state == "delivered") + row.unsure


def nothing_in_order_was_overtaken(
    here: Trouble, found: list[Row[Any]], arrivals: Arrivals
) -> None:
    lanes: defaultdict[str, list[Row[Any]]] = defaultdict(list)
    for row in found:
        if ":" in row.lane:
            lanes[row.lane].append(row)
    assert len(lanes) > _TABLES
    for lane in lanes.values():
        for one_, other in combinations(lane, 2):
            if were_open_together(one_, other):
                first, second = sorted((one_, other), key=lambda row: int(row.seq))
                assert comes_of(here, first, arrivals)[1] < comes_of(here, second, arrivals)[0]


def were_open_together(one_: Row[Any], other: Row[Any]) -> bool:
    """Their numbers say which comes first; a lane in which nothing is open counts from one."""
    return all(
        a.finished_at is None or a.finished_at > b.created_at
        for a, b in ((one_, other), (other, one_))
    )


def comes_of(here: Trouble, row: Row[Any], arrivals: Arrivals) -> tuple[int, int]:
    """When it came first and last. What is open may still come last of all; what never came would
    come after that."""
    came = [number for number, _ in arrivals.get((here.path_of(row), str(row.event_id)), [])]
    if row.finished_at is None:
        return min(came, default=_END + 1), _END
    return min(came, default=_END + 1), max(came, default=-1)


def the_others_were_left_in_peace(here: Trouble, found: list[Row[Any]]) -> None:
    """Who is down was asked now and then; who is gone not any more; who redirects got ten tries."""
    by_path: defaultdict[str, list[Row[Any]]] = defaultdict(list)
    for row in found:
        by_path[here.path_of(row)].append(row)
    for path in ("/hang/n", "/reset/p", "/status/500/s"):
        assert {row.state for row in by_path[path]} <= {"due", "in_flight", "exhausted"}
        assert sum(row.tries for row in by_path[path]) < MESSAGES // TYPES
    assert {row.state for row in by_path["/status/410/t"]} <= {"cancelled"}
    assert {row.last_error for row in by_path["/redirect/r"] if row.tries > 1} == {"redirected"}
    gone = "SELECT state, state_reason FROM endpoints WHERE id = :id"
    assert tuple(one(here.app, gone, id=here.endpoints["/status/410/t"])) == ("disabled", "gone")
