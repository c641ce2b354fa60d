"""What templates of one's own are made of: an organization that has connected everything."""

from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.personas import Persona
from tests.workflows.ready_made.built_in_connections import connect_all


@pytest.fixture
def accounts(app: APIFlask, owner: Persona) -> dict[str, UUID]:
    """A connection of each connector, by its slug."""
    return connect_all(app, owner.organization_id)
