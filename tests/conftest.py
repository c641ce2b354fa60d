"""Fixtures every test can use.

Real servers, started once for the run (`tests.servers`), and one migrated database per worker.
Isolation is by ownership, not by cleaning: each test makes organizations of its own and looks at
nothing else, so what earlier tests left behind is what a busy installation looks like. A test
that counts across organizations, or runs a drain until nothing is left, asks for
`empty_database`.
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import hypothesis
import pytest
from apiflask import APIFlask
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests import door
from tests.far_ends.practice_partner import practice_partner, practice_process  # noqa: F401
from tests.far_ends.rest_service import service  # noqa: F401
from tests.personas import Browser, Persona, browser_of, make_organization, make_persona
from tests.servers import Addresses, Servers, settings_for
from tests.workers.fixtures import hook, sink, worker  # noqa: F401
from tests.workflows.clockwork.ticking import moved_clock  # noqa: F401
from wedsync.factory import create_app
from wedsync.listings.built_in import publish_built_in
from wedsync.migrations import tables
from wedsync.platform import outbound
from wedsync.platform.db import db
from wedsync.settings import Settings

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")

_servers = Servers()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Hand the addresses to a worker of a parallel run (pytest-xdist)."""
    node.workerinput["addresses"] = dataclasses.asdict(_servers.addresses())  # type: ignore[attr-defined]


def pytest_unconfigure() -> None:
    _servers.stop()


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Addresses:
    """Where the run's PostgreSQL and Redis answer."""
    handed = getattr(request.config, "workerinput", None)
    return Addresses(**handed["addresses"]) if handed else _servers.addresses()


@pytest.fixture(scope="session")
def settings(
    servers: Addresses, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """Settings over this worker's own databases."""
    handed = getattr(request.config, "workerinput", None)
    home: Path = tmp_path_factory.mktemp("home")
    return settings_for(servers, handed["workerid"] if handed else "main", home)


@pytest.fixture(scope="session")
def app(settings: Settings) -> Iterator[APIFlask]:
    """The app. No context is pushed: `with app.app_context():` around a service, then commit."""
    made = create_app(settings)
    made.testing = True
    yield made
    with made.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session", autouse=True)
def far_ends_on_this_machine() -> None:
    """The far ends of tests listen on loopback."""
    outbound.allow_loopback(True)


@pytest.fixture(autouse=True)
def switch_left_as_it_was(far_ends_on_this_machine: None) -> Iterator[None]:
    """The loopback switch belongs to the process, and whoever makes an app turns it."""
    before = outbound.loopback_allowed()
    yield
    if outbound.loopback_allowed() != before:
        outbound.allow_loopback(before)


@pytest.fixture
def only_through_the_door() -> Iterator[None]:
    """Fails the test when the product connects to anything but by the outbound door."""
    with door.watching() as heard:
        yield
    assert heard == []


@pytest.fixture
def database(app: APIFlask) -> Iterator[Session]:
    """A session of the test's own that sees every commit at once and holds nothing open.

    Objects it loaded before are read again by `database.expire_all()`.
    """
    with app.app_context():
        engine = db.engine.execution_options(isolation_level="AUTOCOMMIT")
    with Session(engine) as session:
        yield session


@pytest.fixture
def empty_database(app: APIFlask) -> None:
    """No row of any earlier test is left in this worker's database."""
    names = ", ".join(f'"{table.name}"' for table in tables().sorted_tables)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {names} CASCADE"))


@pytest.fixture
def built_in_listings(app: APIFlask) -> None:
    """The marketplace holds what this checkout has built in."""
    with app.app_context():
        publish_built_in()
        db.session.commit()


@pytest.fixture
def client(app: APIFlask) -> Browser:
    """A browser nobody is signed in with."""
    return browser_of(app)


@pytest.fixture
def organization(app: APIFlask) -> UUID:
    """The business of owner, editor and viewer."""
    return make_organization(app)


@pytest.fixture
def owner(app: APIFlask, organization: UUID) -> Persona:
    return make_persona(app, organization, "owner", name="Imogen")


@pytest.fixture
def editor(app: APIFlask, organization: UUID) -> Persona:
    return make_persona(app, organization, "editor", name="Beth")


@pytest.fixture
def viewer(app: APIFlask, organization: UUID) -> Persona:
    return make_persona(app, organization, "viewer", name="Carys")


@pytest.fixture
def stranger(app: APIFlask) -> Persona:
    """The owner of a business that has nothing to do with the others."""
    return make_persona(app, make_organization(app, "Lumen Photography"), "owner", name="Marek")


@pytest.fixture
def admin(app: APIFlask) -> Persona:
    """Somebody who runs this installation."""
    home = make_organization(app, "Platform Team")
    return make_persona(app, home, "owner", name="Ada", is_admin=True)


@pytest.fixture
def partner(app: APIFlask) -> Persona:
    """The owner of a partner's organization."""
    return make_persona(app, make_organization(app, "Petal Flowers", "partner"), name="Nuria")
