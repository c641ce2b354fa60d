"""The schema's history: `upgrade` brings a database to head.

Expand, then contract: a release must run beside the one before it, so a column is added one
release before it is needed and dropped one release after.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, create_engine, text

from wedsync.platform.db import Base

_HERE = Path(__file__).parent
_MODULES = (
    "wedsync.accounts.models",
    "wedsync.api.models",
    "wedsync.audit.models",
    "wedsync.connections.limits.models",
    "wedsync.connections.models",
    "wedsync.events.models",
    "wedsync.health.incidents.models",
    "wedsync.listings.models",
    "wedsync.notices.models",
    "wedsync.platform.leases",
    "wedsync.platform.mail.models",
    "wedsync.platform.schedule",
    "wedsync.platform.vault",
    "wedsync.rollups.models",
    "wedsync.weddings.models",
    "wedsync.webhooks.models",
    "wedsync.webhooks.replays.models",
    "wedsync.workflows.building.models",
    "wedsync.workflows.models",
    "wedsync.workflows.ready_made.models",
    "wedsync.workflows.run_models",
    "wedsync.workflows.waiting_models",
)
_ONE_AT_A_TIME = 0x57656453  # any constant; two processes migrating at once take turns


def tables() -> MetaData:
    """Every table of the product."""
    for module in _MODULES:
        import_module(module)
    return Base.metadata


def upgrade(database_url: str, revision: str = "head") -> None:
    """Bring the database at `database_url` (SQLAlchemy form) to `revision`."""
    _run(database_url, lambda config: command.upgrade(config, revision))


def downgrade(database_url: str, revision: str) -> None:
    """Take the database back to `revision` (`base`: empty)."""
    _run(database_url, lambda config: command.downgrade(config, revision))


def head() -> str | None:
    """The newest revision in this checkout."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def current(connection: Connection) -> str | None:
    """The revision the database is at."""
    return MigrationContext.configure(connection).get_current_revision()


def _run(database_url: str, action: Callable[[Config], object]) -> None:
    engine = create_engine(database_url)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
            config = _config()
            config.attributes["connection"] = connection
            action(config)
    finally:
        engine.dispose()


def _config() -> Config:
    return Config(str(_HERE / "alembic.ini"))
