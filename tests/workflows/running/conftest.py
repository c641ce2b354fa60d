"""A partner that seats guests, for runs that act there."""

from collections.abc import Iterator

import pytest

from tests.far_ends.rest_service import RestService, started_rest_service
from wedsync.platform import ids


@pytest.fixture
def seats() -> Iterator[RestService]:
    with started_rest_service() as started:
        started.answers("POST", "/seats/release", {"released": "Table 4, seat 2"})
        started.answers("POST", "/pay", {"receipt": "R-7"})
        yield started


@pytest.fixture
def slug() -> str:
    return f"seating-{ids.new_id().hex[-8:]}"
