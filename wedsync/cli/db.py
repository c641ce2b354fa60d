"""`wedsync db`: bring the schema up to date; delete the private database."""

from datetime import UTC, datetime, timedelta

import click

from wedsync.cli import Unusable, installation
from wedsync.platform import embedded
from wedsync.settings import Settings


@click.group()
def command() -> None:
    """The database."""


@command.command()
def upgrade() -> None:
    """Bring the schema to this version, and the marketplace to its integrations."""
    from wedsync import migrations

    with installation.settings() as settings:
        migrations.upgrade(settings.database_url)
    with installation.app():
        from wedsync.listings.built_in import publish_built_in
        from wedsync.platform.runtime import commit

        published = publish_built_in()
        commit()
    for slug in published:
        click.echo(f"Published {slug}.")


@command.command()
@click.option("--days", default=1, show_default=True, type=click.IntRange(1, 90))
def recount(days: int) -> None:
    """Count anew how often things worked, from what was recorded in the last days."""
    with installation.app():
        from wedsync.platform.db import db
        from wedsync.rollups import recounting

        after = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        recounting.recount(db.engine, after - timedelta(days=days), after)
    click.echo("Counted anew.")


@command.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(yes: bool) -> None:
    """Delete the private database of this installation, with everything in it."""
    server, _ = embedded.at_home(Settings.from_environment().home)
    if server.running():
        raise Unusable("The private database is in use: stop WedSync first.")
    if yes or click.confirm(f"Delete the database in {server.storage}?"):
        server.delete()
