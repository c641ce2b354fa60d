"""`python -m workers` as a process: with and without Redis, asked to stop, and killed."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from apiflask import APIFlask
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from tests.workers.machine import Process, started
from tests.workers.scene import (
    Sink,
    call,
    make_endpoint,
    make_workflow,
    on_event,
    one,
    publish,
    rows,
    run_of,
    states_of,
    tries_of,
    wait_until,
)
from wedsync.cli.supervisor import programs
from wedsync.platform import embedded
from wedsync.platform.wake import QUEUE, Wake
from wedsync.settings import Settings

pytestmark = pytest.mark.timeout(240)

# How patient the tests are with a machine that has much else to do.
STARTS_S = 45.0
SOON_S = 20.0

Start = Callable[..., Process]


@pytest.fixture(autouse=True)
def nothing_left(empty_database: None) -> None:
    """Before anything else is made: these workers take whatever is due."""


@pytest.fixture
def start(settings: Settings, tmp_path: Path) -> Iterator[Start]:
    """Starts workers that are gone after the test: `start("first", redis_url=…)`."""
    with ExitStack() as running:

        def start_one(
            name: str = "worker", *, redis_url: str | None = settings.redis_url, **options: str
        ) -> Process:
            here = replace(settings, redis_url=redis_url)
            return running.enter_context(started(programs.worker(name, **options), here, tmp_path))

        yield start_one


def owners(app: APIFlask) -> int:
    return int(one(app, "SELECT count(*) AS n FROM owners").n)


def ask_for(app: APIFlask, organization: UUID, url: str, **fields: object) -> UUID:
    """A workflow that calls `url`, and an event that sets it off."""
    workflow = make_workflow(
        app, organization, on_event("seating.changed"), call("call", url, **fields)
    )
    publish(app, organization, "seating.changed", {"guest": "Ana"})
    return workflow


# --- without Redis


@pytest.mark.parametrize("address", [None, "unix:///nowhere/redis.sock", "redis://127.0.0.1:65530"])
def test_a_worker_drains_while_there_is_no_redis_and_stops_when_asked(
    app: APIFlask, organization: UUID, sink: Sink, start: Start, address: str | None
) -> None:
    worker = start(redis_url=address)
    wait_until(lambda: owners(app) == 1, STARTS_S)
    make_endpoint(app, organization, sink.url("/ok/without"))
    workflow = ask_for(app, organization, sink.url("/ok/without"))
    wait_until(lambda: states_of(app, workflow) == {"succeeded": 1}, SOON_S)
    delivered = "SELECT count(*) AS n FROM deliveries WHERE state = 'delivered'"
    wait_until(lambda: one(app, delivered).n == 1, SOON_S)
    assert worker.stop(SOON_S) == 0
    assert owners(app) <= 1


def test_redis_may_come_go_and_come_back(
    app: APIFlask, organization: UUID, sink: Sink, start: Start, tmp_path: Path
) -> None:
    redis = embedded.redis(tmp_path / "redis")
    worker = start(redis_url=redis.url)
    wait_until(lambda: "Redis is away" in worker.log, STARTS_S)
    workflow = ask_for(app, organization, sink.url("/ok/coming"))
    wait_until(lambda: states_of(app, workflow) == {"succeeded": 1}, SOON_S)
    for round_number in (2, 3):
        with redis:
            _wait_until_the_bell_is_answered(redis.url)
        publish(app, organization, "seating.changed", {"guest": "Ana"})
        done = {"succeeded": round_number}
        wait_until(lambda done=done: states_of(app, workflow) == done, SOON_S)  # type: ignore[misc]
    assert worker.stop(SOON_S) == 0


def _wait_until_the_bell_is_answered(redis_url: str) -> None:
    """Ring; the worker's job takes the bell down."""
    client = Redis.from_url(redis_url)
    client.set("bell:events", "hung by the test")
    Queue(QUEUE, connection=client, serializer=JSONSerializer).enqueue(
        "workers.bells.ring", "events"
    )
    wait_until(lambda: not client.exists("bell:events"), SOON_S)


def test_a_ring_wakes_a_worker_at_once(
    app: APIFlask, organization: UUID, sink: Sink, start: Start, tmp_path: Path
) -> None:
    with embedded.redis(tmp_path / "redis") as redis:
        start(redis_url=redis.url)
        wait_until(lambda: owners(app) == 1, STARTS_S)
        _wait_until_the_bell_is_answered(redis.url)
        workflow = ask_for(app, organization, sink.url("/ok/rung"))
        waits = []
        for number in range(2, 8):
            publish(app, organization, "seating.changed", {"guest": "Ana"})
            began = time.monotonic()
            Wake(redis.url).ring("events")
            done = {"succeeded": number}
            wait_until(lambda done=done: states_of(app, workflow) == done, SOON_S, 0.005)  # type: ignore[misc]
            waits.append(time.monotonic() - began)
        assert sorted(waits)[len(waits) // 2] < 0.4, waits


# --- asked to stop


def test_what_is_in_flight_comes_home_when_a_worker_is_asked_to_stop(
    app: APIFlask, organization: UUID, sink: Sink, start: Start
) -> None:
    sink.forget()
    worker = start()
    wait_until(lambda: owners(app) == 1, STARTS_S)
    workflow = ask_for(app, organization, sink.url("/slow/2.5/stopping"), key=False)
    wait_until(lambda: bool(sink.paths()), SOON_S)
    assert worker.stop(SOON_S) == 0
    run = run_of(app, workflow)
    assert (run.state, tries_of(app, run.id, "call")) == ("succeeded", ["ok"])


def test_a_second_request_to_stop_does_not_cut_the_first_short(
    app: APIFlask, organization: UUID, sink: Sink, start: Start
) -> None:
    sink.forget()
    worker = start()
    wait_until(lambda: owners(app) == 1, STARTS_S)
    workflow = ask_for(app, organization, sink.url("/slow/2/twice"), key=False)
    wait_until(lambda: bool(sink.paths()), SOON_S)
    for _ in range(2):
        worker.signal()
        time.sleep(0.3)
    assert worker.stop(SOON_S) == 0
    assert run_of(app, workflow).state == "succeeded"


def test_the_worker_for_long_jobs_drains_nothing_and_stops_when_asked(
    app: APIFlask, start: Start, tmp_path: Path
) -> None:
    with embedded.redis(tmp_path / "redis") as redis:
        worker = start("long", redis_url=redis.url, queue="long")
        client = Redis.from_url(redis.url)
        wait_until(lambda: client.scard("rq:workers:long") == 1, STARTS_S)
        assert owners(app) == 0
        assert worker.stop(SOON_S) == 0


def test_a_worker_that_cannot_start_says_why_in_one_sentence(start: Start) -> None:
    worker = start(redis_url="nonsense")
    wait_until(lambda: worker.ended, STARTS_S)
    assert worker.stop() == 2
    assert worker.log.splitlines()[-1].startswith("workers: REDIS_URL should begin with")


# --- killed


def test_what_a_killed_worker_held_is_taken_up_by_another_within_two_seconds(
    app: APIFlask, organization: UUID, sink: Sink, start: Start
) -> None:
    sink.forget()
    first = start("first")
    wait_until(lambda: owners(app) == 1, STARTS_S)
    workflow = ask_for(app, organization, sink.url("/hang/killed"), timeout_s=60)
    wait_until(lambda: bool(sink.paths()), SOON_S)
    start("second")
    wait_until(lambda: owners(app) == 2, STARTS_S)
    run = run_of(app, workflow)
    first.kill()
    began = time.monotonic()
    wait_until(lambda: tries_of(app, run.id, "call") == ["lost", None], SOON_S)
    # About two seconds on a machine with nothing else to do, and far from the end of a lease.
    assert time.monotonic() - began < 10
    wait_until(lambda: sink.keys() == {f"{run.id}:call:-:0": 2}, SOON_S)


def test_two_workers_do_each_slot_of_the_schedule_once(app: APIFlask, start: Start) -> None:
    for name in ("first", "second"):
        start(name)
    wait_until(lambda: owners(app) == 2, STARTS_S)
    taken = "SELECT slot, count(*) AS n FROM schedule_slots WHERE name = :name GROUP BY 1"
    wait_until(lambda: len(rows(app, taken, name="give back claims")) >= 4, SOON_S)
    assert {row.n for row in rows(app, taken, name="give back claims")} == {1}
