"""`wedsync api-key`: keys for scripts, from the shell of this installation."""

import click

from wedsync.cli import Unusable, installation


@click.group()
def command() -> None:
    """API keys."""


@command.command()
@click.option("--organization", required=True, metavar="SLUG", help="Whose key, such as rosewood.")
@click.option(
    "--scopes",
    required=True,
    help="What it may do: * for everything, or a list such as 'events:write runs:read'.",
)
@click.option("--name", default="Made at the command line", help="What it is for.")
def create(organization: str, scopes: str, name: str) -> None:
    """Make a key and print it, once; nobody can be shown it again."""
    with installation.app():
        from wedsync.accounts import api_keys, organizations
        from wedsync.errors import WedSyncError
        from wedsync.platform.runtime import commit

        try:
            found = organizations.find(organization)
            _key, raw = api_keys.create(found.id, name, scopes.replace(",", " ").split())
        except WedSyncError as error:
            raise Unusable(error.detail) from error
        commit()
        click.echo(raw)
