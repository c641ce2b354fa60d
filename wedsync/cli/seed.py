"""`wedsync seed`: records to look at."""

import click

from wedsync.cli import installation


@click.group()
def command() -> None:
    """Records to begin with."""


@command.command()
def demo() -> None:
    """Make the demo's businesses, couples, hooks and workflows, where they are missing."""
    with installation.app():
        from wedsync.cli.demo_data.seeding import plant
        from wedsync.platform import clock
        from wedsync.platform.runtime import commit

        made = plant(clock.now().date())
        commit()
        for business in made:
            click.echo(f"Made {business.name}.")
        if not made:
            click.echo("The demo is here already; nothing was changed.")
