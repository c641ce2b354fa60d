"""Connections need something to connect to."""

import pytest


@pytest.fixture(autouse=True)
def marketplace(built_in_listings: None) -> None:
    """The marketplace holds what is built in, also after a test that emptied everything."""
