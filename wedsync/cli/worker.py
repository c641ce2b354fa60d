"""`wedsync worker`: one worker process alone."""

import os

import click

from wedsync.cli.supervisor.programs import worker
from wedsync.settings import CHECKOUT, Settings


@click.command()
@click.option("--queue", default=None, help="Serve this queue instead of the wake bells: long.")
def command(queue: str | None) -> None:
    """Do the work: runs, deliveries, connections, e-mail."""
    Settings.from_environment()  # says what is wrong before the worker starts
    argv = worker("worker", queue).argv
    os.chdir(CHECKOUT)
    os.execv(argv[0], argv)
