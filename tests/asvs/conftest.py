"""A provider of the tests' own, and a connector to it."""

from collections.abc import Iterator

import pytest
from apiflask import APIFlask

from tests.connections.lone_provider import Listed, listed


@pytest.fixture
def connector(app: APIFlask, built_in_listings: None) -> Iterator[Listed]:
    with listed(app) as found:
        yield found
