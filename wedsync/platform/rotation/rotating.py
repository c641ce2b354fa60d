"""What `wedsync keys` does: new master keys and new data keys for old, while everybody works.

One at a time in an installation. Whatever is begun is gone on with by whoever calls the same again:
a new key is made only when no old one is left.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, text

from wedsync.platform import crypto
from wedsync.platform.rotation import generations, resealing
from wedsync.platform.rotation.resealing import Told
from wedsync.platform.rotation.walking import Tally
from wedsync.platform.vault.keyring import Keyring, MasterKey
from wedsync.platform.vault.whole import Vault

RING_IS_READ = timedelta(minutes=2)
"""After so long every process has the ring as it is in its file."""

SETTLED = timedelta(minutes=10)
"""After so long nobody seals under a retired data key, nor writes what they read with one in it."""

_ALONE = 0x57656B79  # any constant
_TRY_ALONE = text("SELECT pg_try_advisory_lock(:key)")
_STATE = text(
    "SELECT count(*) FILTER (WHERE wedding_id IS NULL AND retired_at IS NULL) AS organizations,"
    " count(*) FILTER (WHERE wedding_id IS NOT NULL AND retired_at IS NULL) AS weddings,"
    " count(*) FILTER (WHERE retired_at IS NOT NULL AND destroyed_at IS NULL) AS retired,"
    " max(retired_at) FILTER (WHERE destroyed_at IS NULL) AS retired_at, clock_timestamp() AS now"
    " FROM data_keys"
)
_WRAPPED = text(
    "SELECT master_key_id AS master, count(*) AS keys FROM data_keys"
    " WHERE master_key_id IS NOT NULL AND destroyed_at IS NULL GROUP BY 1"
)
_MAIL = text(
    "SELECT encode(substring(content FROM 2 FOR 16), 'hex')::uuid AS master, count(*) AS messages"
    " FROM mail_messages WHERE state IN ('due', 'sending') AND octet_length(content) > 17"
    " GROUP BY 1"
)


class Busy(Exception):
    """Somebody else is at the keys at this moment."""


@dataclass(frozen=True, slots=True)
class State:
    """The keys there are: `wrapped` counts what each master key is needed for, by its name; `lost`
    what needs one that is not in the ring. Data keys that are `retired` may go at `may_go_at`."""

    ring: tuple[MasterKey, ...]
    wrapped: dict[str, int]
    lost: int
    organizations: int
    weddings: int
    retired: int
    may_go_at: datetime | None
    now: datetime

    @property
    def waits(self) -> bool:
        """Whether retired data keys are still to be waited for."""
        return self.may_go_at is not None and self.may_go_at > self.now


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """A new master key was `made`; so many data keys were wrapped by it, so many could not be."""

    made: bool
    keys: int
    locked: int
    messages: Tally


@contextmanager
def alone(engine: Engine) -> Iterator[None]:
    """Be the only one who changes keys. Raises Busy."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.execute(_TRY_ALONE, {"key": _ALONE}).scalar_one():
            raise Busy("Somebody else is changing keys at this moment.")
        try:
            yield
        finally:
            connection.invalidate()  # the lock goes with its session, whatever that is in


def state(connection: Connection, ring: Keyring) -> State:
    """How the keys are now."""
    ring.look_again()
    names = {key.id: key.name for key in ring.keys}
    wrapped: dict[str, int] = dict.fromkeys(names.values(), 0)
    lost = 0
    for master, count in [*connection.execute(_WRAPPED), *connection.execute(_MAIL)]:
        if master in names:
            wrapped[names[master]] += count
        else:
            lost += count
    row = connection.execute(_STATE).one()
    may_go_at = row.retired_at + SETTLED if row.retired_at is not None else None
    return State(
        ring.keys, wrapped, lost, row.organizations, row.weddings, row.retired, may_go_at, row.now
    )


def rotate_master(engine: Engine, ring: Keyring) -> Rewrapped:
    """Wrap everything by a new master key: made now where the ring is a file and has but one, else
    the first of the ring. Raises UnusableKeyring where the file cannot be written."""
    ring.require_readable()
    makes = ring.file is not None and len(ring.keys) == 1
    if makes:
        ring.write([crypto.new_key(), *(key.secret for key in ring.keys)])
    vault = Vault(ring)
    keys, locked = generations.rewrap_under_master(engine, vault)
    return Rewrapped(makes, keys, locked, resealing.under_new_master_key(engine, vault))


def rotate_data_keys(engine: Engine, ring: Keyring, told: Told) -> tuple[int, Tally]:
    """New data keys for every organization and wedding, and everything sealed under them; how many
    keys were made, and what was sealed anew. Raises crypto.Unsealable for a key that cannot be
    had."""
    made = generations.make(engine, Vault(ring))
    vault = Vault(ring)  # one that has not known the keys from before as those in use
    generations.rewrap_under_organizations(engine, vault)
    return made, resealing.under_new_data_keys(engine, vault, told)


def retire_data_keys(engine: Engine, ring: Keyring, told: Told) -> tuple[int, Tally]:
    """Delete the retired data keys, once a last look has found nothing that needs them; how many
    were, none where something still does. Where the look found something to seal anew, somebody
    may have read it just before, and write it back: the keys wait `SETTLED` once more."""
    vault = Vault(ring)
    generations.rewrap_under_organizations(engine, vault)
    tally = resealing.under_new_data_keys(engine, vault, told)
    if tally.passed or tally.unopened:
        return 0, tally
    if tally.sealed:
        generations.retire_anew(engine)
        return 0, tally
    return generations.delete_retired(engine), tally


def retire_masters(engine: Engine, ring: Keyring) -> Rewrapped:
    """Take what still needs an older master key to the one in use; where nothing is left, and the
    ring is a file, only that one stays in it."""
    ring.require_readable()
    vault = Vault(ring)
    keys, locked = generations.rewrap_under_master(engine, vault)
    messages = resealing.under_new_master_key(engine, vault)
    if ring.file is not None and not (locked or messages.passed or messages.unopened):
        ring.write([ring.current.secret])
    return Rewrapped(False, keys, locked, messages)


def ring_may_shrink_at(ring: Keyring, now: datetime) -> datetime:
    """When every process has read the ring as it is in its file; at once where it is none."""
    if ring.file is None:
        return now
    return datetime.fromtimestamp(ring.file.stat().st_mtime, now.tzinfo) + RING_IS_READ
