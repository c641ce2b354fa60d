"""`wedsync keys`: the keys that stored secrets are kept under, and new ones for old."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from wedsync.cli import Unusable, installation

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from wedsync.platform.rotation.rotating import State
    from wedsync.platform.rotation.walking import Tally
    from wedsync.platform.vault import Keyring

_SAID_EVERY = 50_000


@click.group()
def command() -> None:
    """The keys that secrets are kept under."""


@command.command()
def show() -> None:
    """Say which keys there are, what needs them, and which may go."""
    with _keys() as (engine, ring):
        from wedsync.platform.rotation import rotating

        with engine.connect() as connection:
            for sentence in _told(rotating.state(connection, ring), ring):
                click.echo(sentence)


@command.command()
@click.option("--data-keys", is_flag=True, help="New data keys, and every secret sealed anew.")
def rotate(data_keys: bool) -> None:
    """Wrap every data key by a new master key, while everything runs.

    With --data-keys every organization and every wedding gets a new data key and what the old ones
    sealed is sealed anew. What was broken off is gone on with by the same command.
    """
    with _keys() as (engine, ring):
        from wedsync.platform.rotation import rotating

        with rotating.alone(engine):
            if data_keys:
                _rotate_data_keys(engine, ring)
            else:
                _rotate_master(engine, ring)


@command.command()
def retire() -> None:
    """Let the old keys go, once nothing needs them; fails while something does."""
    with _keys() as (engine, ring):
        from wedsync.platform.rotation import rotating

        with rotating.alone(engine):
            with engine.connect() as connection:
                state = rotating.state(connection, ring)
            if not state.retired and len(state.ring) == 1:
                click.echo("There are no old keys.")
                return
            _refuse_lost(state)
            done = [_retire_data_keys(engine, ring, state), _retire_masters(engine, ring, state)]
            if not all(done):
                sys.exit(1)


@contextmanager
def _keys() -> "Iterator[tuple[Engine, Keyring]]":
    with installation.app() as app:
        from wedsync.platform.crypto import Unsealable
        from wedsync.platform.db import db
        from wedsync.platform.rotation.rotating import Busy

        try:
            yield db.engine, app.extensions["wedsync"].vault.ring
        except (Unsealable, Busy) as error:
            raise Unusable(str(error)) from error


def _told(state: "State", ring: "Keyring") -> Iterator[str]:
    where = ring.file or "WEDSYNC_MASTER_KEY"
    yield f"Master keys, from {where}:"
    for at, key in enumerate(state.ring):
        use = "in use" if at == 0 else "old"
        yield f"  {key.name}  {use}, needed for {state.wrapped[key.name]:,}"
    if state.lost:
        yield f"  missing, and needed for {state.lost:,}: put back the keys you had"
    yield f"Data keys: {state.organizations:,} of organizations, {state.weddings:,} of weddings."
    if state.retired:
        yield f"{_old(state.retired)} may go {_when(state)}: run `wedsync keys retire` then."
    if len(state.ring) > 1:
        yield "Older master keys wait to go: `wedsync keys retire` looks whether they may."


def _rotate_master(engine: "Engine", ring: "Keyring") -> None:
    from wedsync.platform.rotation import rotating

    if ring.file is None and len(ring.keys) == 1:
        raise Unusable(
            "The master key is in WEDSYNC_MASTER_KEY. Put a new one before it, with a comma "
            "between (`openssl rand -base64 32` makes one), start every process anew, then run "
            "this again."
        )
    done = rotating.rotate_master(engine, ring)
    if done.made:
        click.echo(f"A new master key, {ring.current.name}, is in {ring.file}.")
    else:
        click.echo(f"The master key {ring.current.name} is in use; older ones are there still.")
    click.echo(f"It wraps {done.keys:,} more data keys, and {done.messages.sealed:,} more e-mails.")
    if left := done.locked + done.messages.unopened:
        raise Unusable(f"{left:,} could not be opened: a master key they need is missing.")
    at = rotating.ring_may_shrink_at(ring, datetime.now(UTC))
    click.echo(
        f"Keep a copy of {ring.file} elsewhere now. The old key may go from "
        f"{at:%H:%M:%S} UTC on: run `wedsync keys retire`."
        if ring.file is not None
        else "Once every process has started anew, run `wedsync keys retire`."
    )


def _rotate_data_keys(engine: "Engine", ring: "Keyring") -> None:
    from wedsync.platform.rotation import rotating

    with engine.connect() as connection:
        state = rotating.state(connection, ring)
    _refuse_lost(state)
    made, tally = rotating.rotate_data_keys(engine, ring, _progress)
    click.echo(f"{made:,} new data keys." if made else "This goes on with what was begun before.")
    click.echo(f"{tally.sealed:,} secrets are sealed anew.")
    if not _is_done(tally):
        sys.exit(1)
    with engine.connect() as connection:
        state = rotating.state(connection, ring)
    if state.retired:
        click.echo(f"{_old(state.retired)} may go {_when(state)}: run `wedsync keys retire` then.")


def _refuse_lost(state: "State") -> None:
    if state.lost:
        raise Unusable(f"{state.lost:,} keys need a master key that is missing: put it back first.")


def _retire_data_keys(engine: "Engine", ring: "Keyring", state: "State") -> bool:
    from wedsync.platform.rotation import rotating

    if not state.retired:
        return True
    if state.waits:
        click.echo(f"{_old(state.retired)} may go {_when(state)}, not before.")
        return False
    deleted, tally = rotating.retire_data_keys(engine, ring, _progress)
    if not _is_done(tally):
        return False
    if tally.sealed:
        click.echo(
            f"{tally.sealed:,} secrets more are sealed anew: old keys were in use until now. "
            f"They wait {rotating.SETTLED.seconds // 60} minutes more: run this again then."
        )
        return False
    click.echo(f"{_old(deleted)} are gone.")
    return True


def _retire_masters(engine: "Engine", ring: "Keyring", state: "State") -> bool:
    from wedsync.platform.rotation import rotating

    if len(state.ring) == 1:
        return True
    at = rotating.ring_may_shrink_at(ring, datetime.now(UTC))
    if at > datetime.now(UTC):
        click.echo(f"Old master keys may go from {at:%H:%M:%S} UTC on, not before.")
        return False
    done = rotating.retire_masters(engine, ring)
    if left := done.locked + done.messages.unopened + done.messages.passed:
        click.echo(f"{left:,} values still need an old master key, or one that is missing.")
        return False
    names = ", ".join(key.name for key in state.ring[1:])
    click.echo("Who signed in before the new master key was made may have to sign in again.")
    click.echo(
        f"The old master key {names} is gone from {ring.file}."
        if ring.file is not None
        else f"Nothing needs {names} any more: take all but the first out of WEDSYNC_MASTER_KEY."
    )
    return True


def _is_done(tally: "Tally") -> bool:
    if tally.unopened:
        click.echo(f"{tally.unopened:,} values are damaged: no key opens them. Old keys stay.")
    if tally.passed:
        click.echo(f"{tally.passed:,} values were in use the whole time: run this again.")
    return not (tally.unopened or tally.passed)


def _progress(table: str, tally: "Tally", is_over: bool) -> None:
    if (is_over and tally.sealed) or (tally.looked and not tally.looked % _SAID_EVERY):
        click.echo(f"  {table}: {tally.looked:,} looked at, {tally.sealed:,} sealed anew")


def _old(count: int) -> str:
    return "1 old data key" if count == 1 else f"{count:,} old data keys"


def _when(state: "State") -> str:
    return f"from {state.may_go_at:%H:%M:%S} UTC on" if state.waits else "now"
