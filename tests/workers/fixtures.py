"""The fixtures of every test that lets a worker work; `tests/conftest.py` hands them out."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.workers.scene import Hook, Sink, Worker, make_hook, started_sink, worker_of


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    """A receiver that counts, shared by the tests of a module."""
    with started_sink() as started:
        yield started


@pytest.fixture
def worker(app: APIFlask, empty_database: None) -> Iterator[Worker]:
    """A worker moved by hand, in a database that holds nothing of other tests."""
    with worker_of(app) as started:
        yield started


@pytest.fixture
def hook(app: APIFlask, worker: Worker, organization: UUID) -> Hook:
    """A hook of the business of owner, editor and viewer."""
    return make_hook(app, organization)
