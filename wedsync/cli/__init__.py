"""The commands: `wedsync up`, `wedsync db upgrade`, `wedsync doctor` and the rest.

Each module here that has a `command` is one, under the module's name; nothing lists them. Only
the one asked for is imported. What commands share lives in the packages beside them:
`installation` (settings, database and app for a command) and `supervisor` (the processes of `up`).

An expected failure ends a command with one sentence and code 2; anything else is a defect and
shows its traceback.
"""

from importlib import import_module
from pkgutil import iter_modules

import click

from wedsync.errors import WedSyncError
from wedsync.platform.embedded import ServerError
from wedsync.settings import SettingError


class Unusable(click.ClickException):
    """What stops a command, in one sentence; the exit code is 2."""

    exit_code = 2

    def show(self, file: object = None) -> None:
        click.echo(f"wedsync: {self.message}", err=True)


class Commands(click.Group):
    """Finds its commands among the modules of this package."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        modules = [found.name for found in iter_modules(__path__) if not found.ispkg]
        names = sorted(name.replace("_", "-") for name in modules)
        return [name for name in names if self.get_command(ctx, name) is not None]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = cmd_name.replace("-", "_")
        if module not in {found.name for found in iter_modules(__path__) if not found.ispkg}:
            return None
        found = getattr(import_module(f"{__name__}.{module}"), "command", None)
        return found if isinstance(found, click.Command) else None

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (SettingError, ServerError, WedSyncError) as error:
            raise Unusable(str(error)) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """WedSync Integration Marketplace."""


def main() -> None:
    """Run the command that was asked for; never returns."""
    cli(prog_name="wedsync")
