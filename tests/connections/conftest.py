"""Connections need something to connect to, and something to choose from there."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.connections.choosing import Book, manifest
from tests.connections.ways import connected
from tests.far_ends.practice_partner import PracticePartner
from tests.far_ends.rest_service import started_rest_service
from tests.personas import Persona
from tests.workflows.connected import connect


@pytest.fixture(autouse=True)
def marketplace(built_in_listings: None) -> None:
    """The marketplace holds what is built in, also after a test that emptied everything."""


@pytest.fixture
def connection_id(app: APIFlask, editor: Persona, practice_partner: PracticePartner) -> UUID:
    return connected(app, editor, practice_partner)


@pytest.fixture
def book() -> Iterator[Book]:
    with started_rest_service(Book) as started:
        yield started
        started.may_answer.set()


@pytest.fixture
def tables(app: APIFlask, editor: Persona, book: Book) -> UUID:
    """A connection whose tables can be chosen."""
    return connect(app, editor.organization_id, manifest(book))
