"""Whatever a connector's test does, the connector itself reaches the network by the door only."""

import pytest


@pytest.fixture(autouse=True)
def every_socket_is_the_doors(only_through_the_door: None) -> None:
    """Fails the test that finds a socket of the connector's own."""
