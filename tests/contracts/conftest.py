"""An organization with one of everything, for whatever crosses it with somebody else."""

import pytest
from apiflask import APIFlask

from tests.contracts.objects import Objects
from tests.personas import Persona


@pytest.fixture
def objects(app: APIFlask, owner: Persona) -> Objects:
    made = Objects(app, owner)
    made.make_all()
    return made
