"""`wedsync up`: the whole of WedSync on this machine, until Ctrl-C.

A development set-up in one command: private servers where no address is given, a migrated
database, a demo to look at, and every process supervised. In production each process is started
alone (`wedsync web`, `wedsync worker`) with `DATABASE_URL` and `REDIS_URL`.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import click
import psycopg

from wedsync.cli import Unusable, installation
from wedsync.cli.installation import logins, practice
from wedsync.cli.supervisor import preflight, programs
from wedsync.cli.supervisor.supervisor import Supervisor
from wedsync.platform import embedded
from wedsync.platform.embedded import Server
from wedsync.settings import Settings

_READY_S = 60.0
_DEATHS_BEFORE_GIVING_UP = 3


@click.command()
def command() -> None:
    """Start everything on this machine; Ctrl-C stops it."""
    settings = _for_development(Settings.from_environment())
    preflight.require_front_end()
    with preflight.only_one(settings):
        preflight.require_port(settings)
        with_sandbox = practice.wanted(settings)
        if with_sandbox:
            preflight.require_practice_ports(settings)
            settings = practice.beside(settings)
        with _servers(settings) as (settings, servers):
            installation.require_database(settings)
            _run(settings, servers, with_sandbox)


def _for_development(settings: Settings) -> Settings:
    """Deliveries may reach this machine, unless somebody said otherwise or the world comes in."""
    unsaid = not os.environ.get("WEDSYNC_ALLOW_LOOPBACK", "").strip()
    return replace(settings, allow_loopback=True) if unsaid and not settings.secure else settings


@contextmanager
def _servers(settings: Settings) -> Iterator[tuple[Settings, list[Server]]]:
    """The private servers that no address was given for, started."""
    database, cache = embedded.at_home(settings.home)
    with ExitStack() as stack:
        ours: list[Server] = []
        if settings.libpq_url is None:
            ours.append(stack.enter_context(database))
            settings = replace(settings, libpq_url=database.url)
        if settings.redis_url is None:
            ours.append(stack.enter_context(cache))
            settings = replace(settings, redis_url=cache.url)
        yield settings, ours


def _run(settings: Settings, servers: list[Server], with_sandbox: bool) -> None:
    told = practice.environment(settings) if with_sandbox else {}
    environment = {**_environment(settings), **told}
    with Supervisor(environment, settings.home / "logs") as supervisor:
        _prepare(supervisor, settings)
        if supervisor.stopping:
            return
        supervisor.start(programs.machine(settings, with_sandbox=with_sandbox), servers)
        if _wait_until_ready(supervisor, settings):
            _greet(settings, with_sandbox)
            supervisor.keep_until(lambda: False)
            click.echo("Stopping.")


def _prepare(supervisor: Supervisor, settings: Settings) -> None:
    _step(supervisor, "The database could not be brought up to date", "db", "upgrade")
    if not supervisor.stopping and _is_empty(settings):
        _step(supervisor, "The demo could not be made", "seed", "demo")


def _step(supervisor: Supervisor, trouble: str, *words: str) -> None:
    if supervisor.run(programs.command(*words)) != 0 and not supervisor.stopping:
        raise Unusable(f"{trouble}: see the lines above.")


def _is_empty(settings: Settings) -> bool:
    with psycopg.connect(settings.require_libpq_url()) as connection:
        found = connection.execute("SELECT EXISTS (SELECT FROM users)").fetchone()
    return found == (False,)


def _environment(settings: Settings) -> Mapping[str, str]:
    """Ours, with every answer we found filled in."""
    return {
        **os.environ,
        "PORT": str(settings.port),
        "PUBLIC_URL": settings.public_url,
        "DATABASE_URL": settings.require_libpq_url(),
        "REDIS_URL": settings.redis_url or "",
        "WEDSYNC_HOME": str(settings.home),
        "WEDSYNC_ALLOW_LOOPBACK": "1" if settings.allow_loopback else "0",
        "PYTHONUNBUFFERED": "1",
    }


def _wait_until_ready(supervisor: Supervisor, settings: Settings) -> bool:
    def settled() -> bool:
        return (
            preflight.is_ready(settings) or supervisor.deaths_of("web") >= _DEATHS_BEFORE_GIVING_UP
        )

    supervisor.keep_until(settled, _READY_S)
    if supervisor.stopping:
        return False
    if not preflight.is_ready(settings):
        raise Unusable(f"The web process does not start: see {settings.home / 'logs' / 'web.log'}.")
    return True


def _greet(settings: Settings, with_sandbox: bool) -> None:
    click.echo(f"\nWedSync is running at {click.style(settings.public_url, bold=True)}\n")
    people = logins.present(settings.require_libpq_url())
    for login in people:
        click.echo(f"  {login.email:<26} {login.about}")
    if people:
        click.echo(f"\nThe password of each is: {logins.DEMO_PASSWORD}\n")
    if with_sandbox:
        caught = settings.mail_url == practice.mail_url(settings)
        mails = "Every e-mail from here" if caught else "What you send to its mail port"
        click.echo(f"A partner to practise with, where nothing is real: {settings.sandbox_url}")
        click.echo(f"{mails} can be read at {settings.sandbox_url}/inbox\n")
    if settings.allow_loopback:
        notice = (
            "Development set-up: deliveries may reach this machine's own addresses.\n"
            "Set WEDSYNC_ALLOW_LOOPBACK=0 to forbid it, as it is everywhere else.\n"
        )
        click.secho(notice, fg="yellow")
    click.echo("Ctrl-C stops it.\n")
    sys.stdout.flush()
