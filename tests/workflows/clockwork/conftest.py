"""What happens by the clock: a book that is looked at, and workers that take what is due."""

from collections.abc import Iterator

import pytest
from apiflask import APIFlask

from tests.far_ends.rest_service import started_rest_service
from tests.workers.scene import Worker
from tests.workflows.clockwork.dated_waits import Work
from tests.workflows.clockwork.guest_book import GuestBook
from tests.workflows.clockwork.ticking import MovedClock, come_round, tick


@pytest.fixture
def book() -> Iterator[GuestBook]:
    with started_rest_service(GuestBook) as started:
        yield started


@pytest.fixture
def march(moved_clock: MovedClock) -> MovedClock:
    moved_clock.set("2026-03-01T09:00:00Z")
    return moved_clock


@pytest.fixture
def june(moved_clock: MovedClock) -> None:
    """Before anybody signs in."""
    moved_clock.set("2027-06-01T12:00:00Z")


@pytest.fixture
def work(app: APIFlask, worker: Worker, moved_clock: MovedClock) -> Work:
    """Everything that is due by the moved clock."""

    def at_work() -> None:
        for _ in range(3):
            tick(app)
            come_round(app, moved_clock.now)
            worker.work()

    return at_work


@pytest.fixture
def at_work(app: APIFlask, worker: Worker) -> Work:
    """A worker tells of changes, and then takes what is due by the moved clock."""

    def tell_and_tick() -> None:
        worker.fan_out()
        tick(app)

    return tell_and_tick
