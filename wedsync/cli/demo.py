"""`wedsync demo`: the main job and the round trip against the running installation, no browser.

First a partner's signed webhook goes in, a workflow runs, a signed delivery comes out at a
receiver on this machine. Then somebody at Lumen finds an integration, connects it, starts a
ready-made workflow and sees it work. Each hop is printed with its time. What it needs for that
(keys, endpoints, connections) is gone afterwards; events and runs stay in the record like any
other, and so does the workflow, turned off.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus

import click

from wedsync.cli import Unusable, installation
from wedsync.cli.demo_data.businesses import LUMEN, ROSEWOOD
from wedsync.cli.demo_data.webhooks import PETAL_HOOK, SEATING_ADDED
from wedsync.cli.demonstration import main_job, round_trip
from wedsync.cli.demonstration.hops import Hops, require
from wedsync.cli.demonstration.practice import Practice
from wedsync.cli.demonstration.receiver import Receiver, listening
from wedsync.cli.demonstration.script import Refusal, Script
from wedsync.cli.demonstration.visitor import Visitor
from wedsync.cli.installation.logins import DEMO_PASSWORD, LOGINS
from wedsync.cli.supervisor import preflight
from wedsync.settings import Settings

_SCOPES = (
    "endpoints:write",
    "events:read",
    "runs:read",
    "workflows:read",
    "workflows:write",
    "deliveries:read",
)
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
    """Show the main job and the round trip, hop by hop; fails when one is missing."""
    settings = Settings.from_environment()
    _require_running(settings)
    with installation.app():
        _main_job(settings, Hops(patience))
        _round_trip(settings, Hops(patience))
    click.echo("Every hop was there.")


def _main_job(settings: Settings, hops: Hops) -> None:
    partner = _partner()
    with _key(ROSEWOOD) as key, listening() as receiver:
        api = Script(settings, key)
        with _subscribed(api, receiver, SEATING_ADDED):
            click.echo(f"Rosewood tells {receiver.url}, on this machine, for a moment.")
            main_job.show(hops, api, partner, receiver)


def _round_trip(settings: Settings, hops: Hops) -> None:
    practice = Practice(settings.sandbox_url)
    practice.require()
    mailbox = round_trip.Mailbox(practice.host, practice.smtp_port, "hello@lumen.example")
    with _key(LUMEN) as key, listening() as receiver:
        api = Script(settings, key)
        with _subscribed(api, receiver, round_trip.SEAT_FREED):
            click.echo("Somebody at Lumen, where nothing is connected yet, opens the marketplace.")
            visitor = _signed_in(settings)
            hops.start_clock()
            round_trip.show(hops, visitor, api, practice, receiver, mailbox)


def _signed_in(settings: Settings) -> Visitor:
    """The owner of Lumen, at its pages."""
    visitor = Visitor(settings.public_url)
    email = next(one.email for one in LOGINS if one.organization == LUMEN)
    page = visitor.visit("/sign-in")
    page = visitor.submit(page, "/sign-in", email=email, password=DEMO_PASSWORD)
    require("/sign-in" not in page.url, f"{email} could not sign in: {page.text[:300]}")
    return visitor


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
    from wedsync.webhooks import queries, secrets
    from wedsync.webhooks.hooks import service as hooks

    try:
        rosewood = organizations.find(ROSEWOOD)
    except NotFound as error:
        raise Unusable("The demo is not here: run `wedsync seed demo`.") from error
    for hook in queries.list_hooks(rosewood.id):
        if hook.name == PETAL_HOOK and hook.secret is not None:
            return main_job.Partner(hooks.PATH + hook.token, secrets.opened(hook, hook.secret))
    raise Unusable(f"Rosewood has no hook “{PETAL_HOOK}” any more.")


@contextmanager
def _key(slug: str) -> Iterator[str]:
    """An API key for as long as the block lasts; it would end by itself soon after."""
    from wedsync.accounts import api_keys, organizations
    from wedsync.platform import clock
    from wedsync.platform.runtime import commit

    organization = organizations.find(slug)
    key, raw = api_keys.create(
        organization.id, "wedsync demo", _SCOPES, expires_at=clock.now() + _KEY_LASTS
    )
    commit()
    try:
        yield raw
    finally:
        api_keys.revoke(api_keys.identity_of(key), key.id)
        commit()


@contextmanager
def _subscribed(api: Script, receiver: Receiver, event_type: str) -> Iterator[None]:
    """The receiver as an endpoint for as long as the block lasts."""
    fields = {
        "url": receiver.url,
        "description": "wedsync demo, for a moment",
        "event_types": [event_type],
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
