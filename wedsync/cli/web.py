"""`wedsync web`: the web process alone, for machines that run each process by itself."""

import os

import click

from wedsync.cli.supervisor.programs import web
from wedsync.settings import CHECKOUT, Settings


@click.command()
def command() -> None:
    """Serve pages, the API and hooks."""
    argv = web(Settings.from_environment()).argv
    os.chdir(CHECKOUT)
    os.execv(argv[0], argv)
