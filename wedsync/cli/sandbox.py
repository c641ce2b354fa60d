"""`wedsync sandbox`: the practice partner alone, for machines that run each process by itself.

Processes that should talk to it are started with the same `PORT` and `WEDSYNC_CLIENT_SANDBOX`.
"""

import os

import click

from wedsync.cli import Unusable
from wedsync.cli.installation import practice
from wedsync.cli.supervisor import preflight
from wedsync.cli.supervisor.programs import sandbox
from wedsync.settings import CHECKOUT, Settings


@click.command()
def command() -> None:
    """Run the practice partner and its inbox, on this machine only."""
    settings = Settings.from_environment()
    if practice.CONNECTOR not in settings.connector_clients:
        raise Unusable(
            "WEDSYNC_CLIENT_SANDBOX is not set: give the practice partner and every other process "
            "the same id:secret."
        )
    preflight.require_front_end()
    preflight.require_practice_ports(settings)
    os.chdir(CHECKOUT)
    program = sandbox()
    told = {**os.environ, **practice.environment(practice.beside(settings))}
    os.execve(program.argv[0], program.argv, told)
