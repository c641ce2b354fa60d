"""`wedsync demo`: the main job against the running installation, without a browser.

A partner's signed webhook goes in, a workflow runs, a signed delivery comes out at a receiver on
this machine; each hop is printed with its time. What it needs for that (a key, an endpoint) is
gone afterwards; the event and the run stay in the record like any other.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus

import click

from wedsync.cli import Unusable, installation
from wedsync.cli.demo_data.businesses import ROSEWOOD
from wedsync.cli.demo_data.webhooks import PETAL_HOOK, SEATING_ADDED
from wedsync.cli.demonstration import main_job
from wedsync.cli.demonstration.hops import Hops
from wedsync.cli.demonstration.receiver import Receiver, listening
from wedsync.cli.demonstration.script import Refusal, Script
from wedsync.cli.supervisor import preflight
from wedsync.settings import Settings

_SCOPES = ("endpoints:write", "events:read", "runs:read", "deliveries:read")
_KEY_LASTS = timedelta(minutes=5)


@click.command()
@click.option(
    "--patience",
    default=15.0,
    type=click.FloatRange(min=0),
    show_default=True,
    help="Seconds to wait for each hop.",
)
def command(patience: float) -> None:
    """Show the main job, hop by hop; fails when one is missing."""
    settings = Settings.from_environment()
    _require_running(settings)
    with installation.app():
        partner = _partner()
        with _key() as key, listening() as receiver:
            api = Script(settings, key)
            with _subscribed(api, receiver):
                click.echo(f"Rosewood tells {receiver.url}, on this machine, for a moment.")
                main_job.show(Hops(patience), api, partner, receiver)
    click.echo("Every hop was there.")


def _require_running(settings: Settings) -> None:
    if not preflight.is_ready(settings):
        host, port = preflight.local_address(settings)
        raise Unusable(
            f"WedSync is not running at {host} port {port}: "
            "start it with `make run`, or set PORT to where it runs."
        )


def _partner() -> main_job.Partner:
    """Petal, with the secret from the vault: only somebody on this installation can do that."""
    from wedsync.accounts import organizations
    from wedsync.errors import NotFound
    from wedsync.webhooks import hooks, queries, secrets

    try:
        rosewood = organizations.find(ROSEWOOD)
    except NotFound as error:
        raise Unusable("The demo is not here: run `wedsync seed demo`.") from error
    for hook in queries.list_hooks(rosewood.id):
        if hook.name == PETAL_HOOK and hook.secret is not None:
            return main_job.Partner(hooks.PATH + hook.token, secrets.opened(hook, hook.secret))
    raise Unusable(f"Rosewood has no hook “{PETAL_HOOK}” any more.")


@contextmanager
def _key() -> Iterator[str]:
    """An API key for as long as the block lasts; it would end by itself soon after."""
    from wedsync.accounts import api_keys, organizations
    from wedsync.platform import clock
    from wedsync.platform.runtime import commit

    rosewood = organizations.find(ROSEWOOD)
    key, raw = api_keys.create(
        rosewood.id, "wedsync demo", _SCOPES, expires_at=clock.now() + _KEY_LASTS
    )
    commit()
    try:
        yield raw
    finally:
        api_keys.revoke(api_keys.identity_of(key), key.id)
        commit()


@contextmanager
def _subscribed(api: Script, receiver: Receiver) -> Iterator[None]:
    """The receiver as an endpoint of Rosewood's for as long as the block lasts."""
    fields = {
        "url": receiver.url,
        "description": "wedsync demo, for a moment",
        "event_types": [SEATING_ADDED],
    }
    try:
        endpoint = api.post("/endpoints", fields)
    except Refusal as refusal:
        if refusal.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            raise
        raise Unusable(
            "Deliveries may not reach this machine itself here: "
            "start WedSync with WEDSYNC_ALLOW_LOOPBACK=1 to see the demo."
        ) from refusal
    receiver.secret = endpoint["secret"]
    try:
        yield
    finally:
        api.delete(f"/endpoints/{endpoint['id']}")
