"""Connections need something to connect to."""

from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.connections.ways import connected
from tests.far_ends.practice_partner import PracticePartner
from tests.personas import Persona


@pytest.fixture(autouse=True)
def marketplace(built_in_listings: None) -> None:
    """The marketplace holds what is built in, also after a test that emptied everything."""


@pytest.fixture
def connection_id(app: APIFlask, editor: Persona, practice_partner: PracticePartner) -> UUID:
    return connected(app, editor, practice_partner)
