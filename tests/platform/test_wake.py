"""Waking is a hint: quick when Redis is there, nearly free when it is not."""

import socket
import time
from collections.abc import Iterator

import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from wedsync.platform import embedded
from wedsync.platform.wake import QUEUE, Wake


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with embedded.redis(tmp_path_factory.mktemp("redis")) as server:
        yield server.url


@pytest.fixture
def client(redis: str) -> Redis:
    found = Redis.from_url(redis)
    found.flushall()
    return found


def jobs(client: Redis) -> int:
    return len(Queue(QUEUE, connection=client, serializer=JSONSerializer))


def test_ringing_often_makes_one_job_per_lane(redis: str, client: Redis) -> None:
    wake = Wake(redis)
    for _ in range(10):
        wake.ring("events", "runs")
    assert jobs(client) == 2
    assert client.exists("bell:events", "bell:runs") == 2


def test_a_lost_ring_silences_a_lane_for_five_seconds_at_most(redis: str, client: Redis) -> None:
    Wake(redis).ring("events")
    assert 0 < client.pttl("bell:events") <= 5_000


def test_after_redis_was_emptied_a_ring_rings_again(redis: str, client: Redis) -> None:
    wake = Wake(redis)
    wake.ring("events")
    client.flushall()
    wake.ring("events")
    assert jobs(client) == 1


def test_a_drain_of_this_process_is_rung_without_a_job(redis: str, client: Redis) -> None:
    rung: list[str] = []
    wake = Wake(redis)
    wake.prefer(lambda lane: lane == "runs" and not rung.append(lane))
    wake.ring("runs", "events")
    assert (rung, jobs(client)) == (["runs"], 1)


def test_ticks_reach_who_listens(redis: str, client: Redis) -> None:
    with client.pubsub() as listening:
        listening.subscribe("ticks:tests")
        assert listening.get_message(timeout=2)["type"] == "subscribe"
        Wake(redis).tick("ticks:tests", ["one"])
        heard = listening.get_message(timeout=2)
        assert b"one" in heard["data"]


def test_a_redis_that_does_not_answer_costs_a_moment_and_then_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        wake = Wake(f"redis://127.0.0.1:{silent.getsockname()[1]}")
        began = time.monotonic()
        wake.ring("events")
        first = time.monotonic() - began
        for _ in range(100):
            wake.ring("events")
            wake.tick("ticks:tests", ["one"])
        rest = time.monotonic() - began - first
    assert first < 0.3
    assert rest < 0.05


@pytest.mark.parametrize("address", [None, "unix:///nowhere/redis.sock", "redis://127.0.0.1:65530"])
def test_no_redis_at_all_is_no_error(address: str | None) -> None:
    wake = Wake(address)
    wake.ring("events", "runs")
    wake.tick("ticks:tests", ["one"])
